//! Every kind of token, to be asked for and redeemed alike.

use std::sync::Arc;

use account::{
    AccountService, Caller, EmailSignIn, Error,
    model::{
        AllowedRedirects, ChallengeId, CheckedUrl, ClientInfo, CustomId, Passcode, SecondFactor, UserId,
    },
    ports::{Clock, Mailer, SmsSender, Store},
    testing::{PASSWORD, TestHost, password},
};

use super::fixtures::NEW_PASSWORD;

/// The page that links lead to.
pub(crate) fn page() -> CheckedUrl {
    let allowed = AllowedRedirects::new(["app.example.com"], []).unwrap();
    allowed.check("https://app.example.com/page?lang=en&b=2#top").unwrap()
}

pub(crate) fn passcode(text: &str) -> Passcode {
    text.parse().unwrap()
}

/// What is sent and redeemed once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    EmailCode,
    MagicUrl,
    PhoneCode,
    Recovery,
    EmailVerification,
    PhoneVerification,
}

/// An account whose email and phone no one has proved, with a password.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) caller: Caller,
}

impl Person {
    pub(crate) async fn new(host: &TestHost, email: &str, phone: &str) -> Self {
        let signed_in = host.signed_up(email).await;
        let caller = host.caller(&signed_in).await;
        let number = phone.parse().unwrap();
        host.service.change_phone(&caller, number, password(PASSWORD)).await.unwrap();
        Self { id: *signed_in.user_id(), email: email.to_lowercase(), phone: phone.to_owned(), caller }
    }
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::EmailCode,
        Self::MagicUrl,
        Self::PhoneCode,
        Self::Recovery,
        Self::EmailVerification,
        Self::PhoneVerification,
    ];

    pub(crate) fn is_code(self) -> bool {
        matches!(self, Self::EmailCode | Self::PhoneCode | Self::PhoneVerification)
    }

    pub(crate) fn signs_in(self) -> bool {
        matches!(self, Self::EmailCode | Self::PhoneCode | Self::MagicUrl)
    }

    /// Asks for such a token.
    pub(crate) async fn ask<S: Store, M: Mailer, P: SmsSender, C: Clock>(
        self,
        service: &AccountService<S, M, P, C>,
        person: &Person,
    ) -> Result<account::model::Token, Error> {
        let (client, email) = (ClientInfo::default(), || person.email.parse().unwrap());
        match self {
            Self::EmailCode => service.send_email_code(EmailSignIn::new(email()), &client).await,
            Self::MagicUrl => service.send_magic_url(EmailSignIn::new(email()), &page(), &client).await,
            Self::PhoneCode => {
                let phone = person.phone.parse().unwrap();
                service.send_phone_code(CustomId::Generate, phone, &client).await
            }
            Self::Recovery => service.start_recovery(email(), &page(), &client).await,
            Self::EmailVerification => service.start_email_verification(&person.caller, &page()).await,
            Self::PhoneVerification => service.start_phone_verification(&person.caller).await,
        }
    }

    /// Asks for such a token and tells what was sent.
    pub(crate) async fn sent(self, host: &TestHost, person: &Person) -> String {
        self.ask(&host.service, person).await.unwrap();
        let passcode = match self {
            Self::EmailCode => host.code_for(&person.email),
            Self::PhoneCode | Self::PhoneVerification => host.code_for(&person.phone),
            Self::MagicUrl | Self::Recovery | Self::EmailVerification => host.link_secret(&person.email),
        };
        passcode.expose().to_owned()
    }

    /// Redeems such a token at the door made for its kind.
    pub(crate) async fn redeem<S: Store, M: Mailer, P: SmsSender, C: Clock>(
        self,
        service: &AccountService<S, M, P, C>,
        person: &Person,
        secret: &str,
    ) -> Result<(), Error> {
        let (client, secret) = (ClientInfo::default(), passcode(secret));
        match self {
            Self::EmailCode | Self::MagicUrl | Self::PhoneCode => {
                service.sign_in_with_token(&person.id, &secret, &client).await.map(drop)
            }
            Self::Recovery => {
                let password = password(NEW_PASSWORD);
                service.finish_recovery(&person.id, &secret, password, None, &client).await.map(drop)
            }
            Self::EmailVerification => {
                service.finish_email_verification(&person.id, &secret, &client).await.map(drop)
            }
            Self::PhoneVerification => {
                service.finish_phone_verification(&person.caller, &person.id, &secret).await.map(drop)
            }
        }
    }
}

/// A session that has given its password and owes a code, and the challenge that waits for it.
pub(crate) async fn challenge(host: &TestHost, email: &str) -> (Arc<account::SessionHolder>, ChallengeId) {
    let signed_in = host.signed_in(email).await;
    let holder = host.service.session_holder(&signed_in.secret).await.unwrap().keeping_secret();
    let challenge = host.service.start_challenge(&holder, SecondFactor::Email).await.unwrap();
    (Arc::new(holder), challenge.id)
}
