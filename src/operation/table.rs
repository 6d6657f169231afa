//! The table of all operations, with their routes, access and limits.

use super::{
    gates::{Access, Assurance, AuthMethod},
    limits::{Limit, LimitKey::*},
};

/// One row of the table.
pub(super) struct Row {
    pub(super) api_name: &'static str,
    pub(super) rust_name: &'static str,
    pub(super) methods: &'static [&'static str],
    pub(super) path: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) access: Access,
    pub(super) refuses_session: bool,
    pub(super) auth_method: Option<AuthMethod>,
    pub(super) assurance: Assurance,
    pub(super) counter: &'static str,
    pub(super) limits: &'static [Limit],
}

/// Bounds password spraying and credential stuffing. The API limits sign-in by password per mailbox
/// alone, so that one network could try a password on every account.
///
/// 100 an hour lets ten people behind one address use up their own ten attempts, and is far above
/// the needs of an office of a thousand people whose sessions last a year. A list of stolen
/// passwords is tried at 2,400 a day at most.
const MAX_PASSWORD_SIGN_INS_PER_NETWORK: u32 = 100;

/// The API sends a mailbox at most ten codes an hour, but lets one network ask for any number of
/// mailboxes, each of which gets an account. This bound is that of the API's links, which are sent
/// in the same way.
const MAX_CODES_PER_NETWORK: u32 = 60;

/// The counter of the operations that the API counts by IP address alone.
const BY_ADDRESS: &str = "byAddress";

macro_rules! operations {
    (@methods $method:literal) => { &[$method] };
    (@methods $method:literal $($more:literal)+) => { &[$method, $($more),+] };
    (
        api { $(
            $(#[$api_doc:meta])*
            $api:ident = $($api_method:literal)/+, $api_path:literal, $api_name:literal, $api_rust:literal,
                $api_access:ident, $api_assurance:ident { $($api_field:ident: $api_value:expr,)* }
        )* }
        supporting { $(
            $(#[$doc:meta])*
            $name:ident = $($method:literal)/+, $path:literal, $api_of:literal, $rust:literal,
                $access:ident, $assurance:ident { $($field:ident: $value:expr,)* }
        )* }
    ) => {
        /// One of the 47 operations of the Account API, or one of the two routes that support them.
        ///
        /// HTTP adapters read it: it holds the name and route of an operation, who may call it, and
        /// how often. The order of the variants is that of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Operation {
            $($(#[$api_doc])* #[doc(alias = $api_name)] $api,)*
            $($(#[$doc])* $name,)*
        }

        impl Operation {
            /// The 47 operations of the API, in its order.
            pub const ALL: &'static [Self] = &[$(Self::$api),*];

            /// The two supporting routes, which receive the responses of OAuth2 providers.
            pub const SUPPORTING: &'static [Self] = &[$(Self::$name),*];

            pub(super) const fn row(self) -> &'static Row {
                match self {
                    $(Self::$api => {
                        const ROW: Row = Row {
                            $($api_field: $api_value,)*
                            ..Row::new(
                                operations!(@methods $($api_method)+), $api_path, $api_name, $api_rust,
                                Access::$api_access, Assurance::$api_assurance,
                            )
                        };
                        &ROW
                    })*
                    $(Self::$name => {
                        const ROW: Row = Row {
                            $($field: $value,)*
                            ..Row::new(
                                operations!(@methods $($method)+), $path, $api_of, $rust,
                                Access::$access, Assurance::$assurance,
                            )
                        };
                        &ROW
                    })*
                }
            }
        }
    };
}

impl Row {
    const fn new(
        methods: &'static [&'static str],
        path: &'static str,
        api_name: &'static str,
        rust_name: &'static str,
        access: Access,
        assurance: Assurance,
    ) -> Self {
        Self {
            api_name,
            rust_name,
            methods,
            path,
            aliases: &[],
            access,
            refuses_session: false,
            auth_method: None,
            assurance,
            counter: api_name,
            limits: &[],
        }
    }
}

operations! {
api {
    /// Reads the caller's account.
    User = "GET", "/v1/account", "get", "user", Account, Full {}
    /// Creates an account with an email address and a password.
    #[doc(alias = "register")]
    #[doc(alias = "signup")]
    SignUp = "POST", "/v1/account", "create", "sign_up", Guests, Full {
        auth_method: Some(AuthMethod::EmailPassword), limits: &[Limit::new(10, &[Url, Ip])],
    }
    /// Changes the caller's email address.
    ChangeEmail = "PATCH", "/v1/account/email", "updateEmail", "change_email", Account, Full {}
    /// Lists the caller's identities at OAuth2 providers.
    Identities = "GET", "/v1/account/identities", "listIdentities", "identities", Account, Full {}
    /// Unlinks one identity at a provider.
    UnlinkIdentity = "DELETE", "/v1/account/identities/{identityId}",
        "deleteIdentity", "unlink_identity", Account, Full {}
    /// Issues a JWT for the caller's session.
    IssueJwt = "POST", "/v1/account/jwts", "createJWT", "issue_jwt", Account, Full {
        aliases: &["/v1/account/jwt"], auth_method: Some(AuthMethod::Jwt),
        limits: &[Limit::new(100, &[Url, CallerId])],
    }
    /// Lists the security log of the caller's account.
    Events = "GET", "/v1/account/logs", "listLogs", "events", Account, Full {}
    /// Switches multi-factor sign-in on or off.
    #[doc(alias = "2FA")]
    #[doc(alias = "MFA")]
    SetMfa = "PATCH", "/v1/account/mfa", "updateMFA", "set_mfa", Account, FreshIfActive {}
    /// Adds an authenticator app, not yet confirmed.
    AddAuthenticator = "POST", "/v1/account/mfa/authenticators/{type}",
        "createMfaAuthenticator", "add_authenticator", Account, FreshIfActive {}
    /// Confirms an authenticator app with one of its codes.
    ConfirmAuthenticator = "PUT", "/v1/account/mfa/authenticators/{type}",
        "updateMfaAuthenticator", "confirm_authenticator", Account, Full {}
    /// Removes an authenticator app.
    RemoveAuthenticator = "DELETE", "/v1/account/mfa/authenticators/{type}",
        "deleteMfaAuthenticator", "remove_authenticator", Account, FreshIfActive {}
    /// Starts a second-factor challenge.
    #[doc(alias = "2FA")]
    #[doc(alias = "MFA")]
    StartChallenge = "POST", "/v1/account/mfa/challenge",
        "createMfaChallenge", "start_challenge", Account, Exempt {
        limits: &[Limit::new(10, &[Url, CallerId])],
    }
    /// Completes a second-factor challenge.
    #[doc(alias = "2FA")]
    #[doc(alias = "MFA")]
    FinishChallenge = "PUT", "/v1/account/mfa/challenge",
        "updateMfaChallenge", "finish_challenge", Account, Exempt {
        limits: &[Limit::new(10, &[Url, ChallengeId])],
    }
    /// Lists the second factors that the caller has.
    Factors = "GET", "/v1/account/mfa/factors", "listMfaFactors", "factors", Account, Exempt {}
    /// Lists the unused recovery codes.
    RecoveryCodes = "GET", "/v1/account/mfa/recovery-codes",
        "getMfaRecoveryCodes", "recovery_codes", Account, Fresh {}
    /// Creates the first recovery codes.
    CreateRecoveryCodes = "POST", "/v1/account/mfa/recovery-codes",
        "createMfaRecoveryCodes", "create_recovery_codes", Account, Full {}
    /// Replaces all recovery codes.
    ReplaceRecoveryCodes = "PATCH", "/v1/account/mfa/recovery-codes",
        "updateMfaRecoveryCodes", "replace_recovery_codes", Account, Fresh {}
    /// Changes the caller's name.
    ChangeName = "PATCH", "/v1/account/name", "updateName", "change_name", Account, Full {}
    /// Changes the caller's password.
    ChangePassword = "PATCH", "/v1/account/password", "updatePassword", "change_password", Account, Full {
        limits: &[Limit::new(10, &[Url, Ip])],
    }
    /// Changes the caller's phone number.
    ChangePhone = "PATCH", "/v1/account/phone", "updatePhone", "change_phone", Account, Full {}
    /// Reads the caller's preferences.
    Preferences = "GET", "/v1/account/prefs", "getPrefs", "preferences", Account, Full {}
    /// Replaces the caller's preferences.
    ReplacePreferences = "PATCH", "/v1/account/prefs", "updatePrefs", "replace_preferences", Account, Full {}
    /// Sends an email with a link for setting a new password.
    #[doc(alias = "forgot password")]
    StartRecovery = "POST", "/v1/account/recovery", "createRecovery", "start_recovery", Guests, Full {
        limits: &[Limit::guard(10, &[Url, Ip]), Limit::new(10, &[Url, Email])],
    }
    /// Sets a new password with the secret of a recovery link.
    #[doc(alias = "reset password")]
    FinishRecovery = "PUT", "/v1/account/recovery", "updateRecovery", "finish_recovery", Guests, Full {
        limits: &[Limit::new(10, &[Url, UserIdParam])],
    }
    /// Lists the caller's sessions.
    Sessions = "GET", "/v1/account/sessions", "listSessions", "sessions", Account, Full {}
    /// Ends all sessions of the caller.
    #[doc(alias = "logout")]
    SignOutEverywhere = "DELETE", "/v1/account/sessions",
        "deleteSessions", "sign_out_everywhere", Account, Full {
        limits: &[Limit::new(100, &[Url, Ip])],
    }
    /// Creates an account without any identifier, and a session for it.
    SignInAnonymously = "POST", "/v1/account/sessions/anonymous",
        "createAnonymousSession", "sign_in_anonymously", Guests, Full {
        refuses_session: true, auth_method: Some(AuthMethod::Anonymous), counter: BY_ADDRESS,
        limits: &[Limit::new(50, &[Ip])],
    }
    /// Signs in with an email address and a password.
    #[doc(alias = "login")]
    #[doc(alias = "log in")]
    SignInWithPassword = "POST", "/v1/account/sessions/email",
        "createEmailPasswordSession", "sign_in_with_password", Guests, Full {
        aliases: &["/v1/account/sessions"], refuses_session: true,
        auth_method: Some(AuthMethod::EmailPassword),
        limits: &[Limit::guard(MAX_PASSWORD_SIGN_INS_PER_NETWORK, &[Url, Ip]), Limit::new(10, &[Url, Email])],
    }
    /// Signs in with the secret of a magic link. Deprecated in favour of
    /// [`Operation::SignInWithToken`].
    SignInWithMagicUrl = "PUT", "/v1/account/sessions/magic-url",
        "updateMagicURLSession", "sign_in_with_token", Guests, Full {
        refuses_session: true, counter: "createSession", limits: &[Limit::new(10, &[Ip, UserIdParam])],
    }
    /// Redirects the browser to a provider, to return with a session.
    StartOAuth2 = "GET", "/v1/account/sessions/oauth2/{provider}",
        "createOAuth2Session", "start_oauth2", Guests, Full {
        counter: BY_ADDRESS, limits: &[Limit::new(50, &[Ip])],
    }
    /// Signs in with a code sent to a phone. Deprecated in favour of
    /// [`Operation::SignInWithToken`].
    SignInWithPhone = "PUT", "/v1/account/sessions/phone",
        "updatePhoneSession", "sign_in_with_token", Guests, Full {
        refuses_session: true, counter: "createSession", limits: &[Limit::new(10, &[Ip, UserIdParam])],
    }
    /// Signs in with the secret of any sign-in token.
    SignInWithToken = "POST", "/v1/account/sessions/token",
        "createSession", "sign_in_with_token", Guests, Full {
        refuses_session: true, limits: &[Limit::new(10, &[Ip, UserIdParam])],
    }
    /// Reads one of the caller's sessions.
    Session = "GET", "/v1/account/sessions/{sessionId}", "getSession", "session", Account, Full {}
    /// Extends one of the caller's sessions.
    ExtendSession = "PATCH", "/v1/account/sessions/{sessionId}",
        "updateSession", "extend_session", Account, Full {
        limits: &[Limit::new(10, &[Url, Ip])],
    }
    /// Ends one of the caller's sessions.
    #[doc(alias = "logout")]
    #[doc(alias = "log out")]
    SignOut = "DELETE", "/v1/account/sessions/{sessionId}", "deleteSession", "sign_out", Account, Exempt {
        limits: &[Limit::new(100, &[Url, Ip])],
    }
    /// Blocks the caller's own account.
    Block = "PATCH", "/v1/account/status", "updateStatus", "block", Account, Full {}
    /// Adds a device that receives push messages.
    AddPushTarget = "POST", "/v1/account/targets/push",
        "createPushTarget", "add_push_target", Targets, Full {}
    /// Changes the identifier of a push device.
    ChangePushTarget = "PUT", "/v1/account/targets/{targetId}/push",
        "updatePushTarget", "change_push_target", Targets, Full {}
    /// Removes a push device.
    RemovePushTarget = "DELETE", "/v1/account/targets/{targetId}/push",
        "deletePushTarget", "remove_push_target", Targets, Full {}
    /// Sends an email with a sign-in code.
    SendEmailCode = "POST", "/v1/account/tokens/email", "createEmailToken", "send_email_code", Guests, Full {
        auth_method: Some(AuthMethod::EmailOtp),
        limits: &[Limit::guard(MAX_CODES_PER_NETWORK, &[Url, Ip]), Limit::new(10, &[Url, Email])],
    }
    /// Sends an email with a sign-in link.
    SendMagicUrl = "POST", "/v1/account/tokens/magic-url",
        "createMagicURLToken", "send_magic_url", Guests, Full {
        aliases: &["/v1/account/sessions/magic-url"], auth_method: Some(AuthMethod::MagicUrl),
        limits: &[Limit::guard(60, &[Url, Ip]), Limit::new(60, &[Url, Email])],
    }
    /// Redirects the browser to a provider, to return with a sign-in token.
    StartOAuth2Token = "GET", "/v1/account/tokens/oauth2/{provider}",
        "createOAuth2Token", "start_oauth2", Guests, Full {
        counter: BY_ADDRESS, limits: &[Limit::new(50, &[Ip])],
    }
    /// Sends a text message with a sign-in code.
    SendPhoneCode = "POST", "/v1/account/tokens/phone", "createPhoneToken", "send_phone_code", Guests, Full {
        aliases: &["/v1/account/sessions/phone"], auth_method: Some(AuthMethod::Phone),
        limits: &[Limit::guard(10, &[Url, Ip]), Limit::new(10, &[Url, Phone])],
    }
    /// Sends an email with a link that verifies the caller's email address.
    StartEmailVerification = "POST", "/v1/account/verification",
        "createVerification", "start_email_verification", Account, Full {
        limits: &[Limit::new(10, &[Url, CallerId])],
    }
    /// Verifies an email address with the secret of a verification link.
    FinishEmailVerification = "PUT", "/v1/account/verification",
        "updateVerification", "finish_email_verification", Public, Full {
        limits: &[Limit::new(10, &[Url, UserIdParam])],
    }
    /// Sends a text message with a code that verifies the caller's phone number.
    StartPhoneVerification = "POST", "/v1/account/verification/phone",
        "createPhoneVerification", "start_phone_verification", Account, Full {
        auth_method: Some(AuthMethod::Phone),
        limits: &[Limit::new(10, &[Url, CallerId]), Limit::new(10, &[Url, Ip])],
    }
    /// Verifies the caller's phone number with a verification code.
    FinishPhoneVerification = "PUT", "/v1/account/verification/phone",
        "updatePhoneVerification", "finish_phone_verification", Public, Full {
        limits: &[Limit::new(10, &[UserIdParam])],
    }
}
supporting {
    /// Receives the browser from a provider and redirects it to [`Operation::OAuth2Redirect`].
    OAuth2Callback = "GET"/"POST", "/v1/account/sessions/oauth2/callback/{provider}/{projectId}",
        "oauth2Callback", "finish_oauth2", Public, Exempt {}
    /// Completes a sign-in started by [`Operation::StartOAuth2`] or
    /// [`Operation::StartOAuth2Token`].
    OAuth2Redirect = "GET", "/v1/account/sessions/oauth2/{provider}/redirect",
        "oauth2Redirect", "finish_oauth2", Guests, Full {
        counter: BY_ADDRESS, limits: &[Limit::new(50, &[Ip])],
    }
}
}
