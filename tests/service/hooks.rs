//! Observers hear of every change, once, after it was saved.

use std::sync::{Arc, Mutex};

use account::{
    AccountService, Caller, Config, DynAccountService, GenericToken, MasterKey, MemoryStore, NewUser, SignUp,
    model::{Account, ClientInfo, Key, Password},
    operation::{Action, AdminOperation, Operation},
    ports::{
        NoGeo, NoLimits, ObservedChange, Observer, Parts, PasswordHasher, PasswordRejection, PasswordRule,
        Store, SystemEntropy,
    },
    testing::{InstantHasher, ManualClock, PASSWORD, password},
    user_agent::StandardDeviceParser,
};
use async_trait::async_trait;

use crate::support::{
    fixtures::{ADA, DAY, code},
    text_store::TextStore,
};

/// What changed an account: the action, the names before and after, and the log entries.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Heard {
    action: Action,
    before: Option<String>,
    after: Option<String>,
    events: Vec<&'static str>,
    preferences: Option<String>,
}

impl Heard {
    fn new(action: Action, before: Option<&str>, after: Option<&str>, events: &[&'static str]) -> Self {
        let (before, after) = (before.map(Into::into), after.map(Into::into));
        Self { action, before, after, events: events.into(), preferences: None }
    }

    /// A change by an operation of a user that leaves the name alone.
    fn by(operation: Operation, name: &str, events: &[&'static str]) -> Self {
        Self::new(Action::Operation(operation), Some(name), Some(name), events)
    }
}

/// Hears of all changes, and checks that each is in the store by then.
#[derive(Debug, Clone)]
struct Witness {
    store: TextStore,
    seen: Arc<Mutex<Vec<Heard>>>,
}

impl Witness {
    fn new() -> Self {
        Self { store: TextStore::default(), seen: Arc::default() }
    }

    fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }

    /// A service with this observer.
    fn host(&self) -> (DynAccountService, ManualClock) {
        let clock = ManualClock::default();
        let service = AccountService::builder(self.store.clone())
            .config(Config::new(MasterKey::generate().unwrap()))
            .clock(clock.clone())
            .hasher(InstantHasher::default())
            .limiter(NoLimits)
            .observer(self.clone())
            .build_dyn()
            .unwrap();
        (service, clock)
    }
}

#[async_trait]
impl Observer for Witness {
    async fn observe(&self, change: &ObservedChange<'_>) {
        let name = |account: &Account| account.name().as_str().to_owned();
        let (before, after) = (change.before().map(name), change.after().map(name));
        let saved = self.store.load(&Key::Id(*change.account().id()), Parts::Body).await.unwrap();
        assert_eq!(saved.map(|stored| name(&stored.account)), after, "it is saved by then");
        assert_eq!(name(change.account()), after.clone().or(before.clone()).unwrap());
        for event in change.events() {
            assert_eq!(&*event.operation, change.action().name());
        }
        self.seen.lock().unwrap().push(Heard {
            action: change.action(),
            before,
            after,
            events: change.events().iter().map(|event| event.kind.name()).collect(),
            preferences: change.preferences().map(|preferences| preferences.as_json().to_owned()),
        });
    }
}

/// Signs Ada up and in.
async fn ada(service: &DynAccountService) -> Caller {
    let mut request = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    request.name = "Ada".parse().unwrap();
    service.sign_up(request, &ClientInfo::default()).await.unwrap();
    let signed_in = service
        .sign_in_with_password(ADA.parse().unwrap(), password(PASSWORD), &ClientInfo::default())
        .await
        .unwrap();
    service.caller(&signed_in.secret).await.unwrap()
}

#[tokio::test]
async fn an_observer_hears_of_each_change_once_after_it_was_saved() {
    let witness = Witness::new();
    let (service, _) = witness.host();
    let caller = ada(&service).await;
    let [mut created, signed_in] = <[Heard; 2]>::try_from(witness.heard()).unwrap();
    assert_eq!(created.preferences.take().as_deref(), Some("{}"));
    let sign_up = Action::Operation(Operation::SignUp);
    assert_eq!(created, Heard::new(sign_up, None, Some("Ada"), &["user.create"]));
    assert_eq!(signed_in, Heard::by(Operation::SignInWithPassword, "Ada", &["session.create"]));

    service.change_name(&caller, "King".parse().unwrap()).await.unwrap();
    let renamed = Action::Operation(Operation::ChangeName);
    assert_eq!(witness.heard(), [Heard::new(renamed, Some("Ada"), Some("King"), &["user.update"])]);
    service.issue_jwt(&caller).await.unwrap();
    assert_eq!(witness.heard(), [Heard::by(Operation::IssueJwt, "King", &["jwt.create"])]);

    service.replace_preferences(&caller, r#"{"a":1}"#.parse().unwrap()).await.unwrap();
    let mut replaced = Heard::by(Operation::ReplacePreferences, "King", &["user.update"]);
    replaced.preferences = Some(r#"{"a":1}"#.into());
    assert_eq!(witness.heard(), [replaced]);
}

#[tokio::test]
async fn an_observer_hears_of_counted_guesses_but_of_none_at_nobody() {
    let witness = Witness::new();
    let (service, _) = witness.host();
    ada(&service).await;
    witness.heard();
    let guess = async |email: &str| {
        let (email, wrong) = (email.parse().unwrap(), password("no such password"));
        code(service.sign_in_with_password(email, wrong, &ClientInfo::default()).await)
    };
    for events in [&["session.refuse"] as &[_], &[]] {
        assert_eq!(guess(ADA).await, "user_invalid_credentials");
        assert_eq!(witness.heard(), [Heard::by(Operation::SignInWithPassword, "Ada", events)]);
    }
    assert_eq!(guess("nobody@example.com").await, "user_invalid_credentials");
    assert_eq!(witness.heard(), []);
}

#[tokio::test]
async fn what_was_not_saved_is_not_observed() {
    let witness = Witness::new();
    let (service, _) = witness.host();
    let caller = ada(&service).await;
    witness.heard();
    witness.store.switch_off(true);
    let lost = service.change_name(&caller, "Lost".parse().unwrap()).await;
    assert_eq!(code(lost), "general_store_unavailable");
    witness.store.switch_off(false);
    let taken = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    assert_eq!(code(service.sign_up(taken, &ClientInfo::default()).await), "user_already_exists");
    assert_eq!(witness.heard(), []);
}

#[tokio::test]
async fn an_observer_hears_of_what_the_application_changes_and_deletes() {
    let witness = Witness::new();
    let (service, _) = witness.host();
    let id = *ada(&service).await.user_id();
    witness.heard();
    let client = ClientInfo::default();
    let admin = service.admin(&client);
    let by = |operation, events: &[&'static str]| {
        [Heard::new(Action::Admin(operation), Some("Ada"), Some("Ada"), events)]
    };
    admin.set_labels(&id, vec!["editor".parse().unwrap()]).await.unwrap();
    assert_eq!(witness.heard(), by(AdminOperation::SetLabels, &["user.update"]));
    admin.set_blocked(&id, true).await.unwrap();
    assert_eq!(witness.heard(), by(AdminOperation::SetBlocked, &["user.update"]));
    admin.require_password_reset(&id, false).await.unwrap();
    assert_eq!(witness.heard(), by(AdminOperation::RequirePasswordReset, &["user.update"]));
    admin.end_sessions(&id).await.unwrap();
    assert_eq!(witness.heard(), by(AdminOperation::EndSessions, &["session.delete"]));
    admin.issue_token(&id, GenericToken::default()).await.unwrap();
    assert_eq!(witness.heard(), by(AdminOperation::IssueToken, &["token.create"]));

    admin.delete(&id).await.unwrap();
    let deleted = Action::Admin(AdminOperation::Delete);
    assert_eq!(witness.heard(), [Heard::new(deleted, Some("Ada"), None, &[])]);
    assert_eq!(code(admin.delete(&id).await), "user_not_found");
    assert_eq!(witness.heard(), [], "nothing was deleted");

    admin.import(NewUser::new()).await.unwrap();
    let [mut imported] = <[Heard; 1]>::try_from(witness.heard()).unwrap();
    imported.preferences = None;
    let import = Action::Admin(AdminOperation::Import);
    assert_eq!(imported, Heard::new(import, None, Some(""), &["user.create"]));
}

#[tokio::test]
async fn an_observer_hears_of_maintenance_and_of_use() {
    let witness = Witness::new();
    let (service, clock) = witness.host();
    let client = ClientInfo::default();
    let guest = service.sign_in_anonymously(&client).await.unwrap();
    let caller = ada(&service).await;
    clock.advance(30 * DAY);
    service.caller(&guest.secret).await.unwrap();
    let used = witness.heard().pop().unwrap();
    assert_eq!(used, Heard::new(Action::Authenticate, Some(""), Some(""), &[]));
    service.caller(&guest.secret).await.unwrap();
    assert_eq!(witness.heard(), [], "once a day");

    clock.advance(10 * DAY);
    let removed = service.remove_unused_guests(5 * DAY, None, 10).await.unwrap().removed;
    assert_eq!(removed, 1);
    assert_eq!(witness.heard(), [Heard::new(Action::RemoveUnusedGuests, Some(""), None, &[])]);

    service.sign_in_anonymously(&client).await.unwrap();
    witness.heard();
    clock.advance(2 * 365 * DAY);
    let swept = service.sweep(10).await.unwrap();
    assert_eq!((swept.tidied, swept.removed), (1, 1));
    let heard = witness.heard();
    assert!(heard.contains(&Heard::new(Action::Sweep, Some("Ada"), Some("Ada"), &[])), "{heard:?}");
    assert!(heard.contains(&Heard::new(Action::Sweep, Some(""), None, &[])), "{heard:?}");
    assert_eq!(heard.len(), 2);
    drop(caller);
}

#[test]
fn a_host_may_keep_a_handle_to_every_port() {
    let observer: Arc<dyn Observer> = Arc::new(Witness::new());
    let hasher: Arc<dyn PasswordHasher> = Arc::new(InstantHasher::default());
    let (entropy, geo, devices) = (Arc::new(SystemEntropy), Arc::new(NoGeo), Arc::new(StandardDeviceParser));
    let rule: Arc<dyn PasswordRule> = Arc::new(Anything);
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .observer(Arc::clone(&observer))
        .password_rule(Arc::clone(&rule))
        .hasher(Arc::clone(&hasher))
        .entropy(Arc::clone(&entropy))
        .geo(Arc::clone(&geo))
        .devices(Arc::clone(&devices))
        .build();
    assert!(service.is_ok());
}

#[derive(Debug)]
struct Anything;

#[async_trait]
impl PasswordRule for Anything {
    async fn check(&self, _: &Password, _: &Account) -> Result<(), PasswordRejection> {
        Ok(())
    }
}

#[tokio::test]
async fn several_observers_all_hear() {
    let witness = Witness::new();
    let service = AccountService::builder(witness.store.clone())
        .config(Config::new(MasterKey::generate().unwrap()))
        .observer(witness.clone())
        .observer(witness.clone())
        .build()
        .unwrap();
    service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let heard = witness.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0].action, Action::Operation(Operation::SignInAnonymously));
    assert_eq!(heard[0].events, ["user.create", "session.create"]);
}
