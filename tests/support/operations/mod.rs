//! A service for adversity: the account that every operation starts from, and a table of all
//! operations.

#[cfg(feature = "oauth2")]
pub(crate) mod github;
pub(crate) mod scene;
pub(crate) mod table;

use std::sync::Arc;

use account::{
    AccountService, Config, SignUp, SignedIn,
    model::ClientInfo,
    ports::{Mailer, NoLimits, PasswordHasher, SmsSender, Store},
    testing::{ManualClock, PASSWORD, SeededEntropy, password},
};

pub(crate) use super::fixtures::{ADA, BOB};
use super::master_key;

pub(crate) const WRONG: &str = "not the password";

/// Who carries both emails and text messages. Clones are the same one.
pub(crate) trait Messenger: Mailer + SmsSender + Clone {}

impl<M: Mailer + SmsSender + Clone> Messenger for M {}

/// A service on ports of the test's choice, with a clock that stands still and the same randomness
/// in every run.
pub(crate) type Service<M> = AccountService<Arc<dyn Store>, M, M, ManualClock>;

pub(crate) fn service<M: Messenger>(
    store: impl Store,
    messenger: M,
    hasher: impl PasswordHasher,
    policy: impl FnOnce(&mut Config),
) -> Service<M> {
    seeded_service(1, store, messenger, hasher, policy)
}

/// As [`service`], with other randomness: for a store that another service has filled.
pub(crate) fn seeded_service<M: Messenger>(
    seed: u64,
    store: impl Store,
    messenger: M,
    hasher: impl PasswordHasher,
    policy: impl FnOnce(&mut Config),
) -> Service<M> {
    let mut config = Config::new(master_key());
    policy(&mut config);
    let builder = AccountService::builder(Arc::new(store) as Arc<dyn Store>);
    #[cfg(feature = "oauth2")]
    let builder = builder.provider(github::github());
    builder
        .config(config)
        .mailer(messenger.clone())
        .sms(messenger)
        .clock(ManualClock::default())
        .hasher(hasher)
        .entropy(SeededEntropy::new(seed))
        .limiter(NoLimits)
        .build()
        .unwrap()
}

pub(crate) async fn sign_up<M: Messenger>(service: &Service<M>, email: &str) -> account::model::User {
    let request = SignUp::new(email.parse().unwrap(), password(PASSWORD));
    service.sign_up(request, &ClientInfo::default()).await.unwrap()
}

pub(crate) async fn sign_in<M: Messenger>(
    service: &Service<M>,
    email: &str,
    secret: &str,
) -> Result<SignedIn, account::Error> {
    service.sign_in_with_password(email.parse().unwrap(), password(secret), &ClientInfo::default()).await
}
