//! Rules for lists: in byte order of the ids, or by the time of the next expiry.

use super::{
    bench::{Bench, assert_stale, assert_taken, body, fresh_version},
    fixtures::{KeyKind, at, bare, full, id, named, rename, session},
};
use crate::{
    model::{Account, Timestamp, UserId},
    ports::{Select, Stored},
};

/// An empty store lists nothing.
pub async fn an_empty_store_lists_nothing(bench: Bench) {
    assert!(bench.list(Select::After(None), 10).await.is_empty());
    assert!(bench.list(Select::After(Some(&id("a"))), 10).await.is_empty());
    assert!(bench.list(Select::DueBy(Timestamp::MAX), 10).await.is_empty());
}

/// Accounts are listed in byte order of their ids, independent of any locale: digits, capital
/// letters, small letters.
pub async fn accounts_are_listed_bytewise_by_id(bench: Bench) {
    let sorted = ["0", "10", "9", "A", "B", "Z", "a", "a-", "a.", "a0", "aB", "a_", "aa", "b", "z9"];
    for index in [7, 3, 11, 0, 14, 5, 9, 1, 13, 2, 8, 12, 4, 10, 6] {
        bench.create(named(sorted[index])).await;
    }
    assert_eq!(texts(&bench.list_ids(Select::After(None), 100).await), sorted);
}

/// The order is that of the ids, not of creation.
pub async fn the_order_is_not_that_of_creation(bench: Bench) {
    for text in ["c", "a", "b"] {
        bench.create(named(text)).await;
    }
    assert_eq!(texts(&bench.list_ids(Select::After(None), 100).await), ["a", "b", "c"]);
}

/// A list returns the stored accounts with their versions.
pub async fn a_list_holds_what_is_stored(bench: Bench) {
    let accounts = [bench.create(full(1)).await, bench.create(bare(2)).await];
    let listed = bench.list(Select::After(None), 10).await;
    for (listed, account) in listed.iter().zip(&accounts) {
        assert_eq!((listed.version, body(listed)), (account.version, body(account)));
    }
    assert_eq!(listed.len(), 2);
}

/// A list shows the changed account.
pub async fn a_list_follows_changes(bench: Bench) {
    let before = bench.create(full(1)).await;
    let after = bench.change(&before, |account| rename(account, 1)).await;
    let listed = bench.list(Select::After(None), 10).await;
    assert_eq!((listed[0].version, body(&listed[0])), (after.version, body(&after)));
}

/// A removed account is no longer listed.
pub async fn a_list_follows_removals(bench: Bench) {
    let one = bench.create(full(1)).await;
    bench.create(full(2)).await;
    bench.remove(&one).await;
    assert_eq!(texts(&bench.list_ids(Select::After(None), 10).await), ["person-2"]);
    assert_eq!(texts(&bench.list_ids(Select::DueBy(Timestamp::MAX), 10).await), ["person-2"]);
}

/// A list holds the first accounts, at most as many as its limit.
pub async fn a_list_has_at_most_its_limit(bench: Bench) {
    for text in ["d", "b", "a", "c"] {
        bench.create(named(text)).await;
    }
    for (limit, expected) in [(0, 0), (1, 1), (3, 3), (4, 4), (5, 4), (u32::MAX, 4)] {
        let ids = bench.list_ids(Select::After(None), limit).await;
        assert_eq!(texts(&ids), ["a", "b", "c", "d"][..expected], "a limit of {limit}");
    }
}

/// A list starts after the given id, which it does not include.
pub async fn a_list_goes_on_after_an_id(bench: Bench) {
    for text in ["a", "b", "c"] {
        bench.create(named(text)).await;
    }
    for (after, expected) in [("a", &["b", "c"][..]), ("b", &["c"]), ("c", &[])] {
        assert_eq!(texts(&bench.list_ids(Select::After(Some(&id(after))), 10).await), expected);
    }
}

/// The given id need not exist: the list starts after its place in the order.
pub async fn a_list_goes_on_after_an_id_that_is_not_there(bench: Bench) {
    for text in ["a", "c", "e"] {
        bench.create(named(text)).await;
    }
    for (after, expected) in [("0", &["a", "c", "e"][..]), ("b", &["c", "e"]), ("d", &["e"]), ("f", &[])] {
        assert_eq!(texts(&bench.list_ids(Select::After(Some(&id(after))), 10).await), expected);
    }
}

/// Page by page, every account is listed once, including ids that differ only in case.
pub async fn pages_cover_all_accounts(bench: Bench) {
    let mut all: Vec<UserId> = Vec::new();
    for number in 0..25 {
        all.extend([id::<UserId>(&format!("u{number}")), id::<UserId>(&format!("U{number}"))]);
    }
    for user in &all {
        bench.create(Account::new(*user, at(0))).await;
    }
    all.sort_unstable();
    for size in [1, 7, 50] {
        let mut seen: Vec<UserId> = Vec::new();
        while seen.len() <= all.len() {
            let page = bench.list_ids(Select::After(seen.last()), size).await;
            if page.is_empty() {
                break;
            }
            seen.extend(page);
        }
        assert_eq!(seen, all, "pages of {size}");
    }
}

/// The next page is right although accounts were created and removed after the last one.
pub async fn pages_go_on_while_accounts_come_and_go(bench: Bench) {
    let mut accounts = Vec::new();
    for text in ["b", "d", "f"] {
        accounts.push(bench.create(named(text)).await);
    }
    let first = bench.list_ids(Select::After(None), 2).await;
    bench.remove(&accounts[1]).await;
    bench.create(named("a")).await;
    bench.create(named("e")).await;
    assert_eq!(texts(&bench.list_ids(Select::After(first.last()), 10).await), ["e", "f"]);
}

/// An account with nothing that expires is never due.
pub async fn who_has_nothing_to_expire_is_never_due(bench: Bench) {
    bench.create(bare(1)).await;
    assert!(bench.list_ids(Select::DueBy(Timestamp::MAX), 10).await.is_empty());
}

/// An account is due when something of it expires at the given instant or earlier.
pub async fn due_is_what_expires_by_that_instant(bench: Bench) {
    bench.create(due("one", &[100])).await;
    let just_before = Timestamp::from_millis(at(100).as_millis() - 1);
    let just_after = Timestamp::from_millis(at(100).as_millis() + 1);
    assert!(bench.list_ids(Select::DueBy(just_before), 10).await.is_empty());
    assert_eq!(bench.list_ids(Select::DueBy(at(100)), 10).await.len(), 1);
    assert_eq!(bench.list_ids(Select::DueBy(just_after), 10).await.len(), 1);
    assert!(bench.list_ids(Select::DueBy(Timestamp::MIN), 10).await.is_empty());
}

/// The account that is due first comes first, independent of its id.
pub async fn the_earliest_due_comes_first(bench: Bench) {
    for (text, seconds) in [("a", 500), ("b", 100), ("c", 900), ("d", 300), ("e", 700)] {
        bench.create(due(text, &[seconds])).await;
    }
    let all = bench.list_ids(Select::DueBy(Timestamp::MAX), 10).await;
    assert_eq!(texts(&all), ["b", "d", "a", "e", "c"]);
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(500)), 10).await), ["b", "d", "a"]);
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(900)), 2).await), ["b", "d"]);
    assert!(bench.list_ids(Select::DueBy(at(900)), 0).await.is_empty());
}

/// For an account with several sessions, the earliest expiry counts.
pub async fn the_earliest_session_counts(bench: Bench) {
    bench.create(due("late", &[900, 800, 950])).await;
    bench.create(due("early", &[900, 100, 950])).await;
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(800)), 10).await), ["early", "late"]);
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(799)), 10).await), ["early"]);
}

/// Accounts that are due at the same instant are all listed.
pub async fn accounts_due_in_one_instant_are_all_listed(bench: Bench) {
    for text in ["a", "b", "c"] {
        bench.create(due(text, &[100])).await;
    }
    let mut ids = bench.list_ids(Select::DueBy(at(100)), 10).await;
    ids.sort_unstable();
    assert_eq!(texts(&ids), ["a", "b", "c"]);
}

/// A change moves an account to its new place in the list of due accounts, or removes it from
/// there.
pub async fn a_change_moves_what_is_due(bench: Bench) {
    let first = bench.create(due("a", &[100])).await;
    bench.create(due("b", &[200])).await;
    let second = bench.change(&first, |account| account.sessions = due("a", &[300]).sessions).await;
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(300)), 10).await), ["b", "a"]);
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(299)), 10).await), ["b"]);
    let third = bench.change(&second, |account| account.sessions.clear()).await;
    assert_eq!(texts(&bench.list_ids(Select::DueBy(Timestamp::MAX), 10).await), ["b"]);
    bench.change(&third, |account| account.sessions = due("a", &[50]).sessions).await;
    assert_eq!(texts(&bench.list_ids(Select::DueBy(Timestamp::MAX), 10).await), ["a", "b"]);
}

/// A refused change moves nothing.
pub async fn a_refused_change_moves_nothing(bench: Bench) {
    let first = bench.create(due("a", &[100])).await;
    bench.create(full(2)).await;
    let wrong = Stored { account: first.account.clone(), version: fresh_version() };
    let refused = bench.try_change(&wrong, |account| account.sessions.clear()).await;
    assert_stale(refused);
    let refused = bench
        .try_change(&first, |account| {
            account.sessions.clear();
            KeyKind::Mailbox.give(account, 2);
        })
        .await;
    assert_taken(refused, &KeyKind::Mailbox.key(2));
    assert_eq!(texts(&bench.list_ids(Select::DueBy(at(100)), 10).await), ["a"]);
}

/// A caller that tidies due accounts in batches reaches all of them.
pub async fn what_is_due_can_be_worked_off(bench: Bench) {
    for number in 0..20 {
        bench.create(due(&format!("u{number}"), &[number * 10])).await;
    }
    let mut rounds = 0;
    while let [first, ..] = &bench.list(Select::DueBy(at(95)), 3).await[..] {
        bench.change(first, |account| account.tidy(at(95))).await;
        rounds += 1;
        assert!(rounds <= 10, "a tidied account is no longer due");
    }
    assert_eq!(rounds, 10);
}

/// The first and the last instant are due like any other.
pub async fn the_ends_of_time_are_due_like_any_instant(bench: Bench) {
    for (text, instant) in [("first", Timestamp::MIN), ("last", Timestamp::MAX)] {
        let mut account = named(text);
        account.sessions = vec![session("s", instant)].into();
        bench.create(account).await;
    }
    assert_eq!(texts(&bench.list_ids(Select::DueBy(Timestamp::MIN), 10).await), ["first"]);
    assert_eq!(texts(&bench.list_ids(Select::DueBy(Timestamp::MAX), 10).await), ["first", "last"]);
}

/// An account with sessions that expire the given numbers of seconds after the start.
fn due(text: &str, seconds: &[u64]) -> Account {
    let mut account = named(text);
    account.sessions = seconds.iter().map(|seconds| session(&format!("s{seconds}"), at(*seconds))).collect();
    account
}

fn texts(ids: &[UserId]) -> Vec<&str> {
    ids.iter().map(UserId::as_str).collect()
}
