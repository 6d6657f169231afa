//! Errors between the application and a provider.

use super::{
    error_response::{ErrorResponse, callback_message},
    json::ReplyError,
    openid::IdTokenError,
};
#[cfg(feature = "tracing")]
use crate::kind::with_causes;
use crate::{kind::Kind, ports::HttpError};

/// Why a sign-in with a provider failed.
///
/// # Security
/// Neither `Display` nor `Debug` contains a secret, a code or a token. A provider's message that
/// repeats one is left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OAuth2Error {
    /// The provider rejected the request with status 400, usually because the code was used before
    /// or has expired.
    #[error("the provider found the request at fault: {0}")]
    BadRequest(ErrorResponse),
    /// The provider rejected the client's credentials or the access token with status 401.
    #[error("the provider did not accept the credentials: {0}")]
    Unauthorized(ErrorResponse),
    /// The provider answered with any other error status, or with an error in a reply of status
    /// 200.
    #[error("the provider refused: {0}")]
    Refused(ErrorResponse),
    /// The callback has an error instead of a code, usually because the user declined
    /// (RFC 6749 §4.1.2.1).
    #[error("the provider refused: {0}")]
    Declined(Box<str>),
    /// The provider did not send a complete reply.
    #[error("the provider gave no reply: {0}")]
    Unreachable(#[from] HttpError),
    /// The provider's reply cannot be used.
    #[error("the provider's reply cannot be used: {0}")]
    Reply(#[from] ReplyError),
    /// The provider did not return an id of the user.
    #[error("the provider gave no id of the person")]
    MissingId,
    /// The id_token is missing or invalid.
    #[error("the id_token was refused: {0}")]
    IdToken(#[from] IdTokenError),
    /// The callback names another issuer, or lacks a required one, as in a mix-up attack
    /// (RFC 9207 §2.4).
    #[error("the reply is another issuer's")]
    WrongIssuer,
    /// The callback names a data centre that the provider's data does not list.
    #[error("the provider has no such region")]
    UnknownRegion,
    /// A scope has characters that are not allowed (RFC 6749 §3.3).
    #[error("a scope is malformed")]
    InvalidScope,
    /// A URL or header of a request to the provider cannot be built, or the URL is not allowed.
    #[error("the provider has no such endpoint")]
    NoEndpoint,
    /// The client secret could not be signed.
    #[error("the client secret could not be signed")]
    Signing,
}

impl OAuth2Error {
    /// Returns the stable name of this error, as in the Appwrite API (`user_oauth2_bad_request`).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) => "user_oauth2_bad_request",
            Self::Unauthorized(_) => "user_oauth2_unauthorized",
            Self::MissingId => "user_missing_id",
            Self::InvalidScope => "general_argument_invalid",
            _ => "user_oauth2_provider_error",
        }
    }

    /// Creates a [`Declined`](Self::Declined) from the `error` and `error_description` of a
    /// callback.
    #[must_use]
    pub fn at_callback(error: &str, description: Option<&str>) -> Self {
        Self::Declined(callback_message(error, description))
    }

    /// Returns the class of this error: [`Kind::Invalid`], [`Kind::Unauthenticated`] or
    /// [`Kind::Provider`].
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::BadRequest(_) | Self::MissingId | Self::InvalidScope => Kind::Invalid,
            Self::Unauthorized(_) => Kind::Unauthenticated,
            _ => Kind::Provider,
        }
    }

    /// Returns the HTTP status of the provider's error reply, if there is one.
    #[must_use]
    pub fn provider_status(&self) -> Option<u16> {
        match self {
            Self::BadRequest(refusal) | Self::Unauthorized(refusal) | Self::Refused(refusal) => {
                Some(refusal.status)
            }
            _ => None,
        }
    }

    /// Describes this error for the operator's log, if the operator or the provider has to fix it.
    ///
    /// Of the provider's reply only the error code is included, because messages may contain
    /// personal data. Callback errors are left out, because anyone can forge a callback, and so are
    /// rejected codes, because most of them were used before or have expired.
    #[cfg(feature = "tracing")]
    pub(crate) fn fault(&self) -> Option<String> {
        match self {
            Self::BadRequest(refusal) | Self::Unauthorized(refusal) | Self::Refused(refusal) => {
                refusal.fault()
            }
            Self::Declined(_) | Self::WrongIssuer | Self::UnknownRegion | Self::InvalidScope => None,
            Self::Unreachable(_)
            | Self::Reply(_)
            | Self::MissingId
            | Self::IdToken(_)
            | Self::NoEndpoint
            | Self::Signing => Some(with_causes(self)),
        }
    }

    /// Classifies an error reply by its status.
    pub(super) fn refused(refusal: ErrorResponse) -> Self {
        match refusal.status {
            400 => Self::BadRequest(refusal),
            401 => Self::Unauthorized(refusal),
            _ => Self::Refused(refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::HttpResponse;

    fn refused(status: u16, body: &str) -> OAuth2Error {
        OAuth2Error::refused(ErrorResponse::read(&HttpResponse::new(status, body.into()), &["code-1", ""]))
    }

    #[test]
    fn the_status_of_an_error_reply_decides_its_variant() {
        for (status, code) in [
            (400, "user_oauth2_bad_request"),
            (401, "user_oauth2_unauthorized"),
            (403, "user_oauth2_provider_error"),
            (302, "user_oauth2_provider_error"),
        ] {
            let error = refused(status, "");
            assert_eq!((error.code(), error.provider_status()), (code, Some(status)));
        }
    }

    #[test]
    fn a_callback_error_keeps_the_providers_message() {
        assert_eq!(
            OAuth2Error::at_callback("access_denied", Some("Not today")).to_string(),
            "the provider refused: access_denied: Not today"
        );
    }

    #[cfg(feature = "tracing")]
    #[test]
    fn the_log_describes_faults_without_personal_data() {
        for (status, body, fault) in [
            (400, r#"{"error":"invalid_client","error_description":"x"}"#, "400: invalid_client"),
            (401, "error=invalid_client&error_description=ada%40example.com", "401: invalid_client"),
            (403, r#"{"error":"the user ada@example.com is not assigned"}"#, "403"),
            (403, r#"{"error":"code-1"}"#, "403"),
            (502, "<html>", "502"),
        ] {
            assert_eq!(refused(status, body).fault(), Some(format!("the provider refused: {fault}")));
        }
        let timeout = OAuth2Error::from(HttpError::TimedOut).fault();
        assert_eq!(timeout.unwrap(), "the provider gave no reply: the other side did not answer in time");
    }

    #[cfg(feature = "tracing")]
    #[test]
    fn the_log_omits_callback_errors_and_rejected_codes() {
        assert_eq!(refused(400, r#"{"error":"invalid_grant"}"#).fault(), None);
        let with_status_200 = |code: &str| {
            let refusal = ErrorResponse::within(200, &serde_json::json!({ "error": code }), &[]).unwrap();
            OAuth2Error::Refused(refusal).fault()
        };
        assert_eq!(with_status_200("bad_verification_code"), None);
        assert!(with_status_200("incorrect_client_credentials").is_some());
        assert_eq!(OAuth2Error::at_callback("server_error", None).fault(), None);
        assert_eq!(OAuth2Error::WrongIssuer.fault(), None);
    }
}
