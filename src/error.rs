//! The error of operations, classified by what the caller can do about it.

use std::{sync::Arc, time::Duration};

pub use crate::crypto::JwtError;
pub use crate::{kind::Kind, model::Invalid};

use crate::ports::{LimiterError, Quota, StoreError};

/// Why an operation failed.
///
/// [`Error::code`] is the stable name on the wire and in logs, [`Error::kind`] the coarse class to
/// map to responses of your own. `Display` is a sentence for people.
///
/// # Security
/// Neither `Display` nor `Debug` contains a secret, a hash or the value that was looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value breaks a rule of its parser or of the policy.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// The session is unknown, expired or ended.
    #[error("You are not signed in.")]
    NotSignedIn,
    /// The JWT is malformed, forged or expired.
    #[error("The JWT was rejected: {0}")]
    InvalidJwt(#[from] JwtError),
    /// The email, password or current password is wrong, there is no such account, or guesses are
    /// locked.
    #[doc(alias = "lockout")]
    #[error("The email address or the password is wrong.")]
    InvalidCredentials,
    /// The account is blocked.
    #[error("This account is blocked. Please contact support.")]
    Blocked,
    /// The account must set a new password first.
    #[error("Please set a new password first.")]
    PasswordResetRequired,
    /// The session lacks a second factor.
    #[doc(alias = "2FA")]
    #[error("Please complete the second step of the sign-in.")]
    MoreFactorsRequired,
    /// The operation requires a second-factor challenge passed in the last 30 minutes.
    #[error("Please confirm with your second factor first.")]
    ChallengeRequired,
    /// The token or code is wrong, expired, used or of another purpose, or guesses are locked.
    #[error("The code or link is wrong, has expired or was used already.")]
    InvalidToken,
    /// There is no such account. Returned only where the policy reveals it, and by admin
    /// operations.
    #[error("There is no such account.")]
    UserNotFound,
    /// The account has no email address.
    #[error("This account has no email address.")]
    EmailNotFound,
    /// The account has no phone number.
    #[error("This account has no phone number.")]
    PhoneNotFound,
    /// The account's email address is not verified.
    #[error("The email address of this account is not verified.")]
    EmailNotVerified,
    /// The account's phone number is not verified.
    #[error("The phone number of this account is not verified.")]
    PhoneNotVerified,
    /// The account's email address is verified already.
    #[error("The email address of this account is verified already.")]
    EmailVerified,
    /// The account's phone number is verified already.
    #[error("The phone number of this account is verified already.")]
    PhoneVerified,
    /// The account has no authenticator app.
    #[error("This account has no authenticator app.")]
    AuthenticatorNotFound,
    /// The account has a confirmed authenticator app.
    #[error("This account has an authenticator app already.")]
    AuthenticatorVerified,
    /// The account has unused recovery codes. They can be replaced.
    #[error("This account has recovery codes already. They can be replaced.")]
    RecoveryCodesExist,
    /// The account has no unused recovery codes.
    #[error("This account has no recovery codes. Please create them first.")]
    RecoveryCodesNotFound,
    /// The OAuth2 sign-in was not started by this browser, has expired or has ended already.
    #[error("The sign-in was not started here, has expired or has ended already.")]
    InvalidState,
    /// The service does not have this OAuth2 provider.
    #[error("This provider is disabled.")]
    ProviderDisabled,
    /// The provider returned no email address, which a new account needs.
    #[error("The provider did not return an email address.")]
    NoProviderEmail,
    /// It is the last method to sign in to the account.
    #[error("The last way to sign in cannot be removed.")]
    LastSignIn,
    /// The OAuth2 provider refused, or its answer is invalid.
    #[cfg(feature = "oauth2")]
    #[error("Failed to sign in with the provider: {0}")]
    OAuth2(#[from] crate::oauth2::OAuth2Error),
    /// The service has no mailer.
    #[error("Email is not configured.")]
    NoMailer,
    /// The service has no sender of text messages.
    #[error("Phone messages are not configured.")]
    NoSms,
    /// The operation creates a session, and the caller already has one.
    #[error("You are signed in already.")]
    SessionExists,
    /// Another account has the id, email or phone.
    #[error("An account with this id, email address or phone number exists already.")]
    UserExists,
    /// The caller has no live session with this id.
    #[error("There is no such session.")]
    SessionNotFound,
    /// The caller has no identity with this id.
    #[error("This identity is not linked to the account.")]
    IdentityNotFound,
    /// Another target has this id or identifier.
    #[error("This address or device is in use already.")]
    TargetExists,
    /// The caller has no push target with this id.
    #[error("There is no such device.")]
    TargetNotFound,
    /// The push provider is not a configured one.
    #[error("There is no such provider.")]
    ProviderNotFound,
    /// The account holds as many of these as it may.
    #[error("The account holds as many {0} as it may.")]
    TooMany(&'static str),
    /// The password was used before.
    #[error("This password was used before. Please choose another one.")]
    PasswordRecentlyUsed,
    /// The password contains the user's name, email, phone or id.
    #[error("The password must not contain your name, email address, phone number or user id.")]
    PasswordPersonalData,
    /// The sign-in method is disabled.
    #[error("This sign-in method is disabled.")]
    MethodDisabled,
    /// The cursor of a list is not an entry of it.
    #[error("The cursor of the list could not be found.")]
    CursorNotFound,
    /// There were too many requests. [`Quota::reset`] is when the client may try again.
    #[doc(alias = "rate limit")]
    #[error("There were too many requests. Please try again later.")]
    RateLimited(Quota),
    /// The password hasher is busy, or too many changes of one account collided. Try again after
    /// this time.
    #[error("The server is busy. Please try again after some time.")]
    Busy(Duration),
    /// Your application refused the change, and nothing was saved: a trigger or constraint of its
    /// own on the store's tables, or its own [`Store`](crate::ports::Store).
    ///
    /// The trigger's own text is in the source only, for your log.
    #[doc(alias = "trigger")]
    #[doc(alias = "constraint")]
    #[error("This change is not allowed. Please contact support.")]
    RefusedByHost(#[source] Option<Arc<dyn std::error::Error + Send + Sync>>),
    /// The account cannot be deleted, because a row of your application refers to it with a foreign
    /// key without `ON DELETE`.
    #[doc(alias = "foreign key")]
    #[error("The account cannot be deleted, because other data still refers to it.")]
    Referenced,
    /// The store failed.
    #[error("The storage is not available.")]
    Store(#[source] StoreError),
    /// The shared rate limiter failed. Operations that it guards are refused.
    #[error("The rate limiter is not available.")]
    Limiter(#[from] LimiterError),
    /// The source of randomness or the hasher failed.
    #[error("The server could not complete the request.")]
    Internal,
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(cause) => Self::RefusedByHost(cause),
            StoreError::Referenced => Self::Referenced,
            other => Self::Store(other),
        }
    }
}

impl Error {
    /// The stable name of this error, as in the Appwrite API (`user_invalid_credentials`).
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.class().0
    }

    /// The coarse class of this error.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.class().1
    }

    fn class(&self) -> (&'static str, Kind) {
        match self {
            Self::Invalid(_) => ("general_argument_invalid", Kind::Invalid),
            Self::NotSignedIn => ("general_unauthorized_scope", Kind::Unauthenticated),
            Self::InvalidJwt(_) => ("user_jwt_invalid", Kind::Unauthenticated),
            Self::InvalidCredentials => ("user_invalid_credentials", Kind::Unauthenticated),
            Self::Blocked => ("user_blocked", Kind::Unauthenticated),
            Self::PasswordResetRequired => ("user_password_reset_required", Kind::Precondition),
            Self::MoreFactorsRequired => ("user_more_factors_required", Kind::Unauthenticated),
            Self::ChallengeRequired => ("user_challenge_required", Kind::Unauthenticated),
            Self::InvalidToken => ("user_invalid_token", Kind::Unauthenticated),
            Self::UserNotFound => ("user_not_found", Kind::NotFound),
            Self::EmailNotFound => ("user_email_not_found", Kind::Invalid),
            Self::PhoneNotFound => ("user_phone_not_found", Kind::Invalid),
            Self::EmailNotVerified => ("user_email_not_verified", Kind::Invalid),
            Self::PhoneNotVerified => ("user_phone_not_verified", Kind::Invalid),
            Self::EmailVerified => ("user_email_already_verified", Kind::Conflict),
            Self::PhoneVerified => ("user_phone_already_verified", Kind::Conflict),
            Self::AuthenticatorNotFound => ("user_authenticator_not_found", Kind::NotFound),
            Self::AuthenticatorVerified => ("user_authenticator_already_verified", Kind::Conflict),
            Self::RecoveryCodesExist => ("user_recovery_codes_already_exists", Kind::Conflict),
            Self::RecoveryCodesNotFound => ("user_recovery_codes_not_found", Kind::NotFound),
            Self::InvalidState => ("user_oauth2_bad_request", Kind::Invalid),
            Self::ProviderDisabled => ("project_provider_disabled", Kind::Precondition),
            Self::NoProviderEmail => ("user_unauthorized", Kind::Unauthenticated),
            Self::LastSignIn => ("general_bad_request", Kind::Invalid),
            #[cfg(feature = "oauth2")]
            Self::OAuth2(error) => (error.code(), error.kind()),
            Self::NoMailer => ("general_smtp_disabled", Kind::Unavailable),
            Self::NoSms => ("general_phone_disabled", Kind::Unavailable),
            Self::SessionExists => ("user_session_already_exists", Kind::Unauthenticated),
            Self::UserExists => ("user_already_exists", Kind::Conflict),
            Self::SessionNotFound => ("user_session_not_found", Kind::NotFound),
            Self::IdentityNotFound => ("user_identity_not_found", Kind::NotFound),
            Self::TargetExists => ("user_target_already_exists", Kind::Conflict),
            Self::TargetNotFound => ("user_target_not_found", Kind::NotFound),
            Self::ProviderNotFound => ("provider_not_found", Kind::NotFound),
            Self::TooMany(_) => ("general_bad_request", Kind::Invalid),
            Self::PasswordRecentlyUsed => ("password_recently_used", Kind::Invalid),
            Self::PasswordPersonalData => ("password_personal_data", Kind::Invalid),
            Self::MethodDisabled => ("user_auth_method_unsupported", Kind::Unsupported),
            Self::CursorNotFound => ("general_cursor_not_found", Kind::Invalid),
            Self::RateLimited(_) => ("general_rate_limit_exceeded", Kind::Limited),
            Self::Busy(_) => ("general_busy", Kind::Unavailable),
            Self::RefusedByHost(_) => ("general_access_forbidden", Kind::Forbidden),
            Self::Referenced => ("user_referenced", Kind::Conflict),
            Self::Store(_) => ("general_store_unavailable", Kind::Unavailable),
            Self::Limiter(_) => ("general_limiter_unavailable", Kind::Unavailable),
            Self::Internal => ("general_unknown", Kind::Internal),
        }
    }
}
