//! What can go wrong between a message and its mail server.

use std::{error::Error, sync::Arc};

use lettre::transport::smtp;

use crate::ports::{EntropyError, SendError};

/// Why a mail server did not take a message; found as the source of a [`SendError`].
///
/// # Security
/// Of what the server said only the codes are kept: its words often repeat the recipient.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The server said no: to this message, to this sender, or to the password (535).
    #[error("the mail server answered {code}{}", enhanced.as_deref().map(|code| format!(" {code}")).unwrap_or_default())]
    Refused {
        /// The reply code (RFC 5321 §4.2); 5xx is final.
        code: u16,
        /// The enhanced status code (RFC 3463), where the server gave one, such as `5.1.1`.
        enhanced: Option<Box<str>>,
    },
    /// There is no connection, or it broke, or its certificate is not to be trusted.
    #[error("the mail server could not be reached")]
    Unreachable(#[source] Arc<dyn Error + Send + Sync>),
    /// The server had not taken the message in time. It may still deliver it.
    #[error("the mail server did not take the message in time")]
    TimedOut,
    /// What the server said is no SMTP.
    #[error("the mail server's answer was not understood")]
    Garbled,
    /// The server lacks what the settings need, such as STARTTLS or a way to sign in.
    #[error("the mail server lacks what the settings ask for")]
    Unsupported(#[source] Arc<dyn Error + Send + Sync>),
    /// The message cannot be written as Internet mail.
    #[error("the message could not be written as mail")]
    Unwritable(#[source] Arc<dyn Error + Send + Sync>),
}

impl SmtpError {
    pub(super) fn unwritable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unwritable(Arc::new(cause))
    }
}

impl From<smtp::Error> for SmtpError {
    fn from(error: smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let words = error.source().map(ToString::to_string).unwrap_or_default();
            Self::Refused { code: code.into(), enhanced: enhanced(&words) }
        } else if error.is_timeout() {
            Self::TimedOut
        } else if error.is_response() {
            Self::Garbled
        } else if error.is_client() {
            Self::Unsupported(Arc::new(error))
        } else {
            Self::Unreachable(Arc::new(error))
        }
    }
}

impl From<SmtpError> for SendError {
    fn from(error: SmtpError) -> Self {
        match error {
            SmtpError::Refused { code: 500.., .. } | SmtpError::Unsupported(_) | SmtpError::Unwritable(_) => {
                Self::permanent(error)
            }
            _ => Self::temporary(error),
        }
    }
}

/// The code with which a reply of RFC 2034 begins.
fn enhanced(words: &str) -> Option<Box<str>> {
    let first = words.split_whitespace().next()?;
    let is_part =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (first.split('.').count() == 3 && first.split('.').all(is_part)).then(|| first.into())
}

/// What is wrong with the settings of an [`SmtpMailer`](crate::SmtpMailer).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpConfigError {
    /// The URL is not of the form `smtp://user:password@host:port`, with user and password percent-encoded, or `smtps://…`.
    #[error("the URL of the mail server is no smtp://user:password@host:port or smtps:// URL")]
    Url,
    /// The URL has another parameter than `tls=required` or `tls=none`, or one that its scheme contradicts.
    #[error("the URL of the mail server has a parameter other than tls=required or tls=none")]
    Parameter,
    /// The host is no name and no IP address.
    #[error("the host of the mail server is malformed")]
    Host,
    /// The sender is no `address@domain` or `Name <address@domain>`.
    #[error("the sender of emails is no address")]
    Sender,
    /// A root certificate cannot be read, or TLS cannot be set up.
    #[error("TLS could not be set up")]
    Certificate(#[source] Box<dyn Error + Send + Sync>),
    /// There was no randomness for the key that message ids are made with.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
}

impl SmtpConfigError {
    pub(super) fn certificate(source: smtp::Error) -> Self {
        Self::Certificate(source.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_reply_only_codes_are_kept() {
        assert_eq!(enhanced("5.1.1 <ada@example.com> unknown").as_deref(), Some("5.1.1"));
        for words in ["", "ada@example.com", "5.1", "5.1.1.1 x", "5..1 x", "a.b.c", "5.1.1234"] {
            assert_eq!(enhanced(words), None, "{words}");
        }
    }

    #[test]
    fn only_refusals_of_the_5xx_kind_are_final() {
        let refused = |code| SendError::from(SmtpError::Refused { code, enhanced: None }).is_permanent();
        assert_eq!([421, 450, 499, 500, 535, 550].map(refused), [false, false, false, true, true, true]);
        assert!(!SendError::from(SmtpError::TimedOut).is_permanent());
        assert!(!SendError::from(SmtpError::Garbled).is_permanent());
    }
}
