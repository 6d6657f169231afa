//! An application with providers, and the browsers of the people who come.

use std::sync::{Arc, atomic::Ordering};

use account::{
    AccountService, Caller, Config, Error, FailedOAuth2, FinishedOAuth2, FlowState, OAuth2Outcome,
    OAuth2Return, OAuth2Start, SessionHolder, SignedIn, StartedOAuth2,
    model::{AllowedRedirects, ClientInfo, Identity, IdentityQuery, ProviderKey, UserId},
    oauth2::{Credentials, OAuth2Client, Provider, Registration},
    ports::{NoLimits, Store},
    testing::{InstantHasher, ManualClock, Outbox, SeededEntropy, TestHost},
};
use serde_json::{Value, json};

use crate::provider::{Person, Providers};
use crate::support::{master_key, text_store::TextStore};

pub(crate) const AFAR: &str = "afar@example.com";
pub(crate) const FORGE: &str = "forge";
pub(crate) const MILL: &str = "mill";
pub(crate) const QUARRY: &str = "quarry";

pub(crate) struct World {
    pub(crate) host: TestHost,
    pub(crate) texts: TextStore,
    pub(crate) providers: Arc<Providers>,
    pub(crate) allowed: AllowedRedirects,
}

/// What a browser has after the provider sent it back.
pub(crate) struct Back {
    pub(crate) code: String,
    pub(crate) state: String,
    pub(crate) kept: FlowState,
}

impl Back {
    pub(crate) fn read(&self) -> OAuth2Return<'_> {
        let mut back = OAuth2Return::default();
        (back.code, back.state) = (Some(self.code.as_str()), Some(self.state.as_str()));
        back
    }
}

pub(crate) fn key(provider: &str) -> ProviderKey {
    provider.parse().unwrap()
}

pub(crate) fn start(provider: &str) -> OAuth2Start {
    let callback = format!("https://api.example.com/v1/account/sessions/oauth2/callback/{provider}/p");
    OAuth2Start::new(key(provider), callback)
}

pub(crate) fn start_token(provider: &str) -> OAuth2Start {
    let mut start = start(provider);
    start.with_token = true;
    start
}

pub(crate) fn registration(id: &str) -> Registration {
    let base = format!("https://{id}.example.com");
    let provider: Provider = serde_json::from_value(json!({
        "id": id, "name": id,
        "authorize": { "url": format!("{base}/authorize") },
        "token": { "url": format!("{base}/token") },
        "profile": {
            "requests": [{ "name": "user", "url": format!("{base}/user") }],
            "uid": "user:/id",
            "email": { "address": "user:/email", "verified": { "when": { "at": "user:/verified", "is": "true" } } },
            "names": ["user:/name"]
        }
    }))
    .unwrap();
    Registration::new(provider, Credentials::new("client-1", "client-hush".to_owned())).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(policy: impl FnOnce(&mut Config)) -> Self {
        let texts = TextStore::default();
        Self::on(texts.clone(), texts, 1, &[FORGE, MILL, QUARRY], policy)
    }

    /// An application on a store that keeps what it is given in these texts.
    pub(crate) fn on(
        store: impl Store,
        texts: TextStore,
        seed: u64,
        ids: &[&str],
        policy: impl FnOnce(&mut Config),
    ) -> Self {
        let providers = Arc::new(Providers::default());
        let host = host(store, seed, ids, &providers, policy);
        let allowed = AllowedRedirects::new(["app.example.com"], []).unwrap();
        Self { host, texts, providers, allowed }
    }

    /// The same host, restarted with these providers.
    pub(crate) fn restarted(&self, ids: &[&str]) -> Self {
        let host = host(self.texts.clone(), 77, ids, &self.providers, |_| ());
        host.clock.set(account::ports::Clock::now(&self.host.clock));
        let (texts, providers) = (self.texts.clone(), Arc::clone(&self.providers));
        Self { host, texts, providers, allowed: self.allowed.clone() }
    }

    pub(crate) async fn start(&self, start: OAuth2Start, caller: Option<&SessionHolder>) -> StartedOAuth2 {
        self.host.service.start_oauth2(start, caller).await.unwrap()
    }

    /// Starts, and lets the person say yes there.
    pub(crate) async fn back(
        &self,
        start: OAuth2Start,
        person: &Person,
        caller: Option<&SessionHolder>,
    ) -> Back {
        let started = self.start(start, caller).await;
        let (code, state) = self.providers.approve(&started.authorize_url, person);
        Back { code, state, kept: started.state }
    }

    pub(crate) async fn end(
        &self,
        provider: &str,
        back: &Back,
        caller: Option<&SessionHolder>,
    ) -> Result<FinishedOAuth2, FailedOAuth2> {
        let (service, client) = (&self.host.service, ClientInfo::default());
        service
            .finish_oauth2(&key(provider), back.read(), Some(&back.kept), caller, &self.allowed, &client)
            .await
    }

    /// The whole way of a person, to a session.
    pub(crate) async fn come(
        &self,
        provider: &str,
        person: &Person,
        caller: Option<&SessionHolder>,
    ) -> Result<SignedIn, Error> {
        let back = self.back(start(provider), person, caller).await;
        self.end(provider, &back, caller).await.map(session).map_err(|failed| failed.error)
    }

    pub(crate) async fn caller(&self, signed_in: &SignedIn) -> Caller {
        self.host.caller(signed_in).await
    }

    pub(crate) async fn identities(&self, caller: &Caller) -> Vec<Identity> {
        let query = IdentityQuery::parse(&[] as &[&str], 25).unwrap();
        self.host.service.identities(caller, &query).await.unwrap().identities
    }

    /// The email, if there is one, and whether it is proven.
    pub(crate) async fn email(&self, signed_in: &SignedIn) -> (Option<String>, bool) {
        let user = self.host.service.user(&self.caller(signed_in).await).await.unwrap();
        (user.email().map(|email| email.as_str().to_owned()), user.is_email_verified())
    }

    pub(crate) fn edit(&self, id: &UserId, change: impl FnOnce(&mut Value)) {
        self.texts.edit(id, change);
    }

    /// Marks the email of an account as proven, as its owner does with a mailed link.
    pub(crate) fn verify_email(&self, id: &UserId) {
        self.edit(id, |account| account["email"]["verified"] = true.into());
    }

    pub(crate) fn careless(&self) {
        self.providers.is_careless.store(true, Ordering::SeqCst);
    }
}

fn host(
    store: impl Store,
    seed: u64,
    ids: &[&str],
    providers: &Arc<Providers>,
    policy: impl FnOnce(&mut Config),
) -> TestHost {
    let mut config = Config::new(master_key());
    policy(&mut config);
    let (clock, outbox, hasher) = (ManualClock::default(), Outbox::default(), InstantHasher::default());
    let mut builder = AccountService::builder(store)
        .config(config)
        .mailer(outbox.clone())
        .sms(outbox.clone())
        .clock(clock.clone())
        .hasher(hasher.clone())
        .entropy(SeededEntropy::new(seed))
        .limiter(NoLimits);
    for id in ids {
        let client: Arc<Providers> = Arc::clone(providers);
        builder = builder.provider(OAuth2Client::new(registration(id), client));
    }
    let service = builder.build_dyn().unwrap();
    TestHost { service, clock, outbox, hasher, recorder: account::testing::Recorder::default() }
}

pub(crate) fn session(finished: FinishedOAuth2) -> SignedIn {
    match finished.outcome {
        OAuth2Outcome::Session(signed_in) => *signed_in,
        OAuth2Outcome::Token(_) => panic!("a token"),
    }
}

pub(crate) fn token(finished: FinishedOAuth2) -> account::model::Token {
    match finished.outcome {
        OAuth2Outcome::Token(token) => token,
        OAuth2Outcome::Session(_) => panic!("a session"),
    }
}
