//! Observers: told of every event, once, after it was saved.

use std::sync::{Arc, Mutex};

use account::{
    AccountService, Config, MasterKey, MemoryStore, SignUp,
    model::{Account, ClientInfo, Event, Key, Password},
    ports::{
        NoGeo, NoLimits, Observer, Parts, PasswordHasher, PasswordRejection, PasswordRule, Store,
        SystemEntropy,
    },
    testing::{InstantHasher, PASSWORD, password},
    user_agent::StandardDeviceParser,
};
use async_trait::async_trait;

use crate::support::{fixtures::*, text_store::TextStore};

/// Kind and operation of the event, the name that came with it, and the name that was saved by
/// then.
type Heard = (String, String, Option<String>);

#[derive(Debug)]
struct Witness {
    store: TextStore,
    seen: Arc<Mutex<Vec<Heard>>>,
}

#[async_trait]
impl Observer for Witness {
    async fn observe(&self, event: &Event, account: &Account) {
        let name = |account: &Account| account.name().as_str().to_owned();
        let saved = self.store.load(&Key::Id(event.user), Parts::Body).await.unwrap();
        let saved = saved.map(|stored| name(&stored.account));
        let what = format!("{} {}", event.kind.name(), event.operation);
        self.seen.lock().unwrap().push((what, name(account), saved));
    }
}

#[tokio::test]
async fn an_observer_hears_of_each_event_once_after_it_was_saved() {
    let store = TextStore::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let service = AccountService::builder(store.clone())
        .config(Config::new(MasterKey::generate().unwrap()))
        .hasher(InstantHasher::default())
        .limiter(NoLimits)
        .observer(Witness { store: store.clone(), seen: Arc::clone(&seen) })
        .build()
        .unwrap();
    let heard = || std::mem::take(&mut *seen.lock().unwrap());
    let told = |what: &str, name: &str| (what.to_owned(), name.to_owned(), Some(name.to_owned()));

    let mut request = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    request.name = "Ada".parse().unwrap();
    service.sign_up(request, &ClientInfo::default()).await.unwrap();
    assert_eq!(heard(), [told("user.create create", "Ada")]);

    let client = ClientInfo::default();
    let sign_in = async |email: &str, text: &str| {
        service.sign_in_with_password(email.parse().unwrap(), password(text), &client).await
    };
    let signed_in = sign_in(ADA, PASSWORD).await.unwrap();
    assert_eq!(heard(), [told("session.create createEmailPasswordSession", "Ada")]);
    let caller = service.caller(&signed_in.secret).await.unwrap();
    service.change_name(&caller, "King".parse().unwrap()).await.unwrap();
    assert_eq!(heard(), [told("user.update updateName", "King")]);
    service.issue_jwt(&caller).await.unwrap();
    assert_eq!(heard(), [told("jwt.create createJWT", "King")]);

    assert_eq!(code(sign_in(ADA, "no such password").await), "user_invalid_credentials");
    assert_eq!(heard(), [told("session.refuse createEmailPasswordSession", "King")]);
    // A guess at no one is only logged: an observer that takes its time must not show who has an
    // account.
    assert_eq!(code(sign_in("nobody@example.com", "no such password").await), "user_invalid_credentials");
    assert_eq!(heard(), []);

    // What was not saved is not told.
    store.switch_off(true);
    assert_eq!(
        code(service.change_name(&caller, "Lost".parse().unwrap()).await),
        "general_store_unavailable"
    );
    store.switch_off(false);
    let taken = SignUp::new(ADA.parse().unwrap(), password(PASSWORD));
    assert_eq!(code(service.sign_up(taken, &client).await), "user_already_exists");
    assert_eq!(heard(), []);
}

#[test]
fn a_host_may_keep_a_handle_to_every_port() {
    let store = TextStore::default();
    let observer: Arc<dyn Observer> = Arc::new(Witness { store, seen: Arc::default() });
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
    let store = TextStore::default();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = || Witness { store: store.clone(), seen: Arc::clone(&seen) };
    let service = AccountService::builder(MemoryStore::new())
        .config(Config::new(MasterKey::generate().unwrap()))
        .observer(witness())
        .observer(witness())
        .build()
        .unwrap();
    service.sign_in_anonymously(&ClientInfo::default()).await.unwrap();
    let heard: Vec<_> = seen.lock().unwrap().iter().map(|(what, ..)| what.clone()).collect();
    let operation = "createAnonymousSession";
    let twice = [format!("user.create {operation}"), format!("session.create {operation}")];
    assert_eq!(heard, [twice.clone(), twice].concat());
}
