//! What can go wrong between a text message and its provider.

use serde::Deserialize;

use crate::ports::{HttpError, HttpResponse};

/// Why an SMS provider did not take a message; found as the source of a [`SendError`](crate::ports::SendError).
///
/// # Security
/// It names neither the number nor the URL, nor anything that the provider said but numbers.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SmsError {
    /// There is no whole reply.
    #[error("the SMS provider could not be asked")]
    Http(#[from] HttpError),
    /// The provider answered something else than 2xx.
    #[error("the SMS provider answered {status}{}", code.map(|code| format!(", error {code}")).unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The provider's own error number, where its reply has one (`code`), such as Twilio's 21211.
        code: Option<u32>,
    },
}

impl SmsError {
    /// Nothing if the provider took the message.
    pub(super) fn check(reply: &HttpResponse) -> Result<(), Self> {
        #[derive(Deserialize)]
        struct Explained {
            code: u32,
        }
        if reply.is_success() {
            return Ok(());
        }
        let code = serde_json::from_slice(reply.body()).ok().map(|Explained { code }| code);
        Err(Self::Refused { status: reply.status(), code })
    }

    /// Whether the provider would say the same again. A redirect is followed by nobody, so it is as final as a refusal.
    pub(super) fn is_permanent(&self) -> bool {
        match self {
            Self::Http(error) => matches!(error, HttpError::Malformed(_)),
            Self::Refused { status, .. } => !matches!(status, 408 | 429 | 500..),
        }
    }
}

/// What is wrong with the settings of an SMS provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SmsConfigError {
    /// The URL is not one of `http` or `https`.
    #[error("the URL of the SMS provider is no http or https URL")]
    Url,
    /// The account's id is not letters and digits.
    #[error("the account id of the SMS provider is malformed")]
    Account,
    /// The token is empty or has control characters.
    #[error("the token of the SMS provider is malformed")]
    Token,
    /// The sender is empty or has control characters.
    #[error("the sender of text messages is malformed")]
    Sender,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_that_may_change_are_worth_another_attempt() {
        let permanent = |status| SmsError::Refused { status, code: None }.is_permanent();
        assert!([301, 400, 401, 403, 404, 422].into_iter().all(permanent));
        assert!(![408, 429, 500, 502, 503, 599].into_iter().any(permanent));
        assert!(SmsError::Http(HttpError::Malformed(None)).is_permanent());
        assert!(!SmsError::Http(HttpError::TimedOut).is_permanent());
    }

    #[test]
    fn of_a_refusal_only_numbers_are_kept() {
        let body = br#"{"code": 21211, "message": "The 'To' number +15551234567 is not valid"}"#;
        let error = SmsError::check(&HttpResponse::new(400, body.to_vec())).unwrap_err();
        assert_eq!(error.to_string(), "the SMS provider answered 400, error 21211");
        let error = SmsError::check(&HttpResponse::new(502, b"<html>".to_vec())).unwrap_err();
        assert_eq!(error.to_string(), "the SMS provider answered 502");
    }
}
