//! All the doors of an account at which something can be guessed.

use std::{sync::Arc, time::Duration};

use account::{
    Error, SessionHolder,
    model::{ChallengeId, SecondFactor},
    ports::Clock as _,
    testing::{PASSWORD, TestHost, password, totp},
};
use serde_json::{Value, json};

use crate::support::{fixtures::*, text_store::TextStore, token_kinds::*};

/// Where something can be guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    SignIn,
    ChangePassword,
    ChangeEmail,
    ChangePhone,
    Token(Kind),
    ConfirmApp,
    Challenge(SecondFactor),
}

const FACTORS: [SecondFactor; 4] =
    [SecondFactor::Email, SecondFactor::Phone, SecondFactor::Totp, SecondFactor::RecoveryCode];

pub(crate) const DOORS: [Door; 14] = [
    Door::SignIn,
    Door::ChangePassword,
    Door::ChangeEmail,
    Door::ChangePhone,
    Door::Token(Kind::EmailCode),
    Door::Token(Kind::PhoneCode),
    Door::Token(Kind::PhoneVerification),
    Door::Token(Kind::EmailVerification),
    Door::Token(Kind::Recovery),
    Door::ConfirmApp,
    Door::Challenge(SecondFactor::Email),
    Door::Challenge(SecondFactor::Phone),
    Door::Challenge(SecondFactor::Totp),
    Door::Challenge(SecondFactor::RecoveryCode),
];

impl Door {
    pub(crate) fn takes_password(self) -> bool {
        matches!(self, Self::SignIn | Self::ChangePassword | Self::ChangeEmail | Self::ChangePhone)
    }

    pub(crate) fn wrong(self) -> &'static str {
        if self.takes_password() { "no such password" } else { "no code" }
    }

    pub(crate) fn refusal(self) -> &'static str {
        if self.takes_password() { "user_invalid_credentials" } else { "user_invalid_token" }
    }

    /// Whether it is open while guesses are locked.
    pub(crate) fn proves_mailbox(self) -> bool {
        matches!(self, Self::Token(Kind::EmailCode | Kind::EmailVerification | Kind::Recovery))
    }
}

/// Ada with everything that can be guessed: a password, two verified addresses, an app, recovery
/// codes.
#[derive(Clone)]
pub(crate) struct Guarded {
    pub(crate) texts: TextStore,
    pub(crate) host: TestHost,
    pub(crate) ada: Person,
    seed: String,
    recovery_code: String,
    /// A session that owes a factor, with a challenge of each.
    half: Arc<SessionHolder>,
    challenges: [ChallengeId; 4],
}

impl Guarded {
    pub(crate) async fn new() -> Self {
        let texts = TextStore::default();
        let host = TestHost::with(texts.clone(), |config| config.session_limit = 100);
        let ada = Person::new(&host, ADA, PHONE).await;
        for contact in ["email", "phone"] {
            texts.edit(&ada.id, |account| account[contact]["verified"] = json!(true));
        }
        let seed = host.service.add_authenticator(&ada.caller).await.unwrap().secret.expose().to_owned();
        let otp = totp(&seed, host.clock.now());
        host.service.confirm_authenticator(&ada.caller, &otp).await.unwrap();
        host.clock.advance(Duration::from_secs(30));
        host.service.set_mfa(&ada.caller, true).await.unwrap();
        let codes = host.service.create_recovery_codes(&ada.caller).await.unwrap();
        let recovery_code = codes.codes()[0].expose().to_owned();
        let (half, challenge) = challenge(&host, ADA).await;
        let mut guarded = Self { texts, host, ada, seed, recovery_code, half, challenges: [challenge; 4] };
        guarded.start_challenges().await;
        guarded
    }

    /// A new session and new challenges.
    pub(crate) async fn begin_again(&mut self) {
        self.half = challenge(&self.host, ADA).await.0;
        self.start_challenges().await;
    }

    async fn start_challenges(&mut self) {
        for (place, factor) in FACTORS.into_iter().enumerate() {
            self.challenges[place] = self.host.service.start_challenge(&self.half, factor).await.unwrap().id;
        }
    }

    /// Has the account as the door wants it: what is proved already cannot be proved again.
    pub(crate) fn prepare(&self, door: Door) {
        let to_prove = [("authenticator", Door::ConfirmApp), ("phone", Door::Token(Kind::PhoneVerification))];
        for (part, proved_by) in to_prove {
            self.texts.edit(&self.ada.id, |account| account[part]["verified"] = json!(door != proved_by));
        }
    }

    pub(crate) async fn knock(&self, door: Door, secret: &str) -> Result<(), Error> {
        let (service, ada) = (&self.host.service, &self.ada);
        match door {
            Door::SignIn => sign_in(&self.host, ADA, secret).await.map(drop),
            Door::ChangePassword => {
                let old = Some(password(secret));
                service.change_password(&ada.caller, password(OTHER), old).await.map(drop)
            }
            Door::ChangeEmail => {
                let email = BOB.parse().unwrap();
                service.change_email(&ada.caller, email, password(secret)).await.map(drop)
            }
            Door::ChangePhone => {
                let phone = "+16175550000".parse().unwrap();
                service.change_phone(&ada.caller, phone, password(secret)).await.map(drop)
            }
            Door::Token(kind) => kind.redeem(service, ada, secret).await,
            Door::ConfirmApp => service.confirm_authenticator(&ada.caller, secret).await.map(drop),
            Door::Challenge(factor) => {
                let place = FACTORS.iter().position(|other| *other == factor).unwrap();
                service.finish_challenge(&self.half, &self.challenges[place], secret).await.map(drop)
            }
        }
    }

    /// What would open the door, were guesses not locked.
    pub(crate) async fn right(&mut self, door: Door) -> String {
        match door {
            Door::Token(kind) => kind.sent(&self.host, &self.ada).await,
            Door::ConfirmApp | Door::Challenge(SecondFactor::Totp) => totp(&self.seed, self.host.clock.now()),
            Door::Challenge(SecondFactor::RecoveryCode) => self.recovery_code.clone(),
            Door::Challenge(factor) => {
                self.start_challenges().await;
                let to = if factor == SecondFactor::Email { ADA } else { PHONE };
                self.host.code_for(to).expose().to_owned()
            }
            _ => PASSWORD.to_owned(),
        }
    }

    pub(crate) fn failures(&self) -> Value {
        self.texts.account(&self.ada.id)["failures"].take()
    }
}
