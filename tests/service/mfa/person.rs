//! Ada, and what she can prove.

use std::time::Duration;

use account::{
    Caller, Config, Error, PassedChallenge, SessionHolder, SignedIn,
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{SecondFactor, SessionSecret, UserId},
    ports::Clock as _,
    testing::{TestHost, totp},
};
use serde_json::{Value, json};

pub(crate) use crate::support::fixtures::PHONE;
use crate::support::{
    fixtures::{ADA, code},
    master_key,
    text_store::TextStore,
};

/// One step of an authenticator app.
pub(crate) const STEP: Duration = Duration::from_secs(30);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// An account with a password and an address that is not verified, and its first session.
pub(crate) struct Ada {
    pub(crate) texts: TextStore,
    pub(crate) host: TestHost,
    pub(crate) id: UserId,
    pub(crate) secret: SessionSecret,
    /// Of the authenticator app.
    pub(crate) seed: String,
}

impl Ada {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(policy: impl FnOnce(&mut Config)) -> Self {
        let texts = TextStore::default();
        let host = TestHost::with(texts.clone(), policy);
        let SignedIn { session, secret, .. } = host.signed_up(ADA).await;
        Self { texts, host, id: session.user, secret, seed: String::new() }
    }

    /// With a confirmed app, whose last code is spent, and the switch on.
    pub(crate) async fn with_app() -> Self {
        let mut ada = Self::new().await;
        ada.add_app().await;
        ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
        ada
    }

    /// With verified email and phone, and the switch on.
    pub(crate) async fn with_addresses() -> Self {
        let ada = Self::new().await;
        ada.verify_email();
        ada.verify_phone();
        ada.host.service.set_mfa(&ada.caller().await, true).await.unwrap();
        ada
    }

    pub(crate) async fn add_app(&mut self) {
        let caller = self.caller().await;
        let app = self.host.service.add_authenticator(&caller).await.unwrap();
        self.seed = app.secret.expose().to_owned();
        self.host.service.confirm_authenticator(&caller, &self.otp()).await.unwrap();
        self.host.clock.advance(STEP);
    }

    pub(crate) fn otp(&self) -> String {
        totp(&self.seed, self.host.clock.now())
    }

    pub(crate) async fn caller(&self) -> Caller {
        self.host.service.caller(&self.secret).await.unwrap()
    }

    pub(crate) async fn sign_in(&self) -> SessionHolder {
        holder(&self.host, &self.host.signed_in(ADA).await.secret).await
    }

    pub(crate) fn verify_email(&self) {
        self.texts.edit(&self.id, |account| account["email"]["verified"] = json!(true));
    }

    pub(crate) fn verify_phone(&self) {
        let phone = json!({ "address": PHONE, "verified": true, "target": "06q2vgk1o0000000000000000b",
            "created_at": 1_767_225_600_000_i64, "updated_at": 1_767_225_600_000_i64 });
        self.texts.edit(&self.id, |account| account["phone"] = phone);
    }

    /// What the store holds.
    pub(crate) fn stored(&self) -> Value {
        let mut seen = Value::Null;
        self.texts.edit(&self.id, |account| seen = account.clone());
        seen
    }

    pub(crate) async fn pass(
        &self,
        holder: &SessionHolder,
        factor: SecondFactor,
        otp: &str,
    ) -> Result<PassedChallenge, Error> {
        let challenge = self.host.service.start_challenge(holder, factor).await?;
        self.host.service.finish_challenge(holder, &challenge.id, otp).await
    }

    /// Passes a challenge of the app with a code that was not used yet.
    pub(crate) async fn pass_app(&self, holder: &SessionHolder) -> PassedChallenge {
        self.host.clock.advance(STEP);
        self.pass(holder, SecondFactor::Totp, &self.otp()).await.unwrap()
    }

    pub(crate) fn last_mail(&self) -> EmailMessage {
        self.host.outbox.mails().pop().unwrap()
    }

    /// The notices of all emails so far, in order.
    pub(crate) fn notices(&self) -> Vec<&'static str> {
        self.host.outbox.mails().iter().map(|mail| mail.notice.name()).collect()
    }
}

pub(crate) async fn holder(host: &TestHost, secret: &SessionSecret) -> SessionHolder {
    host.service.session_holder(secret).await.unwrap()
}

pub(crate) fn mailed(mail: &EmailMessage) -> String {
    match &mail.notice {
        Notice::MfaCode { code, .. } => code.expose().to_owned(),
        other => panic!("{}", other.name()),
    }
}

pub(crate) fn texted(text: &SmsMessage) -> String {
    match &text.notice {
        TextNotice::MfaCode { code } => code.expose().to_owned(),
        _ => panic!("another text"),
    }
}

/// A code of the right form that is not this one.
pub(crate) fn other_than(right: &str) -> &'static str {
    if right == "000000" { "000001" } else { "000000" }
}

/// The service on the same store, which sends nothing.
pub(crate) fn mute(
    ada: &Ada,
) -> account::AccountService<
    TextStore,
    account::ports::NoMailer,
    account::ports::NoSms,
    account::testing::ManualClock,
> {
    account::AccountService::builder(ada.texts.clone())
        .config(Config::new(master_key()))
        .clock(ada.host.clock.clone())
        .build()
        .unwrap()
}

pub(crate) fn refused(result: Result<PassedChallenge, Error>) {
    assert_eq!(code(result), "user_invalid_token");
}
