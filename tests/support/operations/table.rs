//! Every operation, to be raced, broken off and compared.

use account::{
    DeviceToken, EmailSignIn, Error, NewPushTarget, SignUp,
    model::{ClientInfo, CustomId, IdentityId, IdentityQuery, PageQuery, SecondFactor},
    operation::Operation as Api,
    testing::{PASSWORD, password},
};

pub(crate) use super::super::fixtures::NEW_PASSWORD;
use super::super::fixtures::PHONE;
use super::{
    ADA, BOB, Messenger, Service, WRONG,
    scene::{Fixture, IDENTITY, NOBODY, page},
    sign_in,
};

/// Who asks for an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asks {
    /// A person who is signed in: a caller.
    Caller,
    /// A person whose session owes a factor still; no JWT is issued for it.
    Holder,
    /// A person who shows a session and is to become a caller.
    Session,
    /// Anybody.
    Guest,
}

macro_rules! cases {
    ($($case:ident = $api:expr, $asks:ident, $end:ident $(, after $($step:ident)+)?;)*) => {
        /// An operation, with arguments that make it do something for a [`Fixture`] that was
        /// prepared for it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($case),*
        }

        impl Operation {
            pub(crate) const ALL: [Self; [$(Self::$case),*].len()] = [$(Self::$case),*];

            /// Which operation of the API it is; none: a check of who asks, which stands before
            /// them all.
            pub(crate) fn of_the_api(self) -> Option<Api> {
                match self {
                    $(Self::$case => $api),*
                }
            }

            fn asks(self) -> Asks {
                match self {
                    $(Self::$case => Asks::$asks),*
                }
            }

            /// Brings the fixture from the common state into the one that the operation starts
            /// from.
            pub(crate) async fn prepare<M: Messenger>(self, service: &Service<M>, fixture: &mut Fixture) {
                match self {
                    $(Self::$case => { $($(fixture.$step(service).await;)+)? })*
                }
                fixture.issue_jwt(service).await;
            }

            /// Whether it is refused even if nothing goes wrong.
            pub(crate) fn is_refused(self) -> bool {
                match self {
                    $(Self::$case => cases!(@is_refused $end)),*
                }
            }
        }
    };
    (@is_refused done) => { false };
    (@is_refused refused) => { true };
}

// The table of what is raced, broken off and compared: the case, the operation of the API, who
// asks, how it ends by itself, and the steps of the fixture that lead to where it starts. Every
// operation that is ready has a row, which `concurrency/races.rs` proves; how it is asked for is
// written in `Operation::run`.
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
    SendEmailCode = Some(Api::SendEmailCode), Guest, done;
    SendEmailCodeToNobody = Some(Api::SendEmailCode), Guest, done;
    SendMagicUrl = Some(Api::SendMagicUrl), Guest, done;
    SendPhoneCode = Some(Api::SendPhoneCode), Guest, done, after phone;
    SignInWithToken = Some(Api::SignInWithToken), Guest, done, after verified_mailbox email_code;
    SignInWithTokenWrongly = Some(Api::SignInWithToken), Guest, refused, after verified_mailbox email_code another_code;
    SignInWithTokenOfNobody = Some(Api::SignInWithToken), Guest, refused;
    SignInAndProveMailbox = Some(Api::SignInWithToken), Guest, done, after no_identity email_code;
    SignInWithMagicUrl = Some(Api::SignInWithMagicUrl), Guest, done, after verified_mailbox magic_url;
    SignInWithPhone = Some(Api::SignInWithPhone), Guest, done, after phone verified_phone phone_code;
    StartEmailVerification = Some(Api::StartEmailVerification), Caller, done;
    FinishEmailVerification = Some(Api::FinishEmailVerification), Guest, done, after email_verification;
    StartPhoneVerification = Some(Api::StartPhoneVerification), Caller, done, after phone;
    FinishPhoneVerification = Some(Api::FinishPhoneVerification), Caller, done, after phone phone_verification;
    FinishPhoneVerificationWrongly = Some(Api::FinishPhoneVerification), Caller, refused,
        after phone phone_verification another_code;
    StartRecovery = Some(Api::StartRecovery), Guest, done;
    StartRecoveryOfNobody = Some(Api::StartRecovery), Guest, done;
    FinishRecovery = Some(Api::FinishRecovery), Guest, done, after verified_mailbox recovery_link;
    SetMfa = Some(Api::SetMfa), Caller, done, after verified_mailbox;
    SetMfaOff = Some(Api::SetMfa), Caller, done, after authenticator confirmed_app challenge passed_challenge mfa;
    Factors = Some(Api::Factors), Caller, done;
    FactorsOfHolder = Some(Api::Factors), Holder, done, after authenticator confirmed_app mfa owing_session;
    AddAuthenticator = Some(Api::AddAuthenticator), Caller, done;
    ConfirmAuthenticator = Some(Api::ConfirmAuthenticator), Caller, done, after authenticator;
    ConfirmAuthenticatorWrongly = Some(Api::ConfirmAuthenticator), Caller, refused, after authenticator another_code;
    RemoveAuthenticator = Some(Api::RemoveAuthenticator), Caller, done, after authenticator confirmed_app;
    StartChallenge = Some(Api::StartChallenge), Caller, done, after verified_mailbox;
    FinishChallenge = Some(Api::FinishChallenge), Caller, done, after authenticator confirmed_app challenge;
    FinishChallengeWrongly = Some(Api::FinishChallenge), Caller, refused,
        after authenticator confirmed_app challenge another_code;
    FinishChallengeByRecoveryCode = Some(Api::FinishChallenge), Caller, done, after recovery_codes recovery_challenge;
    FinishChallengeOfHolder = Some(Api::FinishChallenge), Holder, done,
        after authenticator confirmed_app mfa owing_session challenge;
    RecoveryCodes = Some(Api::RecoveryCodes), Caller, done,
        after recovery_codes recovery_challenge passed_challenge;
    CreateRecoveryCodes = Some(Api::CreateRecoveryCodes), Caller, done;
    ReplaceRecoveryCodes = Some(Api::ReplaceRecoveryCodes), Caller, done,
        after recovery_codes recovery_challenge passed_challenge;
    StartOAuth2 = Some(Api::StartOAuth2), Guest, done;
    StartOAuth2Token = Some(Api::StartOAuth2Token), Guest, done;
    FinishOAuth2 = Some(Api::OAuth2Redirect), Guest, done, after no_identity linked at_provider;
    FinishOAuth2WithToken = Some(Api::OAuth2Redirect), Guest, done, after no_identity linked at_provider_for_token;
    Caller = None, Session, done;
    CallerByJwt = None, Session, done;
}

impl Operation {
    /// Whether it acts for a person who is signed in.
    pub(crate) fn takes_a_caller(self) -> bool {
        matches!(self.asks(), Asks::Caller | Asks::Holder)
    }

    /// Whether the session it acts for can have a JWT.
    pub(crate) fn takes_a_jwt(self) -> bool {
        self.asks() == Asks::Caller
    }

    /// Whether it is for anybody, signed in or not.
    pub(crate) fn is_for_guests(self) -> bool {
        self.asks() == Asks::Guest
    }

    pub(crate) async fn run<M: Messenger>(
        self,
        service: &Service<M>,
        fixture: &Fixture,
    ) -> Result<(), Error> {
        let Fixture { id, caller, holder, secret, other, target, jwt, passcode, otp, challenge, .. } =
            fixture;
        let client = &ClientInfo::default();
        let token = |text: &str| text.parse::<DeviceToken>().unwrap();
        let by_email = |email: &str| EmailSignIn::new(email.parse().unwrap());
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
            Self::ChangePhone => {
                service.change_phone(caller, PHONE.parse().unwrap(), password(PASSWORD)).await.map(drop)
            }
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
            Self::SendEmailCode => service.send_email_code(by_email(ADA), client).await.map(drop),
            Self::SendEmailCodeToNobody => service.send_email_code(by_email(NOBODY), client).await.map(drop),
            Self::SendMagicUrl => service.send_magic_url(by_email(ADA), &page(), client).await.map(drop),
            Self::SendPhoneCode => {
                service.send_phone_code(CustomId::Generate, PHONE.parse().unwrap(), client).await.map(drop)
            }
            Self::SignInWithToken
            | Self::SignInWithTokenWrongly
            | Self::SignInAndProveMailbox
            | Self::SignInWithMagicUrl
            | Self::SignInWithPhone => service.sign_in_with_token(id, passcode, client).await.map(drop),
            Self::SignInWithTokenOfNobody => {
                service.sign_in_with_token(&"nobody".parse().unwrap(), passcode, client).await.map(drop)
            }
            Self::StartEmailVerification => service.start_email_verification(caller, &page()).await.map(drop),
            Self::FinishEmailVerification => {
                service.finish_email_verification(id, passcode, client).await.map(drop)
            }
            Self::StartPhoneVerification => service.start_phone_verification(caller).await.map(drop),
            Self::FinishPhoneVerification | Self::FinishPhoneVerificationWrongly => {
                service.finish_phone_verification(caller, id, passcode).await.map(drop)
            }
            Self::StartRecovery => {
                service.start_recovery(ADA.parse().unwrap(), &page(), client).await.map(drop)
            }
            Self::StartRecoveryOfNobody => {
                service.start_recovery(NOBODY.parse().unwrap(), &page(), client).await.map(drop)
            }
            Self::FinishRecovery => {
                service.finish_recovery(id, passcode, password(NEW_PASSWORD), None, client).await.map(drop)
            }
            Self::SetMfa => service.set_mfa(caller, true).await.map(drop),
            Self::SetMfaOff => service.set_mfa(caller, false).await.map(drop),
            Self::Factors | Self::FactorsOfHolder => service.factors(holder).await.map(drop),
            Self::AddAuthenticator => service.add_authenticator(caller).await.map(drop),
            Self::ConfirmAuthenticator | Self::ConfirmAuthenticatorWrongly => {
                service.confirm_authenticator(caller, otp).await.map(drop)
            }
            Self::RemoveAuthenticator => service.remove_authenticator(caller).await,
            Self::StartChallenge => service.start_challenge(holder, SecondFactor::Email).await.map(drop),
            Self::FinishChallenge
            | Self::FinishChallengeWrongly
            | Self::FinishChallengeByRecoveryCode
            | Self::FinishChallengeOfHolder => {
                service.finish_challenge(holder, challenge, otp).await.map(drop)
            }
            Self::RecoveryCodes => service.recovery_codes(caller).await.map(drop),
            Self::CreateRecoveryCodes => service.create_recovery_codes(caller).await.map(drop),
            Self::ReplaceRecoveryCodes => service.replace_recovery_codes(caller).await.map(drop),
            #[cfg(feature = "oauth2")]
            Self::StartOAuth2 => super::github::start(service, false, None).await.map(drop),
            #[cfg(feature = "oauth2")]
            Self::StartOAuth2Token => super::github::start(service, true, None).await.map(drop),
            #[cfg(feature = "oauth2")]
            Self::FinishOAuth2 | Self::FinishOAuth2WithToken => {
                super::github::finish(service, &fixture.flow, None).await
            }
            // A build without providers has no such operations.
            #[cfg(not(feature = "oauth2"))]
            Self::StartOAuth2 | Self::StartOAuth2Token | Self::FinishOAuth2 | Self::FinishOAuth2WithToken => {
                Ok(())
            }
            Self::Caller => service.caller(secret).await.map(drop),
            Self::CallerByJwt => service.caller_by_jwt(jwt).await.map(drop),
        }
    }
}
