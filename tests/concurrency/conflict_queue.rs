//! Many changes of one account: the one who was too late once waits for a turn, and no one for
//! those who are gone or do not go on.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use crate::support::fixtures::ADA;

use crate::support::yielding::Yielding;
use account::{
    Caller, Error, MemoryStore,
    model::Key,
    ports::{Parts, Store},
    testing::{Step, TestHost},
};
use tokio::task::JoinSet;

/// More than any change here needs, as no one waits for anything but others.
const MANY: usize = 1000;

/// An application whose calls of the store can be looked at in the middle.
async fn host() -> (TestHost, Caller) {
    let host = TestHost::on(Yielding(MemoryStore::new()));
    let ada = host.signed_up(ADA).await;
    let caller = host.caller(&ada).await;
    host.recorder.take();
    (host, caller)
}

type Changing = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

fn change(host: &TestHost, caller: &Caller, name: &str) -> Changing {
    let (service, caller, name) = (host.service.clone(), caller.clone(), name.parse().unwrap());
    Box::pin(async move { service.change_name(&caller, name).await.map(drop) })
}

fn poll(change: &mut Changing, times: usize) -> Poll<Result<(), Error>> {
    for _ in 0..times {
        let polled = change.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_ready() {
            return polled;
        }
    }
    Poll::Pending
}

fn is_done(polled: &Poll<Result<(), Error>>) -> bool {
    matches!(polled, Poll::Ready(Ok(())))
}

/// So many changes, all of which have loaded the account before one saves; the first is done, so
/// the others are too late. The next one has the turn.
fn too_late(host: &TestHost, caller: &Caller, many: usize) -> Vec<Changing> {
    let mut changes: Vec<_> = (0..=many).map(|number| change(host, caller, &number.to_string())).collect();
    // A pause before the account is looked at and one after it.
    changes.iter_mut().for_each(|change| assert!(poll(change, 2).is_pending()));
    assert!(is_done(&poll(&mut changes.remove(0), MANY)));
    // Two pauses of the save; and two of the one who looks again.
    changes.iter_mut().for_each(|change| assert!(poll(change, 4).is_pending()));
    changes
}

#[tokio::test]
async fn each_of_many_is_too_late_once() {
    let (host, caller) = host().await;
    let mut changes = JoinSet::new();
    for number in 0..64 {
        changes.spawn(change(&host, &caller, &number.to_string()));
    }
    assert!(changes.join_all().await.iter().all(Result::is_ok));
    let saves = host.recorder.take().into_iter().filter(|step| *step == Step::Save).count();
    assert!((64..=128).contains(&saves), "{saves} saves");
}

#[tokio::test]
async fn whoever_hangs_up_keeps_nobody_back() {
    let (host, caller) = host().await;
    for gone in 0..4 {
        let mut changes = too_late(&host, &caller, 4);
        drop(changes.remove(gone));
        assert!(changes.iter_mut().all(|change| is_done(&poll(change, MANY))), "without {gone}");
    }
}

#[tokio::test]
async fn those_who_wait_at_an_account_that_is_removed_are_told() {
    let (host, caller) = host().await;
    let mut changes = too_late(&host, &caller, 4);
    let store = host.service.store();
    let stored = store.load(&Key::Id(*caller.user_id()), Parts::Body).await.unwrap().unwrap();
    store.remove(&stored).await.unwrap();
    for change in &mut changes {
        let polled = poll(change, MANY);
        assert!(matches!(polled, Poll::Ready(Err(Error::NotSignedIn))), "{polled:?}");
    }
}

#[tokio::test]
async fn whoever_has_the_turn_and_does_not_go_on_is_passed_over_in_time() {
    let (host, caller) = host().await;
    let mut changes = too_late(&host, &caller, 3);
    let idle = changes.remove(0);
    assert!(changes.iter_mut().all(|change| poll(change, MANY).is_pending()), "they wait for their turn");
    host.clock.advance(Duration::from_secs(6));
    let mut newcomers = too_late(&host, &caller, 1);
    assert!(is_done(&poll(&mut newcomers[0], MANY)), "no newcomer waits for that one");
    changes.push(idle);
    for change in &mut changes {
        let polled = poll(change, MANY);
        assert!(matches!(polled, Poll::Ready(Err(Error::Busy(_)))), "it has taken too long: {polled:?}");
    }
}
