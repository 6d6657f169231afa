//! Flows that break off: at every call of the store, and wherever their caller may leave.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use account::{
    Error, SessionHolder,
    ports::Clock as _,
    testing::{Fault, FaultPlan, FaultyStore},
};

use crate::{provider::Person, world::*};
use crate::{support::fixtures::*, support::text_store::TextStore, support::yielding::Yielding};

/// More polls than any flow takes.
const ENOUGH: usize = 400;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Case {
    SignUp,
    SignIn,
    TokenFlow,
    LinkByAddress,
    Takeover,
    Attach,
    Upgrade,
}

const CASES: [Case; 7] = [
    Case::SignUp,
    Case::SignIn,
    Case::TokenFlow,
    Case::LinkByAddress,
    Case::Takeover,
    Case::Attach,
    Case::Upgrade,
];

/// A flow that is about to end, the same in each run.
struct Stage {
    world: World,
    plan: FaultPlan,
    back: Back,
    caller: Option<SessionHolder>,
}

fn person() -> Person {
    Person::new("1", ADA)
}

fn world() -> (World, FaultPlan) {
    let texts = TextStore::default();
    let store = FaultyStore::new(Yielding(texts.clone()));
    let plan = store.plan();
    (World::on(store, texts, 1, &[FORGE, MILL], |_| ()), plan)
}

impl Stage {
    async fn set(case: Case) -> Self {
        let (world, plan) = world();
        let mut caller = None;
        match case {
            Case::SignUp => {}
            Case::SignIn | Case::TokenFlow => drop(world.come(FORGE, &person(), None).await.unwrap()),
            Case::LinkByAddress => world.verify_email(world.host.signed_up(ADA).await.user_id()),
            Case::Takeover => drop(world.host.signed_up(ADA).await),
            Case::Attach => caller = Some(world.host.signed_up(BOB).await),
            Case::Upgrade => caller = Some(anonymous(&world.host).await.0),
        }
        let caller = match caller {
            Some(signed_in) => Some(world.host.service.session_holder(&signed_in.secret).await.unwrap()),
            None => None,
        };
        let start = if case == Case::TokenFlow { start_token(FORGE) } else { start(FORGE) };
        let back = world.back(start, &person(), caller.as_ref()).await;
        // It counts from here on.
        plan.clear();
        Self { world, plan, back, caller }
    }

    async fn end(&self) -> Result<(), Error> {
        let outcome = self.world.end(FORGE, &self.back, self.caller.as_ref()).await;
        outcome.map(drop).map_err(|failed| failed.error)
    }
}

/// The state before and after, and how many calls of the store lie between.
async fn course(case: Case) -> (String, String, usize) {
    let stage = Stage::set(case).await;
    let before = stage.world.texts.dump();
    stage.end().await.unwrap();
    let after = stage.world.texts.dump();
    assert_ne!(before, after, "{case:?}");
    (before, after, stage.plan.calls())
}

#[tokio::test]
async fn a_flow_at_a_failing_store_leaves_the_state_before_or_after() {
    for case in CASES {
        let (before, after, calls) = course(case).await;
        assert!(calls >= 2, "{case:?}");
        for (fault, call) in
            Fault::FAILURES.into_iter().flat_map(|fault| (0..calls).map(move |call| (fault, call)))
        {
            let what = format!("{case:?}, {fault:?} at call {call} of {calls}");
            let stage = Stage::set(case).await;
            stage.plan.fail(call, fault);
            let outcome = stage.end().await;
            stage.plan.clear();
            // What comes late has come once another call was answered.
            stage.world.host.service.admin(&Default::default()).users(None, 10).await.unwrap();
            let state = stage.world.texts.dump();
            assert!(state == before || state == after, "{what}: neither before nor after");
            match outcome {
                Ok(()) => assert_eq!(state, after, "{what}: acknowledged and not there"),
                Err(Error::Store(_)) => {}
                Err(other) => panic!("{what}: {other:?}"),
            }
            if stage.caller.is_none() {
                stage.world.come(FORGE, &person(), None).await.unwrap();
            }
        }
    }
}

fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_of_a_flow_leaves_the_state_before_or_after() {
    for case in CASES {
        let (before, after, _) = course(case).await;
        for polls in 0.. {
            let stage = Stage::set(case).await;
            let ended = poll_times(stage.end(), polls).is_some();
            let state = stage.world.texts.dump();
            assert!(state == after || (!ended && state == before), "{case:?} dropped after {polls} polls");
            if ended {
                break;
            }
            assert!(polls < ENOUGH, "{case:?} does not end");
        }
    }
}

/// The one flow of two saves: the address leaves the account of another person before its owner
/// gets one.
#[tokio::test]
async fn whoever_is_to_get_an_account_of_their_own_gets_it_at_the_next_try_at_the_latest() {
    let mut undisturbed = 0;
    for (fault, call) in Fault::FAILURES.into_iter().flat_map(|fault| (0..10).map(move |call| (fault, call)))
    {
        let (world, plan) = world();
        let stranger = world.host.signed_up(ADA).await;
        let holder = world.host.service.session_holder(&stranger.secret).await.unwrap();
        let stranger = world.come(MILL, &Person::new("9", BOB), Some(&holder)).await.unwrap();
        plan.fail(call, fault);
        let outcome = world.come(FORGE, &person(), None).await;
        undisturbed += usize::from(plan.calls() <= call);
        plan.clear();
        let owner = match outcome {
            Ok(owner) => owner,
            Err(Error::Store(_)) => world.come(FORGE, &person(), None).await.unwrap(),
            Err(other) => panic!("{fault:?} at call {call}: {other:?}"),
        };
        assert_ne!(owner.user_id(), stranger.user_id(), "{fault:?} at call {call}");
        assert_eq!(world.email(&owner).await, (Some(ADA.to_owned()), true));
        assert_eq!(world.email(&stranger).await.0, None);
    }
    assert!(undisturbed > 0, "every call was disturbed once");
}

/// Between two looks of a flow another one of the same person may end, and then the identity
/// decides for both.
#[tokio::test]
async fn of_two_first_sign_ins_at_once_neither_takes_the_address_off_the_account() {
    for step in 0..ENOUGH {
        let (world, _) = world();
        let (slow, fast) = (
            world.back(start(FORGE), &person(), None).await,
            world.back(start(FORGE), &person().unverified(), None).await,
        );
        let mut end = pin!(world.end(FORGE, &slow, None));
        let mut ended = None;
        for _ in 0..step {
            if let Poll::Ready(outcome) = end.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                ended = Some(outcome);
                break;
            }
        }
        let other = session(world.end(FORGE, &fast, None).await.unwrap());
        let is_over = ended.is_some();
        let outcome = match ended {
            Some(outcome) => outcome,
            None => end.await,
        };
        assert_eq!(session(outcome.unwrap()).user_id(), other.user_id(), "after {step} polls");
        assert_eq!(world.email(&other).await, (Some(ADA.to_owned()), true), "after {step} polls");
        if is_over {
            return;
        }
    }
    panic!("it does not end");
}

/// An exchange of tokens saves its lease first; whatever happens then, the session lives and the
/// next exchange is good.
#[tokio::test]
async fn an_exchange_that_breaks_off_hinders_the_next_for_a_minute_at_most() {
    for step in 0..ENOUGH {
        let (world, _) = world();
        let signed_in = world.come(FORGE, &person(), None).await.unwrap();
        let caller = world.caller(&signed_in).await;
        let extend = || world.host.service.extend_session(&caller, caller.session_id());
        let ended = poll_times(extend(), step).is_some();
        world.host.clock.advance(Duration::from_secs(60));
        let expected = world.host.clock.now().after(world.host.service.config().session_lifetime);
        match extend().await {
            Ok(session) => assert_eq!(session.expires_at, expected, "dropped after {step} polls"),
            // The provider has taken the token back and given the new one to no one.
            Err(error) => assert_eq!(error.code(), "user_oauth2_bad_request", "dropped after {step} polls"),
        }
        if ended {
            return;
        }
    }
    panic!("it does not end");
}
