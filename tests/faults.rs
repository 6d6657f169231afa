//! Stores that fail at the worst moment, and callers that leave in the middle.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use account::{
    EmailSignIn, Error,
    model::{Client, Key},
    ports::{Parts, Store as _},
    testing::{Fault, FaultPlan, FaultyStore, InstantHasher, Outbox, PASSWORD},
};
use support::{
    ADA, Messenger, Service, WRONG,
    fixture::{Fixture, Scene},
    operations::Operation,
    sign_in,
    text_store::TextStore,
    yielding::Yielding,
};

/// A service in the state that an operation starts from.
struct Stage<M> {
    service: Service<M>,
    texts: TextStore,
    plan: FaultPlan,
    fixture: Arc<Fixture>,
}

impl Stage<Outbox> {
    fn set(scene: &Scene) -> Self {
        let texts = scene.texts();
        let store = FaultyStore::new(texts.clone());
        let plan = store.plan();
        let service = scene.service(store, Outbox::default(), InstantHasher::default());
        Self { service, texts, plan, fixture: Arc::clone(&scene.fixture) }
    }
}

impl Stage<Yielding<Outbox>> {
    fn set_with_pauses(scene: &Scene) -> Self {
        let texts = scene.texts();
        let store = FaultyStore::new(Yielding(texts.clone()));
        let plan = store.plan();
        let service = scene.service(store, Yielding(Outbox::default()), Yielding(InstantHasher::default()));
        Self { service, texts, plan, fixture: Arc::clone(&scene.fixture) }
    }
}

impl<M: Messenger> Stage<M> {
    async fn run(&self, operation: Operation) -> Result<(), Error> {
        operation.run(&self.service, &self.fixture).await
    }

    /// Leaves one wrong guess until guesses are locked.
    fn one_guess_left(&self) {
        self.texts.edit(&self.fixture.id, |account| account["failures"] = serde_json::json!({ "run": 99 }));
    }
}

/// What an operation does when nothing goes wrong.
struct Course {
    before: String,
    after: String,
    calls: usize,
    writes: usize,
}

impl Course {
    async fn of(operation: Operation, scene: &Scene) -> Self {
        let stage = Stage::set(scene);
        let (before, writes) = (stage.texts.dump(), stage.texts.writes());
        let outcome = stage.run(operation).await;
        assert_eq!(outcome.is_err(), operation.is_refused(), "{operation:?}: {outcome:?}");
        let (after, writes) = (stage.texts.dump(), stage.texts.writes() - writes);
        let reads = operation
            .of_the_api()
            .is_some_and(|api| api.method() == "GET" && api != account::operation::Operation::OAuth2Redirect);
        assert_eq!(before == after, reads, "{operation:?}: it is to do something");
        Self { before, after, calls: stage.plan.calls(), writes }
    }
}

#[tokio::test]
async fn a_failing_store_leaves_the_state_before_or_after_and_the_answer_is_true() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        // A browser that is sent to a provider keeps all that there is to keep.
        let needs_no_store = matches!(operation, Operation::StartOAuth2 | Operation::StartOAuth2Token);
        assert_eq!(course.calls > 0, !needs_no_store, "{operation:?}");
        for (fault, call) in
            Fault::ALL.into_iter().flat_map(|fault| (0..course.calls).map(move |call| (fault, call)))
        {
            let what = format!("{operation:?}, {fault:?} at call {call} of {}", course.calls);
            let stage = Stage::set(&scene);
            let writes = stage.texts.writes();
            stage.plan.fail(call, fault);
            let outcome = stage.run(operation).await;
            // What comes late has come once another call was answered.
            stage.service.store().load(&Key::Id(stage.fixture.id), Parts::Body).await.unwrap();
            let state = stage.texts.dump();
            let is_after = state == course.after;
            assert!(is_after || state == course.before, "{what}: neither before nor after");
            assert!(stage.texts.writes() - writes <= course.writes, "{what}: written twice");
            // That an account is in use is noted when it can be.
            let is_check = matches!(operation, Operation::Caller | Operation::CallerByJwt);
            match outcome {
                Ok(()) if is_check => {}
                Ok(()) => assert!(is_after && !operation.is_refused(), "{what}: acknowledged and not there"),
                Err(Error::Store(_)) => {}
                Err(Error::InvalidCredentials | Error::InvalidToken) => {
                    assert!(is_after && operation.is_refused(), "{what}: refused and not counted");
                }
                Err(other) => panic!("{what}: {other:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_save_is_found_out() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        let stage = Stage::set(&scene);
        // The save is the last call of every operation that has one; a log entry has no version to be found by.
        let by_entry = [
            Operation::IssueJwt,
            Operation::SignInUnknown,
            Operation::SignInWithTokenOfNobody,
            Operation::StartRecoveryOfNobody,
        ];
        if course.writes == 0 || by_entry.contains(&operation) {
            continue;
        }
        stage.plan.fail(course.calls - 1, Fault::After);
        let outcome = stage.run(operation).await;
        match operation.is_refused() {
            true => {
                let code = outcome.unwrap_err().code();
                assert!(["user_invalid_credentials", "user_invalid_token"].contains(&code), "{operation:?}");
            }
            false => outcome.unwrap(),
        }
        assert_eq!(stage.texts.dump(), course.after, "{operation:?}");
    }
}

/// Polls a future a number of times and drops it unless it has ended.
fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> Option<T> {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

/// More polls than any operation takes.
const ENOUGH: usize = 200;

#[tokio::test]
async fn whoever_leaves_in_the_middle_leaves_the_state_before_or_after() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        for polls in 0.. {
            let stage = Stage::set_with_pauses(&scene);
            let ended = poll_times(stage.run(operation), polls).is_some();
            let state = stage.texts.dump();
            assert!(
                state == course.after || (!ended && state == course.before),
                "{operation:?} dropped after {polls} polls"
            );
            if ended {
                break;
            }
            assert!(polls < ENOUGH, "{operation:?} does not end");
        }
    }
}

#[tokio::test]
async fn whoever_leaves_in_the_middle_of_a_guess_leaves_the_door_open() {
    use Operation::*;
    for operation in [SignIn, SignInWrongly, ChangePassword, ChangePasswordWrongly, ChangeEmail, ChangePhone]
    {
        let scene = Scene::of(operation).await;
        for polls in 0..ENOUGH {
            let stage = Stage::set_with_pauses(&scene);
            stage.one_guess_left();
            let ended = poll_times(stage.run(operation), polls).is_some();
            let next = poll_times(sign_in(&stage.service, ADA, PASSWORD), ENOUGH);
            assert!(next.is_some(), "{operation:?} dropped after {polls} polls left its permit behind");
            if ended {
                break;
            }
        }
    }
}

#[tokio::test]
async fn who_waits_for_a_guess_is_let_in_whoever_leaves() {
    let scene = Scene::of(Operation::SignIn).await;
    for leaver in 0..3 {
        let stage = Stage::set_with_pauses(&scene);
        stage.one_guess_left();
        let mut context = Context::from_waker(Waker::noop());
        let mut guesses: Vec<_> =
            (0..3).map(|_| Some(Box::pin(sign_in(&stage.service, ADA, PASSWORD)))).collect();
        // The first is at the hasher, the others wait.
        for guess in guesses.iter_mut().flatten() {
            for _ in 0..4 {
                assert!(guess.as_mut().poll(&mut context).is_pending());
            }
        }
        guesses[leaver] = None;
        for (place, guess) in guesses.into_iter().enumerate() {
            if let Some(guess) = guess {
                let outcome = poll_times(guess, ENOUGH);
                assert!(matches!(outcome, Some(Ok(_))), "{place} after {leaver} left: {outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_store_that_is_down_lets_nobody_in_and_comes_back_by_itself() {
    let scene = Scene::of(Operation::Caller).await;
    let stage = Stage::set(&scene);
    for call in 0..2 {
        stage.plan.fail(call, Fault::Before);
        let refused = sign_in(&stage.service, ADA, PASSWORD).await.unwrap_err();
        assert_eq!(refused.code(), "general_store_unavailable");
        assert!(std::error::Error::source(&refused).is_some_and(|cause| !cause.to_string().contains(ADA)));
    }
    stage.plan.fail(0, Fault::Before);
    assert_eq!(stage.run(Operation::Caller).await.unwrap_err().code(), "general_store_unavailable");
    assert_eq!(sign_in(&stage.service, ADA, WRONG).await.unwrap_err().code(), "user_invalid_credentials");
    sign_in(&stage.service, ADA, PASSWORD).await.unwrap();
}

/// The one sign-in of two saves: the address leaves the account of somebody else before its owner gets one.
#[tokio::test]
async fn whoever_proves_an_address_on_an_account_of_somebody_else_gets_one_at_the_next_try_at_the_latest() {
    let scene = Scene::of(Operation::SendEmailCode).await;
    let mut undisturbed = 0;
    for (fault, call) in Fault::ALL.into_iter().flat_map(|fault| (0..6).map(move |call| (fault, call))) {
        let what = format!("{fault:?} at call {call}");
        let stage = Stage::set(&scene);
        let service = &stage.service;
        let prove = async || {
            let (request, client) = (EmailSignIn::new(ADA.parse().unwrap()), Client::default());
            let sent = service.send_email_code(request, &client).await.unwrap();
            let code = sent.secret().unwrap().expose().parse().unwrap();
            (sent.user, code)
        };
        let (user, code) = prove().await;
        assert_eq!(user, stage.fixture.id, "it is on an account that has an identity of somebody else");
        stage.plan.fail(call, fault);
        let outcome = service.sign_in_with_token(&user, &code, &Client::default()).await;
        undisturbed += usize::from(stage.plan.calls() <= call);
        stage.plan.clear();
        let signed_in = match outcome {
            Ok(signed_in) => signed_in,
            Err(Error::Store(_)) => {
                let (user, code) = prove().await;
                service.sign_in_with_token(&user, &code, &Client::default()).await.unwrap()
            }
            Err(other) => panic!("{what}: {other:?}"),
        };
        assert_ne!(*signed_in.user_id(), stage.fixture.id, "{what}");
        let owner = service.caller(&signed_in.secret).await.unwrap();
        assert!(service.user(&owner).await.unwrap().is_email_verified(), "{what}");
        let other = service.user(&stage.fixture.caller).await.unwrap();
        assert_eq!(
            other.email(),
            None,
            "{what}: whoever was there before stays signed in, without the address"
        );
    }
    assert!(undisturbed > 0, "every call was disturbed once");
}
