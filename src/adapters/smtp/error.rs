//! Errors of the SMTP mailer.

use std::{error::Error, sync::Arc};

use lettre::transport::smtp::{self, extension::ClientId};

use crate::ports::{EntropyError, SendError};

/// Why a message was not handed over to a mail server. It is the source of a [`SendError`].
///
/// # Security
/// Only the codes of a server's reply are kept, because its text often repeats the recipient.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpError {
    /// The server rejected the message, the sender or the password (535).
    #[error(
        "the mail server answered {code}{}",
        enhanced.as_deref().map(|code| format!(" {code}")).unwrap_or_default()
    )]
    Refused {
        /// The reply code (RFC 5321 §4.2). 5xx is permanent.
        code: u16,
        /// The enhanced status code (RFC 3463), such as `5.1.1`, if the server sent one.
        enhanced: Option<Box<str>>,
    },
    /// The server rejected the name that the mailer gave in EHLO. Set another one with
    /// [`client_name`](crate::SmtpBuilder::client_name), or as `client_name` in the URL.
    #[error(
        "the mail server answered {code} to the name {name} that the mailer gave in EHLO; \
         set another with client_name"
    )]
    ClientNameRefused {
        /// The reply code. 5xx is permanent.
        code: u16,
        /// The name.
        name: Box<str>,
    },
    /// The connection could not be opened or was lost, or the server's certificate is not trusted.
    #[error("the mail server could not be reached")]
    Unreachable(#[source] Arc<dyn Error + Send + Sync>),
    /// The server did not accept the message in time. It may still deliver it.
    #[error("the mail server did not accept the message in time")]
    TimedOut,
    /// The server's reply is not valid SMTP.
    #[error("the mail server sent an invalid reply")]
    Garbled,
    /// The server does not support what the settings require, such as STARTTLS or authentication.
    #[error("the mail server does not support what the settings require")]
    Unsupported(#[source] Arc<dyn Error + Send + Sync>),
    /// The message cannot be encoded as Internet mail.
    #[error("the message could not be encoded as mail")]
    Unwritable(#[source] Arc<dyn Error + Send + Sync>),
}

impl SmtpError {
    pub(super) fn unwritable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unwritable(Arc::new(cause))
    }

    /// The error of a connection up to its first EHLO.
    pub(super) fn until_ehlo(error: smtp::Error, name: &ClientId) -> Self {
        match error.status().map(u16::from) {
            // RFC 5321 §4.3.2. A server that accepts no connections answers 421 or 554 before.
            Some(code @ (500..=504 | 550)) => Self::ClientNameRefused { code, name: name.to_string().into() },
            _ => Self::after_ehlo(error, name),
        }
    }

    /// The error of a connection. Many servers keep the rejection of EHLO for a later reply, and
    /// say what it is about.
    pub(super) fn after_ehlo(error: smtp::Error, name: &ClientId) -> Self {
        let text = error.source().map(ToString::to_string).unwrap_or_default().to_ascii_lowercase();
        match error.status() {
            Some(code) if text.contains("helo command") || text.contains("ehlo command") => {
                Self::ClientNameRefused { code: code.into(), name: name.to_string().into() }
            }
            _ => error.into(),
        }
    }
}

impl From<smtp::Error> for SmtpError {
    fn from(error: smtp::Error) -> Self {
        if let Some(code) = error.status() {
            let text = error.source().map(ToString::to_string).unwrap_or_default();
            Self::Refused { code: code.into(), enhanced: enhanced(&text) }
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
            SmtpError::Refused { code: 500.., .. }
            | SmtpError::ClientNameRefused { code: 500.., .. }
            | SmtpError::Unsupported(_)
            | SmtpError::Unwritable(_) => Self::permanent(error),
            _ => Self::temporary(error),
        }
    }
}

/// The enhanced status code at the beginning of a reply (RFC 2034).
fn enhanced(text: &str) -> Option<Box<str>> {
    let first = text.split_whitespace().next()?;
    let is_part =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    (first.split('.').count() == 3 && first.split('.').all(is_part)).then(|| first.into())
}

/// An invalid setting of an [`SmtpMailer`](crate::SmtpMailer).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SmtpConfigError {
    /// The URL does not have the form `smtp://user:password@host:port` or `smtps://…`, with user
    /// and password percent-encoded.
    #[error("the URL of the mail server must have the form smtp://user:password@host:port or smtps://…")]
    Url,
    /// The URL has a parameter other than `tls=required`, `tls=none` or `client_name`, or
    /// contradicts its scheme.
    #[error("the URL of the mail server has a parameter other than tls=required, tls=none or client_name")]
    Parameter,
    /// The host name is neither a domain name nor an IP address.
    #[error("the host name of the mail server is malformed")]
    Host,
    /// The client name is neither a fully qualified domain name nor an address literal.
    #[error(
        "the client name must be a domain name such as app.example.com, or an address such as [192.0.2.1]"
    )]
    ClientName,
    /// The sender does not have the form `address@domain` or `Name <address@domain>`.
    #[error("the sender of emails must have the form address@domain or Name <address@domain>")]
    Sender,
    /// A root certificate cannot be read, or TLS cannot be set up.
    #[error("TLS for the mail server could not be set up")]
    Certificate(#[source] Box<dyn Error + Send + Sync>),
    /// The random source failed. It is needed for the key of the message ids.
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
    fn only_the_code_of_a_reply_is_kept() {
        assert_eq!(enhanced("5.1.1 <ada@example.com> unknown").as_deref(), Some("5.1.1"));
        for text in ["", "ada@example.com", "5.1", "5.1.1.1 x", "5..1 x", "a.b.c", "5.1.1234"] {
            assert_eq!(enhanced(text), None, "{text}");
        }
    }

    #[test]
    fn only_replies_of_5xx_are_permanent() {
        let refused = |code| SendError::from(SmtpError::Refused { code, enhanced: None }).is_permanent();
        assert_eq!([421, 450, 499, 500, 535, 550].map(refused), [false, false, false, true, true, true]);
        assert!(!SendError::from(SmtpError::TimedOut).is_permanent());
        assert!(!SendError::from(SmtpError::Garbled).is_permanent());
    }
}
