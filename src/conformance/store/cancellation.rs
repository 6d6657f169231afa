//! Rules of callers who do not wait for the answer: what they asked for happens whole or not at all.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    bench::{Bench, attachment, body, edited, fresh_version},
    people::{at, bare, event, full, prefer, rename},
};
use crate::{
    model::{Account, Key},
    ports::{Change, SaveError, Select, Stored},
};

/// How far a dropped future may have come.
const MAX_POLLS: u32 = 12;

/// A creation that is dropped at any point has happened whole or not at all.
pub async fn a_dropped_creation_is_whole_or_nothing(bench: Bench) {
    for polls in 0..MAX_POLLS {
        let account = Arc::new(full(polls));
        let (id, next) = (account.id, fresh_version());
        let noted = [event(&id, at(1), 1)];
        give_up(polls, bench.store().save(Change::new(None, Arc::clone(&account), next, &noted))).await;
        // Another creation settles it: after this the first one has happened, or never will.
        match bench.try_create(bare(polls)).await {
            Ok(rival) => {
                let rest: Vec<_> = account.keys().into_iter().filter(|key| *key != Key::Id(id)).collect();
                bench.assert_free(&rest).await;
                bench.assert_holds(&rival).await;
                bench.assert_log(&id, &[]).await;
            }
            Err(SaveError::Taken(Key::Id(_))) => {
                bench.assert_holds(&Stored { account, version: next }).await;
                bench.assert_log(&id, &noted).await;
            }
            Err(other) => panic!("an id is free or taken, and not {other:?}"),
        }
    }
}

/// A change that is dropped at any point has happened whole or not at all: keys, attachment and log with the body.
pub async fn a_dropped_change_is_whole_or_nothing(bench: Bench) {
    for polls in 0..MAX_POLLS {
        let before = bench.create(full(polls)).await;
        let id = *before.account.id();
        let after = Arc::new(edited(&before, |account| replace_all(account, polls)));
        let (next, noted) = (fresh_version(), [event(&id, at(1), 1)]);
        give_up(polls, bench.store().save(Change::new(Some(&before), Arc::clone(&after), next, &noted)))
            .await;
        let after = Stored { account: after, version: next };
        let settled = bench.settle(&Key::Id(id), |account| account.accessed_at = at(9)).await;
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
        bench.assert_log(&id, if happened { &noted } else { &[] }).await;
    }
}

/// A removal that is dropped at any point has happened whole or not at all.
pub async fn a_dropped_removal_is_whole_or_nothing(bench: Bench) {
    for polls in 0..MAX_POLLS {
        let id = *bare(polls).id();
        let noted = [event(&id, at(1), 1)];
        let account = bench.save(None, full(polls), &noted).await.expect("the keys are free");
        give_up(polls, bench.store().remove(&account)).await;
        match bench.try_change(&account, |account| rename(account, 1)).await {
            Ok(changed) => {
                bench.assert_holds(&changed).await;
                bench.assert_log(&id, &noted).await;
            }
            Err(SaveError::Stale) => {
                bench.assert_free(&account.account.keys()).await;
                bench.assert_log(&id, &[]).await;
            }
            Err(other) => panic!("a state is current or stale, and not {other:?}"),
        }
    }
}

/// A load that is dropped disturbs nobody.
pub async fn a_dropped_load_disturbs_nobody(bench: Bench) {
    let account = bench.create(full(1)).await;
    for polls in 0..MAX_POLLS {
        for key in account.account.keys() {
            give_up(polls, bench.store().load(&key, crate::ports::Parts::Whole)).await;
        }
        give_up(polls, bench.store().list(Select::After(None), 10)).await;
    }
    bench.assert_holds(&account).await;
    bench.change(&account, |account| rename(account, 1)).await;
}

/// However many callers give up, the store serves the next one: no connection or lock goes with them.
pub async fn callers_who_give_up_take_nothing_along(bench: Bench) {
    bench.create(full(1)).await;
    for round in 0..100_u32 {
        let before = bench.load_id(bare(1).id()).await.expect("the account is there");
        let after = Arc::new(edited(&before, |account| rename(account, round)));
        let change = Change::new(Some(&before), after, fresh_version(), &[]);
        give_up(round % 4, bench.store().save(change)).await;
        give_up(round % 3, bench.store().append_events(&[event(bare(1).id(), at(1), round)])).await;
        give_up(round % 5, bench.store().delete_events_before(at(0), 10)).await;
    }
    let settled = bench.settle(&Key::Id(bare(1).id), |account| rename(account, 7)).await;
    bench.assert_holds(&settled.expect("a change without new keys succeeds")).await;
}

/// A task that is aborted while it saves leaves a whole state.
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
        let settled = bench.settle(&Key::Id(id), |account| account.accessed_at = at(9)).await;
        let settled = settled.expect("a change without new keys succeeds");
        bench.assert_holds(&settled).await;
        let held = settled.account.keys();
        let after = edited(&before, |account| replace_all(account, round));
        let gone: Vec<_> =
            before.account.keys().into_iter().chain(after.keys()).filter(|key| !held.contains(key)).collect();
        bench.assert_free(&gone).await;
    }
}

/// Gives an account other keys, preferences and a name.
fn replace_all(account: &mut Account, number: u32) {
    let id = account.id;
    *account = full(1000 + number);
    account.id = id;
    rename(account, 1000 + number);
    prefer(account, r#"{"after":true}"#);
}

/// Polls a future so many times at the most, and drops it.
async fn give_up(polls: u32, future: impl Future + Send) {
    GiveUp { future: Box::pin(future), polls }.await;
}

struct GiveUp<F> {
    future: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for GiveUp<F> {
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
