//! Many at once: whatever the order, each promise holds.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use account::{
    Argon2Pool, DeviceToken, Error, MemoryStore, NewPushTarget, SignUp, SignedIn,
    model::{Argon2Params, ClientInfo, CustomId, Event, EventPage, Key, PageQuery, Timestamp, UserId},
    operation::Access,
    ports::{Change, Listed, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version},
    testing::{FaultyStore, InstantHasher, Outbox, PASSWORD, Pause, TestHost, password},
};
use async_trait::async_trait;
use tokio::task::JoinSet;

use crate::support::{
    concurrently::concurrently,
    operations::{
        ADA, BOB, Service, WRONG,
        scene::Fixture,
        service, sign_in, sign_up,
        table::{NEW_PASSWORD, Operation},
    },
    with_identity::WithIdentity,
};

/// Runs each test on every store.
macro_rules! on_every_store {
    ($($test:ident)*) => {
        mod memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    super::within_a_minute(super::$test(account::MemoryStore::new())).await;
                }
            )*
        }

        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    let directory = crate::support::tempdir::TempDir::new();
                    let store = account::SqliteStore::open(directory.file("account.db")).unwrap();
                    super::within_a_minute(super::$test(store)).await;
                }
            )*
        }

        #[cfg(feature = "postgres")]
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $test() {
                    let Some(store) = crate::support::services::postgres::store().await else { return };
                    super::within_a_minute(super::$test(store)).await;
                }
            )*
        }
    };
}

on_every_store! {
    one_email_makes_one_account_however_it_is_spelt
    no_reader_ever_sees_more_sessions_than_the_limit
    parallel_changes_of_one_account_are_all_kept
    nothing_is_written_after_a_sign_out_was_acknowledged
    no_operation_writes_after_a_sign_out_was_acknowledged
    five_hundred_wrong_passwords_cost_a_hundred_hashes
    twenty_right_passwords_at_once_all_succeed
    twenty_right_passwords_at_once_all_succeed_after_ninety_nine_wrong_ones
    a_device_goes_to_one_of_two_accounts_that_claim_it
    a_device_of_an_expired_session_can_be_taken_over
    of_sixty_four_sign_outs_one_ends_the_session
    no_jwt_is_issued_while_its_session_ends
    what_was_begun_under_an_old_secret_does_not_complete
    an_account_made_again_under_its_id_knows_nobody_from_before
}

/// Runs the races that an operation can lose to the end of its session on every store, by
/// themselves for each end.
macro_rules! on_every_store_for_every_end {
    ($($module:ident = $end:ident)*) => {
        $(
            mod $module {
                use super::*;

                on_every_store! {
                    what_a_session_began_does_not_outlive_it
                    what_a_jwt_began_does_not_outlive_its_session
                    what_a_guest_began_is_judged_by_the_account_as_it_is
                }

                async fn what_a_session_began_does_not_outlive_it(store: impl Store) {
                    race_all(store, false, End::$end).await;
                }

                async fn what_a_jwt_began_does_not_outlive_its_session(store: impl Store) {
                    race_all(store, true, End::$end).await;
                }

                async fn what_a_guest_began_is_judged_by_the_account_as_it_is(store: impl Store) {
                    race_guests(store, End::$end).await;
                }
            }
        )*
    };
}

on_every_store_for_every_end! {
    a_sign_out = SignOut
    a_sign_out_everywhere = SignOutEverywhere
    a_block = Block
    a_change_of_password = ChangePassword
    a_removal_and_return = RemovalAndReturn
}

async fn within_a_minute(test: impl Future<Output = ()>) {
    assert!(tokio::time::timeout(Duration::from_secs(60), test).await.is_ok(), "the test hangs");
}

fn device(token: &str) -> NewPushTarget {
    NewPushTarget::new(token.parse::<DeviceToken>().unwrap())
}

async fn attempt(host: TestHost, email: &'static str, secret: &'static str) -> Result<SignedIn, Error> {
    let email = email.parse().unwrap();
    host.service.sign_in_with_password(email, password(secret), &ClientInfo::default()).await
}

async fn stored(host: &TestHost, id: &UserId) -> Stored {
    host.service.store().load(&Key::Id(*id), Parts::Whole).await.unwrap().unwrap()
}

async fn one_email_makes_one_account_however_it_is_spelt(store: impl Store) {
    let host = TestHost::on(store);
    let spell = |n: usize| -> String {
        let flip = |(at, letter): (usize, char)| match at < 4 && n >> at & 1 == 1 {
            true => letter.to_ascii_uppercase(),
            false => letter,
        };
        "adal@example.com".chars().enumerate().map(flip).collect()
    };
    let created =
        concurrently((0..64).map(|n| {
            let (host, email) = (host.clone(), spell(n % 16).parse().unwrap());
            async move {
                host.service.sign_up(SignUp::new(email, password(PASSWORD)), &ClientInfo::default()).await
            }
        }))
        .await;
    assert_eq!(created.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in created.into_iter().filter_map(Result::err) {
        assert_eq!(refused.code(), "user_already_exists");
    }
    assert_eq!(host.service.store().list(Select::After(None), 100).await.unwrap().len(), 1);
}

/// Notes the greatest number of sessions in any state that was ever saved.
#[derive(Debug)]
struct Watched<S> {
    store: S,
    most_sessions: Arc<AtomicUsize>,
}

#[async_trait]
impl<S: Store> Store for Watched<S> {
    fn load<'a>(&'a self, key: &'a Key, parts: Parts) -> Loading<'a> {
        Loading::of(async move { self.store.load(key, parts).await })
    }

    async fn save(&self, change: Change<'_>) -> Result<(), SaveError> {
        let body: serde_json::Value = serde_json::from_str(&change.body()?).unwrap();
        let sessions = body["account"]["sessions"].as_array().map_or(0, Vec::len);
        self.most_sessions.fetch_max(sessions, Ordering::SeqCst);
        self.store.save(change).await
    }

    async fn remove(&self, account: &Stored) -> Result<(), SaveError> {
        self.store.remove(account).await
    }

    async fn list(&self, which: Select<'_>, limit: u32) -> Result<Vec<Listed>, StoreError> {
        self.store.list(which, limit).await
    }

    async fn append_events(&self, events: &[Event]) -> Result<(), StoreError> {
        self.store.append_events(events).await
    }

    async fn events(&self, user: &UserId, page: PageQuery) -> Result<EventPage, StoreError> {
        self.store.events(user, page).await
    }

    async fn delete_events_before(&self, before: Timestamp, limit: u32) -> Result<u32, StoreError> {
        self.store.delete_events_before(before, limit).await
    }
}

async fn no_reader_ever_sees_more_sessions_than_the_limit(store: impl Store) {
    let most_sessions = Arc::new(AtomicUsize::new(0));
    let host = TestHost::on(Watched { store, most_sessions: Arc::clone(&most_sessions) });
    let newest = Arc::new(tokio::sync::Mutex::new(Arc::new(host.signed_up(ADA).await.secret)));
    let done = Arc::new(AtomicBool::new(false));
    let reader = tokio::spawn({
        let (host, newest, done) = (host.clone(), Arc::clone(&newest), Arc::clone(&done));
        async move {
            while !done.load(Ordering::SeqCst) {
                let secret = Arc::clone(&*newest.lock().await);
                // A session that newer ones have ended meanwhile sees nothing.
                if let Ok(caller) = host.service.caller(&secret).await
                    && let Ok(sessions) = host.service.sessions(&caller).await
                {
                    assert!(sessions.len() <= 10, "{} sessions at once", sessions.len());
                }
                tokio::task::yield_now().await;
            }
        }
    });
    let started = concurrently((0..64).map(|_| {
        let (host, newest) = (host.clone(), Arc::clone(&newest));
        async move {
            let SignedIn { session, secret, .. } = attempt(host, ADA, PASSWORD).await.unwrap();
            *newest.lock().await = Arc::new(secret);
            session.id
        }
    }))
    .await;
    done.store(true, Ordering::SeqCst);
    reader.await.unwrap();
    assert_eq!(started.len(), 64);
    assert_eq!(most_sessions.load(Ordering::SeqCst), 10);
    let last = host.signed_in(ADA).await;
    let sessions = host.service.sessions(&host.caller(&last).await).await.unwrap();
    assert_eq!((sessions.len(), sessions.last().unwrap().id), (10, last.session.id));
}

async fn parallel_changes_of_one_account_are_all_kept(store: impl Store) {
    let host = TestHost::with(store, |config| config.session_limit = 100);
    let ada = host.signed_up(ADA).await;
    let caller = host.caller(&ada).await;
    concurrently((0..64).map(|n| {
        let (host, caller) = (host.clone(), caller.clone());
        async move {
            let service = &host.service;
            match n % 4 {
                0 => drop(service.change_name(&caller, format!("Ada {n}").parse().unwrap()).await.unwrap()),
                1 => drop(
                    service
                        .replace_preferences(&caller, format!(r#"{{"n":{n}}}"#).parse().unwrap())
                        .await
                        .unwrap(),
                ),
                2 => drop(service.add_push_target(&caller, device(&format!("device {n}"))).await.unwrap()),
                _ => drop(attempt(host.clone(), ADA, PASSWORD).await.unwrap()),
            }
        }
    }))
    .await;
    let user = host.service.user(&caller).await.unwrap();
    let number = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>().parse::<usize>();
    assert_eq!(number(user.name().as_str()).unwrap() % 4, 0);
    assert_eq!(number(user.preferences().as_json()).unwrap() % 4, 1);
    let mut devices: Vec<_> = user.targets().into_iter().skip(1).map(|target| target.identifier).collect();
    devices.sort_by_key(|identifier| number(identifier).unwrap());
    let expected: Vec<Box<str>> = (2..64).step_by(4).map(|n| format!("device {n}").into()).collect();
    assert_eq!(devices, expected);
    assert_eq!(host.service.sessions(&caller).await.unwrap().len(), 17);
    let none: [&str; 0] = [];
    let page = PageQuery::parse(&none, 100).unwrap();
    let log = host.service.events(&caller, page).await.unwrap();
    let count = |kind: &str| log.entries.iter().filter(|entry| entry.event.kind.name() == kind).count();
    let counts = ["user.update", "target.create", "session.create"].map(count);
    assert_eq!(counts, [32, 16, 17], "each change is in the log once");
}

async fn nothing_is_written_after_a_sign_out_was_acknowledged(store: impl Store) {
    let host = TestHost::on(store);
    let ada = host.signed_up(ADA).await;
    for round in 0..20 {
        let doomed = host.caller(&host.signed_in(ADA).await).await;
        let mut busy = JoinSet::new();
        for n in 0..6 {
            let (host, caller) = (host.clone(), doomed.clone());
            busy.spawn(async move {
                let service = &host.service;
                loop {
                    let outcome = match n % 3 {
                        0 => service.change_name(&caller, "Ada".parse().unwrap()).await.map(drop),
                        1 => service.extend_session(&caller, caller.session_id()).await.map(drop),
                        _ => service
                            .replace_preferences(&caller, r#"{"a":1}"#.parse().unwrap())
                            .await
                            .map(drop),
                    };
                    if let Err(refused) = outcome {
                        return refused;
                    }
                    tokio::task::yield_now().await;
                }
            });
        }
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        let remote = host.caller(&ada).await;
        host.service.sign_out(&remote, doomed.session_id()).await.unwrap();
        let version = stored(&host, doomed.user_id()).await.version;
        for refused in busy.join_all().await {
            assert_eq!(refused.code(), "general_unauthorized_scope");
        }
        assert_eq!(stored(&host, doomed.user_id()).await.version, version);
    }
}

async fn five_hundred_wrong_passwords_cost_a_hundred_hashes(store: impl Store) {
    let host = TestHost::on(store);
    host.signed_up(ADA).await;
    let before = host.hasher.checks();
    for refused in concurrently((0..500).map(|_| attempt(host.clone(), ADA, WRONG))).await {
        assert_eq!(refused.unwrap_err().code(), "user_invalid_credentials");
    }
    assert_eq!(host.hasher.checks() - before, 100);
    let locked = attempt(host.clone(), ADA, PASSWORD).await.unwrap_err();
    assert_eq!(locked.code(), "user_invalid_credentials", "past the limit a right guess tells nothing");
    assert_eq!(host.hasher.checks() - before, 100);
    host.clock.advance(Duration::from_secs(15 * 60));
    attempt(host.clone(), ADA, PASSWORD).await.unwrap();
}

async fn twenty_right_passwords_at_once_all_succeed(store: impl Store) {
    let host = TestHost::on(store);
    host.signed_up(ADA).await;
    for outcome in concurrently((0..20).map(|_| attempt(host.clone(), ADA, PASSWORD))).await {
        outcome.unwrap();
    }
}

async fn twenty_right_passwords_at_once_all_succeed_after_ninety_nine_wrong_ones(store: impl Store) {
    let host = TestHost::on(store);
    host.signed_up(ADA).await;
    for _ in 0..99 {
        attempt(host.clone(), ADA, WRONG).await.unwrap_err();
    }
    for outcome in concurrently((0..20).map(|_| attempt(host.clone(), ADA, PASSWORD))).await {
        outcome.unwrap();
    }
}

async fn a_device_goes_to_one_of_two_accounts_that_claim_it(store: impl Store) {
    let host = TestHost::on(store);
    let callers = [ADA, BOB].map(|email| (host.clone(), email));
    let mut both = Vec::new();
    for (host, email) in callers {
        both.push(host.caller(&host.signed_up(email).await).await);
    }
    for round in 0..32 {
        let claimed = concurrently(both.clone().into_iter().map(|caller| {
            let host = host.clone();
            async move { host.service.add_push_target(&caller, device(&format!("device {round}"))).await }
        }))
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = claimed.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 1));
        for refused in lost {
            assert_eq!(refused.unwrap_err().code(), "user_target_already_exists");
        }
    }
    let mut held = 0;
    for caller in &both {
        held += host.service.user(caller).await.unwrap().targets().len() - 1;
    }
    assert_eq!(held, 32);
}

async fn a_device_of_an_expired_session_can_be_taken_over(store: impl Store) {
    let host = TestHost::on(store);
    let ada = host.caller(&host.signed_up(ADA).await).await;
    host.service.add_push_target(&ada, device("shared tablet")).await.unwrap();
    host.service.add_push_target(&ada, device("shared phone")).await.unwrap();
    let bob = host.caller(&host.signed_up(BOB).await).await;
    let refused = host.service.add_push_target(&bob, device("shared tablet")).await.unwrap_err();
    assert_eq!(refused.code(), "user_target_already_exists");
    host.clock.advance(Duration::from_secs(365 * 86_400));
    let bob = host.caller(&host.signed_in(BOB).await).await;
    host.service.add_push_target(&bob, device("shared tablet")).await.unwrap();
    let own = host.service.add_push_target(&bob, device("own")).await.unwrap();
    host.service.change_push_target(&bob, &own.id, "shared phone".parse().unwrap()).await.unwrap();
    let again = host.caller(&host.signed_in(ADA).await).await;
    assert_eq!(host.service.user(&again).await.unwrap().targets().len(), 1, "only the address is left");
}

async fn of_sixty_four_sign_outs_one_ends_the_session(store: impl Store) {
    let host = TestHost::on(store);
    let ada = host.caller(&host.signed_up(ADA).await).await;
    let other = host.signed_in(ADA).await.session.id;
    let ended = concurrently((0..64).map(|_| {
        let (host, ada) = (host.clone(), ada.clone());
        async move { host.service.sign_out(&ada, &other).await }
    }))
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for refused in lost {
        assert_eq!(refused.unwrap_err().code(), "user_session_not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_right_passwords_at_once_all_succeed_on_real_hashes() {
    let pool =
        Argon2Pool::builder().params(Argon2Params::new(64, 1, 1).unwrap()).threads(2).queue(32).build();
    let service = service(MemoryStore::new(), Outbox::default(), pool, |_| ());
    sign_up(&service, ADA).await;
    for _ in 0..99 {
        sign_in(&service, ADA, WRONG).await.unwrap_err();
    }
    let tasks = (0..20).map(|_| {
        let service = service.clone();
        async move { sign_in(&service, ADA, PASSWORD).await.map(drop) }
    });
    within_a_minute(async {
        for outcome in concurrently(tasks).await {
            outcome.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn ones_own_success_clears_nobody_elses_count() {
    let host = TestHost::new();
    host.signed_up(ADA).await;
    host.signed_up(BOB).await;
    for _ in 0..100 {
        attempt(host.clone(), ADA, WRONG).await.unwrap_err();
        attempt(host.clone(), BOB, PASSWORD).await.unwrap();
    }
    let locked = attempt(host.clone(), ADA, PASSWORD).await.unwrap_err();
    assert_eq!(locked.code(), "user_invalid_credentials");
}

#[tokio::test]
async fn wrong_passwords_are_counted_together_over_all_operations() {
    use Operation::*;
    let service = service(MemoryStore::new(), Outbox::default(), InstantHasher::default(), |_| ());
    let fixture = Fixture::new(&service, None).await;
    let wrong = || password(WRONG);
    for n in 0..100 {
        let refused = match n % 4 {
            0 => SignInWrongly.run(&service, &fixture).await.unwrap_err(),
            1 => ChangePasswordWrongly.run(&service, &fixture).await.unwrap_err(),
            2 => {
                let email = "new@example.com".parse().unwrap();
                service.change_email(&fixture.caller, email, wrong()).await.unwrap_err()
            }
            _ => {
                let phone = "+16175551212".parse().unwrap();
                service.change_phone(&fixture.caller, phone, wrong()).await.unwrap_err()
            }
        };
        assert_eq!(refused.code(), "user_invalid_credentials");
    }
    for operation in [SignIn, ChangePassword, ChangeEmail, ChangePhone] {
        let refused = operation.run(&service, &fixture).await.unwrap_err();
        assert_eq!(refused.code(), "user_invalid_credentials", "{operation:?}");
    }
    ChangeName.run(&service, &fixture).await.unwrap();
}

/// What ends the right of a session to act.
#[derive(Debug, Clone, Copy)]
enum End {
    SignOut,
    SignOutEverywhere,
    Block,
    ChangePassword,
    RemovalAndReturn,
}

impl End {
    async fn of(self, service: &Service<Outbox>, fixture: &Fixture) {
        let Fixture { remote, holder, id, .. } = fixture;
        match self {
            Self::SignOut => service.sign_out(remote, holder.session_id()).await.unwrap(),
            Self::SignOutEverywhere => service.sign_out_everywhere(remote).await.unwrap(),
            Self::Block => drop(service.block(remote).await.unwrap()),
            Self::ChangePassword => drop(
                service
                    .change_password(remote, password("third-Cobalt-stork"), Some(password(PASSWORD)))
                    .await
                    .unwrap(),
            ),
            Self::RemovalAndReturn => {
                let account = service.store().load(&Key::Id(*id), Parts::Body).await.unwrap().unwrap();
                service.store().remove(&account).await.unwrap();
                let mut again = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
                again.user_id = CustomId::Given(*id);
                service.sign_up(again, &ClientInfo::default()).await.unwrap();
            }
        }
    }
}

#[test]
fn every_operation_of_the_api_is_raced() {
    for operation in account::operation::Operation::ALL {
        let is_raced = Operation::ALL.iter().any(|case| case.of_the_api() == Some(*operation));
        assert!(is_raced, "{operation:?} has no row in tests/support/operations/table.rs");
    }
    for case in Operation::ALL {
        // A route can be public and its operation ask for a caller all the same: the one who asked
        // for a texted code redeems it.
        if let Some(operation) = case.of_the_api().filter(|operation| operation.access() != Access::Public) {
            assert_eq!(case.is_for_guests(), operation.access().allows_guests(), "{case:?}");
            assert_eq!(case.takes_a_caller(), !operation.access().allows_guests(), "{case:?}");
        }
    }
}

/// An operation that is held before one call of the store while the session that began it, if any,
/// ends.
struct Race {
    outcome: Result<(), Error>,
    /// Whether there was such a call; if not, the operation went its way.
    was_held: bool,
    /// Whether the account was written after the end of the session.
    was_written: bool,
}

impl Race {
    async fn run(store: &Arc<impl Store>, operation: Operation, by_jwt: bool, end: End, call: usize) -> Self {
        clear(store).await;
        let faulty = FaultyStore::new(WithIdentity::new(Arc::clone(store)));
        let plan = faulty.plan();
        let service = service(faulty, Outbox::default(), InstantHasher::default(), |_| ());
        let mut fixture = Fixture::new(&service, None).await;
        operation.prepare(&service, &mut fixture).await;
        if by_jwt {
            fixture.caller = service.caller_by_jwt(&fixture.jwt).await.unwrap();
            fixture.holder = (*fixture.caller).clone();
        }
        let (id, fixture) = (fixture.id, Arc::new(fixture));
        let work = {
            let (service, fixture) = (service.clone(), Arc::clone(&fixture));
            async move { operation.run(&service, &fixture).await }
        };
        Self::of(store, &id, work, end.of(&service, &fixture), plan.pause(call)).await
    }

    /// `work` is held where it asks the store as `pause` says, while all of `end` happens.
    async fn of(
        store: &impl Store,
        id: &UserId,
        work: impl Future<Output = Result<(), Error>> + Send + 'static,
        end: impl Future<Output = ()>,
        mut pause: Pause,
    ) -> Self {
        let mut began = tokio::spawn(work);
        tokio::select! {
            biased;
            outcome = &mut began => {
                let outcome = outcome.unwrap();
                return Self { outcome, was_held: false, was_written: false };
            }
            held = pause.reached() => assert!(held),
        }
        end.await;
        let version = version(store, id).await;
        pause.release();
        let outcome = began.await.unwrap();
        let was_written = self::version(store, id).await != version;
        Self { outcome, was_held: true, was_written }
    }
}

async fn clear(store: &impl Store) {
    for listed in store.list(Select::After(None), u32::MAX).await.unwrap() {
        store.remove(&listed.found.unwrap()).await.unwrap();
    }
    // Guesses at addresses without account are in the log, too.
    store.delete_events_before(Timestamp::from_millis(i64::MAX), u32::MAX).await.unwrap();
}

async fn version(store: &impl Store, id: &UserId) -> Version {
    store.load(&Key::Id(*id), Parts::Body).await.unwrap().unwrap().version
}

/// A session ends while an operation that it, or its JWT, began stands before any one call of the
/// store.
async fn race_all(store: impl Store, by_jwt: bool, end: End) {
    let store = Arc::new(store);
    let is_begun_so = |operation: &Operation| match by_jwt {
        true => operation.takes_a_jwt(),
        false => !operation.is_for_guests(),
    };
    for operation in Operation::ALL.into_iter().filter(is_begun_so) {
        // A JWT is no session, and gets no other JWT.
        let is_refused = operation.is_refused() || (operation == Operation::IssueJwt && by_jwt);
        for call in 0.. {
            let what = format!("{operation:?} by JWT: {by_jwt}, {end:?} before call {call}");
            let race = Race::run(&store, operation, by_jwt, end, call).await;
            if !race.was_held {
                assert_eq!(race.outcome.is_err(), is_refused, "{what}: {:?}", race.outcome);
                assert!(call > 0, "{what}: the store was never asked");
                break;
            }
            assert!(!race.was_written, "{what}: it was written");
            let expected =
                if matches!(end, End::Block) { "user_blocked" } else { "general_unauthorized_scope" };
            match race.outcome {
                Ok(()) => panic!("{what}: it completed"),
                Err(refused) => assert_eq!(refused.code(), expected, "{what}: {refused:?}"),
            }
        }
    }
}

/// The race again, at whatever moment the threads make of it.
async fn no_operation_writes_after_a_sign_out_was_acknowledged(store: impl Store) {
    let store = Arc::new(store);
    let mut acknowledged = 0;
    for (round, operation) in (0..6)
        .flat_map(|round| Operation::ALL.map(|operation| (round, operation)))
        .filter(|(_, operation)| operation.takes_a_caller())
    {
        clear(&store).await;
        let planted = WithIdentity::new(Arc::clone(&store));
        let service = service(planted, Outbox::default(), InstantHasher::default(), |_| ());
        let mut fixture = Fixture::new(&service, None).await;
        operation.prepare(&service, &mut fixture).await;
        let fixture = Arc::new(fixture);
        let began = tokio::spawn({
            let (service, fixture) = (service.clone(), Arc::clone(&fixture));
            async move { operation.run(&service, &fixture).await }
        });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        // Some operations end all other sessions, and may be first.
        let ended = service.sign_out(&fixture.remote, fixture.holder.session_id()).await;
        let version = version(&store, &fixture.id).await;
        drop(began.await.unwrap());
        if ended.is_ok() {
            acknowledged += 1;
            assert_eq!(self::version(&store, &fixture.id).await, version, "{operation:?}");
        }
    }
    assert!(acknowledged > 0);
}

/// The same race for what needs no session: it goes on, but not with a password that was changed
/// nor into an account that was blocked.
async fn race_guests(store: impl Store, end: End) {
    let store = Arc::new(store);
    for operation in Operation::ALL.into_iter().filter(|operation| operation.is_for_guests()) {
        let expected = refusal_of_a_guest(operation, end);
        for call in 0.. {
            let race = Race::run(&store, operation, false, end, call).await;
            if !race.was_held {
                break;
            }
            let code = race.outcome.err().map(|refused| refused.code());
            assert_eq!(code, expected, "{operation:?}, {end:?} before call {call}");
        }
    }
}

/// How an operation is refused that a guest began before the account came to that end; none: it
/// goes on.
fn refusal_of_a_guest(operation: Operation, end: End) -> Option<&'static str> {
    use Operation::*;
    match (operation, end) {
        (SignIn, End::Block) => Some("user_blocked"),
        (SignIn, End::ChangePassword) | (SignInWrongly | SignInUnknown, _) => {
            Some("user_invalid_credentials")
        }
        (SignInWithTokenWrongly | SignInWithTokenOfNobody, _) => Some("user_invalid_token"),
        (
            SignInWithToken
            | SignInAndProveMailbox
            | SignInWithMagicUrl
            | SignInWithPhone
            | FinishEmailVerification
            | FinishRecovery
            | FinishOAuth2
            | FinishOAuth2WithToken,
            End::Block,
        ) => Some("user_blocked"),
        // A new password ends what else could have led in.
        (
            SignInWithToken | SignInAndProveMailbox | SignInWithMagicUrl | SignInWithPhone | FinishRecovery,
            End::ChangePassword,
        ) => Some("user_invalid_token"),
        // What was sent to the owner before is none of the new account's.
        (
            SignInWithToken
            | SignInAndProveMailbox
            | SignInWithMagicUrl
            | SignInWithPhone
            | FinishEmailVerification
            | FinishRecovery,
            End::RemovalAndReturn,
        ) => Some("user_invalid_token"),
        _ => None,
    }
}

async fn no_jwt_is_issued_while_its_session_ends(store: impl Store) {
    let store = FaultyStore::new(store);
    let plan = store.plan();
    let service = service(store, Outbox::default(), InstantHasher::default(), |_| ());
    let fixture = Fixture::new(&service, None).await;
    let mut pause = plan.pause(1);
    let issuing = tokio::spawn({
        let (service, caller) = (service.clone(), fixture.caller.clone());
        async move { service.issue_jwt(&caller).await }
    });
    assert!(pause.reached().await);
    service.sign_out(&fixture.remote, fixture.caller.session_id()).await.unwrap();
    pause.release();
    let refused = issuing.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), "general_unauthorized_scope");
}

/// An account that becomes a lasting one keeps its session, under a new secret.
async fn what_was_begun_under_an_old_secret_does_not_complete(store: impl Store) {
    // With the calls of the store that each makes.
    const OPERATIONS: [(&str, usize); 6] = [
        ("caller", 1),
        ("issue_jwt", 2),
        ("change_name", 2),
        ("extend_session", 2),
        ("add_push_target", 2),
        ("sign_out", 2),
    ];
    let store = Arc::new(store);
    for ((operation, calls), call) in
        OPERATIONS.into_iter().flat_map(|operation| (0..=operation.1).map(move |call| (operation, call)))
    {
        clear(&store).await;
        let faulty = FaultyStore::new(Arc::clone(&store));
        let plan = faulty.plan();
        let service = service(faulty, Outbox::default(), InstantHasher::default(), |_| ());
        let guest = service.sign_in_anonymously(&ClientInfo::default()).await.unwrap().secret;
        let caller = service.caller(&guest).await.unwrap();
        let id = *caller.user_id();
        let work = {
            let (service, caller, name) = (service.clone(), caller.clone(), "Ada".parse().unwrap());
            async move {
                match operation {
                    "caller" => service.caller(&guest).await.map(drop),
                    "issue_jwt" => service.issue_jwt(&caller).await.map(drop),
                    "change_name" => service.change_name(&caller, name).await.map(drop),
                    "extend_session" => service.extend_session(&caller, caller.session_id()).await.map(drop),
                    "add_push_target" => service.add_push_target(&caller, device("tablet")).await.map(drop),
                    "sign_out" => service.sign_out(&caller, caller.session_id()).await,
                    _ => unreachable!(),
                }
            }
        };
        let end = async {
            let email = ADA.parse().unwrap();
            let changed = service.change_email(&caller, email, password(PASSWORD)).await.unwrap();
            let again = service.caller(&changed.secret.unwrap()).await.unwrap();
            assert_eq!(again.session_id(), caller.session_id(), "it goes on");
        };
        let race = Race::of(&store, &id, work, end, plan.pause(call)).await;
        let what = format!("{operation} before call {call}");
        assert_eq!(race.was_held, call < calls, "{what}");
        if race.was_held {
            assert!(!race.was_written, "{what}: it was written");
            let code = race.outcome.err().map(|refused| refused.code());
            assert_eq!(code, Some("general_unauthorized_scope"), "{what}");
        }
    }
}

async fn an_account_made_again_under_its_id_knows_nobody_from_before(store: impl Store) {
    let store = WithIdentity::new(store);
    let service = service(store, Outbox::default(), InstantHasher::default(), |_| ());
    let mut fixture = Fixture::new(&service, None).await;
    fixture.issue_jwt(&service).await;
    End::RemovalAndReturn.of(&service, &fixture).await;
    for operation in Operation::ALL.into_iter().filter(|operation| !operation.is_for_guests()) {
        let refused = operation.run(&service, &fixture).await.unwrap_err();
        assert_eq!(refused.code(), "general_unauthorized_scope", "{operation:?}: {refused:?}");
    }
    assert_eq!(sign_in(&service, ADA, NEW_PASSWORD).await.unwrap_err().code(), "user_invalid_credentials");
    sign_in(&service, ADA, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_device_token_can_move_within_an_account_from_a_session_that_has_expired() {
    let host = TestHost::new();
    let old = host.caller(&host.signed_up(ADA).await).await;
    host.service.add_push_target(&old, device("tablet")).await.unwrap();
    host.clock.advance(Duration::from_secs(364 * 86_400));
    let new = host.caller(&host.signed_in(ADA).await).await;
    let own = host.service.add_push_target(&new, device("phone")).await.unwrap();
    host.clock.advance(Duration::from_secs(86_400));
    host.service.change_push_target(&new, &own.id, "tablet".parse().unwrap()).await.unwrap();
}
