//! Rules for the security log: saved together with a change, newest first, deleted by age.

use std::slice;

use super::{
    bench::{Bench, assert_stale, assert_taken, edited},
    concurrently::concurrently,
    fixtures::{KeyKind, at, bare, event, events, full, id, named, rename, with_email},
};
use crate::model::{Event, Key, Timestamp, UserId};

/// Entries are saved together with a creation.
pub async fn entries_are_saved_with_a_creation(bench: Bench) {
    let entries = events(bare(1).id(), 0..3);
    bench.save(None, bare(1), &entries).await.expect("the id is free");
    bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
}

/// Entries are saved together with a change.
pub async fn entries_are_saved_with_a_change(bench: Bench) {
    let (mut state, mut entries) = (bench.create(bare(1)).await, Vec::new());
    for number in 0..4 {
        let entry = event(bare(1).id(), at(u64::from(number)), number);
        let after = edited(&state, |account| rename(account, number));
        state = bench.save(Some(&state), after, slice::from_ref(&entry)).await.expect("a current state");
        entries.push(entry);
        bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
    }
}

/// A save without entries adds none.
pub async fn a_save_without_entries_adds_none(bench: Bench) {
    let entries = events(bare(1).id(), 0..1);
    let state = bench.save(None, bare(1), &entries).await.expect("the id is free");
    bench.change(&state, |account| rename(account, 1)).await;
    bench.assert_log(bare(1).id(), &entries).await;
}

/// An account without entries has an empty log, and so has an id without an account.
pub async fn a_log_may_be_empty(bench: Bench) {
    bench.create(bare(1)).await;
    bench.assert_log(bare(1).id(), &[]).await;
    bench.assert_log(bare(2).id(), &[]).await;
}

/// A stale change leaves no entry.
pub async fn a_stale_change_leaves_no_entry(bench: Bench) {
    let old = bench.create(bare(1)).await;
    bench.change(&old, |account| rename(account, 1)).await;
    let entries = events(bare(1).id(), 0..2);
    assert_stale(bench.save(Some(&old), edited(&old, |_| ()), &entries).await);
    bench.assert_log(bare(1).id(), &[]).await;
}

/// A change that is refused because of a taken key leaves no entry.
pub async fn a_refused_change_leaves_no_entry(bench: Bench) {
    bench.create(with_email(2)).await;
    let before = bench.create(bare(1)).await;
    let after = edited(&before, |account| KeyKind::Mailbox.give(account, 2));
    let entries = events(bare(1).id(), 0..2);
    assert_taken(bench.save(Some(&before), after, &entries).await, &KeyKind::Mailbox.key(2));
    bench.assert_log(bare(1).id(), &[]).await;
}

/// A refused creation leaves no entry, neither for the holder of the id nor for the new account.
pub async fn a_refused_creation_leaves_no_entry(bench: Bench) {
    bench.create(with_email(1)).await;
    let entries = events(bare(1).id(), 0..1);
    assert_taken(bench.save(None, bare(1), &entries).await, &Key::Id(bare(1).id));
    bench.assert_log(bare(1).id(), &[]).await;
    let entries = events(bare(2).id(), 0..1);
    let refused = bench.save(None, KeyKind::Mailbox.holder(2, 1), &entries).await;
    assert_taken(refused, &KeyKind::Mailbox.key(1));
    bench.assert_log(bare(2).id(), &[]).await;
}

/// An entry comes back with every field.
pub async fn an_entry_comes_back_whole(bench: Bench) {
    let mut plain = event(bare(1).id(), at(1), 1);
    (plain.session, plain.ip, plain.user_agent) = (None, None, None);
    (plain.email, plain.name) = ("".into(), "".into());
    let mut wide = event(bare(1).id(), at(2), 2);
    wide.user_agent = Some("\u{1f600}'\"\\ %_\u{7f}".repeat(60).into());
    wide.name = "\u{202e}\u{1f469}\u{200d}\u{1f4bb}".repeat(20).into();
    bench.append_events(&[plain.clone(), wide.clone()]).await;
    bench.assert_log(bare(1).id(), &[wide, plain]).await;
}

/// Appended entries are listed among those that were saved with a change.
pub async fn appended_entries_join_the_log(bench: Bench) {
    let entries = events(bare(1).id(), 0..4);
    let state = bench.save(None, bare(1), &entries[..1]).await.expect("the id is free");
    bench.append_events(&entries[1..3]).await;
    bench
        .save(Some(&state), edited(&state, |_| ()), &entries[3..])
        .await
        .expect("appending changes no account");
    bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
}

/// Appending changes neither the account nor its version.
pub async fn appending_changes_no_account(bench: Bench) {
    let account = bench.create(full(1)).await;
    bench.append_events(&events(account.account.id(), 0..3)).await;
    bench.assert_holds(&account).await;
    bench.change(&account, |account| rename(account, 1)).await;
}

/// Entries of ids without an account can be appended: guesses at unknown addresses are logged too.
pub async fn entries_of_unknown_accounts_can_be_appended(bench: Bench) {
    let entries = events(&id("unknown"), 0..2);
    bench.append_events(&entries).await;
    bench.assert_log(&id("unknown"), &newest_first(&entries)).await;
    bench.assert_free(&[Key::Id(id("unknown"))]).await;
}

/// Appending no entries is not an error.
pub async fn nothing_can_be_appended(bench: Bench) {
    bench.append_events(&[]).await;
    bench.assert_log(bare(1).id(), &[]).await;
}

/// One append can hold entries of several accounts.
pub async fn one_append_serves_several_accounts(bench: Bench) {
    let (one, two) = (events(bare(1).id(), 0..3), events(bare(2).id(), 0..2));
    let mixed = [&one[0], &two[0], &one[1], &two[1], &one[2]].map(Clone::clone);
    bench.append_events(&mixed).await;
    bench.assert_log(bare(1).id(), &newest_first(&one)).await;
    bench.assert_log(bare(2).id(), &newest_first(&two)).await;
}

/// Each account has its own log, however similar the ids.
pub async fn logs_are_kept_apart(bench: Bench) {
    let ids = ["a", "A", "ab", "a.", "a_", "a-b"].map(id::<UserId>);
    for (number, user) in (0..).zip(&ids) {
        bench.append_events(&events(user, number..number + 2)).await;
    }
    for (number, user) in (0..).zip(&ids) {
        bench.assert_log(user, &newest_first(&events(user, number..number + 2))).await;
    }
}

/// The newest entry comes first, independent of the order in which entries arrive.
pub async fn the_newest_entry_comes_first(bench: Bench) {
    let entries = events(bare(1).id(), 0..7);
    for index in [3, 0, 6, 1, 5, 2, 4] {
        bench.append_events(&entries[index..=index]).await;
    }
    bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
}

/// Entries of the same instant are ordered by their ids.
pub async fn entries_of_one_instant_are_in_the_order_of_their_ids(bench: Bench) {
    let entries: Vec<_> = (0..5).map(|number| event(bare(1).id(), at(0), number)).collect();
    bench.append_events(&[entries[2].clone(), entries[4].clone(), entries[0].clone()]).await;
    bench.append_events(&[entries[3].clone(), entries[1].clone()]).await;
    bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
}

/// A page has at most as many entries as its limit, and reports the total of all entries.
pub async fn a_page_has_at_most_its_limit(bench: Bench) {
    let entries = newest_first(&filled(&bench, 10).await);
    for limit in [1, 2, 9, 10, 11, 5000] {
        let page = bench.log_page(bare(1).id(), 0, limit).await;
        assert_eq!(page.events, entries[..limit.min(10)]);
        assert_eq!(page.total, 10);
    }
}

/// A page skips as many entries as its offset.
pub async fn a_page_begins_at_its_offset(bench: Bench) {
    let entries = newest_first(&filled(&bench, 10).await);
    for offset in [0, 1, 5, 9] {
        let page = bench.log_page(bare(1).id(), offset, 5000).await;
        assert_eq!(page.events, entries[offset as usize..]);
        assert_eq!(page.total, 10);
    }
}

/// A page beyond the end has no entries and reports the same total.
pub async fn beyond_the_end_of_a_log_is_nothing(bench: Bench) {
    filled(&bench, 3).await;
    for offset in [3, 4, 5000, u64::from(u32::MAX)] {
        let page = bench.log_page(bare(1).id(), offset, 10).await;
        assert_eq!((page.events.len(), page.total), (0, 3), "offset {offset}");
    }
}

/// Page by page, every entry is listed once.
pub async fn pages_cover_the_log(bench: Bench) {
    let entries = newest_first(&filled(&bench, 23).await);
    let mut seen = Vec::new();
    for page in 0..8 {
        let page = bench.log_page(bare(1).id(), page * 3, 3).await;
        assert_eq!(page.total, 23);
        seen.extend(page.events);
    }
    assert_eq!(seen, entries);
}

/// A long log is counted exactly.
pub async fn a_long_log_is_counted(bench: Bench) {
    let entries = filled(&bench, 1500).await;
    let page = bench.log_page(bare(1).id(), 1498, 25).await;
    assert_eq!((page.events, page.total), (newest_first(&entries[..2]), 1500));
}

/// A log belongs to the account's id and stays when the account's other keys change.
pub async fn a_log_belongs_to_the_id(bench: Bench) {
    let entries = events(bare(1).id(), 0..2);
    let state = bench.save(None, with_email(1), &entries).await.expect("the keys are free");
    let state = bench.change(&state, |account| KeyKind::Mailbox.give(account, 2)).await;
    bench.change(&state, |account| KeyKind::Mailbox.take(account)).await;
    bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
}

/// Entries older than the given instant are deleted and counted.
pub async fn old_entries_are_forgotten(bench: Bench) {
    let entries = filled(&bench, 10).await;
    assert_eq!(bench.delete_events_before(at(4), 100).await, 4);
    bench.assert_log(bare(1).id(), &newest_first(&entries[4..])).await;
    assert_eq!(bench.delete_events_before(at(4), 100).await, 0, "they are deleted once");
}

/// An entry of exactly the given instant is kept.
pub async fn an_entry_of_that_instant_is_kept(bench: Bench) {
    let entries = [event(bare(1).id(), at(5), 1)];
    bench.append_events(&entries).await;
    assert_eq!(bench.delete_events_before(at(5), 100).await, 0);
    bench.assert_log(bare(1).id(), &entries).await;
    assert_eq!(bench.delete_events_before(Timestamp::from_millis(at(5).as_millis() + 1), 100).await, 1);
    bench.assert_log(bare(1).id(), &[]).await;
}

/// One call deletes at most as many entries as its limit; repeated calls delete all of them.
pub async fn no_more_entries_are_forgotten_than_asked_for(bench: Bench) {
    filled(&bench, 10).await;
    bench.append_events(&events(bare(2).id(), 0..5)).await;
    let mut left = 15;
    for deleted in [4, 4, 4, 3, 0] {
        assert_eq!(bench.delete_events_before(at(1000), 4).await, deleted);
        left -= u64::from(deleted);
        assert_eq!(bench.log(bare(1).id()).await.total + bench.log(bare(2).id()).await.total, left);
    }
}

/// A limit of 0 deletes nothing.
pub async fn a_limit_of_zero_forgets_nothing(bench: Bench) {
    filled(&bench, 2).await;
    assert_eq!(bench.delete_events_before(at(1000), 0).await, 0);
    assert_eq!(bench.log(bare(1).id()).await.total, 2);
}

/// The largest limit is accepted and deletes everything.
pub async fn the_largest_limit_forgets_all(bench: Bench) {
    filled(&bench, 3).await;
    assert_eq!(bench.delete_events_before(Timestamp::MAX, u32::MAX).await, 3);
    bench.assert_log(bare(1).id(), &[]).await;
}

/// Old entries of all accounts are deleted, also those of ids without an account.
pub async fn entries_of_all_accounts_are_forgotten(bench: Bench) {
    bench.create(bare(1)).await;
    for text in ["person-1", "unknown", "Unknown"] {
        bench.append_events(&events(&id(text), 0..3)).await;
    }
    assert_eq!(bench.delete_events_before(at(2), 100).await, 6);
    for text in ["person-1", "unknown", "Unknown"] {
        bench.assert_log(&id(text), &events(&id(text), 2..3)).await;
    }
}

/// Deleting entries changes neither accounts nor their versions.
pub async fn forgetting_changes_no_account(bench: Bench) {
    let account = bench.create(full(1)).await;
    bench.append_events(&events(account.account.id(), 0..3)).await;
    bench.delete_events_before(Timestamp::MAX, 100).await;
    bench.assert_holds(&account).await;
    bench.change(&account, |account| rename(account, 1)).await;
}

/// Deleting from an empty log deletes nothing.
pub async fn an_empty_log_has_nothing_to_forget(bench: Bench) {
    bench.create(bare(1)).await;
    assert_eq!(bench.delete_events_before(Timestamp::MAX, 100).await, 0);
    assert_eq!(bench.delete_events_before(Timestamp::MIN, 100).await, 0);
}

/// A log accepts entries again after all of its entries were deleted.
pub async fn a_log_grows_again(bench: Bench) {
    filled(&bench, 3).await;
    bench.delete_events_before(Timestamp::MAX, 100).await;
    let more = events(bare(1).id(), 10..12);
    bench.append_events(&more).await;
    bench.assert_log(bare(1).id(), &newest_first(&more)).await;
}

/// A removal deletes the log of its account and no other log.
pub async fn a_removal_takes_its_own_log(bench: Bench) {
    let one = bench.save(None, bare(1), &events(bare(1).id(), 0..3)).await.expect("the id is free");
    let entries = events(named("person-10").id(), 0..3);
    bench.save(None, named("person-10"), &entries).await.expect("the id is free");
    bench.remove(&one).await;
    bench.assert_log(one.account.id(), &[]).await;
    bench.assert_log(&id("person-10"), &newest_first(&entries)).await;
}

/// A stale removal leaves the log.
pub async fn a_stale_removal_leaves_the_log(bench: Bench) {
    let entries = events(bare(1).id(), 0..3);
    let old = bench.save(None, bare(1), &entries).await.expect("the id is free");
    bench.change(&old, |account| rename(account, 1)).await;
    assert_stale(bench.store().remove(&old).await);
    bench.assert_log(bare(1).id(), &newest_first(&entries)).await;
}

/// Concurrent appends lose no entry.
pub async fn parallel_appends_lose_nothing(bench: Bench) {
    concurrently(32, |number| {
        let bench = bench.clone();
        async move { bench.append_events(&[event(bare(1).id(), at(u64::from(number)), number)]).await }
    })
    .await;
    bench.assert_log(bare(1).id(), &newest_first(&events(bare(1).id(), 0..32))).await;
}

/// Concurrent deletions count each deleted entry once.
pub async fn parallel_forgetting_counts_once(bench: Bench) {
    filled(&bench, 100).await;
    let counts = concurrently(8, |_| {
        let bench = bench.clone();
        async move { bench.delete_events_before(Timestamp::MAX, 20).await }
    })
    .await;
    let left = bench.log(bare(1).id()).await.total;
    assert_eq!(u64::from(counts.iter().sum::<u32>()) + left, 100);
    assert!(counts.iter().all(|count| *count <= 20));
}

/// Appends `many` entries for one account, one per second.
async fn filled(bench: &Bench, many: u32) -> Vec<Event> {
    let entries = events(bare(1).id(), 0..many);
    bench.append_events(&entries).await;
    entries
}

fn newest_first(entries: &[Event]) -> Vec<Event> {
    entries.iter().rev().cloned().collect()
}
