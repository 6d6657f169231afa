//! Rejected requests, and the API's own texts for them.

use std::{borrow::Cow, fmt, time::Duration};

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Serialize;

use super::response::{json, write_quota, write_retry_after};
#[cfg(feature = "oauth2")]
use crate::features::FailedOAuth2;
use crate::{
    error::Error,
    model::{Invalid, Timestamp},
    ports::Quota,
};

/// The release of the API that the responses follow.
const VERSION: &str = "1.6.1";

/// Why a request was rejected.
///
/// [`to_response`](Rejection::to_response) renders it as JSON in the API's shape. An application
/// that renders its own pages matches on [`cause`](Rejection::cause).
///
/// # Examples
/// ```
/// use account::{Error, http::{Rejection, RejectionCause}};
///
/// let rejection = Rejection::from(Error::NotSignedIn);
/// assert_eq!(rejection.status(), 401);
/// assert!(matches!(rejection.cause(), RejectionCause::Error(Error::NotSignedIn)));
/// ```
#[derive(Debug)]
pub struct Rejection {
    cause: RejectionCause,
    /// How long the client should wait.
    wait: Option<Duration>,
}

/// What led to a [`Rejection`].
#[derive(Debug)]
#[non_exhaustive]
pub enum RejectionCause {
    /// An operation or the authentication failed.
    Error(Error),
    /// A required parameter is missing.
    Missing {
        /// The parameter's name on the wire.
        parameter: Box<str>,
    },
    /// A parameter's value is invalid.
    Invalid {
        /// The parameter's name on the wire.
        parameter: Box<str>,
        /// The rule that it breaks.
        rule: Invalid,
    },
    /// The request itself is refused: its route, project, origin, API key or body.
    Request {
        /// The HTTP status.
        status: StatusCode,
        /// The stable name on the wire, such as `general_route_not_found`.
        code: &'static str,
        /// A sentence for developers.
        message: Cow<'static, str>,
    },
}

impl Rejection {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        RejectionCause::Request { status, code, message: message.into() }.into()
    }

    /// A required parameter is missing.
    pub(super) fn missing(parameter: &str) -> Self {
        RejectionCause::Missing { parameter: parameter.into() }.into()
    }

    /// A parameter's value is invalid.
    pub(super) fn invalid(parameter: &str, rule: Invalid) -> Self {
        RejectionCause::Invalid { parameter: parameter.into(), rule }.into()
    }

    pub(super) fn argument(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "general_argument_invalid", message)
    }

    pub(super) fn unauthorized_scope(role: &str, scope: &str) -> Self {
        let message = format!("{role}) missing scope ({scope})");
        Self::new(StatusCode::UNAUTHORIZED, "general_unauthorized_scope", message)
    }

    /// The rejection of an unknown path. Use it as the fallback of a server that serves only the
    /// API, so that clients can read the response.
    #[must_use]
    pub fn unknown_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "general_route_not_found", "The requested route was not found.")
    }

    pub(super) fn unknown_project() -> Self {
        let message = "Project with the requested ID could not be found. Please check the value of the X-Appwrite-Project header to ensure the correct project ID is being used.";
        Self::new(StatusCode::NOT_FOUND, "project_not_found", message)
    }

    /// A provider that neither the API nor this server knows.
    #[cfg(feature = "oauth2")]
    pub(super) fn unsupported_provider() -> Self {
        let message = "The requested OAuth2 provider is not supported.";
        Self::new(StatusCode::BAD_REQUEST, "project_provider_unsupported", message)
    }

    /// A failure of the server itself, such as a panic.
    pub(crate) fn unknown() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "general_unknown", SERVER_ERROR)
    }

    /// The router lacks the layer that its extractors need.
    #[cfg(feature = "axum")]
    pub(crate) fn missing_authenticator() -> Self {
        let message = "This route needs the layer Extension(authenticator).";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "general_unknown", message)
    }

    /// What led to the rejection.
    #[must_use]
    pub fn cause(&self) -> &RejectionCause {
        &self.cause
    }

    /// The stable name of the rejection on the wire, such as `user_blocked`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match &self.cause {
            RejectionCause::Error(error) => error.code(),
            RejectionCause::Invalid { rule: Invalid::QueryCursor, .. } => "general_query_invalid",
            RejectionCause::Missing { .. } | RejectionCause::Invalid { .. } => "general_argument_invalid",
            RejectionCause::Request { code, .. } => code,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match &self.cause {
            RejectionCause::Error(error) => {
                StatusCode::from_u16(error.kind().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
            RejectionCause::Missing { .. } | RejectionCause::Invalid { .. } => StatusCode::BAD_REQUEST,
            RejectionCause::Request { status, .. } => *status,
        }
    }

    /// The text on the wire: the API's own where it has one.
    #[must_use]
    pub fn message(&self) -> Cow<'_, str> {
        match &self.cause {
            RejectionCause::Error(error) => api_text(error),
            RejectionCause::Missing { parameter } => format!("Param \"{parameter}\" is not optional.").into(),
            RejectionCause::Invalid { rule: rule @ Invalid::QueryCursor, .. } => rule.to_string().into(),
            RejectionCause::Invalid { parameter, rule } => {
                format!("Invalid `{parameter}` param: {rule}").into()
            }
            RejectionCause::Request { message, .. } => Cow::Borrowed(message),
        }
    }

    /// The request limit that was exceeded.
    pub(super) fn quota(&self) -> Option<Quota> {
        match &self.cause {
            RejectionCause::Error(Error::RateLimited(quota)) => Some(*quota),
            _ => None,
        }
    }

    /// Sets the time, so that a client over its request limit learns how long to wait.
    pub(super) fn at(self, now: Timestamp) -> Self {
        let wait = self.quota().map(|quota| quota.reset.since(now)).or(self.wait);
        Self { wait, ..self }
    }

    /// The sentence for users, as pages of your application show it. Escape it for HTML, because a
    /// [`PasswordRule`](crate::ports::PasswordRule) may have written it.
    #[must_use]
    pub fn user_message(&self) -> String {
        match &self.cause {
            RejectionCause::Error(error) => error.to_string(),
            RejectionCause::Invalid { rule, .. } => rule.to_string(),
            RejectionCause::Missing { .. } | RejectionCause::Request { .. } => {
                "This request was not accepted.".into()
            }
        }
    }

    /// How long the client should wait before it tries again, if it makes sense at all: for
    /// `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.wait
    }

    /// The response of the API: JSON in its shape, with `Retry-After` and the headers of an
    /// exceeded request limit.
    #[must_use]
    pub fn to_response(&self) -> Response<Bytes> {
        let (status, message) = (self.status(), self.message());
        let model =
            ErrorModel { message: &message, code: status.as_u16(), r#type: self.code(), version: VERSION };
        let mut response = json(status, &model);
        if let Some(quota) = self.quota() {
            write_quota(response.headers_mut(), &quota);
        }
        if let Some(wait) = self.wait {
            write_retry_after(response.headers_mut(), wait);
        }
        response
    }

    /// The rejection as the parameter of a page that a browser is redirected to, with the status
    /// that the response would have had.
    #[cfg(feature = "oauth2")]
    pub(super) fn to_page_parameter(&self, status: u16) -> String {
        let error = PageError { message: &self.message(), r#type: self.code(), code: status };
        serde_json::to_string(&error).unwrap_or_default()
    }
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        match error {
            // The parameters are parsed before the service is called, which then judges new
            // passwords only.
            Error::Invalid(rule) => Self::invalid("password", rule),
            error => RejectionCause::Error(error).into(),
        }
    }
}

#[cfg(feature = "oauth2")]
impl From<FailedOAuth2> for Rejection {
    fn from(failed: FailedOAuth2) -> Self {
        failed.error.into()
    }
}

/// A value of a form or query of your application breaks a rule. The parameter is not named.
impl From<Invalid> for Rejection {
    fn from(rule: Invalid) -> Self {
        RejectionCause::Error(rule.into()).into()
    }
}

impl From<std::convert::Infallible> for Rejection {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

impl From<RejectionCause> for Rejection {
    fn from(cause: RejectionCause) -> Self {
        let wait = match &cause {
            RejectionCause::Error(Error::Busy(wait)) => Some(*wait),
            RejectionCause::Error(Error::Store(_) | Error::Limiter(_)) => Some(Duration::from_secs(1)),
            _ => None,
        };
        Self { cause, wait }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl std::error::Error for Rejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            RejectionCause::Error(error) => Some(error),
            RejectionCause::Invalid { rule, .. } => Some(rule),
            RejectionCause::Missing { .. } | RejectionCause::Request { .. } => None,
        }
    }
}

const SERVER_ERROR: &str = "Server Error";

/// The API's text for an error, byte for byte as its clients know it; else the error's own.
fn api_text(error: &Error) -> Cow<'static, str> {
    Cow::Borrowed(match error {
        Error::NotSignedIn => "User (role: guests) missing scope (account)",
        Error::InvalidJwt(reason) => return format!("Failed to verify JWT. {reason}").into(),
        Error::InvalidCredentials => "Invalid credentials. Please check the email and password.",
        Error::Blocked => "The current user has been blocked.",
        Error::PasswordResetRequired => "The current user requires a password reset.",
        Error::MoreFactorsRequired => "More factors are required to complete the sign in process.",
        Error::ChallengeRequired => "A recently succeeded challenge is required to complete this action.",
        Error::InvalidToken => "Invalid token passed in the request.",
        Error::UserNotFound => "User with the requested ID could not be found.",
        Error::EmailNotFound => "The current user does not have an email address.",
        Error::PhoneNotFound => "The current user does not have a phone number.",
        Error::EmailNotVerified => "The current user's email address is not verified.",
        Error::PhoneNotVerified => "The current user's phone number is not verified.",
        Error::EmailVerified => "The current user's email address is already verified.",
        Error::PhoneVerified => "The current user's phone number is already verified.",
        Error::AuthenticatorNotFound => "The current user does not have an authenticator.",
        Error::AuthenticatorVerified => "The current user's authenticator is already verified.",
        Error::RecoveryCodesExist => "The current user already has recovery codes. They can be replaced.",
        Error::RecoveryCodesNotFound => "The current user has no recovery codes. Generate them first.",
        Error::SessionExists => "Creation of a session is prohibited when a session is active.",
        Error::UserExists => "A user with the same id, email, or phone already exists.",
        Error::SessionNotFound => "The current user session could not be found.",
        Error::IdentityNotFound => "Identity could not be found.",
        Error::TargetExists => "A target with the same ID or identifier already exists.",
        Error::TargetNotFound => "The target could not be found.",
        Error::ProviderNotFound => "The provider could not be found.",
        Error::PasswordRecentlyUsed => {
            "The password you are trying to use is similar to your previous passwords. Choose a different one."
        }
        Error::PasswordPersonalData => {
            "The password you are trying to use contains references to your name, email, phone or userID."
        }
        Error::MethodDisabled => "The requested authentication method is disabled.",
        Error::RateLimited(_) => {
            "Rate limit for the current endpoint has been exceeded. Please try again after some time."
        }
        Error::Internal => SERVER_ERROR,
        // The API has no text for these, or the error's own is the API's.
        Error::Invalid(_)
        | Error::InvalidState
        | Error::ProviderDisabled
        | Error::NoProviderEmail
        | Error::LastSignIn
        | Error::NoMailer
        | Error::NoSms
        | Error::TooMany(_)
        | Error::CursorNotFound
        | Error::Busy(_)
        | Error::RefusedByHost(_)
        | Error::Referenced
        | Error::Store(_)
        | Error::Limiter(_) => return error.to_string().into(),
        #[cfg(feature = "oauth2")]
        Error::OAuth2(_) => return error.to_string().into(),
    })
}

#[derive(Serialize)]
struct ErrorModel<'a> {
    message: &'a str,
    code: u16,
    r#type: &'static str,
    version: &'static str,
}

#[cfg(feature = "oauth2")]
#[derive(Serialize)]
struct PageError<'a> {
    message: &'a str,
    r#type: &'static str,
    code: u16,
}
