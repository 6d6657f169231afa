//! Errors of the SMS providers.

use serde::Deserialize;

use crate::ports::{HttpError, HttpResponse, SendError};

/// Why an SMS provider did not accept a message. It is the source of a [`SendError`].
///
/// # Security
/// It contains neither the number nor the URL, and nothing of the provider's reply but numbers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SmsError {
    /// The provider did not send a complete reply.
    #[error("the SMS provider could not be reached")]
    Http(#[from] HttpError),
    /// The provider answered with a status other than 2xx.
    #[error(
        "the SMS provider answered {status}{}",
        code.map(|code| format!(", error {code}")).unwrap_or_default()
    )]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's own error number (`code`), such as Twilio's 21211, if its reply has one.
        code: Option<u32>,
    },
}

impl SmsError {
    /// Returns `Ok` if the provider accepted the message.
    pub(super) fn check(reply: &HttpResponse) -> Result<(), Self> {
        #[derive(Deserialize)]
        struct ErrorBody {
            code: u32,
        }
        if reply.is_success() {
            return Ok(());
        }
        let code = serde_json::from_slice(reply.body()).ok().map(|ErrorBody { code }| code);
        Err(Self::Refused { status: reply.status(), code })
    }

    /// Whether another attempt would fail in the same way. Redirects are not followed, so they are
    /// permanent too.
    fn is_permanent(&self) -> bool {
        match self {
            Self::Http(error) => matches!(error, HttpError::Malformed(_)),
            Self::Refused { status, .. } => !matches!(status, 408 | 429 | 500..),
        }
    }
}

impl From<SmsError> for SendError {
    fn from(error: SmsError) -> Self {
        if error.is_permanent() { Self::permanent(error) } else { Self::temporary(error) }
    }
}

/// An invalid setting of an SMS provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmsConfigError {
    /// The URL is not an absolute `http` or `https` URL.
    #[error("the URL of the SMS provider must be an http or https URL")]
    Url,
    /// The account id is empty or contains characters other than letters and digits.
    #[error("the account id of the SMS provider must consist of letters and digits")]
    Account,
    /// The token is empty or contains control characters.
    #[error("the token of the SMS provider is empty or contains control characters")]
    Token,
    /// The sender is empty or contains control characters.
    #[error("the sender of text messages is empty or contains control characters")]
    Sender,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_timeouts_limits_and_server_errors_are_temporary() {
        let permanent = |status| SmsError::Refused { status, code: None }.is_permanent();
        assert!([301, 400, 401, 403, 404, 422].into_iter().all(permanent));
        assert!(![408, 429, 500, 502, 503, 599].into_iter().any(permanent));
        assert!(SmsError::Http(HttpError::Malformed(None)).is_permanent());
        assert!(!SmsError::Http(HttpError::TimedOut).is_permanent());
    }

    #[test]
    fn only_the_numbers_of_a_reply_are_kept() {
        let body = br#"{"code": 21211, "message": "The 'To' number +15551234567 is not valid"}"#;
        let error = SmsError::check(&HttpResponse::new(400, body.to_vec())).unwrap_err();
        assert_eq!(error.to_string(), "the SMS provider answered 400, error 21211");
        let error = SmsError::check(&HttpResponse::new(502, b"<html>".to_vec())).unwrap_err();
        assert_eq!(error.to_string(), "the SMS provider answered 502");
    }
}
