//! What can go wrong, by what the caller can do about it.

use std::time::Duration;

pub use crate::crypto::JwtError;
pub use crate::{kind::Kind, model::Invalid};

use crate::ports::{LimiterError, Quota, StoreError};

/// Why an operation did not succeed.
///
/// [`Error::code`] is the stable name on the wire and in logs, [`Error::kind`] the coarse class that a host maps to its own answers.
/// Neither `Display` nor `Debug` holds a secret, a hash or the value that was looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value was refused by its parser or by the policy.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// Nobody is signed in: the session is unknown, expired or ended.
    #[error("User (role: guests) missing scope (account)")]
    NotSignedIn,
    /// The JWT is malformed, forged or expired.
    #[error("Failed to verify JWT. {0}")]
    InvalidJwt(#[from] JwtError),
    /// The email, password or current password is wrong, or there is no such account.
    #[error("Invalid credentials. Please check the email and password.")]
    InvalidCredentials,
    /// The account is blocked.
    #[error("The current user has been blocked.")]
    Blocked,
    /// The account must set a new password first.
    #[error("The current user requires a password reset.")]
    PasswordResetRequired,
    /// The session still owes a second factor.
    #[error("More factors are required to complete the sign in process.")]
    MoreFactorsRequired,
    /// The operation asks for a second factor proved in the last 30 minutes.
    #[error("A recently succeeded challenge is required to complete this action.")]
    ChallengeRequired,
    /// The token or code is wrong, expired or used, was meant for something else, or its account's guesses are locked.
    #[error("Invalid token passed in the request.")]
    InvalidToken,
    /// There is no such account. Only told where the policy lets it be known, and to the host's own code.
    #[error("User with the requested ID could not be found.")]
    UserNotFound,
    /// The account has no email address.
    #[error("The current user does not have an email address.")]
    EmailNotFound,
    /// The account has no phone number.
    #[error("The current user does not have a phone number.")]
    PhoneNotFound,
    /// The account's email address has not been proved.
    #[error("The current user's email address is not verified.")]
    EmailNotVerified,
    /// The account's phone number has not been proved.
    #[error("The current user's phone number is not verified.")]
    PhoneNotVerified,
    /// The account's email address has been proved already.
    #[error("The current user's email address is already verified.")]
    EmailVerified,
    /// The account's phone number has been proved already.
    #[error("The current user's phone number is already verified.")]
    PhoneVerified,
    /// The account has no authenticator app.
    #[error("The current user does not have an authenticator.")]
    AuthenticatorNotFound,
    /// The account has an authenticator app already.
    #[error("The current user's authenticator is already verified.")]
    AuthenticatorVerified,
    /// The account has recovery codes left; they can be replaced.
    #[error("The current user already has recovery codes. They can be replaced.")]
    RecoveryCodesExist,
    /// The account has no recovery codes.
    #[error("The current user has no recovery codes. Generate them first.")]
    RecoveryCodesNotFound,
    /// The sign-in by a provider was not started by this browser, has expired or has ended already.
    #[error("The sign-in was not started here, has expired or has ended already.")]
    InvalidState,
    /// The provider is not one that the service was built with.
    #[error("This provider is disabled.")]
    ProviderDisabled,
    /// The provider told no email address, and without one no account can be made.
    #[error("The provider did not tell an email address.")]
    NoProviderEmail,
    /// It is the last way to sign in to the account.
    #[error("The last way to sign in cannot be removed.")]
    LastSignIn,
    /// The provider refused or could not be believed.
    #[cfg(feature = "oauth2")]
    #[error("Failed to sign in with the provider: {0}")]
    OAuth2(#[from] crate::oauth2::OAuth2Error),
    /// The service has no mailer.
    #[error("Email is not configured.")]
    NoMailer,
    /// The service sends no text messages.
    #[error("Phone messages are not configured.")]
    NoSms,
    /// The operation creates a session, and the caller already has one.
    #[error("Creation of a session is prohibited when a session is active.")]
    SessionExists,
    /// An account with this id, email or phone exists already.
    #[error("A user with the same id, email, or phone already exists.")]
    UserExists,
    /// The caller has no live session of this id.
    #[error("The current user session could not be found.")]
    SessionNotFound,
    /// The caller has no identity of this id.
    #[error("Identity could not be found.")]
    IdentityNotFound,
    /// Another target has this id or identifier.
    #[error("A target with the same ID or identifier already exists.")]
    TargetExists,
    /// The caller has no push target of this id.
    #[error("The target could not be found.")]
    TargetNotFound,
    /// The push provider is not one of the configured ones.
    #[error("The provider could not be found.")]
    ProviderNotFound,
    /// The account holds as many of these as it may.
    #[error("The account holds as many {0} as it may.")]
    TooMany(&'static str),
    /// The password was used before.
    #[error(
        "The password you are trying to use is similar to your previous passwords. Choose a different one."
    )]
    PasswordRecentlyUsed,
    /// The password contains the user's name, email, phone or id.
    #[error("The password you are trying to use contains references to your name, email, phone or userID.")]
    PasswordPersonalData,
    /// The sign-in method is switched off.
    #[error("The requested authentication method is disabled.")]
    MethodDisabled,
    /// A cursor of a list names no entry of it.
    #[error("The cursor of the list could not be found.")]
    CursorNotFound,
    /// Too many requests or guesses; [`Quota::reset`] tells when to come back.
    #[error("Rate limit for the current endpoint has been exceeded. Please try again after some time.")]
    RateLimited(Quota),
    /// All hashing slots and their queue are taken, or too many changes of one account collided; come back after this time.
    #[error("The server is busy. Please try again after some time.")]
    Busy(Duration),
    /// The store did not answer as it should.
    #[error("The storage is not available.")]
    Store(#[from] StoreError),
    /// The shared rate limiter did not answer; operations that it guards are refused.
    #[error("The rate limiter is not available.")]
    Limiter(#[from] LimiterError),
    /// The random source or the hasher failed.
    #[error("The server could not complete the request.")]
    Internal,
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
            Self::Store(StoreError::Referenced) => ("user_referenced", Kind::Conflict),
            Self::Store(_) => ("general_store_unavailable", Kind::Unavailable),
            Self::Limiter(_) => ("general_limiter_unavailable", Kind::Unavailable),
            Self::Internal => ("general_unknown", Kind::Internal),
        }
    }
}
