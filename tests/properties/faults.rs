//! Stores that fail at the worst moment, and callers that leave in the middle.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use account::{
    EmailSignIn, Error, MemoryStore,
    model::{ClientInfo, Key},
    ports::{Parts, Select, Store},
    testing::{Fault, FaultPlan, FaultyStore, Hanging, InstantHasher, Outbox, PASSWORD, Snapshot},
};

use crate::support::{
    operations::{
        ADA, Messenger, Service, WRONG,
        scene::{Fixture, Scene},
        service, sign_in, sign_up,
        table::Operation,
    },
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
            Fault::FAILURES.into_iter().flat_map(|fault| (0..course.calls).map(move |call| (fault, call)))
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

/// Whose writing shows in no account: log entries of addresses and ids without one.
const OF_NOBODY: [Operation; 3] =
    [Operation::SignInUnknown, Operation::SignInWithTokenOfNobody, Operation::StartRecoveryOfNobody];

/// The same on a store of the crate: what its rows hold is before or after, too.
async fn a_failing_store_leaves_before_or_after(store: impl Store) {
    let store = Arc::new(store);
    for operation in Operation::ALL.into_iter().filter(|operation| !OF_NOBODY.contains(operation)) {
        let scene = Scene::of(operation).await;
        let start = Snapshot::of(&scene.texts()).await.unwrap();
        let fixture = &scene.fixture;
        let run = async |incident: Option<(Fault, usize)>| {
            for listed in store.list(Select::After(None), 100).await.unwrap() {
                store.remove(&listed.found.unwrap()).await.unwrap();
            }
            start.put_into(&store).await.unwrap();
            let faulty = FaultyStore::new(Arc::clone(&store));
            let plan = faulty.plan();
            let service = scene.service(faulty, Outbox::default(), InstantHasher::default());
            if let Some((fault, call)) = incident {
                plan.fail(call, fault);
            }
            let outcome = operation.run(&service, fixture).await;
            let calls = plan.calls();
            // What comes late has come once another call was answered.
            service.store().load(&Key::Id(fixture.id), Parts::Body).await.unwrap();
            (outcome, calls, Snapshot::of(&store).await.unwrap())
        };
        let (_, calls, after) = run(None).await;
        for (fault, call) in
            Fault::FAILURES.into_iter().flat_map(|fault| (0..calls).map(move |call| (fault, call)))
        {
            let what = format!("{operation:?}, {fault:?} at call {call} of {calls}");
            let (outcome, _, state) = run(Some((fault, call))).await;
            assert!(state == after || state == start, "{what}: neither before nor after\n{state}");
            let is_check = matches!(operation, Operation::Caller | Operation::CallerByJwt);
            assert!(outcome.is_err() || is_check || state == after, "{what}: acknowledged and not there");
        }
    }
}

#[tokio::test]
async fn a_failing_store_leaves_the_state_before_or_after_in_memory() {
    a_failing_store_leaves_before_or_after(MemoryStore::new()).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_failing_store_leaves_the_state_before_or_after_in_sqlite() {
    let directory = crate::support::tempdir::TempDir::new();
    let store = account::SqliteStore::open(directory.file("account.db")).unwrap();
    a_failing_store_leaves_before_or_after(store).await;
}

#[tokio::test]
async fn a_store_that_collides_repeats_or_delays_changes_no_outcome() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        let undisturbed = Stage::set(&scene);
        let _ = undisturbed.run(operation).await;
        for (fault, call) in
            Fault::NUISANCES.into_iter().flat_map(|fault| (0..course.calls).map(move |call| (fault, call)))
        {
            let what = format!("{operation:?}, {fault:?} at call {call} of {}", course.calls);
            let stage = Stage::set(&scene);
            stage.plan.fail(call, fault);
            let outcome = stage.run(operation).await;
            assert_eq!(outcome.is_err(), operation.is_refused(), "{what}: {outcome:?}");
            // That an account is in use is left to be noted by the one who was first.
            let is_check = matches!(operation, Operation::Caller | Operation::CallerByJwt);
            match fault {
                Fault::Conflict if is_check => continue,
                // Log entries and sealed lists are made again when a change is tried again.
                Fault::Conflict if operation == Operation::FinishChallengeByRecoveryCode => {}
                Fault::Conflict => assert_eq!(stage.texts.accounts(), undisturbed.texts.accounts(), "{what}"),
                _ => assert_eq!(stage.texts.dump(), course.after, "{what}"),
            }
            assert_eq!(stage.texts.dump().lines().count(), course.after.lines().count(), "{what}");
        }
    }
}

#[tokio::test]
async fn whoever_gives_up_on_a_store_that_hangs_leaves_the_state_before() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        for call in 0..course.calls {
            let stage = Stage::set(&scene);
            stage.plan.fail(call, Fault::Hang);
            assert!(poll_times(stage.run(operation), ENOUGH).is_none(), "{operation:?} at call {call}");
            assert_eq!(stage.texts.dump(), course.before, "{operation:?} at call {call}");
        }
    }
}

#[tokio::test]
async fn what_a_message_tells_of_has_happened_even_if_the_messenger_hangs() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        let (texts, messenger) = (scene.texts(), Hanging::default());
        let service = scene.service(texts.clone(), messenger.clone(), InstantHasher::default());
        let outcome = poll_times(operation.run(&service, &scene.fixture), ENOUGH);
        assert_eq!(outcome.is_none(), messenger.messages() > 0, "{operation:?}");
        assert_eq!(texts.dump(), course.after, "{operation:?}");
    }
}

#[tokio::test]
async fn a_store_that_was_down_for_a_minute_serves_the_first_who_asks_afterwards() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        if course.calls == 0 {
            continue;
        }
        for fault in Fault::FAILURES {
            let stage = Stage::set(&scene);
            stage.plan.down(fault);
            for _ in 0..6 {
                match stage.run(operation).await {
                    Err(Error::Store(_)) => {}
                    other => panic!("{operation:?} while all calls fail {fault:?}: {other:?}"),
                }
                stage.service.clock().advance(Duration::from_secs(10));
            }
            stage.plan.clear();
            // The one who may have done it meanwhile without hearing of it is refused now, and no
            // one else but those whose app shows another code.
            let outcome = stage.run(operation).await;
            use Operation::{ConfirmAuthenticator, FinishChallenge, FinishChallengeOfHolder};
            let by_app =
                matches!(operation, ConfirmAuthenticator | FinishChallenge | FinishChallengeOfHolder);
            if fault == Fault::Before && !by_app {
                assert_eq!(outcome.is_err(), operation.is_refused(), "{operation:?}: {outcome:?}");
            }
            assert!(!matches!(outcome, Err(Error::Store(_) | Error::Busy(_))), "{operation:?}: {outcome:?}");
            sign_in(&stage.service, "nobody@example.com", WRONG).await.unwrap_err();
        }
    }
}

#[tokio::test]
async fn a_flapping_store_acknowledges_what_is_there_and_nothing_else() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        for (up, down) in [(1, 1), (2, 1), (3, 2), (1, 3), (4, 1)] {
            let stage = Stage::set(&scene);
            stage.plan.flap(up, down);
            let outcome = stage.run(operation).await;
            stage.plan.clear();
            let state = stage.texts.dump();
            assert!(state == course.after || state == course.before, "{operation:?}, {up} up, {down} down");
            let is_check = matches!(operation, Operation::Caller | Operation::CallerByJwt);
            assert!(
                outcome.is_err() || is_check || state == course.after,
                "{operation:?}, {up} up, {down} down"
            );
        }
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_save_is_found_out() {
    for operation in Operation::ALL {
        let scene = Scene::of(operation).await;
        let course = Course::of(operation, &scene).await;
        let stage = Stage::set(&scene);
        // The save is the last call of every operation that has one; a log entry has no version to
        // be found by.
        let by_entry = operation == Operation::IssueJwt || OF_NOBODY.contains(&operation);
        if course.writes == 0 || by_entry {
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

/// The one sign-in of two saves: the address leaves the account of another person before its owner
/// gets one.
#[tokio::test]
async fn whoever_proves_an_address_on_an_account_of_somebody_else_gets_one_at_the_next_try_at_the_latest() {
    let scene = Scene::of(Operation::SendEmailCode).await;
    let mut undisturbed = 0;
    for (fault, call) in Fault::FAILURES.into_iter().flat_map(|fault| (0..6).map(move |call| (fault, call))) {
        let what = format!("{fault:?} at call {call}");
        let stage = Stage::set(&scene);
        let service = &stage.service;
        let prove = async || {
            let (request, client) = (EmailSignIn::new(ADA.parse().unwrap()), ClientInfo::default());
            let sent = service.send_email_code(request, &client).await.unwrap();
            let code = sent.secret().unwrap().expose().parse().unwrap();
            (sent.user, code)
        };
        let (user, code) = prove().await;
        assert_eq!(user, stage.fixture.id, "it is on an account that has an identity of somebody else");
        stage.plan.fail(call, fault);
        let outcome = service.sign_in_with_token(&user, &code, &ClientInfo::default()).await;
        undisturbed += usize::from(stage.plan.calls() <= call);
        stage.plan.clear();
        let signed_in = match outcome {
            Ok(signed_in) => signed_in,
            Err(Error::Store(_)) => {
                let (user, code) = prove().await;
                service.sign_in_with_token(&user, &code, &ClientInfo::default()).await.unwrap()
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

#[tokio::test]
async fn a_load_that_was_held_back_finds_what_happened_meanwhile() {
    let store = Arc::new(MemoryStore::new());
    let faulty = FaultyStore::new(Arc::clone(&store));
    let plan = faulty.plan();
    let id = *sign_up(&service(store, Outbox::default(), InstantHasher::default(), |_| ()), ADA).await.id();
    let key = Key::Id(id);
    let mut pause = plan.pause(0);
    let load = async { faulty.load(&key, Parts::Body).await.unwrap() };
    let removal = async {
        assert!(pause.reached().await);
        let found = faulty.load(&key, Parts::Body).await.unwrap().unwrap();
        faulty.remove(&found).await.unwrap();
        pause.release();
    };
    assert!(tokio::join!(load, removal).0.is_none());
}
