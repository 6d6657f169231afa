//! Rules for dropped futures: a cancelled operation happens completely or not at all.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    bench::{Bench, attachment, body, edited, fresh_version},
    fixtures::{at, bare, event, full, prefer, rename},
};
use crate::{
    model::{Account, Key},
    ports::{Change, Parts, SaveError, Select, Stored},
};

/// The largest number of polls after which a future is dropped.
const MAX_POLLS: u32 = 12;

/// A creation dropped at any point has happened completely or not at all.
pub async fn a_dropped_creation_is_whole_or_nothing(bench: Bench) {
    for polls in 0..MAX_POLLS {
        let account = Arc::new(full(polls));
        let (id, next) = (account.id, fresh_version());
        let entries = [event(&id, at(1), 1)];
        drop_after(polls, bench.store().save(Change::new(None, Arc::clone(&account), next, &entries))).await;
        // After another creation of the id, the first one has happened or never will.
        match bench.try_create(bare(polls)).await {
            Ok(rival) => {
                let rest: Vec<_> = account.keys().into_iter().filter(|key| *key != Key::Id(id)).collect();
                bench.assert_free(&rest).await;
                bench.assert_holds(&rival).await;
                bench.assert_log(&id, &[]).await;
            }
            Err(SaveError::Taken(Key::Id(_))) => {
                bench.assert_holds(&Stored { account, version: next }).await;
                bench.assert_log(&id, &entries).await;
            }
            Err(other) => panic!("an id is either free or taken, not {other:?}"),
        }
    }
}

/// A change dropped at any point has happened completely or not at all: body, attachment, keys and
/// log.
pub async fn a_dropped_change_is_whole_or_nothing(bench: Bench) {
    for polls in 0..MAX_POLLS {
        let before = bench.create(full(polls)).await;
        let id = *before.account.id();
        let after = Arc::new(edited(&before, |account| replace_all(account, polls)));
        let (next, entries) = (fresh_version(), [event(&id, at(1), 1)]);
        drop_after(polls, bench.store().save(Change::new(Some(&before), Arc::clone(&after), next, &entries)))
            .await;
        let after = Stored { account: after, version: next };
        let settled = bench.retry_change(&Key::Id(id), |account| account.accessed_at = at(9)).await;
        let settled = settled.expect("a change without new keys succeeds");
        let happened = settled.account.name() == after.account.name();
        let (now, then) = if happened { (&after, &before) } else { (&before, &after) };
        let expected = edited(now, |account| account.accessed_at = at(9));
        assert_eq!(body(&settled), body(&Stored { account: Arc::new(expected), version: next }));
        assert_eq!(attachment(&settled), attachment(now));
        bench.assert_holds(&settled).await;
        let held = settled.account.keys();
        let gone: Vec<_> = then.account.keys().into_iter().filter(|key| !held.contains(key)).collect();
        bench.assert_free(&gone).await;
        bench.assert_log(&id, if happened { &entries } else { &[] }).await;
    }
}

/// A removal dropped at any point has happened completely or not at all.
pub async fn a_dropped_removal_is_whole_or_nothing(bench: Bench) {
    for polls in 0..MAX_POLLS {
        let id = *bare(polls).id();
        let entries = [event(&id, at(1), 1)];
        let account = bench.save(None, full(polls), &entries).await.expect("the keys are free");
        drop_after(polls, bench.store().remove(&account)).await;
        match bench.try_change(&account, |account| rename(account, 1)).await {
            Ok(changed) => {
                bench.assert_holds(&changed).await;
                bench.assert_log(&id, &entries).await;
            }
            Err(SaveError::Stale) => {
                bench.assert_free(&account.account.keys()).await;
                bench.assert_log(&id, &[]).await;
            }
            Err(other) => panic!("a state is either current or stale, not {other:?}"),
        }
    }
}

/// A dropped load or list disturbs nothing.
pub async fn a_dropped_load_disturbs_nothing(bench: Bench) {
    let account = bench.create(full(1)).await;
    for polls in 0..MAX_POLLS {
        for key in account.account.keys() {
            drop_after(polls, bench.store().load(&key, Parts::Whole)).await;
        }
        drop_after(polls, bench.store().list(Select::After(None), 10)).await;
    }
    bench.assert_holds(&account).await;
    bench.change(&account, |account| rename(account, 1)).await;
}

/// Dropped futures leak no connection and no lock: the store serves the next caller.
pub async fn callers_who_give_up_take_nothing_along(bench: Bench) {
    bench.create(full(1)).await;
    for round in 0..100_u32 {
        let before = bench.load_id(bare(1).id()).await.expect("the account is there");
        let after = Arc::new(edited(&before, |account| rename(account, round)));
        let change = Change::new(Some(&before), after, fresh_version(), &[]);
        drop_after(round % 4, bench.store().save(change)).await;
        drop_after(round % 3, bench.store().append_events(&[event(bare(1).id(), at(1), round)])).await;
        drop_after(round % 5, bench.store().delete_events_before(at(0), 10)).await;
    }
    let settled = bench.retry_change(&Key::Id(bare(1).id), |account| rename(account, 7)).await;
    bench.assert_holds(&settled.expect("a change without new keys succeeds")).await;
}

/// A task aborted while it saves leaves a complete state, the old one or the new one.
pub async fn an_aborted_task_leaves_a_whole_state(bench: Bench) {
    for round in 0..20 {
        let before = bench.create(full(round)).await;
        let id = *before.account.id();
        let saving = tokio::spawn({
            let (bench, before) = (bench.clone(), before.clone());
            async move { bench.try_change(&before, |account| replace_all(account, round)).await }
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        saving.abort();
        let _ = saving.await;
        let settled = bench.retry_change(&Key::Id(id), |account| account.accessed_at = at(9)).await;
        let settled = settled.expect("a change without new keys succeeds");
        bench.assert_holds(&settled).await;
        let held = settled.account.keys();
        let after = edited(&before, |account| replace_all(account, round));
        let gone: Vec<_> =
            before.account.keys().into_iter().chain(after.keys()).filter(|key| !held.contains(key)).collect();
        bench.assert_free(&gone).await;
    }
}

/// Gives an account other keys, preferences and another name.
fn replace_all(account: &mut Account, number: u32) {
    let id = account.id;
    *account = full(1000 + number);
    account.id = id;
    rename(account, 1000 + number);
    prefer(account, r#"{"after":true}"#);
}

/// Polls a future at most `polls` times and drops it.
async fn drop_after(polls: u32, future: impl Future + Send) {
    DropAfter { future: Box::pin(future), polls }.await;
}

/// Ready when its future is ready or has been polled `polls` times.
struct DropAfter<F> {
    future: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for DropAfter<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(left) = self.polls.checked_sub(1) else { return Poll::Ready(()) };
        self.polls = left;
        match self.future.as_mut().poll(context) {
            Poll::Pending if left > 0 => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }
}
