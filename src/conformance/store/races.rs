//! Rules for concurrent operations.

use super::{
    bench::{Bench, assert_stale, assert_taken, attachment, edited},
    concurrently::concurrently,
    fixtures::{KeyKind, at, bare, contact, email, event, full, number_of, prefer, rename, with_email},
    rounds::Rounds,
};
use crate::{
    model::{Account, Key},
    ports::{Parts, SaveError, Select, Stored},
};

/// Of many concurrent changes of one account by load, decide and save, each is made exactly once.
pub async fn no_change_is_lost(bench: Bench) {
    const MANY: u32 = 64;
    let account = bench.create(with_email(1)).await;
    let key = Key::Id(*account.account.id());
    concurrently(MANY, |_| {
        let (bench, key) = (bench.clone(), key.clone());
        async move { bench.retry_change(&key, count).await.expect("a change that is tried again succeeds") }
    })
    .await;
    let end = bench.load(&key).await.expect("the account is still there");
    assert_eq!(number_of(&end.account), MANY, "every change counts once");
    bench.assert_holds(&end).await;
}

/// Concurrent changes of one account that is loaded by any of its keys are all made, and its keys
/// stay held.
pub async fn no_change_by_another_key_is_lost(bench: Bench) {
    const MANY: u32 = 32;
    bench.create(full(1)).await;
    let keys = full(1).keys();
    concurrently(MANY, |number| {
        let (bench, key) = (bench.clone(), keys[number as usize % keys.len()].clone());
        async move { bench.retry_change(&key, count).await.expect("a change that is tried again succeeds") }
    })
    .await;
    let end = bench.load(&keys[0]).await.expect("the account is still there");
    assert_eq!(number_of(&end.account), MANY, "every change counts once");
    bench.assert_holds(&end).await;
}

/// The log has one entry for each change that returned `Ok`, and none for any other.
pub async fn the_log_has_an_entry_for_each_change(bench: Bench) {
    const MANY: u32 = 32;
    let account = bench.create(bare(1)).await;
    let id = *account.account.id();
    concurrently(MANY, |number| {
        let bench = bench.clone();
        async move {
            loop {
                let before = bench.load_id(&id).await.expect("the account is there");
                let entries = [event(&id, at(u64::from(number)), number)];
                match bench.save(Some(&before), edited(&before, count), &entries).await {
                    Err(SaveError::Stale) => tokio::task::yield_now().await,
                    done => return done.map(drop).expect("a change that is tried again succeeds"),
                }
            }
        }
    })
    .await;
    let log = bench.log(&id).await;
    assert_eq!((log.total, log.events.len()), (u64::from(MANY), MANY as usize));
}

/// Of many concurrent changes from one state, exactly one succeeds.
pub async fn one_of_many_changes_of_one_state_is_made(bench: Bench) {
    let before = bench.create(full(1)).await;
    let results = concurrently(64, |number| {
        let (bench, before) = (bench.clone(), before.clone());
        async move { bench.try_change(&before, |account| rename(account, number)).await }
    })
    .await;
    let made = only_winner(results, assert_stale);
    bench.assert_holds(&made).await;
}

/// Of many concurrent creations of one id, exactly one succeeds.
pub async fn one_of_many_creations_of_one_id_is_made(bench: Bench) {
    let key = Key::Id(*bare(1).id());
    let results = concurrently(64, |number| {
        let bench = bench.clone();
        async move {
            let mut account = bare(1);
            KeyKind::Mailbox.give(&mut account, number);
            bench.try_create(account).await
        }
    })
    .await;
    let made = only_winner(results, |refused| assert_taken(refused, &key));
    bench.assert_holds(&made).await;
    for number in 0..64 {
        let own = made.account.keys().contains(&KeyKind::Mailbox.key(number));
        assert_eq!(bench.load(&KeyKind::Mailbox.key(number)).await.is_some(), own, "mailbox {number}");
    }
}

/// Of many concurrent removals of one state, exactly one succeeds.
pub async fn one_of_many_removals_is_made(bench: Bench) {
    let account = bench.create(full(1)).await;
    let results = concurrently(32, |_| {
        let (bench, account) = (bench.clone(), account.clone());
        async move { bench.store().remove(&account).await.map(|()| account) }
    })
    .await;
    only_winner(results, assert_stale);
    bench.assert_free(&account.account.keys()).await;
}

/// Of concurrent changes and removals of one state, exactly one succeeds and the others are stale.
pub async fn a_change_and_a_removal_exclude_each_other(bench: Bench) {
    for round in 0..16 {
        let before = bench.create(full(round)).await;
        let results = concurrently(8, |number| {
            let (bench, before) = (bench.clone(), before.clone());
            async move {
                match number % 2 {
                    0 => bench.store().remove(&before).await.map(|()| None),
                    _ => bench.try_change(&before, count).await.map(Some),
                }
            }
        })
        .await;
        match only_winner(results, assert_stale) {
            Some(changed) => bench.assert_holds(&changed).await,
            None => bench.assert_free(&before.account.keys()).await,
        }
    }
}

/// Accounts that claim each other's keys concurrently do not deadlock, and each ends with one key
/// of each kind.
pub async fn swaps_of_keys_end(bench: Bench) {
    const MANY: u32 = 8;
    for number in 0..MANY {
        let mut account = with_email(number);
        KeyKind::Phone.give(&mut account, number);
        bench.create(account).await;
    }
    concurrently(MANY, |number| {
        let bench = bench.clone();
        async move {
            for step in 1..=30 {
                let (mailbox, phone) = ((number + step) % MANY, (number * 3 + step * 5) % MANY);
                claim_or_step_aside(&bench, number, mailbox, phone).await;
            }
        }
    })
    .await;
    for number in 0..MANY {
        let account = bench.load_id(bare(number).id()).await.expect("the account is still there");
        assert_eq!(account.account.keys().len(), 3, "an id, a mailbox and a phone");
        bench.assert_holds(&account).await;
    }
}

/// Claims a mailbox and a phone for an account. If either is taken, moves the account to a mailbox
/// that no other account claims.
async fn claim_or_step_aside(bench: &Bench, number: u32, mailbox: u32, phone: u32) {
    let id = Key::Id(*bare(number).id());
    let claimed = bench
        .retry_change(&id, |account| {
            KeyKind::Mailbox.give(account, mailbox);
            KeyKind::Phone.give(account, phone);
        })
        .await;
    match claimed {
        Ok(_) => {}
        Err(SaveError::Taken(_)) => {
            let spare = 1000 + number;
            let moved = bench.retry_change(&id, |account| KeyKind::Mailbox.give(account, spare)).await;
            moved.expect("a key that no other account claims is free");
        }
        Err(other) => panic!("a swap may find a key taken, and not {other:?}"),
    }
}

/// Concurrent changes of different accounts do not disturb each other.
pub async fn changes_of_different_accounts_do_not_collide(bench: Bench) {
    const MANY: u32 = 32;
    let mut accounts = Vec::new();
    for number in 0..MANY {
        accounts.push(bench.create(with_email(number)).await);
    }
    let changed = concurrently(MANY, |number| {
        let (bench, before) = (bench.clone(), accounts[number as usize].clone());
        async move { bench.retry_change(&Key::Id(*before.account.id()), count).await }
    })
    .await;
    for account in changed {
        bench.assert_holds(&account.expect("no other task changes this account")).await;
    }
}

/// A reader beside a writer sees whole states only: name, email and preferences of the same save.
pub async fn a_reader_never_sees_half_a_change(bench: Bench) {
    const ROUNDS: u32 = 200;
    let (rounds, id) = (Rounds::new(), *bare(1).id());
    bench.create(matching(bare(1), 0)).await;
    concurrently(4, |task| {
        let (bench, rounds, mut reader) = (bench.clone(), rounds.clone(), rounds.reader());
        async move {
            if task == 0 {
                let writer = rounds.writer();
                for number in 1..=ROUNDS {
                    let before = bench.load_id(&id).await.expect("the account is there");
                    let after = matching(Account::clone(&before.account), number);
                    bench.save(Some(&before), after, &[]).await.expect("no other task writes");
                    writer.record_write();
                }
            }
            let mut latest = 0;
            while reader.reads_again().await {
                let seen = bench.load_id(&id).await.expect("the account is there");
                assert_whole(&seen);
                let number = number_of(&seen.account);
                assert!(latest <= number, "no reader sees an older state after a newer one");
                latest = number;
            }
        }
    })
    .await;
}

/// A load by a key that is being claimed and released finds an account that holds it, or none.
pub async fn a_key_and_its_account_agree_at_any_time(bench: Bench) {
    let rounds = Rounds::new();
    bench.create(matching(bare(1), 0)).await;
    concurrently(4, |task| {
        let (bench, rounds, mut reader) = (bench.clone(), rounds.clone(), rounds.reader());
        async move {
            if task == 0 {
                let writer = rounds.writer();
                for number in 1..=150_u32 {
                    let id = Key::Id(*bare(1).id());
                    let moved =
                        bench.retry_change(&id, |account| *account = matching(account.clone(), number % 5));
                    moved.await.expect("no other task writes");
                    writer.record_write();
                }
            }
            let mut number = task;
            while reader.reads_again().await {
                number = (number + 1) % 5;
                let key = KeyKind::Mailbox.key(number);
                let parts = if number % 2 == 0 { Parts::Body } else { Parts::Whole };
                if let Some(seen) = bench.load_parts(&key, parts).await {
                    assert!(seen.account.keys().contains(&key), "the account that is found holds the key");
                    assert_eq!(number_of(&seen.account), number, "and all of it is of one save");
                }
            }
        }
    })
    .await;
}

/// A list that is read beside a writer holds whole states, in order and each account once.
pub async fn a_list_holds_whole_states_at_any_time(bench: Bench) {
    let rounds = Rounds::new();
    for number in 0..10 {
        bench.create(matching(bare(number), number)).await;
    }
    concurrently(3, |task| {
        let (bench, rounds, mut reader) = (bench.clone(), rounds.clone(), rounds.reader());
        async move {
            if task == 0 {
                let writer = rounds.writer();
                for number in 0..60 {
                    let key = Key::Id(*bare(number % 10).id());
                    let changed = bench
                        .retry_change(&key, |account| *account = matching(account.clone(), 100 + number));
                    changed.await.expect("no other task writes");
                    writer.record_write();
                }
            }
            while reader.reads_again().await {
                let list = bench.list(Select::After(None), 100).await;
                assert_eq!(list.len(), 10, "changes neither add nor drop accounts");
                assert!(list.is_sorted_by_key(|stored| *stored.account.id()));
                list.iter().for_each(assert_whole);
            }
        }
    })
    .await;
}

/// Once a save has returned `Ok`, every task sees it.
pub async fn an_acknowledged_save_is_seen_by_everybody(bench: Bench) {
    let mut state = bench.create(matching(bare(1), 0)).await;
    for number in 1..=50 {
        state = bench.change(&state, |account| *account = matching(account.clone(), number)).await;
        let seen = concurrently(3, |_| {
            let (bench, key) = (bench.clone(), KeyKind::Mailbox.key(number));
            async move { bench.load(&key).await.map(|seen| seen.version) }
        })
        .await;
        assert_eq!(seen, [Some(state.version); 3]);
    }
}

/// Counts a change in the account itself.
fn count(account: &mut Account) {
    let next = number_of(account) + 1;
    rename(account, next);
}

/// The account with a name, email and preferences that all contain this number.
fn matching(mut account: Account, number: u32) -> Account {
    rename(&mut account, number);
    let address = match account.id == bare(1).id {
        true => format!("person-{number}@example.com"),
        false => format!("{}-{number}@example.com", account.id),
    };
    account.email = Some(contact(email(&address)));
    prefer(&mut account, &format!(r#"{{"number":{number}}}"#));
    account
}

fn assert_whole(seen: &Stored) {
    let number = number_of(&seen.account);
    let address = seen.account.email().expect("it always has an email");
    assert!(address.as_str().ends_with(&format!("-{number}@example.com")), "name and email are of one save");
    if let Some(preferences) = attachment(seen) {
        assert_eq!(preferences, format!(r#"{{"number":{number}}}"#), "body and attachment are of one save");
    }
}

/// Returns the only `Ok` result. All other results must pass the given check.
fn only_winner<T>(results: Vec<Result<T, SaveError>>, check: impl Fn(Result<T, SaveError>)) -> T {
    let mut winners = Vec::new();
    for result in results {
        match result {
            Ok(saved) => winners.push(saved),
            refused => check(refused),
        }
    }
    assert_eq!(winners.len(), 1, "exactly one succeeds");
    winners.remove(0)
}
