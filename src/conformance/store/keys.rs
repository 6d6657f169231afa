//! Rules of one kind of key: taken whole, held by one, and free again at once.

use super::{
    bench::{Bench, assert_stale, assert_taken, edited, without_attachment},
    people::{KeyKind, at, bare, event, events, full, prefer, rename},
};
use crate::ports::SaveError;

/// A key leads to the account that holds it, and to the state that was saved.
pub async fn a_key_leads_to_its_holder(bench: Bench, kind: KeyKind) {
    let one = bench.create(kind.holder(1, 1)).await;
    let other = bench.create(kind.holder(2, 2)).await;
    bench.assert_holds(&one).await;
    bench.assert_holds(&other).await;
}

/// A key that nobody holds leads nowhere, among others of its kind.
pub async fn a_key_that_nobody_holds_leads_nowhere(bench: Bench, kind: KeyKind) {
    bench.assert_free(&[kind.key(3)]).await;
    bench.create(kind.holder(1, 1)).await;
    bench.create(kind.holder(33, 33)).await;
    bench.assert_free(&[kind.key(3)]).await;
}

/// A new account cannot take a held key: the answer names it, and nothing is written.
pub async fn a_new_account_cannot_take_a_held_key(bench: Bench, kind: KeyKind) {
    let holder = bench.create(kind.holder(1, 1)).await;
    let before = bench.snapshot().await;
    let newcomer = kind.holder(2, 1);
    let noted = events(&newcomer.id, 0..2);
    let ids = [crate::model::Key::Id(newcomer.id)];
    assert_taken(bench.save(None, newcomer, &noted).await, &kind.key(1));
    bench.assert_free(&ids).await;
    bench.assert_log(&noted[0].user, &[]).await;
    bench.assert_holds(&holder).await;
    assert_eq!(bench.snapshot().await, before);
}

/// An existing account cannot take a key that another one holds.
pub async fn a_change_cannot_take_a_held_key(bench: Bench, kind: KeyKind) {
    bench.create(kind.holder(1, 1)).await;
    let other = bench.create(bare(2)).await;
    let before = bench.snapshot().await;
    assert_taken(bench.try_change(&other, |account| kind.give(account, 1)).await, &kind.key(1));
    assert_eq!(bench.snapshot().await, before);
    bench.assert_holds(&other).await;
}

/// The one key that is taken is named, among others that are free.
pub async fn the_taken_key_is_named_among_free_ones(bench: Bench, kind: KeyKind) {
    bench.create(kind.holder(1, 1)).await;
    let mut newcomer = full(2);
    kind.give(&mut newcomer, 1);
    let free: Vec<_> = newcomer.keys().into_iter().filter(|key| *key != kind.key(1)).collect();
    assert_taken(bench.try_create(newcomer).await, &kind.key(1));
    bench.assert_free(&free).await;
}

/// A refused creation claims nothing: its other keys stay free for the next one.
pub async fn a_refused_creation_claims_nothing(bench: Bench, kind: KeyKind) {
    bench.create(bare(1)).await;
    assert_taken(bench.try_create(kind.holder(1, 7)).await, &crate::model::Key::Id(bare(1).id));
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

/// A change may claim a key although only the body was loaded.
pub async fn a_change_of_a_body_claims_and_releases(bench: Bench, kind: KeyKind) {
    let before = without_attachment(&bench.create(kind.holder(1, 1)).await);
    bench.change(&before, |account| kind.give(account, 2)).await;
    bench.assert_free(&[kind.key(1)]).await;
    let found = bench.load(&kind.key(2)).await.expect("the new key leads to the account");
    bench.assert_holds(&found).await;
}

/// A key that was given up leads nowhere.
pub async fn a_released_key_leads_nowhere(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    let after = bench.change(&before, |account| kind.take(account)).await;
    bench.assert_free(&[kind.key(1)]).await;
    bench.assert_holds(&after).await;
}

/// A key that was given up is free for a new account at once.
pub async fn a_released_key_is_free_for_a_new_account(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    bench.change(&before, |account| kind.take(account)).await;
    let next = bench.create(kind.holder(2, 1)).await;
    bench.assert_holds(&next).await;
}

/// A key that was given up is free for an existing account at once.
pub async fn a_released_key_is_free_for_an_existing_account(bench: Bench, kind: KeyKind) {
    let other = bench.create(bare(2)).await;
    let before = bench.create(kind.holder(1, 1)).await;
    let former = bench.change(&before, |account| kind.take(account)).await;
    let other = bench.change(&other, |account| kind.give(account, 1)).await;
    bench.assert_holds(&other).await;
    bench.assert_holds(&former).await;
}

/// Who gave a key up may take it back.
pub async fn a_former_holder_takes_its_key_back(bench: Bench, kind: KeyKind) {
    let mut state = bench.create(kind.holder(1, 1)).await;
    for _ in 0..3 {
        state = bench.change(&state, |account| kind.take(account)).await;
        bench.assert_free(&[kind.key(1)]).await;
        state = bench.change(&state, |account| kind.give(account, 1)).await;
        bench.assert_holds(&state).await;
    }
}

/// A former holder cannot take its key back from the one who holds it now.
pub async fn a_former_holder_has_no_claim(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    let former = bench.change(&before, |account| kind.take(account)).await;
    let holder = bench.create(kind.holder(2, 1)).await;
    assert_taken(bench.try_change(&former, |account| kind.give(account, 1)).await, &kind.key(1));
    bench.assert_holds(&holder).await;
    bench.change(&former, |account| rename(account, 5)).await;
    bench.assert_holds(&holder).await;
}

/// One change exchanges a key for another: the old one is free, the new one held.
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

/// A key moves from one account to another, not before it was given up.
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

/// Two accounts swap their keys by way of a third one.
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

/// A key that a change leaves alone stays held.
pub async fn a_kept_key_stays_held(bench: Bench, kind: KeyKind) {
    let mut state = bench.create(kind.holder(1, 1)).await;
    for number in 0..4 {
        state = bench.change(&state, |account| rename(account, number)).await;
    }
    bench.assert_holds(&state).await;
    assert_taken(bench.try_create(kind.holder(2, 1)).await, &kind.key(1));
}

/// A change that is refused for one key gives up no other.
pub async fn a_refused_change_releases_nothing(bench: Bench, kind: KeyKind) {
    let taken = bench.create(full(1)).await;
    let before = bench.create(kind.holder(2, 2)).await;
    let noted = [event(before.account.id(), at(9), 9)];
    for key in [KeyKind::Mailbox, KeyKind::Phone, KeyKind::TargetIdentifier] {
        let snapshot = bench.snapshot().await;
        let after = edited(&before, |account| {
            kind.take(account);
            prefer(account, r#"{"lost":true}"#);
            key.give(account, 1);
        });
        assert_taken(bench.save(Some(&before), after, &noted).await, &key.key(1));
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

/// A stale change of which a key is taken as well is stale: whoever asks must look again.
pub async fn stale_wins_over_taken(bench: Bench, kind: KeyKind) {
    bench.create(kind.holder(1, 1)).await;
    let old = bench.create(bare(2)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    assert_stale(bench.try_change(&old, |account| kind.give(account, 1)).await);
    bench.remove(&current).await;
    assert_stale(bench.try_change(&current, |account| kind.give(account, 1)).await);
}

/// A removed account's key leads nowhere and is free at once.
pub async fn a_removed_account_frees_its_key(bench: Bench, kind: KeyKind) {
    let removed = bench.create(kind.holder(1, 1)).await;
    bench.remove(&removed).await;
    bench.assert_free(&removed.account.keys()).await;
    let next = bench.create(kind.holder(2, 1)).await;
    bench.assert_holds(&next).await;
}

/// A removal frees the keys that the account holds, not those that it once held.
pub async fn a_removal_spares_keys_that_were_given_up(bench: Bench, kind: KeyKind) {
    let before = bench.create(kind.holder(1, 1)).await;
    let former = bench.change(&before, |account| kind.give(account, 3)).await;
    let holder = bench.create(kind.holder(2, 1)).await;
    bench.remove(&former).await;
    bench.assert_holds(&holder).await;
    bench.assert_free(&[kind.key(3)]).await;
}

/// A stale removal frees nothing.
pub async fn a_stale_removal_frees_nothing(bench: Bench, kind: KeyKind) {
    let old = bench.create(kind.holder(1, 1)).await;
    let current = bench.change(&old, |account| rename(account, 1)).await;
    assert_stale(bench.store().remove(&old).await);
    bench.assert_holds(&current).await;
    assert_taken(bench.try_create(kind.holder(2, 1)).await, &kind.key(1));
}

/// An account that is made again under its id holds the keys that it has now.
pub async fn an_account_made_again_holds_only_its_new_key(bench: Bench, kind: KeyKind) {
    let old = bench.create(kind.holder(1, 1)).await;
    bench.remove(&old).await;
    let again = bench.create(kind.holder(1, 2)).await;
    bench.assert_holds(&again).await;
    bench.assert_free(&[kind.key(1)]).await;
}

/// Of many new accounts that ask for one key in one instant, one gets it, and the others are told which key is taken.
pub async fn one_of_many_new_accounts_gets_the_key(bench: Bench, kind: KeyKind) {
    const MANY: u32 = 64;
    let asked = super::races::concurrently(MANY, |number| {
        let bench = bench.clone();
        async move { bench.try_create(kind.holder(number, 0)).await }
    });
    let mut winners = Vec::new();
    for answer in asked.await {
        match answer {
            Ok(stored) => winners.push(stored),
            refused => assert_taken(refused, &kind.key(0)),
        }
    }
    assert_eq!(winners.len(), 1, "one account gets the key");
    bench.assert_holds(&winners[0]).await;
    assert_eq!(bench.list_ids(crate::ports::Select::After(None), MANY).await, [*winners[0].account.id()]);
}

/// Of many accounts that ask for one key in one instant, one gets it.
pub async fn one_of_many_changes_gets_the_key(bench: Bench, kind: KeyKind) {
    const MANY: u32 = 16;
    let mut accounts = Vec::new();
    for number in 0..MANY {
        accounts.push(bench.create(bare(number)).await);
    }
    let asked = super::races::concurrently(MANY, |number| {
        let (bench, before) = (bench.clone(), accounts[number as usize].clone());
        async move { bench.try_change(&before, |account| kind.give(account, 0)).await }
    });
    let mut winners = Vec::new();
    for answer in asked.await {
        match answer {
            Ok(stored) => winners.push(stored),
            // Of changes that collide, a store may ask some to look again.
            Err(SaveError::Stale) => {}
            refused => assert_taken(refused, &kind.key(0)),
        }
    }
    assert!(winners.len() <= 1, "{} accounts got one key", winners.len());
    if let Some(winner) = winners.first() {
        bench.assert_holds(winner).await;
    }
}
