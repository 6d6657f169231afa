//! Rules of what happens in one instant.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Barrier},
    task::{Context, Poll},
};

use super::{
    bench::{Bench, assert_stale, assert_taken, attachment, edited},
    people::{KeyKind, at, bare, email, event, full, number_of, prefer, rename, with_email},
    rounds::Rounds,
};
use crate::{
    model::{Account, Key},
    ports::{Parts, SaveError, Select, Stored},
};

/// Runs all of them in one instant: on several threads, and on each of them in step, so that all of them have taken their first step before
/// any takes its second. A store with a gap between two steps shows it in every run; one with a gap between two locks in most.
pub(super) async fn concurrently<F, T>(many: u32, task: impl Fn(u32) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let threads = many.min(THREADS);
    let barrier = Arc::new(Barrier::new(threads as usize));
    let runtime = tokio::runtime::Handle::current();
    let threads: Vec<_> = (0..threads)
        .map(|first| {
            let tasks = (first..many).step_by(threads as usize).map(|number| Some(Box::pin(task(number))));
            let together = InStep { answers: Vec::new(), tasks: tasks.collect() };
            let (barrier, runtime) = (Arc::clone(&barrier), runtime.clone());
            tokio::task::spawn_blocking(move || {
                barrier.wait();
                runtime.block_on(tokio::time::timeout(super::PATIENCE, together)).expect("the store hangs")
            })
        })
        .collect();
    let mut answers = Vec::new();
    for thread in threads {
        match thread.await {
            Ok(more) => answers.extend(more),
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
    answers
}

const THREADS: u32 = 8;

/// Polls one task after the other, and then each of them again.
struct InStep<F: Future> {
    tasks: Vec<Option<Pin<Box<F>>>>,
    answers: Vec<F::Output>,
}

// No field is pinned in place: the tasks are boxed.
impl<F: Future> Unpin for InStep<F> {}

impl<F: Future> Future for InStep<F> {
    type Output = Vec<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { tasks, answers } = &mut *self;
        for slot in tasks.iter_mut() {
            if let Some(task) = slot
                && let Poll::Ready(answer) = task.as_mut().poll(context)
            {
                answers.push(answer);
                *slot = None;
            }
        }
        match tasks.iter().all(Option::is_none) {
            true => Poll::Ready(std::mem::take(answers)),
            false => Poll::Pending,
        }
    }
}

/// Many changes of one account by load, decide, save: each is made once, and none is lost.
pub async fn no_change_is_lost(bench: Bench) {
    const MANY: u32 = 64;
    let account = bench.create(with_email(1)).await;
    let key = Key::Id(*account.account.id());
    concurrently(MANY, |_| {
        let (bench, key) = (bench.clone(), key.clone());
        async move { bench.settle(&key, count).await.expect("a change that is tried again succeeds") }
    })
    .await;
    let end = bench.load(&key).await.expect("the account is still there");
    assert_eq!(number_of(&end.account), MANY, "every change counts once");
    bench.assert_holds(&end).await;
}

/// Many changes of one account by its email: the key in the middle of it all stays held.
pub async fn no_change_by_another_key_is_lost(bench: Bench) {
    const MANY: u32 = 32;
    bench.create(full(1)).await;
    let keys = full(1).keys();
    concurrently(MANY, |number| {
        let (bench, key) = (bench.clone(), keys[number as usize % keys.len()].clone());
        async move { bench.settle(&key, count).await.expect("a change that is tried again succeeds") }
    })
    .await;
    let end = bench.load(&keys[0]).await.expect("the account is still there");
    assert_eq!(number_of(&end.account), MANY, "every change counts once");
    bench.assert_holds(&end).await;
}

/// Each change that was answered with `Ok` has its entry in the log, and no other has.
pub async fn the_log_has_an_entry_for_each_change(bench: Bench) {
    const MANY: u32 = 32;
    let account = bench.create(bare(1)).await;
    let id = *account.account.id();
    concurrently(MANY, |number| {
        let bench = bench.clone();
        async move {
            loop {
                let before = bench.load_id(&id).await.expect("the account is there");
                let noted = [event(&id, at(u64::from(number)), number)];
                match bench.save(Some(&before), edited(&before, count), &noted).await {
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

/// Of many changes made from one state, one is made.
pub async fn one_of_many_changes_of_one_state_is_made(bench: Bench) {
    let before = bench.create(full(1)).await;
    let answers = concurrently(64, |number| {
        let (bench, before) = (bench.clone(), before.clone());
        async move { bench.try_change(&before, |account| rename(account, number)).await }
    })
    .await;
    let made = only_winner(answers, assert_stale);
    bench.assert_holds(&made).await;
}

/// Of many creations of one id, one is made.
pub async fn one_of_many_creations_of_one_id_is_made(bench: Bench) {
    let key = Key::Id(*bare(1).id());
    let answers = concurrently(64, |number| {
        let bench = bench.clone();
        async move {
            let mut account = bare(1);
            KeyKind::Mailbox.give(&mut account, number);
            bench.try_create(account).await
        }
    })
    .await;
    let made = only_winner(answers, |refused| assert_taken(refused, &key));
    bench.assert_holds(&made).await;
    for number in 0..64 {
        let own = made.account.keys().contains(&KeyKind::Mailbox.key(number));
        assert_eq!(bench.load(&KeyKind::Mailbox.key(number)).await.is_some(), own, "mailbox {number}");
    }
}

/// Of many removals of one state, one is made.
pub async fn one_of_many_removals_is_made(bench: Bench) {
    let account = bench.create(full(1)).await;
    let answers = concurrently(32, |_| {
        let (bench, account) = (bench.clone(), account.clone());
        async move { bench.store().remove(&account).await.map(|()| account) }
    })
    .await;
    only_winner(answers, assert_stale);
    bench.assert_free(&account.account.keys()).await;
}

/// A change and a removal of one state: one of them is made, and the other is stale.
pub async fn a_change_and_a_removal_exclude_each_other(bench: Bench) {
    for round in 0..16 {
        let before = bench.create(full(round)).await;
        let answers = concurrently(8, |number| {
            let (bench, before) = (bench.clone(), before.clone());
            async move {
                match number % 2 {
                    0 => bench.store().remove(&before).await.map(|()| None),
                    _ => bench.try_change(&before, count).await.map(Some),
                }
            }
        })
        .await;
        match only_winner(answers, assert_stale) {
            Some(changed) => bench.assert_holds(&changed).await,
            None => bench.assert_free(&before.account.keys()).await,
        }
    }
}

/// Accounts that all want each other's keys never wait for each other for ever, and end with one key each.
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
            let id = Key::Id(*bare(number).id());
            for step in 1..=30 {
                let (one, other) = ((number + step) % MANY, (number * 3 + step * 5) % MANY);
                let answer = bench
                    .settle(&id, |account| {
                        KeyKind::Mailbox.give(account, one);
                        KeyKind::Phone.give(account, other);
                    })
                    .await;
                match answer {
                    Ok(_) => {}
                    Err(SaveError::Taken(_)) => {
                        let spare = 1000 + number;
                        let moved = bench.settle(&id, |account| KeyKind::Mailbox.give(account, spare)).await;
                        moved.expect("a key that nobody else asks for is free");
                    }
                    Err(other) => panic!("a swap may find a key taken, and not {other:?}"),
                }
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

/// Changes of different accounts in one instant do not disturb each other.
pub async fn changes_of_different_accounts_do_not_collide(bench: Bench) {
    const MANY: u32 = 32;
    let mut accounts = Vec::new();
    for number in 0..MANY {
        accounts.push(bench.create(with_email(number)).await);
    }
    let changed = concurrently(MANY, |number| {
        let (bench, before) = (bench.clone(), accounts[number as usize].clone());
        async move { bench.settle(&Key::Id(*before.account.id()), count).await }
    })
    .await;
    for account in changed {
        bench.assert_holds(&account.expect("nobody else changes this account")).await;
    }
}

/// Who reads while others write sees whole states: name, email and preferences of one save.
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
                    bench.save(Some(&before), after, &[]).await.expect("nobody else writes");
                    writer.has_written();
                }
            }
            let mut latest = 0;
            while reader.looks_again().await {
                let seen = bench.load_id(&id).await.expect("the account is there");
                assert_whole(&seen);
                let number = number_of(&seen.account);
                assert!(latest <= number, "what was seen once is never unseen");
                latest = number;
            }
        }
    })
    .await;
}

/// Who looks for a key while it changes hands finds an account that holds it, or none.
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
                    let moved = bench.settle(&id, |account| *account = matching(account.clone(), number % 5));
                    moved.await.expect("nobody else writes");
                    writer.has_written();
                }
            }
            let mut number = task;
            while reader.looks_again().await {
                number = (number + 1) % 5;
                let key = KeyKind::Mailbox.key(number);
                let parts = if number % 2 == 0 { Parts::Body } else { Parts::Whole };
                if let Some(seen) = bench.load_parts(&key, parts).await {
                    assert!(seen.account.keys().contains(&key), "the account that is found holds the key");
                    assert_eq!(number_of(&seen.account), number, "and is of one save");
                }
            }
        }
    })
    .await;
}

/// A list that is read while others write holds whole states, in order and each account once.
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
                    let changed =
                        bench.settle(&key, |account| *account = matching(account.clone(), 100 + number));
                    changed.await.expect("nobody else writes");
                    writer.has_written();
                }
            }
            while reader.looks_again().await {
                let list = bench.list(Select::After(None), 100).await;
                assert_eq!(list.len(), 10, "changes neither add nor drop accounts");
                assert!(list.is_sorted_by_key(|stored| *stored.account.id()));
                list.iter().for_each(assert_whole);
            }
        }
    })
    .await;
}

/// What one task was told is saved, another one sees from that moment on.
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

/// The account with name, email and preferences that all show this number.
fn matching(mut account: Account, number: u32) -> Account {
    rename(&mut account, number);
    let address = match account.id == bare(1).id {
        true => format!("person-{number}@example.com"),
        false => format!("{}-{number}@example.com", account.id),
    };
    account.email = Some(super::people::contact(email(&address)));
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

/// The one that was saved; all others must pass the given check.
fn only_winner<T>(answers: Vec<Result<T, SaveError>>, check: impl Fn(Result<T, SaveError>)) -> T {
    let mut winners = Vec::new();
    for answer in answers {
        match answer {
            Ok(saved) => winners.push(saved),
            refused => check(refused),
        }
    }
    assert_eq!(winners.len(), 1, "one of them is made");
    winners.remove(0)
}
