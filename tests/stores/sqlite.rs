//! What is particular to the SQLite store; what all stores promise is in the conformance suite.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    pin::pin,
    process::Stdio,
    sync::{Arc, Barrier},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use account::{
    OpenError, SignUp, SqliteStore,
    model::{ClientInfo, Event, Key, Preferences},
    ports::{Parts, Select, Store, StoreError},
};
use rusqlite::Connection;

use crate::support::{
    alone::this_program,
    durable::{PASSWORD, everything, id, mailbox, open, service, sign_up},
    tempdir::TempDir,
};

fn event(user: &str, number: usize) -> Event {
    let json = format!(
        r#"{{"format":1,"event":{{"id":"e{number:06}","user":"{user}","kind":"user.update","at":{number},"operation":"updateName"}}}}"#
    );
    Event::from_json(&json).unwrap()
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn assert_sound(path: &Path) {
    let connection = Connection::open(path).unwrap();
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
    assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
    assert_eq!(count(&connection, "accounts"), count(&connection, "account_bodies"));
}

#[tokio::test]
async fn an_account_is_there_after_the_file_is_opened_again() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let first = open(&path);
    let (caller, secret) = sign_up(&first, "ada").await;
    first.replace_preferences(&caller, r#"{"theme":"dark"}"#.parse().unwrap()).await.unwrap();
    drop(first);

    let again = open(&path);
    let caller = again.caller(&secret).await.unwrap();
    assert_eq!(again.preferences(&caller).await.unwrap().as_json(), r#"{"theme":"dark"}"#);
    assert_eq!(again.store().events(&id("ada"), everything()).await.unwrap().total, 3);
    assert_sound(&path);
}

#[tokio::test]
async fn preferences_outlive_a_sign_in_after_the_file_is_opened_again() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let before = open(&path);
    let (caller, _) = sign_up(&before, "ada").await;
    let preferences: Preferences = r#"{"theme":"dark"}"#.parse().unwrap();
    before.replace_preferences(&caller, preferences.clone()).await.unwrap();
    drop((before, caller));

    let after = open(&path);
    let email = "ada@example.com".parse().unwrap();
    let signed_in =
        after.sign_in_with_password(email, PASSWORD.parse().unwrap(), &ClientInfo::default()).await.unwrap();
    let caller = after.caller(&signed_in.secret).await.unwrap();
    assert_eq!(after.preferences(&caller).await.unwrap(), preferences);
}

#[tokio::test]
async fn what_one_store_saves_holds_at_the_next_load_of_another() {
    let directory = TempDir::new();
    let (one, other) = (open(&directory.file("a.db")), open(&directory.file("a.db")));
    let (caller, secret) = sign_up(&one, "ada").await;
    let there = other.caller(&secret).await.unwrap();
    for round in 0..20 {
        let (writer, reader) = if round % 2 == 0 { (&one, &other) } else { (&other, &one) };
        let name = format!("name {round}");
        writer.change_name(&caller, name.parse().unwrap()).await.unwrap();
        writer.replace_preferences(&caller, format!(r#"{{"n":{round}}}"#).parse().unwrap()).await.unwrap();
        assert_eq!(reader.user(&there).await.unwrap().name().as_str(), name);
        assert_eq!(reader.preferences(&there).await.unwrap().as_json(), format!(r#"{{"n":{round}}}"#));
    }
    other.sign_out(&there, there.session_id()).await.unwrap();
    assert!(one.caller(&secret).await.is_err(), "a session that another process ended is dead at once");
}

#[tokio::test]
async fn a_removed_account_is_never_served_again() {
    let directory = TempDir::new();
    let (one, other) = (open(&directory.file("a.db")), open(&directory.file("a.db")));
    let (_, secret) = sign_up(&one, "ada").await;
    let stored = other.store().load(&mailbox("ada"), Parts::Whole).await.unwrap().unwrap();
    assert!(one.caller(&secret).await.is_ok());
    other.store().remove(&stored).await.unwrap();
    assert!(one.caller(&secret).await.is_err());
    for key in [Key::Id(id("ada")), mailbox("ada")] {
        assert!(one.store().load(&key, Parts::Body).await.unwrap().is_none());
    }
    let (_, renewed) = sign_up(&other, "ada").await;
    assert!(one.caller(&secret).await.is_err(), "an account of the same id is another account");
    assert!(one.caller(&renewed).await.is_ok());

    let connection = Connection::open(directory.file("a.db")).unwrap();
    assert_eq!(count(&connection, "account_keys"), 1);
    assert_eq!(count(&connection, "account_events"), 2, "the old log is gone");
}

#[tokio::test]
async fn a_key_leads_to_who_holds_it_now() {
    let directory = TempDir::new();
    let (one, other) = (open(&directory.file("a.db")), open(&directory.file("a.db")));
    let (caller, _) = sign_up(&one, "ada").await;
    assert!(other.store().load(&mailbox("ada"), Parts::Body).await.unwrap().is_some());
    one.change_email(&caller, "countess@example.com".parse().unwrap(), PASSWORD.parse().unwrap())
        .await
        .unwrap();
    assert!(other.store().load(&mailbox("ada"), Parts::Body).await.unwrap().is_none());
    let found = other.store().load(&mailbox("countess"), Parts::Body).await.unwrap().unwrap();
    assert_eq!(found.account.id(), &id("ada"));
}

#[tokio::test]
async fn a_store_without_cache_gives_the_same_answers() {
    let directory = TempDir::new();
    let builder = SqliteStore::builder().cached_accounts(0).readers(1).mapped_bytes(0);
    let service = service(builder.open(directory.file("a.db")).unwrap());
    let (caller, secret) = sign_up(&service, "ada").await;
    service.replace_preferences(&caller, r#"{"a":1}"#.parse().unwrap()).await.unwrap();
    let caller = service.caller(&secret).await.unwrap();
    assert_eq!(service.preferences(&caller).await.unwrap().as_json(), r#"{"a":1}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_writers_at_once_lose_nothing() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let services = [open(&path), open(&path)];
    let writers: Vec<_> = (0..16)
        .map(|writer| {
            let service = services[writer % 2].clone();
            tokio::spawn(async move {
                let name = format!("writer{writer}");
                let (caller, _) = sign_up(&service, &name).await;
                for number in 0..10 {
                    service.change_name(&caller, format!("{number}").parse().unwrap()).await.unwrap();
                }
                name
            })
        })
        .collect();
    for writer in writers {
        let name = writer.await.unwrap();
        let stored = services[0].store().load(&mailbox(&name), Parts::Body).await.unwrap().unwrap();
        assert_eq!(stored.account.name().as_str(), "9");
        assert_eq!(services[1].store().events(&id(&name), everything()).await.unwrap().total, 12);
    }
    assert_sound(&path);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_who_want_one_address_one_gets_it() {
    let directory = TempDir::new();
    let service = open(&directory.file("a.db"));
    let rivals: Vec<_> = (0..16)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(async move {
                let request = SignUp::new("ada@example.com".parse().unwrap(), PASSWORD.parse().unwrap());
                service.sign_up(request, &ClientInfo::default()).await.is_ok()
            })
        })
        .collect();
    let mut winners = 0;
    for rival in rivals {
        winners += u32::from(rival.await.unwrap());
    }
    assert_eq!(winners, 1);
    let connection = Connection::open(directory.file("a.db")).unwrap();
    assert_eq!((count(&connection, "accounts"), count(&connection, "account_events")), (1, 1));
}

#[tokio::test]
async fn what_was_handed_over_is_written_although_nobody_waits_for_it() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let store = SqliteStore::open(&path).unwrap();
    for number in 0..500 {
        let events = [event("nobody", number)];
        let mut waiting = pin!(store.append_events(&events));
        // Once is enough to hand it over; then the future is dropped.
        if let Poll::Ready(outcome) = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            outcome.unwrap();
        }
    }
    drop(store);
    let again = SqliteStore::open(&path).unwrap();
    assert_eq!(again.events(&id("nobody"), everything()).await.unwrap().total, 500);
}

#[tokio::test]
async fn old_entries_are_forgotten_oldest_first() {
    let directory = TempDir::new();
    let store = SqliteStore::open(directory.file("a.db")).unwrap();
    let events: Vec<_> = (0..100).map(|number| event("ada", number)).collect();
    store.append_events(&events).await.unwrap();
    store.append_events(&events[..1]).await.unwrap();
    assert_eq!(store.delete_events_before(50.into(), 20).await.unwrap(), 20);
    assert_eq!(store.delete_events_before(50.into(), 1000).await.unwrap(), 30);
    assert_eq!(store.delete_events_before(50.into(), 1000).await.unwrap(), 0);
    let page = store.events(&id("ada"), everything()).await.unwrap();
    assert_eq!(page.total, 50);
    assert_eq!(page.events.last(), Some(&events[50]));
    assert_eq!(page.events.first(), Some(&events[99]));
}

#[test]
fn opening_at_once_from_many_threads_migrates_once() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                SqliteStore::open(&path).unwrap();
            });
        }
    });
    assert_eq!(count(&Connection::open(&path).unwrap(), "account_migrations"), 1);
}

const FILE_TO_OPEN: &str = "ACCOUNT_TEST_FILE_TO_OPEN";

#[test]
fn opening_at_once_from_many_processes_migrates_once() {
    if let Some(path) = std::env::var_os(FILE_TO_OPEN) {
        SqliteStore::open(path).unwrap();
        return;
    }
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let test = concat!(module_path!(), "::opening_at_once_from_many_processes_migrates_once");
    let openers: Vec<_> = (0..6)
        .map(|_| this_program(test).env(FILE_TO_OPEN, &path).stdout(Stdio::null()).spawn().unwrap())
        .collect();
    for mut opener in openers {
        assert!(opener.wait().unwrap().success());
    }
    assert_eq!(count(&Connection::open(&path).unwrap(), "account_migrations"), 1);
    assert_sound(&path);
}

#[test]
fn a_file_of_a_newer_release_is_refused_and_left_alone() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.execute("INSERT INTO account_migrations VALUES (99)", []).unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::NewerSchema { found: 99, .. })));
    assert_eq!(count(&connection, "account_migrations"), 2);
}

#[test]
fn what_is_no_database_file_is_refused() {
    let directory = TempDir::new();
    assert!(matches!(SqliteStore::open(":memory:"), Err(OpenError::NotAFile)));
    assert!(matches!(SqliteStore::open(""), Err(OpenError::NotAFile)));
    fs::write(directory.file("a.txt"), "some text of one's own ".repeat(100)).unwrap();
    assert!(matches!(SqliteStore::open(directory.file("a.txt")), Err(OpenError::Failed(_))));
    assert!(matches!(SqliteStore::open(directory.file("missing/a.db")), Err(OpenError::Failed(_))));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_a_new_file_and_its_log() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = TempDir::new();
    let _store = SqliteStore::open(directory.file("a.db")).unwrap();
    for name in ["a.db", "a.db-wal", "a.db-shm"] {
        let mode = fs::metadata(directory.file(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn the_views_tell_who_has_accounts_and_sessions_but_no_digest_or_hash() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let service = open(&path);
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("../data/account-format-1.json")).unwrap();
    sign_up(&service, "ada").await;
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE account_bodies SET body=?1", [golden.to_string()]).unwrap();

    let mut shown = String::new();
    for (view, rows) in [("account_users", 1), ("account_sessions", 2), ("account_identities", 1)] {
        assert_eq!(count(&connection, view), rows, "{view}");
        let mut statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            (0..columns).for_each(|column| shown += &format!("{:?} ", row.get_ref(column).unwrap()));
        }
    }
    // Texts show as bytes; a digest or hash would be found by any part of it.
    let bytes = |text: &str| format!("{:?}", text.as_bytes()).trim_matches(['[', ']']).to_owned();
    assert!(shown.contains(&bytes("ada@work.example")));
    for secret in ["00112233", "ffeeddcc", "argon2id", "c2FsdHNhbHRzYWx0", "curl/8.0"] {
        assert!(!shown.contains(&bytes(secret)), "{secret}");
    }
    let member: i64 =
        connection.query_row("SELECT has_password FROM account_users", [], |row| row.get(0)).unwrap();
    assert_eq!(member, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_store_in_use_is_sound_and_opens() {
    let directory = TempDir::new();
    let (path, copy) = (directory.file("a.db"), directory.file("copy.db"));
    let service = open(&path);
    let (caller, secret) = sign_up(&service, "ada").await;
    service.change_name(&caller, "Ada".parse().unwrap()).await.unwrap();
    let events: Vec<_> = (0..15_000).map(|number| event("nobody", number)).collect();
    service.store().append_events(&events).await.unwrap();

    let writing = tokio::spawn({
        let service = service.clone();
        async move {
            for number in 0..100 {
                service.change_name(&caller, format!("{number}").parse().unwrap()).await.unwrap();
            }
        }
    });
    let mut steps = Vec::new();
    tokio::task::block_in_place(|| service.store().backup(&copy, |done, total| steps.push((done, total))))
        .unwrap();
    writing.await.unwrap();

    let (done, total) = *steps.last().unwrap();
    assert!(done == total && steps.len() > 1 && steps.is_sorted(), "{steps:?}");
    assert!(!directory.file("copy.db.partial").exists());
    assert_sound(&copy);
    let from_copy = open(&copy);
    assert!(from_copy.caller(&secret).await.is_ok());
    let stored = from_copy.store().load(&mailbox("ada"), Parts::Body).await.unwrap().unwrap();
    let log = from_copy.store().events(&id("ada"), everything()).await.unwrap();
    let changes = stored.account.name().as_str().parse().map_or(3, |number: u64| number + 4);
    assert_eq!(log.total, changes, "account and log are of one moment");

    let again = service.store().backup(&copy, |_, _| {});
    assert!(matches!(again, Err(StoreError::Unavailable(Some(_)))), "nothing is written over");
}

#[tokio::test]
async fn a_locked_file_is_unavailable_for_writing_only_and_only_while_it_is_locked() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let store = SqliteStore::builder().busy_timeout(Duration::from_millis(20)).open(&path).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.append_events(&[event("ada", 1)]).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(Some(_)))), "{refused:?}");
    assert_eq!(store.events(&id("ada"), everything()).await.unwrap().total, 0);
    other.execute_batch("ROLLBACK").unwrap();
    store.append_events(&[event("ada", 1)]).await.unwrap();
    assert_eq!(store.events(&id("ada"), everything()).await.unwrap().total, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_the_database_refuses_fails_alone() {
    let deferred = "CREATE TABLE parents (id TEXT PRIMARY KEY);
        CREATE TABLE children (id TEXT REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED);";
    for (table, refusal) in [
        ("", "SELECT raise(ABORT, 'refused')"),
        ("", "SELECT raise(ROLLBACK, 'refused')"),
        (deferred, "INSERT INTO children VALUES ('orphan')"),
    ] {
        let directory = TempDir::new();
        let path = directory.file("a.db");
        let store = Arc::new(SqliteStore::open(&path).unwrap());
        let connection = Connection::open(&path).unwrap();
        let trigger = format!(
            "{table} CREATE TRIGGER refuse BEFORE INSERT ON account_events WHEN new.account='bad'
             BEGIN {refusal}; END"
        );
        connection.execute_batch(&trigger).unwrap();
        let appends: Vec<_> = (0..41)
            .map(|number| {
                let store = Arc::clone(&store);
                let user = if number == 20 { "bad" } else { "good" };
                tokio::spawn(async move { store.append_events(&[event(user, number)]).await })
            })
            .collect();
        for (number, append) in appends.into_iter().enumerate() {
            let outcome = append.await.unwrap();
            match number {
                20 => assert!(matches!(outcome, Err(StoreError::Refused(Some(_)))), "{refusal}: {outcome:?}"),
                _ => outcome.unwrap(),
            }
        }
        let kept = store.events(&id("good"), everything()).await.unwrap();
        assert_eq!(kept.total, 40, "{refusal}");
        assert_eq!(store.events(&id("bad"), everything()).await.unwrap().total, 0);
        store.append_events(&[event("good", 99)]).await.unwrap();
    }
}

#[tokio::test]
async fn damage_and_newer_formats_are_told_apart_and_errors_show_no_value() {
    let directory = TempDir::new();
    let path = directory.file("a.db");
    let service = open(&path);
    sign_up(&service, "ada").await;
    let connection = Connection::open(&path).unwrap();
    let key = Key::Id(id("ada"));
    let set = |body: &str| {
        connection.execute("UPDATE account_bodies SET body=?1", [body]).unwrap();
        connection.execute("UPDATE accounts SET version=version+1", []).unwrap();
    };
    set("{");
    assert!(matches!(service.store().load(&key, Parts::Body).await, Err(StoreError::Corrupt)));
    assert!(matches!(service.store().load(&mailbox("ada"), Parts::Whole).await, Err(StoreError::Corrupt)));
    set(r#"{"format":7,"account":{}}"#);
    assert!(matches!(service.store().load(&key, Parts::Body).await, Err(StoreError::NewerFormat(7))));
    let listed = service.store().list(Select::After(None), 10).await.unwrap();
    assert!(matches!(listed[0].found, Err(StoreError::NewerFormat(7))));
    connection.execute("DELETE FROM account_bodies", []).unwrap();
    assert!(matches!(service.store().load(&mailbox("ada"), Parts::Body).await, Err(StoreError::Corrupt)));

    connection.execute_batch("DROP TABLE account_keys").unwrap();
    let Err(StoreError::Unavailable(Some(cause))) = service.store().load(&mailbox("ada"), Parts::Body).await
    else {
        panic!("a missing table makes the store unavailable");
    };
    assert!(!format!("{cause} {cause:?}").contains("ada@example.com"));
}

#[tokio::test]
async fn listing_goes_by_id_and_by_what_is_due() {
    let directory = TempDir::new();
    let service = open(&directory.file("a.db"));
    for name in ["carol", "ada", "bob", "Zoe"] {
        sign_up(&service, name).await;
    }
    let ids = |found: Vec<account::ports::Listed>| -> Vec<String> {
        found.iter().map(|listed| listed.id.to_string()).collect()
    };
    let store = service.store();
    assert_eq!(ids(store.list(Select::After(None), 10).await.unwrap()), ["Zoe", "ada", "bob", "carol"]);
    assert_eq!(ids(store.list(Select::After(Some(&id("ada"))), 1).await.unwrap()), ["bob"]);
    assert!(store.list(Select::DueBy(0.into()), 10).await.unwrap().is_empty());
    let due = ids(store.list(Select::DueBy(account::model::Timestamp::MAX), 3).await.unwrap());
    assert_eq!(due.iter().collect::<HashSet<_>>().len(), 3);
}
