//! Every operation, to be raced, broken off and compared.

use account::{
    Caller, DeviceToken, Error, NewPushTarget, SignUp,
    model::{Client, IdentityId, IdentityQuery, PageQuery, SessionId, SessionSecret, TargetId, UserId},
    ports::Mailer,
    testing::{PASSWORD, password},
};
use serde_json::json;

use super::{ADA, BOB, Service, WRONG, sign_in, sign_up, text_store::TextStore};

pub const NEW_PASSWORD: &str = "another-Cobalt-egret";
pub const IDENTITY: &str = "06q2vgk1o0000000000000000e";

/// An operation of the API, with arguments that make it do something for [`Fixture`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    User,
    ChangeName,
    ChangePassword,
    ChangePasswordWrongly,
    ChangeEmail,
    ChangePhone,
    Preferences,
    ReplacePreferences,
    Block,
    Sessions,
    Session,
    ExtendSession,
    SignOutOther,
    SignOutEverywhere,
    IssueJwt,
    Events,
    Identities,
    UnlinkIdentity,
    AddPushTarget,
    ChangePushTarget,
    RemovePushTarget,
    SignUp,
    SignIn,
    SignInWrongly,
    SignInUnknown,
    SignInAnonymously,
    Caller,
    CallerByJwt,
}

/// An account with three sessions, a push target of the first and, in a [`TextStore`], an identity.
pub struct Fixture {
    pub id: UserId,
    pub caller: Caller,
    /// The holder of the second session.
    pub remote: Caller,
    pub secret: SessionSecret,
    pub other: SessionId,
    pub target: TargetId,
    pub jwt: String,
}

impl Fixture {
    pub async fn new<M: Mailer>(service: &Service<M>, texts: Option<&TextStore>) -> Self {
        let id = *sign_up(service, ADA).await.id();
        let other = sign_in(service, ADA, PASSWORD).await.unwrap().session.id;
        let remote = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        let secret = sign_in(service, ADA, PASSWORD).await.unwrap().secret;
        let caller = service.caller(&secret).await.unwrap();
        let device = NewPushTarget::new("device-one".parse().unwrap());
        let target = service.add_push_target(&caller, device).await.unwrap().id;
        if let Some(texts) = texts {
            texts.edit(&id, |account| {
                account["identities"] = json!([{ "id": IDENTITY, "created_at": 1_767_225_600_000_i64,
                    "updated_at": 1_767_225_600_000_i64, "provider": "github", "uid": "583231",
                    "verified_email": "ada@work.example" }]);
            });
        }
        let caller = service.caller(&secret).await.unwrap();
        let remote = service.caller(&remote).await.unwrap();
        let jwt = service.issue_jwt(&caller).await.unwrap().as_str().to_owned();
        Self { id, caller, remote, secret, other, target, jwt }
    }
}

impl Operation {
    pub const ALL: [Self; 28] = [
        Self::User,
        Self::ChangeName,
        Self::ChangePassword,
        Self::ChangePasswordWrongly,
        Self::ChangeEmail,
        Self::ChangePhone,
        Self::Preferences,
        Self::ReplacePreferences,
        Self::Block,
        Self::Sessions,
        Self::Session,
        Self::ExtendSession,
        Self::SignOutOther,
        Self::SignOutEverywhere,
        Self::IssueJwt,
        Self::Events,
        Self::Identities,
        Self::UnlinkIdentity,
        Self::AddPushTarget,
        Self::ChangePushTarget,
        Self::RemovePushTarget,
        Self::SignUp,
        Self::SignIn,
        Self::SignInWrongly,
        Self::SignInUnknown,
        Self::SignInAnonymously,
        Self::Caller,
        Self::CallerByJwt,
    ];

    /// Whether it acts for somebody who is signed in.
    pub fn takes_a_caller(self) -> bool {
        use Operation::*;
        !matches!(
            self,
            SignUp
                | SignIn
                | SignInWrongly
                | SignInUnknown
                | SignInAnonymously
                | Operation::Caller
                | CallerByJwt
        )
    }

    /// Whether it is refused even if nothing goes wrong.
    pub fn is_refused(self) -> bool {
        matches!(self, Self::ChangePasswordWrongly | Self::SignInWrongly | Self::SignInUnknown)
    }

    pub async fn run<M: Mailer>(self, service: &Service<M>, fixture: &Fixture) -> Result<(), Error> {
        let Fixture { caller, secret, other, target, jwt, .. } = fixture;
        let client = &Client::default();
        let token = |text: &str| text.parse::<DeviceToken>().unwrap();
        let all: [&str; 0] = [];
        match self {
            Self::User => service.user(caller).await.map(drop),
            Self::ChangeName => service.change_name(caller, "Countess".parse().unwrap()).await.map(drop),
            Self::ChangePassword => service
                .change_password(caller, password(NEW_PASSWORD), Some(password(PASSWORD)))
                .await
                .map(drop),
            Self::ChangePasswordWrongly => {
                service.change_password(caller, password(NEW_PASSWORD), Some(password(WRONG))).await.map(drop)
            }
            Self::ChangeEmail => service
                .change_email(caller, "lovelace@example.com".parse().unwrap(), password(PASSWORD))
                .await
                .map(drop),
            Self::ChangePhone => service
                .change_phone(caller, "+16175551212".parse().unwrap(), password(PASSWORD))
                .await
                .map(drop),
            Self::Preferences => service.preferences(caller).await.map(drop),
            Self::ReplacePreferences => {
                service.replace_preferences(caller, r#"{"theme":"dark"}"#.parse().unwrap()).await.map(drop)
            }
            Self::Block => service.block(caller).await.map(drop),
            Self::Sessions => service.sessions(caller).await.map(drop),
            Self::Session => service.session(caller, other).await.map(drop),
            Self::ExtendSession => service.extend_session(caller, other).await.map(drop),
            Self::SignOutOther => service.sign_out(caller, other).await,
            Self::SignOutEverywhere => service.sign_out_everywhere(caller).await,
            Self::IssueJwt => service.issue_jwt(caller).await.map(drop),
            Self::Events => service.events(caller, PageQuery::parse(&all, 25).unwrap()).await.map(drop),
            Self::Identities => {
                service.identities(caller, &IdentityQuery::parse(&all, 25).unwrap()).await.map(drop)
            }
            Self::UnlinkIdentity => {
                service.unlink_identity(caller, &IDENTITY.parse::<IdentityId>().unwrap()).await
            }
            Self::AddPushTarget => {
                service.add_push_target(caller, NewPushTarget::new(token("device-two"))).await.map(drop)
            }
            Self::ChangePushTarget => {
                service.change_push_target(caller, target, token("device-three")).await.map(drop)
            }
            Self::RemovePushTarget => service.remove_push_target(caller, target).await,
            Self::SignUp => {
                service.sign_up(SignUp::new(BOB.parse().unwrap(), password(PASSWORD)), client).await.map(drop)
            }
            Self::SignIn => sign_in(service, ADA, PASSWORD).await.map(drop),
            Self::SignInWrongly => sign_in(service, ADA, WRONG).await.map(drop),
            Self::SignInUnknown => sign_in(service, "nobody@example.com", WRONG).await.map(drop),
            Self::SignInAnonymously => service.sign_in_anonymously(client).await.map(drop),
            Self::Caller => service.caller(secret).await.map(drop),
            Self::CallerByJwt => service.caller_by_jwt(jwt).await.map(drop),
        }
    }
}
