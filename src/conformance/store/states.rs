//! Rules for the account itself: created once, changed only from its current state, removed
//! completely.

use std::sync::Arc;

use super::{
    bench::{Bench, assert_stale, assert_taken, body, edited, fresh_version, without_attachment},
    fixtures::{KeyKind, at, bare, events, full, named, prefer, rename, with_email},
};
use crate::{
    model::Key,
    ports::{Change, Parts, SaveError, Select, Stored, Version},
};

/// A new store holds nothing.
pub async fn a_new_store_is_empty(bench: Bench) {
    bench.assert_free(&full(1).keys()).await;
    assert!(bench.list(Select::After(None), 10).await.is_empty());
    bench.assert_log(full(1).id(), &[]).await;
}

/// A created account is found by each of its keys, with all its fields.
pub async fn a_created_account_is_found_by_every_key(bench: Bench) {
    let account = bench.create(full(1)).await;
    assert_eq!(account.account.keys().len(), 10, "an account with keys of all kinds");
    bench.assert_holds(&account).await;
}

/// An account with nothing but its id is kept.
pub async fn a_bare_account_is_kept(bench: Bench) {
    let account = bench.create(bare(1)).await;
    bench.assert_holds(&account).await;
}

/// Any number of accounts can be without email, phone and other keys.
pub async fn accounts_without_keys_do_not_collide(bench: Bench) {
    for number in 0..5 {
        let account = bench.create(bare(number)).await;
        bench.assert_holds(&account).await;
    }
}

/// A stored state has the version of the change that saved it.
pub async fn a_state_has_the_version_of_its_change(bench: Bench) {
    let mut state = bench.create(bare(1)).await;
    for number in 0..3 {
        assert_eq!(bench.load_id(state.account.id()).await.map(|seen| seen.version), Some(state.version));
        state = bench.change(&state, |account| rename(account, number)).await;
    }
}

/// A load of the body returns the same account and version as a load of the whole.
pub async fn the_body_is_the_same_with_and_without_attachment(bench: Bench) {
    let account = bench.create(full(1)).await;
    let key = Key::Id(*account.account.id());
    let slim = bench.load_parts(&key, Parts::Body).await.expect("it was created");
    let whole = bench.load_parts(&key, Parts::Whole).await.expect("it was created");
    assert_eq!((body(&slim), slim.version), (body(&whole), whole.version));
}

/// Loading changes nothing.
pub async fn loading_changes_nothing(bench: Bench) {
    let account = bench.create(full(1)).await;
    for _ in 0..3 {
        bench.assert_holds(&account).await;
    }
    bench.change(&account, |account| rename(account, 1)).await;
}

/// A held id cannot be created again: the error names it, and nothing is written.
pub async fn an_id_is_created_once(bench: Bench) {
    let first = bench.create(full(1)).await;
    let snapshot = bench.snapshot().await;
    let mut again = bare(1);
    prefer(&mut again, r#"{"again":true}"#);
    let entries = events(&again.id, 0..1);
    assert_taken(bench.save(None, again, &entries).await, &Key::Id(*first.account.id()));
    assert_eq!(bench.snapshot().await, snapshot);
}

/// An identical account cannot be created twice.
pub async fn the_same_account_is_created_once(bench: Bench) {
    let first = bench.create(bare(1)).await;
    assert_taken(bench.try_create(bare(1)).await, &Key::Id(*first.account.id()));
    bench.assert_holds(&first).await;
}

/// A held id cannot be created again under the stored version either.
pub async fn a_creation_is_no_change_whatever_its_version(bench: Bench) {
    let first = bench.create(bare(1)).await;
    let change = Change::new(None, first.account.clone(), first.version, &[]);
    assert_taken(bench.store().save(change).await, &Key::Id(*first.account.id()));
}

/// The error of a creation with several taken keys names one of them.
pub async fn one_of_several_taken_keys_is_named(bench: Bench) {
    let holder = bench.create(full(1)).await;
    let mut newcomer = full(1);
    newcomer.id = bare(2).id;
    let keys = holder.account.keys();
    match bench.try_create(newcomer).await {
        Err(SaveError::Taken(key)) => assert!(keys.contains(&key), "the named key is taken"),
        other => panic!("the result must be Taken and is {other:?}"),
    }
    bench.assert_holds(&holder).await;
}

/// A change replaces everything but the id.
pub async fn a_change_replaces_the_whole_account(bench: Bench) {
    let before = bench.create(full(1)).await;
    let after = bench
        .change(&before, |account| {
            *account = full(2);
            account.id = bare(1).id;
        })
        .await;
    bench.assert_holds(&after).await;
    let gone: Vec<_> = before.account.keys().into_iter().filter(|key| !matches!(key, Key::Id(_))).collect();
    bench.assert_free(&gone).await;
}

/// A change can remove everything but the id.
pub async fn a_change_may_take_everything_off(bench: Bench) {
    let before = bench.create(full(1)).await;
    let after = bench.change(&before, |account| *account = bare(1)).await;
    bench.assert_holds(&after).await;
}

/// A change that alters nothing is a save like any other, with its own version.
pub async fn a_change_of_nothing_is_a_save(bench: Bench) {
    let before = bench.create(full(1)).await;
    let after = bench.change(&before, |_| ()).await;
    bench.assert_holds(&after).await;
    assert_stale(bench.try_change(&before, |_| ()).await);
}

/// Successive changes, each from the result of the last, all succeed.
pub async fn many_changes_follow_each_other(bench: Bench) {
    let mut state = bench.create(with_email(1)).await;
    for number in 0..100 {
        state = bench.change(&state, |account| rename(account, number)).await;
    }
    bench.assert_holds(&state).await;
}

/// A change from a loaded state succeeds, independent of the key and the parts it was loaded with.
pub async fn a_change_from_any_loaded_state_succeeds(bench: Bench) {
    bench.create(full(1)).await;
    for (number, key) in (0..).zip(full(1).keys()) {
        for parts in [Parts::Body, Parts::Whole] {
            let before = bench.load_parts(&key, parts).await.expect("the account holds the key");
            bench.change(&before, |account| rename(account, number)).await;
        }
    }
}

/// A change from a listed state succeeds.
pub async fn a_change_from_a_listed_state_succeeds(bench: Bench) {
    bench.create(full(1)).await;
    for which in [Select::After(None), Select::DueBy(at(100_000))] {
        let listed = bench.list(which, 10).await;
        bench.change(&listed[0], |account| rename(account, 1)).await;
    }
}

/// A change from an earlier state is stale and writes nothing.
pub async fn a_change_from_an_earlier_state_is_stale(bench: Bench) {
    let first = bench.create(full(1)).await;
    let second = bench.change(&first, |account| rename(account, 1)).await;
    let third = bench.change(&second, |account| rename(account, 2)).await;
    let snapshot = bench.snapshot().await;
    for old in [&first, &second] {
        let after = edited(old, |account| {
            *account = bare(1);
            prefer(account, r#"{"stale":true}"#);
        });
        let entries = events(&after.id, 0..2);
        assert_stale(bench.save(Some(old), after, &entries).await);
    }
    assert_eq!(bench.snapshot().await, snapshot);
    bench.assert_holds(&third).await;
}

/// A change or removal under a version that was never stored is stale.
pub async fn a_version_that_never_was_is_stale(bench: Bench) {
    let account = bench.create(full(1)).await;
    let bits = account.version.to_bits();
    for wrong in [bits ^ 1, bits ^ (1 << 63), bits ^ (1 << 31), bits ^ (1 << 52), !bits, bits.wrapping_add(1)]
    {
        let before = Stored { account: account.account.clone(), version: Version::from_bits(wrong) };
        assert_stale(bench.try_change(&before, |account| rename(account, 1)).await);
        assert_stale(bench.store().remove(&before).await);
    }
    bench.assert_holds(&account).await;
}

/// Only versions are compared: a change from a state that lacks the attachment succeeds.
pub async fn a_change_compares_versions_and_not_values(bench: Bench) {
    let account = bench.create(full(1)).await;
    let slim = without_attachment(&account);
    bench.change(&slim, |account| rename(account, 1)).await;
}

/// A change of an account that does not exist is stale and creates none.
pub async fn a_change_of_an_absent_account_is_stale(bench: Bench) {
    let absent = Stored { account: Arc::new(full(1)), version: fresh_version() };
    assert_stale(bench.try_change(&absent, |account| rename(account, 1)).await);
    bench.assert_free(&absent.account.keys()).await;
    assert!(bench.list(Select::After(None), 10).await.is_empty());
}

/// A change of a removed account is stale and does not bring it back.
pub async fn a_change_of_a_removed_account_is_stale(bench: Bench) {
    let account = bench.create(full(1)).await;
    bench.remove(&account).await;
    let entries = events(account.account.id(), 0..1);
    assert_stale(bench.save(Some(&account), edited(&account, |_| ()), &entries).await);
    bench.assert_free(&account.account.keys()).await;
    bench.assert_log(account.account.id(), &[]).await;
}

/// No state of a removed account matches an account created again under the same id, however many
/// saves either has had.
pub async fn no_state_outlives_a_removal(bench: Bench) {
    let mut old = vec![bench.create(full(1)).await];
    for number in 0..3 {
        let last = old.last().expect("it was created");
        old.push(bench.change(last, |account| rename(account, number)).await);
    }
    bench.remove(old.last().expect("it was created")).await;
    let mut state = bench.create(full(1)).await;
    for number in 0..5 {
        for before in &old {
            assert_stale(bench.try_change(before, |account| rename(account, 99)).await);
            assert_stale(bench.store().remove(before).await);
        }
        bench.assert_holds(&state).await;
        state = bench.change(&state, |account| rename(account, number)).await;
    }
}

/// The version of one account does not match another account.
pub async fn a_state_of_another_account_does_not_match(bench: Bench) {
    let one = bench.create(bare(1)).await;
    let two = bench.create(bare(2)).await;
    let mixed = Stored { account: one.account.clone(), version: two.version };
    assert_stale(bench.try_change(&mixed, |account| rename(account, 1)).await);
    assert_stale(bench.store().remove(&mixed).await);
    bench.assert_holds(&one).await;
    bench.assert_holds(&two).await;
}

/// After a refused change, the account can be changed and removed as before.
pub async fn a_refusal_leaves_the_account_usable(bench: Bench) {
    bench.create(with_email(1)).await;
    let two = bench.create(with_email(2)).await;
    for _ in 0..3 {
        let refused = bench.try_change(&two, |account| KeyKind::Mailbox.give(account, 1)).await;
        assert_taken(refused, &KeyKind::Mailbox.key(1));
    }
    let two = bench.change(&two, |account| rename(account, 2)).await;
    bench.assert_holds(&two).await;
    bench.remove(&two).await;
}

/// A change of one account leaves all others unchanged.
pub async fn a_change_leaves_others_alone(bench: Bench) {
    let (one, two, three) =
        (bench.create(full(1)).await, bench.create(full(2)).await, bench.create(full(3)).await);
    let two = bench.change(&two, |account| *account = bare(2)).await;
    for account in [&one, &two, &three] {
        bench.assert_holds(account).await;
    }
}

/// A removed account is gone from every key and list, together with its log.
pub async fn a_removed_account_leaves_nothing(bench: Bench) {
    let other = bench.create(full(2)).await;
    let snapshot = bench.snapshot().await;
    let entries = events(bare(1).id(), 0..4);
    let account = bench.save(None, full(1), &entries).await.expect("the keys are free");
    let account = bench.change(&account, |account| rename(account, 1)).await;
    bench.append_events(&events(bare(1).id(), 5..6)).await;
    bench.remove(&account).await;
    bench.assert_free(&account.account.keys()).await;
    bench.assert_log(account.account.id(), &[]).await;
    assert_eq!(bench.snapshot().await, snapshot, "as if it had never existed");
    bench.assert_holds(&other).await;
}

/// Only the current state can be removed.
pub async fn a_removal_from_an_earlier_state_is_stale(bench: Bench) {
    let old = bench.create(full(1)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    let snapshot = bench.snapshot().await;
    assert_stale(bench.store().remove(&old).await);
    assert_eq!(bench.snapshot().await, snapshot);
    bench.remove(&current).await;
}

/// A removal of an absent or already removed account is stale.
pub async fn a_removal_happens_once(bench: Bench) {
    let account = bench.create(full(1)).await;
    bench.remove(&account).await;
    assert_stale(bench.store().remove(&account).await);
    let absent = Stored { account: Arc::new(full(2)), version: fresh_version() };
    assert_stale(bench.store().remove(&absent).await);
}

/// A removal from a state without its attachment removes the attachment too.
pub async fn a_removal_from_a_body_takes_all(bench: Bench) {
    let account = bench.create(full(1)).await;
    bench.remove(&without_attachment(&account)).await;
    bench.assert_free(&account.account.keys()).await;
    let again = bench.create(bare(1)).await;
    bench.assert_holds(&again).await;
}

/// An account created again under an old id has none of the old keys, preferences and log entries.
pub async fn an_account_made_again_sees_nothing_of_the_old(bench: Bench) {
    let entries = events(bare(1).id(), 0..3);
    let old = bench.save(None, full(1), &entries).await.expect("the keys are free");
    bench.remove(&old).await;
    let again = bench.create(bare(1)).await;
    bench.assert_holds(&again).await;
    bench.assert_log(again.account.id(), &[]).await;
    let rest: Vec<_> = old.account.keys().into_iter().filter(|key| !matches!(key, Key::Id(_))).collect();
    bench.assert_free(&rest).await;
    assert!(bench.list_ids(Select::DueBy(at(100_000)), 10).await.is_empty());
}

/// An account can be created and removed repeatedly.
pub async fn an_account_can_come_and_go(bench: Bench) {
    for _ in 0..10 {
        let account = bench.create(full(1)).await;
        bench.assert_holds(&account).await;
        bench.remove(&account).await;
        bench.assert_free(&account.account.keys()).await;
    }
}

/// A removal leaves all other accounts unchanged, however similar their ids.
pub async fn a_removal_leaves_others_alone(bench: Bench) {
    let mut others = Vec::new();
    for text in ["ada", "ada1", "ad", "Ada", "ada."] {
        let account = named(text);
        let entries = events(&account.id, 0..2);
        others.push((bench.save(None, account, &entries).await.expect("the id is free"), entries));
    }
    let (removed, _) = others.remove(0);
    bench.remove(&removed).await;
    for (account, mut entries) in others {
        bench.assert_holds(&account).await;
        entries.reverse();
        bench.assert_log(account.account.id(), &entries).await;
    }
}

/// An account's own email and a provider-verified email are the same key, so no two accounts share
/// a mailbox.
pub async fn a_mailbox_is_one_key_however_it_is_held(bench: Bench) {
    bench.create(KeyKind::Mailbox.holder(1, 1)).await;
    bench.create(KeyKind::VerifiedMailbox.holder(2, 2)).await;
    assert_taken(bench.try_create(KeyKind::VerifiedMailbox.holder(3, 1)).await, &KeyKind::Mailbox.key(1));
    assert_taken(bench.try_create(KeyKind::Mailbox.holder(3, 2)).await, &KeyKind::Mailbox.key(2));
}

/// An account that holds a mailbox in both ways holds it until it has released both.
pub async fn a_mailbox_held_twice_is_held_until_both_are_gone(bench: Bench) {
    let mut account = KeyKind::Mailbox.holder(1, 1);
    KeyKind::VerifiedMailbox.give(&mut account, 1);
    let both = bench.create(account).await;
    bench.assert_holds(&both).await;
    let one = bench.change(&both, |account| KeyKind::Mailbox.take(account)).await;
    bench.assert_holds(&one).await;
    assert_taken(bench.try_create(KeyKind::Mailbox.holder(2, 1)).await, &KeyKind::Mailbox.key(1));
    bench.change(&one, |account| KeyKind::VerifiedMailbox.take(account)).await;
    bench.assert_free(&[KeyKind::Mailbox.key(1)]).await;
}

/// The store can be used as `Arc<dyn Store>` and through further `Arc`s.
pub async fn a_store_works_behind_a_pointer(bench: Bench) {
    let outer = Bench::new(Arc::new(bench.store()));
    let account = outer.create(full(1)).await;
    bench.assert_holds(&account).await;
    outer.append_events(&events(account.account.id(), 0..1)).await;
    assert_eq!(outer.snapshot().await, bench.snapshot().await);
    assert_eq!(outer.delete_events_before(at(100), 10).await, 1);
    outer.remove(&account).await;
}
