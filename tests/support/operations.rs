//! Every operation, to be raced, broken off and compared.

use account::{
    Caller, DeviceToken, Error, NewPushTarget, SignUp,
    model::{Client, IdentityId, IdentityQuery, PageQuery, SessionId, SessionSecret, TargetId, UserId},
    operation::Operation as Api,
    ports::Mailer,
    testing::{PASSWORD, password},
};
use serde_json::{Value, json};

use super::{ADA, BOB, Service, WRONG, sign_in, sign_up, text_store::TextStore};

pub const NEW_PASSWORD: &str = "another-Cobalt-egret";
pub const IDENTITY: &str = "06q2vgk1o0000000000000000e";

/// Who asks for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// Somebody who is signed in: a caller.
    Caller,
    /// Somebody who shows a session and is to become a caller.
    Session,
    /// Anybody.
    Guest,
}

macro_rules! cases {
    ($($case:ident = $api:expr, $asks:ident, $end:ident;)*) => {
        /// An operation, with arguments that make it do something for [`Fixture`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Operation {
            $($case),*
        }

        impl Operation {
            pub const ALL: [Self; [$(Self::$case),*].len()] = [$(Self::$case),*];

            /// Which operation of the API it is; none: a check of who asks, which stands before them all.
            pub fn of_the_api(self) -> Option<Api> {
                match self {
                    $(Self::$case => $api),*
                }
            }

            fn asks(self) -> Asks {
                match self {
                    $(Self::$case => Asks::$asks),*
                }
            }

            /// Whether it is refused even if nothing goes wrong.
            pub fn is_refused(self) -> bool {
                match self {
                    $(Self::$case => cases!(@is_refused $end)),*
                }
            }
        }
    };
    (@is_refused done) => { false };
    (@is_refused refused) => { true };
}

// The table of what is raced, broken off and compared: the case, the operation of the API, who asks, and how it ends by itself. Every
// operation that is ready has a row, which `races.rs` proves; how it is asked for is written in `Operation::run`.
cases! {
    User = Some(Api::User), Caller, done;
    ChangeName = Some(Api::ChangeName), Caller, done;
    ChangePassword = Some(Api::ChangePassword), Caller, done;
    ChangePasswordWrongly = Some(Api::ChangePassword), Caller, refused;
    ChangeEmail = Some(Api::ChangeEmail), Caller, done;
    ChangePhone = Some(Api::ChangePhone), Caller, done;
    Preferences = Some(Api::Preferences), Caller, done;
    ReplacePreferences = Some(Api::ReplacePreferences), Caller, done;
    Block = Some(Api::Block), Caller, done;
    Sessions = Some(Api::Sessions), Caller, done;
    Session = Some(Api::Session), Caller, done;
    ExtendSession = Some(Api::ExtendSession), Caller, done;
    SignOutOther = Some(Api::SignOut), Caller, done;
    SignOutEverywhere = Some(Api::SignOutEverywhere), Caller, done;
    IssueJwt = Some(Api::IssueJwt), Caller, done;
    Events = Some(Api::Events), Caller, done;
    Identities = Some(Api::Identities), Caller, done;
    UnlinkIdentity = Some(Api::UnlinkIdentity), Caller, done;
    AddPushTarget = Some(Api::AddPushTarget), Caller, done;
    ChangePushTarget = Some(Api::ChangePushTarget), Caller, done;
    RemovePushTarget = Some(Api::RemovePushTarget), Caller, done;
    SignUp = Some(Api::SignUp), Guest, done;
    SignIn = Some(Api::SignInWithPassword), Guest, done;
    SignInWrongly = Some(Api::SignInWithPassword), Guest, refused;
    SignInUnknown = Some(Api::SignInWithPassword), Guest, refused;
    SignInAnonymously = Some(Api::SignInAnonymously), Guest, done;
    Caller = None, Session, done;
    CallerByJwt = None, Session, done;
}

/// The operations of the API that are ready. `readme.rs` sees to it that the README says so.
pub fn ready() -> Vec<Api> {
    let is_ready = |operation: &Api| {
        let row = format!("| {} | `{}` |", operation.api_name(), operation.rust_name());
        let mut rows = include_str!("../../README.md").lines().filter(|line| line.starts_with(&row));
        rows.any(|line| line.contains("| ready |"))
    };
    Api::ALL.iter().copied().filter(is_ready).collect()
}

/// The identities of an account, in their stored form.
pub fn identity() -> Value {
    json!([{ "id": IDENTITY, "created_at": 1_767_225_600_000_i64, "updated_at": 1_767_225_600_000_i64,
        "provider": "github", "uid": "583231", "verified_email": "ada@work.example" }])
}

/// An account with three sessions, a push target of the first and, in a [`TextStore`] or a store
/// [`WithIdentity`](super::with_identity::WithIdentity), an identity.
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
            texts.edit(&id, |account| account["identities"] = identity());
        }
        let caller = service.caller(&secret).await.unwrap();
        let remote = service.caller(&remote).await.unwrap();
        let jwt = service.issue_jwt(&caller).await.unwrap().as_str().to_owned();
        Self { id, caller, remote, secret, other, target, jwt }
    }
}

impl Operation {
    /// Whether it acts for somebody who is signed in.
    pub fn takes_a_caller(self) -> bool {
        self.asks() == Asks::Caller
    }

    /// Whether it is for anybody, signed in or not.
    pub fn is_for_guests(self) -> bool {
        self.asks() == Asks::Guest
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
