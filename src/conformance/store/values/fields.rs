//! Extreme and unusual values of fields: instants, versions, names, counters, lists and sizes.

use std::{net::Ipv6Addr, sync::Arc};

use crate::{
    conformance::store::{
        bench::{Bench, assert_stale, attachment, body, fresh_version},
        fixtures::{KeyKind, at, bare, event, full, id, rename, session, target},
    },
    model::{Account, Key, Label, Timestamp},
    ports::{Change, Select, Stored, Version},
};

/// The earliest and the latest instant are kept.
pub async fn the_ends_of_time_are_kept(bench: Bench) {
    for (number, instant) in [(1, Timestamp::MIN), (2, Timestamp::MAX)] {
        let mut account = full(number);
        (account.created_at, account.updated_at, account.accessed_at) = (instant, instant, instant);
        account.sessions = vec![session("first", instant)].into();
        account.failures.locked_until = Some(instant);
        let entries = [event(&account.id, instant, number)];
        let stored = bench.save(None, account, &entries).await.expect("the keys are free");
        bench.assert_holds(&stored).await;
        bench.assert_log(stored.account.id(), &entries).await;
    }
    assert_eq!(bench.delete_events_before(Timestamp::MAX, 10).await, 1);
    assert_eq!(bench.log(bare(2).id()).await.total, 1);
}

/// Instants are kept to the millisecond.
pub async fn instants_are_kept_to_the_millisecond(bench: Bench) {
    let mut account = full(1);
    account.updated_at = Timestamp::from_millis(1_790_000_000_123);
    account.accessed_at = Timestamp::from_millis(1_790_000_000_999);
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
}

/// Every version of 64 bits is kept: no value is special.
pub async fn every_version_is_kept(bench: Bench) {
    let mut before = bench.create(bare(1)).await;
    for bits in
        [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, (1 << 53) + 1, u64::MAX - 1, 1 << 32, u64::from(u32::MAX)]
    {
        let after = Stored { account: Arc::clone(&before.account), version: Version::from_bits(bits) };
        let change = Change::new(Some(&before), Arc::clone(&after.account), after.version, &[]);
        bench.store().save(change).await.expect("the state is the current one");
        assert_stale(bench.try_change(&before, |account| rename(account, 1)).await);
        bench.assert_holds(&after).await;
        before = after;
    }
    bench.remove(&before).await;
}

/// Versions that differ only in bits that a narrower number would lose are different.
pub async fn versions_are_compared_in_full(bench: Bench) {
    let mut before = bench.create(bare(1)).await;
    for (bits, close) in [
        (0, 1 << 63),
        (u64::MAX, u64::MAX >> 1),
        ((1 << 53) + 1, 1 << 53),
        (u64::MAX, u64::MAX - 1),
        (1 << 32, 0),
        (0, u64::MAX),
    ] {
        let after = Stored { account: Arc::clone(&before.account), version: Version::from_bits(bits) };
        let change = Change::new(Some(&before), Arc::clone(&after.account), after.version, &[]);
        bench.store().save(change).await.expect("the state is the current one");
        let wrong = Stored { account: Arc::clone(&after.account), version: Version::from_bits(close) };
        assert_stale(bench.try_change(&wrong, |account| rename(account, 1)).await);
        assert_stale(bench.store().remove(&wrong).await);
        before = after;
    }
}

/// Two accounts can have the same version.
pub async fn versions_belong_to_their_account(bench: Bench) {
    let version = fresh_version();
    for number in [1, 2] {
        let change = Change::new(None, Arc::new(with_number(number)), version, &[]);
        bench.store().save(change).await.expect("the keys are free");
    }
    for number in [1, 2] {
        let found = bench.load_id(bare(number).id()).await.expect("it was created");
        assert_eq!(
            (found.version, body(&found)),
            (version, body(&Stored { account: Arc::new(with_number(number)), version }))
        );
    }
}

/// Names of any script are kept unchanged.
pub async fn names_of_any_script_are_kept(bench: Bench) {
    let names = [
        "  spaces  ",
        "O'Neil \"x\" \\ %_;--",
        "\u{202e}evil",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "e\u{301}",
        "\u{10ffff}",
    ];
    let mut state = bench.create(bare(1)).await;
    for name in names.iter().map(|name| (*name).to_owned()).chain(["\u{1f600}".repeat(128)]) {
        state = bench.change(&state, |account| account.name = name.parse().expect("a name")).await;
        let found = bench.load_id(state.account.id()).await.expect("the account is there");
        assert_eq!(found.account.name().as_str(), name);
    }
}

/// Counters are kept in full.
pub async fn counters_are_kept_in_full(bench: Bench) {
    let mut account = bare(1);
    account.jwt_generation = u32::MAX;
    (account.failures.run, account.failures.locks) = (u32::MAX, u32::MAX);
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
}

/// Labels keep their order and case.
pub async fn labels_keep_their_order(bench: Bench) {
    let mut account = bare(1);
    account.labels = ["b", "a", "B", "A1"].map(|text| text.parse::<Label>().expect("a label")).into();
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
}

/// Sessions keep their order and all their fields.
pub async fn sessions_keep_their_order(bench: Bench) {
    let mut account = bare(1);
    account.sessions = ["c", "a", "b"].map(|name| session(name, at(60))).into_iter().collect();
    account.sessions[1].ip = Some(Ipv6Addr::LOCALHOST.into());
    account.sessions[1].user_agent = None;
    account.sessions[2].ip = None;
    let account = bench.create(account).await;
    bench.assert_holds(&account).await;
    let found = bench.load_id(account.account.id()).await.expect("it was created");
    let names: Vec<_> = found.account.sessions.iter().map(|session| session.id.as_str()).collect();
    assert_eq!(names, ["c", "a", "b"]);
}

/// A very large account is kept: a hundred sessions and a thousand push targets.
pub async fn a_large_account_is_kept(bench: Bench) {
    let mut account = full(1);
    account.sessions = (0..100).map(|number| session(&format!("s{number}"), at(60 + number))).collect();
    account.targets = (0..1000)
        .map(|number| target(id(&format!("t{number}")), &format!("{number}{}", "\u{1f600}".repeat(200))))
        .collect();
    let before = bench.create(account).await;
    let found = bench.load(&KeyKind::Mailbox.key(1)).await.expect("it was created");
    assert_eq!((body(&found), attachment(&found)), (body(&before), attachment(&before)));
    let last = Key::TargetIdentifier(before.account.targets[999].identifier.clone());
    assert!(bench.load(&last).await.is_some());
    bench.change(&found, |account| rename(account, 1)).await;
}

/// Many accounts are kept, and each is found by its own keys.
pub async fn many_accounts_are_kept(bench: Bench) {
    for number in 0..300 {
        bench.create(with_number(number)).await;
    }
    for number in (0..300).step_by(7) {
        let found = bench.load(&KeyKind::Mailbox.key(number)).await.expect("it was created");
        assert_eq!(*found.account.id(), bare(number).id);
    }
    assert_eq!(bench.list_ids(Select::After(None), 1000).await.len(), 300);
}

/// An account with a mailbox and a name of this number.
fn with_number(number: u32) -> Account {
    let mut account = KeyKind::Mailbox.holder(number, number);
    rename(&mut account, number);
    account
}
