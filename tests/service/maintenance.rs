//! Maintenance: what has expired goes, and nothing else.

use std::{sync::Arc, time::Duration};

use crate::support::fixtures::{ADA, DAY};

#[cfg(feature = "sqlite")]
use crate::support::tempdir::TempDir;
#[cfg(feature = "sqlite")]
use account::SqliteStore;
use account::{
    Error, GenericToken, MemoryStore, NewUser, SignedIn, Swept, SweptGuests,
    model::{ClientInfo, Key, PageQuery, UserId},
    ports::{Clock, Parts, Store},
    testing::{Fault, FaultyStore, PASSWORD, TestHost, password},
};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

async fn guest(host: &TestHost) -> SignedIn {
    host.service.sign_in_anonymously(&ClientInfo::default()).await.unwrap()
}

/// What one call does, as tidied and removed.
async fn swept(host: &TestHost) -> (u32, u32) {
    let Swept { tidied, removed, .. } = host.service.sweep(100).await.unwrap();
    (tidied, removed)
}

async fn is_there(host: &TestHost, id: &UserId) -> bool {
    match host.service.admin(&ClientInfo::default()).user(id).await {
        Ok(_) => true,
        Err(Error::UserNotFound) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_has_expired_leaves_the_store_and_nothing_else() {
    let store = Arc::new(MemoryStore::new());
    let host = TestHost::on(Arc::clone(&store));
    let old = host.signed_up(ADA).await;
    host.clock.advance(YEAR / 2);
    let new = host.signed_in(ADA).await;
    assert_eq!(swept(&host).await, (0, 0));
    host.clock.advance(YEAR / 2);
    assert_eq!(swept(&host).await, (1, 0));
    assert!(host.service.sweep(100).await.unwrap().is_nothing());
    let stored = store.load(&Key::Id(*old.user_id()), Parts::Body).await.unwrap().unwrap();
    assert!(stored.account.due_at().unwrap() > host.clock.now());
    assert!(host.service.caller(&new.secret).await.is_ok());
}

#[tokio::test]
async fn h77_a_guest_without_a_session_is_removed() {
    let host = TestHost::new();
    let (expired, gone, stays) = (guest(&host).await, guest(&host).await, guest(&host).await);
    let caller = host.caller(&gone).await;
    host.service.sign_out(&caller, caller.session_id()).await.unwrap();
    assert_eq!(swept(&host).await, (0, 1));
    assert!(!is_there(&host, gone.user_id()).await);
    host.clock.advance(YEAR - DAY);
    let caller = host.caller(&stays).await;
    host.service.extend_session(&caller, caller.session_id()).await.unwrap();
    host.clock.advance(DAY);
    assert_eq!(swept(&host).await, (0, 1));
    assert!(!is_there(&host, expired.user_id()).await);
    assert!(is_there(&host, stays.user_id()).await);
}

#[tokio::test]
async fn whoever_can_come_back_is_kept() {
    let host = TestHost::new();
    let client = ClientInfo::default();
    let became = guest(&host).await;
    host.service
        .change_email(&host.caller(&became).await, ADA.parse().unwrap(), password(PASSWORD))
        .await
        .unwrap();
    let expected = guest(&host).await;
    let month = GenericToken::default();
    let trusted = host.service.admin(&client);
    let brought = *trusted.import(NewUser::new()).await.unwrap().id();
    let token = trusted.issue_token(&brought, month).await.unwrap();
    let secret = token.secret().unwrap().expose().parse().unwrap();
    host.service.sign_in_with_token(&brought, &secret, &client).await.unwrap();
    host.clock.advance(YEAR - Duration::from_secs(60));
    trusted.issue_token(expected.user_id(), month).await.unwrap();
    host.clock.advance(Duration::from_secs(60));
    assert_eq!(swept(&host).await.1, 0);
    for id in [became.user_id(), expected.user_id(), &brought] {
        assert!(is_there(&host, id).await);
    }
}

#[tokio::test]
async fn a_store_that_fails_loses_no_guest_from_sight() {
    let store = FaultyStore::new(MemoryStore::new());
    let (plan, host) = (store.plan(), TestHost::on(store));
    guest(&host).await;
    guest(&host).await;
    host.clock.advance(YEAR);
    // The list is call 0, the first removal call 1.
    plan.fail(1, Fault::Before);
    assert!(matches!(host.service.sweep(100).await, Err(Error::Store(_))));
    assert_eq!(swept(&host).await, (0, 2));
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_guest_to_whom_the_host_refers_is_kept_and_holds_up_nobody() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let host = TestHost::on(SqliteStore::open(&path).unwrap());
    let orders = rusqlite::Connection::open(&path).unwrap();
    orders.execute_batch("CREATE TABLE orders (account TEXT NOT NULL REFERENCES accounts (id))").unwrap();
    let (buyer, other) = (guest(&host).await, guest(&host).await);
    orders.execute("INSERT INTO orders VALUES (?1)", [buyer.user_id().as_str()]).unwrap();
    host.clock.advance(YEAR / 2);
    let unused = guest(&host).await;
    host.clock.advance(YEAR / 4);
    let page = host.service.remove_unused_guests(200 * DAY, None, 100).await.unwrap();
    assert_eq!((page.removed, page.last.as_ref()), (1, Some(unused.user_id())));
    assert!(!is_there(&host, other.user_id()).await);
    host.clock.advance(YEAR);
    assert_eq!(swept(&host).await, (1, 1));
    assert!(host.service.sweep(100).await.unwrap().is_nothing());
    assert!(is_there(&host, buyer.user_id()).await && !is_there(&host, unused.user_id()).await);
}

#[tokio::test]
async fn a_guest_who_comes_to_stay_meanwhile_is_kept() {
    let store = FaultyStore::new(MemoryStore::new());
    let (plan, host) = (store.plan(), TestHost::on(store));
    let signed_in = guest(&host).await;
    let caller = host.caller(&signed_in).await;
    host.clock.advance(YEAR / 2);
    let mut pause = plan.pause(1);
    let service = host.service.clone();
    let sweeping = tokio::spawn(async move { service.remove_unused_guests(3 * DAY, None, 100).await });
    assert!(pause.reached().await);
    host.service.change_email(&caller, ADA.parse().unwrap(), password(PASSWORD)).await.unwrap();
    pause.release();
    assert_eq!(sweeping.await.unwrap().unwrap().removed, 0);
    assert!(is_there(&host, signed_in.user_id()).await);
}

#[tokio::test]
async fn h77_unused_guests_are_removed_page_by_page() {
    let host = TestHost::new();
    let mut guests = Vec::new();
    for _ in 0..5 {
        guests.push(guest(&host).await);
    }
    let ada = host.signed_up(ADA).await;
    host.clock.advance(30 * DAY);
    host.caller(&guests[2]).await;
    host.clock.advance(DAY);
    let (mut removed, mut last, mut pages) = (0, None, 0);
    loop {
        // So short a time counts as two days.
        let SweptGuests { removed: now, last: at, .. } =
            host.service.remove_unused_guests(DAY, last.as_ref(), 2).await.unwrap();
        removed += now;
        pages += 1;
        last = at;
        if last.is_none() {
            break;
        }
    }
    assert_eq!((removed, pages), (4, 4));
    assert!(is_there(&host, guests[2].user_id()).await && is_there(&host, ada.user_id()).await);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn accounts_that_cannot_be_read_keep_nobody_from_the_others() {
    let directory = TempDir::new();
    let path = directory.file("account.db");
    let host = TestHost::on(SqliteStore::open(&path).unwrap());
    let mut ids = Vec::new();
    for _ in 0..6 {
        ids.push(*guest(&host).await.user_id());
    }
    ids.sort();
    let connection = rusqlite::Connection::open(&path).unwrap();
    // Damaged, of a newer release, and lost.
    for (number, harm) in [
        (0, "UPDATE account_bodies SET body='{' WHERE id=?1"),
        (2, r#"UPDATE account_bodies SET body='{"format":7,"account":{}}' WHERE id=?1"#),
        (3, "DELETE FROM account_bodies WHERE id=?1"),
    ] {
        for sql in [harm, "UPDATE accounts SET version=version+1 WHERE id=?1"] {
            assert_eq!(connection.execute(sql, [ids[number].as_str()]).unwrap(), 1);
        }
    }
    let client = ClientInfo::default();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = host.service.admin(&client).users(after.as_ref(), 1).await.unwrap();
        let Some(user) = page.first() else { break };
        seen.push(*user.id());
        after = Some(*user.id());
    }
    assert_eq!(seen, [ids[1], ids[4], ids[5]]);

    host.clock.advance(30 * DAY);
    let swept = host.service.remove_unused_guests(DAY, Some(&ids[1]), 3).await.unwrap();
    assert_eq!((swept.removed, swept.unreadable, swept.last), (1, 2, Some(ids[4])));

    host.clock.advance(2 * YEAR);
    let mut removed = 0;
    let unreadable = loop {
        let swept = host.service.sweep(1).await.unwrap();
        removed += swept.removed;
        if swept.is_nothing() {
            break swept.unreadable;
        }
    };
    assert_eq!((removed, unreadable), (2, 3));
}

#[tokio::test]
async fn old_log_entries_are_forgotten_in_steps() {
    let host = TestHost::new();
    let ada = host.signed_up(ADA).await;
    host.clock.advance(10 * DAY);
    host.service.change_name(&host.caller(&ada).await, "Ada".parse().unwrap()).await.unwrap();
    assert_eq!(host.service.forget_events(11 * DAY, 100).await.unwrap(), 0);
    assert_eq!(host.service.forget_events(9 * DAY, 1).await.unwrap(), 1);
    while host.service.forget_events(9 * DAY, 1).await.unwrap() > 0 {}
    let page = PageQuery::parse(&[""; 0], 25).unwrap();
    assert_eq!(host.service.events(&host.caller(&ada).await, page).await.unwrap().total, 1);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn accounts_that_the_application_keeps_as_they_are_hold_up_nobody() {
    let directory = TempDir::new();
    let path = directory.file("account.db");
    let host = TestHost::on(SqliteStore::open(&path).unwrap());
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(*guest(&host).await.user_id());
        host.clock.advance(Duration::from_secs(1));
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let frozen = format!("('{}', '{}')", ids[0], ids[1]);
    for change in ["UPDATE", "DELETE"] {
        let sql = format!(
            "CREATE TRIGGER no_{change} BEFORE {change} ON accounts WHEN old.id IN {frozen}
             BEGIN SELECT RAISE(ABORT, 'frozen'); END"
        );
        connection.execute_batch(&sql).unwrap();
    }
    host.clock.advance(2 * YEAR);
    let (mut removed, mut rounds) = (0, 0);
    let refused = loop {
        let swept = host.service.sweep(1).await.unwrap();
        (removed, rounds) = (removed + swept.removed, rounds + 1);
        if swept.is_nothing() {
            break swept.refused;
        }
    };
    assert_eq!((removed, refused, rounds), (3, 2, 4));
    assert!(is_there(&host, &ids[0]).await && is_there(&host, &ids[1]).await);
}
