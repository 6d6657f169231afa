//! The account that every operation starts from, and the steps that lead it to where some start.

use std::{sync::Arc, time::Duration};

use account::{
    Caller, EmailSignIn, NewPushTarget, SessionHolder,
    model::{
        AllowedRedirects, ChallengeId, CheckedUrl, ClientInfo, CustomId, IdentityId, Passcode, SecondFactor,
        SessionId, SessionSecret, TargetId, Timestamp, Token, UserId,
    },
    ports::{Clock as _, PasswordHasher, Store},
    testing::{InstantHasher, Outbox, PASSWORD, password, totp},
};
use serde_json::{Value, json};

use super::super::{fixtures::PHONE, text_store::TextStore};
use super::{ADA, Messenger, Service, seeded_service, service, sign_in, sign_up, table::Operation};

pub(crate) const IDENTITY: &str = "06q2vgk1o0000000000000000e";
pub(crate) const NOBODY: &str = "nobody@example.com";
/// A code that was not asked for.
const NO_CODE: &str = "000000";
/// One step of an authenticator app.
const STEP: Duration = Duration::from_secs(30);

/// The page that mailed links lead to.
pub(crate) fn page() -> CheckedUrl {
    AllowedRedirects::new(["localhost"], []).unwrap().check("http://localhost/here").unwrap()
}

/// The identities of an account, in their stored form.
pub(crate) fn identity() -> Value {
    json!([{ "id": IDENTITY, "created_at": 1_767_225_600_000_i64, "updated_at": 1_767_225_600_000_i64,
        "provider": "github", "uid": "583231", "verified_email": "ada@work.example" }])
}

/// An account with three sessions, a push target of the first and, in a [`TextStore`] or a store
/// [`WithIdentity`](super::super::with_identity::WithIdentity), an identity.
pub(crate) struct Fixture {
    pub(crate) id: UserId,
    pub(crate) caller: Caller,
    /// Whose session an operation is begun by: the caller, or a person who owes a factor.
    pub(crate) holder: SessionHolder,
    /// The holder of another session, with all factors.
    pub(crate) remote: Caller,
    pub(crate) secret: SessionSecret,
    pub(crate) other: SessionId,
    pub(crate) target: TargetId,
    /// Of the caller; empty until the fixture was [prepared](Operation::prepare).
    pub(crate) jwt: String,
    /// What was mailed or texted to be redeemed.
    pub(crate) passcode: Passcode,
    /// What answers the challenge, or confirms the authenticator app.
    pub(crate) otp: String,
    pub(crate) challenge: ChallengeId,
    #[cfg(feature = "oauth2")]
    pub(crate) flow: super::github::Flow,
    /// Of the authenticator app.
    seed: String,
}

impl Fixture {
    pub(crate) async fn new<M: Messenger>(service: &Service<M>, texts: Option<&TextStore>) -> Self {
        let id = *sign_up(service, ADA).await.id();
        let other = sign_in(service, ADA, PASSWORD).await.unwrap().session.id;
        let remote = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        let secret = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        let caller = service.caller(&secret).await.unwrap();
        let device = NewPushTarget::new("device-one".parse().unwrap());
        let target = service.add_push_target(&caller, device).await.unwrap().id;
        if let Some(texts) = texts {
            texts.edit(&id, |account| account["identities"] = identity());
        }
        let caller = service.caller(&secret).await.unwrap();
        let holder = (*caller).clone();
        let remote = service.caller(&remote).await.unwrap();
        let passcode = NO_CODE.parse().unwrap();
        let challenge = ChallengeId::generate(service.clock().now(), [0; 10]);
        let (jwt, otp, seed) = (String::new(), NO_CODE.to_owned(), String::new());
        Self {
            id,
            caller,
            holder,
            remote,
            secret,
            other,
            target,
            jwt,
            passcode,
            otp,
            challenge,
            #[cfg(feature = "oauth2")]
            flow: Default::default(),
            seed,
        }
    }

    pub(crate) async fn issue_jwt<M: Messenger>(&mut self, service: &Service<M>) {
        self.jwt = service.issue_jwt(&self.caller).await.unwrap().as_str().to_owned();
    }
}

/// Steps, to be named in the table of operations.
impl Fixture {
    pub(crate) async fn no_identity<M: Messenger>(&mut self, service: &Service<M>) {
        service.unlink_identity(&self.caller, &IDENTITY.parse::<IdentityId>().unwrap()).await.unwrap();
    }

    pub(crate) async fn verified_mailbox<M: Messenger>(&mut self, service: &Service<M>) {
        self.email_verification(service).await;
        service.finish_email_verification(&self.id, &self.passcode, &ClientInfo::default()).await.unwrap();
    }

    pub(crate) async fn email_verification<M: Messenger>(&mut self, service: &Service<M>) {
        self.keep(service.start_email_verification(&self.caller, &page()).await.unwrap());
    }

    /// Ends the other sessions; the remote one is another one from then on.
    pub(crate) async fn phone<M: Messenger>(&mut self, service: &Service<M>) {
        let phone = PHONE.parse().unwrap();
        service.change_phone(&self.caller, phone, password(PASSWORD)).await.unwrap();
        let remote = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        self.remote = service.caller(&remote).await.unwrap();
    }

    pub(crate) async fn verified_phone<M: Messenger>(&mut self, service: &Service<M>) {
        self.phone_verification(service).await;
        service.finish_phone_verification(&self.caller, &self.id, &self.passcode).await.unwrap();
    }

    pub(crate) async fn phone_verification<M: Messenger>(&mut self, service: &Service<M>) {
        self.keep(service.start_phone_verification(&self.caller).await.unwrap());
    }

    pub(crate) async fn email_code<M: Messenger>(&mut self, service: &Service<M>) {
        let request = EmailSignIn::new(ADA.parse().unwrap());
        self.keep(service.send_email_code(request, &ClientInfo::default()).await.unwrap());
    }

    pub(crate) async fn magic_url<M: Messenger>(&mut self, service: &Service<M>) {
        let request = EmailSignIn::new(ADA.parse().unwrap());
        self.keep(service.send_magic_url(request, &page(), &ClientInfo::default()).await.unwrap());
    }

    pub(crate) async fn phone_code<M: Messenger>(&mut self, service: &Service<M>) {
        let (id, phone) = (CustomId::Generate, PHONE.parse().unwrap());
        self.keep(service.send_phone_code(id, phone, &ClientInfo::default()).await.unwrap());
    }

    /// Links the person of the provider to the caller.
    pub(crate) async fn linked<M: Messenger>(&mut self, _service: &Service<M>) {
        #[cfg(feature = "oauth2")]
        {
            let flow = super::github::start(_service, true, Some(&self.caller)).await.unwrap();
            super::github::finish(_service, &flow, Some(&self.caller)).await.unwrap();
        }
    }

    /// Goes to the provider, to come back with a session.
    pub(crate) async fn at_provider<M: Messenger>(&mut self, _service: &Service<M>) {
        #[cfg(feature = "oauth2")]
        {
            self.flow = super::github::start(_service, false, None).await.unwrap();
        }
    }

    /// Goes to the provider, to come back with a token.
    pub(crate) async fn at_provider_for_token<M: Messenger>(&mut self, _service: &Service<M>) {
        #[cfg(feature = "oauth2")]
        {
            self.flow = super::github::start(_service, true, None).await.unwrap();
        }
    }

    pub(crate) async fn recovery_link<M: Messenger>(&mut self, service: &Service<M>) {
        let email = ADA.parse().unwrap();
        self.keep(service.start_recovery(email, &page(), &ClientInfo::default()).await.unwrap());
    }

    /// Takes codes of the right form that are not the right ones.
    pub(crate) async fn another_code<M: Messenger>(&mut self, _: &Service<M>) {
        let other_than = |right: &str| if right == NO_CODE { "000001" } else { NO_CODE };
        self.passcode = other_than(self.passcode.expose()).parse().unwrap();
        self.otp = other_than(&self.otp).to_owned();
    }

    /// Adds an authenticator app, not yet confirmed.
    pub(crate) async fn authenticator<M: Messenger>(&mut self, service: &Service<M>) {
        self.seed = service.add_authenticator(&self.caller).await.unwrap().secret.expose().to_owned();
        self.otp = totp(&self.seed, service.clock().now());
    }

    pub(crate) async fn confirmed_app<M: Messenger>(&mut self, service: &Service<M>) {
        service.confirm_authenticator(&self.caller, &self.otp).await.unwrap();
    }

    /// Starts a challenge of the authenticator app.
    pub(crate) async fn challenge<M: Messenger>(&mut self, service: &Service<M>) {
        self.challenge = service.start_challenge(&self.holder, SecondFactor::Totp).await.unwrap().id;
        self.otp = self.next_otp(service);
    }

    /// Starts a challenge of a recovery code.
    pub(crate) async fn recovery_challenge<M: Messenger>(&mut self, service: &Service<M>) {
        self.challenge = service.start_challenge(&self.holder, SecondFactor::RecoveryCode).await.unwrap().id;
    }

    pub(crate) async fn recovery_codes<M: Messenger>(&mut self, service: &Service<M>) {
        let codes = service.create_recovery_codes(&self.caller).await.unwrap();
        self.otp = codes.codes()[0].expose().to_owned();
    }

    pub(crate) async fn passed_challenge<M: Messenger>(&mut self, service: &Service<M>) {
        let passed = service.finish_challenge(&self.holder, &self.challenge, &self.otp).await.unwrap();
        self.secret = passed.secret.unwrap();
        self.caller = service.caller(&self.secret).await.unwrap();
        self.holder = (*self.caller).clone();
    }

    /// Asks for two factors from now on, which ends the other sessions; the remote one is another
    /// one from then on.
    pub(crate) async fn mfa<M: Messenger>(&mut self, service: &Service<M>) {
        service.set_mfa(&self.caller, true).await.unwrap();
        let remote = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        let remote = service.session_holder(&remote).await.unwrap();
        let challenge = service.start_challenge(&remote, SecondFactor::Totp).await.unwrap().id;
        let passed = service.finish_challenge(&remote, &challenge, &self.next_otp(service)).await.unwrap();
        self.remote = service.caller(&passed.secret.unwrap()).await.unwrap();
    }

    /// Lets a person begin who owes a factor still.
    pub(crate) async fn owing_session<M: Messenger>(&mut self, service: &Service<M>) {
        let secret = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        self.holder = service.session_holder(&secret).await.unwrap();
    }

    /// A code of the authenticator app that is not spent.
    fn next_otp<M: Messenger>(&self, service: &Service<M>) -> String {
        service.clock().advance(STEP);
        totp(&self.seed, service.clock().now())
    }

    fn keep(&mut self, token: Token) {
        self.passcode = token.secret().unwrap().expose().parse().unwrap();
    }
}

/// The state that one operation starts from, two days after the last use of the account, so that a
/// session check has something to write. It is prepared once and had as often as the test likes.
pub(crate) struct Scene {
    texts: TextStore,
    pub(crate) fixture: Arc<Fixture>,
    now: Timestamp,
}

impl Scene {
    pub(crate) async fn of(operation: Operation) -> Self {
        let texts = TextStore::default();
        let service = service(texts.clone(), Outbox::default(), InstantHasher::default(), |_| ());
        let mut fixture = Fixture::new(&service, Some(&texts)).await;
        service.clock().advance(Duration::from_secs(2 * 86_400));
        operation.prepare(&service, &mut fixture).await;
        Self { texts, fixture: Arc::new(fixture), now: service.clock().now() }
    }

    /// A store in that state.
    pub(crate) fn texts(&self) -> TextStore {
        self.texts.copy()
    }

    /// A service at that moment, the same in each run.
    pub(crate) fn service<M: Messenger>(
        &self,
        store: impl Store,
        messenger: M,
        hasher: impl PasswordHasher,
    ) -> Service<M> {
        let service = seeded_service(2, store, messenger, hasher, |_| ());
        service.clock().set(self.now);
        service
    }
}
