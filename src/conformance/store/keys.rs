//! Rules for one kind of key: held by at most one account, and free again as soon as it is
//! released.

use super::{
    bench::{Bench, assert_stale, assert_taken, edited, without_attachment},
    concurrently::concurrently,
    fixtures::{KeyKind, at, bare, event, events, full, prefer, rename},
};
use crate::{
    model::Key,
    ports::{SaveError, Select},
};

/// A key leads to the account that holds it, in the state that was saved.
pub async fn a_key_leads_to_its_holder(bench: Bench, kind: KeyKind) {
    let one = bench.create(kind.holder(1, 1)).await;
    let other = bench.create(kind.holder(2, 2)).await;
    bench.assert_holds(&one).await;
    bench.assert_holds(&other).await;
}

/// A key that no account holds leads nowhere, even beside held keys of its kind.
pub async fn an_unheld_key_leads_nowhere(bench: Bench, kind: KeyKind) {
    bench.assert_free(&[kind.key(3)]).await;
    bench.create(kind.holder(1, 1)).await;
    bench.create(kind.holder(33, 33)).await;
    bench.assert_free(&[kind.key(3)]).await;
}

/// A new account cannot claim a held key: the error names the key, and nothing is written.
pub async fn a_new_account_cannot_take_a_held_key(bench: Bench, kind: KeyKind) {
    let holder = bench.create(kind.holder(1, 1)).await;
    let before = bench.snapshot().await;
    let newcomer = kind.holder(2, 1);
    let entries = events(&newcomer.id, 0..2);
    let ids = [Key::Id(newcomer.id)];
    assert_taken(bench.save(None, newcomer, &entries).await, &kind.key(1));
    bench.assert_free(&ids).await;
    bench.assert_log(&entries[0].user, &[]).await;
    bench.assert_holds(&holder).await;
    assert_eq!(bench.snapshot().await, before);
}

/// An existing account cannot claim a key that another account holds.
pub async fn a_change_cannot_take_a_held_key(bench: Bench, kind: KeyKind) {
    bench.create(kind.holder(1, 1)).await;
    let other = bench.create(bare(2)).await;
    let before = bench.snapshot().await;
    assert_taken(bench.try_change(&other, |account| kind.give(account, 1)).await, &kind.key(1));
    assert_eq!(bench.snapshot().await, before);
    bench.assert_holds(&other).await;
}

/// The error names the taken key, even if the account claims free keys too.
pub async fn the_taken_key_is_named_among_free_ones(bench: Bench, kind: KeyKind) {
    bench.create(kind.holder(1, 1)).await;
    let mut newcomer = full(2);
    kind.give(&mut newcomer, 1);
    let free: Vec<_> = newcomer.keys().into_iter().filter(|key| *key != kind.key(1)).collect();
    assert_taken(bench.try_create(newcomer).await, &kind.key(1));
    bench.assert_free(&free).await;
}

/// A refused creation claims nothing: its other keys stay free.
pub async fn a_refused_creation_claims_nothing(bench: Bench, kind: KeyKind) {
    bench.create(bare(1)).await;
    assert_taken(bench.try_create(kind.holder(1, 7)).await, &Key::Id(bare(1).id));
    bench.assert_free(&[kind.key(7)]).await;
    let next = bench.create(kind.holder(2, 7)).await;
    bench.assert_holds(&next).await;
}

/// A change claims a free key.
pub async fn a_change_claims_a_free_key(bench: Bench, kind: KeyKind) {
    let before = bench.create(bare(1)).await;
    let after = bench.change(&before, |account| kind.give(account, 9)).await;
    bench.assert_holds(&after).await;
    assert_taken(bench.try_create(kind.holder(2, 9)).await, &kind.key(9));
}

/// A change from a loaded body claims and releases keys.
pub async fn a_change_of_a_body_claims_and_releases(bench: Bench, kind: KeyKind) {
    let before = without_attachment(&bench.create(kind.holder(1, 1)).await);
    bench.change(&before, |account| kind.give(account, 2)).await;
    bench.assert_free(&[kind.key(1)]).await;
    let found = bench.load(&kind.key(2)).await.expect("the new key leads to the account");
    bench.assert_holds(&found).await;
}

/// A released key leads nowhere.
pub async fn a_released_key_leads_nowhere(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    let after = bench.change(&before, |account| kind.take(account)).await;
    bench.assert_free(&[kind.key(1)]).await;
    bench.assert_holds(&after).await;
}

/// A new account can claim a released key immediately.
pub async fn a_released_key_is_free_for_a_new_account(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    bench.change(&before, |account| kind.take(account)).await;
    let next = bench.create(kind.holder(2, 1)).await;
    bench.assert_holds(&next).await;
}

/// An existing account can claim a released key immediately.
pub async fn a_released_key_is_free_for_an_existing_account(bench: Bench, kind: KeyKind) {
    let other = bench.create(bare(2)).await;
    let before = bench.create(kind.holder(1, 1)).await;
    let former = bench.change(&before, |account| kind.take(account)).await;
    let other = bench.change(&other, |account| kind.give(account, 1)).await;
    bench.assert_holds(&other).await;
    bench.assert_holds(&former).await;
}

/// An account can claim a key again that it has released.
pub async fn a_former_holder_takes_its_key_back(bench: Bench, kind: KeyKind) {
    let mut state = bench.create(kind.holder(1, 1)).await;
    for _ in 0..3 {
        state = bench.change(&state, |account| kind.take(account)).await;
        bench.assert_free(&[kind.key(1)]).await;
        state = bench.change(&state, |account| kind.give(account, 1)).await;
        bench.assert_holds(&state).await;
    }
}

/// A former holder cannot claim its key back from the account that holds it now.
pub async fn a_former_holder_has_no_claim(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    let former = bench.change(&before, |account| kind.take(account)).await;
    let holder = bench.create(kind.holder(2, 1)).await;
    assert_taken(bench.try_change(&former, |account| kind.give(account, 1)).await, &kind.key(1));
    bench.assert_holds(&holder).await;
    bench.change(&former, |account| rename(account, 5)).await;
    bench.assert_holds(&holder).await;
}

/// One change can exchange a key for another: the old one is released, the new one held.
pub async fn one_change_exchanges_a_key(bench: Bench, kind: KeyKind) {
    let mut state = bench.create(kind.holder(1, 0)).await;
    for number in 1..5 {
        state = bench.change(&state, |account| kind.give(account, number)).await;
        bench.assert_holds(&state).await;
        bench.assert_free(&[kind.key(number - 1)]).await;
    }
    for number in 0..4 {
        bench.create(kind.holder(100 + number, number)).await;
    }
    bench.assert_holds(&state).await;
}

/// A key can move to another account only after its holder has released it.
pub async fn a_key_moves_from_one_account_to_another(bench: Bench, kind: KeyKind) {
    let from = bench.create(kind.holder(1, 1)).await;
    let to = bench.create(kind.holder(2, 2)).await;
    assert_taken(bench.try_change(&to, |account| kind.give(account, 1)).await, &kind.key(1));
    let from = bench.change(&from, |account| kind.take(account)).await;
    let to = bench.change(&to, |account| kind.give(account, 1)).await;
    bench.assert_holds(&from).await;
    bench.assert_holds(&to).await;
    bench.assert_free(&[kind.key(2)]).await;
}

/// Two accounts can swap their keys by means of a third key.
pub async fn two_accounts_swap_their_keys(bench: Bench, kind: KeyKind) {
    let one = bench.create(kind.holder(1, 1)).await;
    let two = bench.create(kind.holder(2, 2)).await;
    let one = bench.change(&one, |account| kind.give(account, 3)).await;
    let two = bench.change(&two, |account| kind.give(account, 1)).await;
    let one = bench.change(&one, |account| kind.give(account, 2)).await;
    bench.assert_holds(&one).await;
    bench.assert_holds(&two).await;
    bench.assert_free(&[kind.key(3)]).await;
}

/// A key that a change does not touch stays held.
pub async fn a_kept_key_stays_held(bench: Bench, kind: KeyKind) {
    let mut state = bench.create(kind.holder(1, 1)).await;
    for number in 0..4 {
        state = bench.change(&state, |account| rename(account, number)).await;
    }
    bench.assert_holds(&state).await;
    assert_taken(bench.try_create(kind.holder(2, 1)).await, &kind.key(1));
}

/// A change that is refused because of one key releases no other key.
pub async fn a_refused_change_releases_nothing(bench: Bench, kind: KeyKind) {
    let taken = bench.create(full(1)).await;
    let before = bench.create(kind.holder(2, 2)).await;
    let entries = [event(before.account.id(), at(9), 9)];
    for key in [KeyKind::Mailbox, KeyKind::Phone, KeyKind::TargetIdentifier] {
        let snapshot = bench.snapshot().await;
        let after = edited(&before, |account| {
            kind.take(account);
            prefer(account, r#"{"lost":true}"#);
            key.give(account, 1);
        });
        assert_taken(bench.save(Some(&before), after, &entries).await, &key.key(1));
        assert_eq!(bench.snapshot().await, snapshot);
    }
    bench.assert_holds(&before).await;
    bench.assert_holds(&taken).await;
}

/// A stale change claims and releases nothing.
pub async fn a_stale_change_claims_and_releases_nothing(bench: Bench, kind: KeyKind) {
    let old = bench.create(kind.holder(1, 1)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    let snapshot = bench.snapshot().await;
    assert_stale(bench.try_change(&old, |account| kind.give(account, 2)).await);
    assert_stale(bench.try_change(&old, |account| kind.take(account)).await);
    bench.assert_free(&[kind.key(2)]).await;
    bench.assert_holds(&current).await;
    assert_eq!(bench.snapshot().await, snapshot);
}

/// A change that is stale and also claims a taken key is reported as stale, so the caller reloads.
pub async fn stale_wins_over_taken(bench: Bench, kind: KeyKind) {
    bench.create(kind.holder(1, 1)).await;
    let old = bench.create(bare(2)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    assert_stale(bench.try_change(&old, |account| kind.give(account, 1)).await);
    bench.remove(&current).await;
    assert_stale(bench.try_change(&current, |account| kind.give(account, 1)).await);
}

/// The key of a removed account leads nowhere and is free immediately.
pub async fn a_removed_account_frees_its_key(bench: Bench, kind: KeyKind) {
    let removed = bench.create(kind.holder(1, 1)).await;
    bench.remove(&removed).await;
    bench.assert_free(&removed.account.keys()).await;
    let next = bench.create(kind.holder(2, 1)).await;
    bench.assert_holds(&next).await;
}

/// A removal releases the keys that the account holds, not keys that it has released before.
pub async fn a_removal_spares_keys_that_were_given_up(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    let former = bench.change(&before, |account| kind.give(account, 3)).await;
    let holder = bench.create(kind.holder(2, 1)).await;
    bench.remove(&former).await;
    bench.assert_holds(&holder).await;
    bench.assert_free(&[kind.key(3)]).await;
}

/// A stale removal releases nothing.
pub async fn a_stale_removal_frees_nothing(bench: Bench, kind: KeyKind) {
    let old = bench.create(kind.holder(1, 1)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    assert_stale(bench.store().remove(&old).await);
    bench.assert_holds(&current).await;
    assert_taken(bench.try_create(kind.holder(2, 1)).await, &kind.key(1));
}

/// An account created again under its old id holds only its new keys.
pub async fn an_account_made_again_holds_only_its_new_key(bench: Bench, kind: KeyKind) {
    let old = bench.create(kind.holder(1, 1)).await;
    bench.remove(&old).await;
    let again = bench.create(kind.holder(1, 2)).await;
    bench.assert_holds(&again).await;
    bench.assert_free(&[kind.key(1)]).await;
}

/// Of many new accounts that claim one key concurrently, exactly one gets it, and the others get an
/// error that names the key.
pub async fn one_of_many_new_accounts_gets_the_key(bench: Bench, kind: KeyKind) {
    const MANY: u32 = 64;
    let claimed = concurrently(MANY, |number| {
        let bench = bench.clone();
        async move { bench.try_create(kind.holder(number, 0)).await }
    });
    let mut winners = Vec::new();
    for result in claimed.await {
        match result {
            Ok(stored) => winners.push(stored),
            refused => assert_taken(refused, &kind.key(0)),
        }
    }
    assert_eq!(winners.len(), 1, "exactly one account gets the key");
    bench.assert_holds(&winners[0]).await;
    assert_eq!(bench.list_ids(Select::After(None), MANY).await, [*winners[0].account.id()]);
}

/// Of many accounts that claim one key concurrently, at most one gets it.
pub async fn one_of_many_changes_gets_the_key(bench: Bench, kind: KeyKind) {
    const MANY: u32 = 16;
    let mut accounts = Vec::new();
    for number in 0..MANY {
        accounts.push(bench.create(bare(number)).await);
    }
    let claimed = concurrently(MANY, |number| {
        let (bench, before) = (bench.clone(), accounts[number as usize].clone());
        async move { bench.try_change(&before, |account| kind.give(account, 0)).await }
    });
    let mut winners = Vec::new();
    for result in claimed.await {
        match result {
            Ok(stored) => winners.push(stored),
            // A store may report some of the colliding changes as stale.
            Err(SaveError::Stale) => {}
            refused => assert_taken(refused, &kind.key(0)),
        }
    }
    assert!(winners.len() <= 1, "{} accounts got one key", winners.len());
    if let Some(winner) = winners.first() {
        bench.assert_holds(winner).await;
    }
}
