//! Composes Internet mail (RFC 5322, MIME) from messages.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{HeaderName, HeaderValue},
    },
};
use sha2::Sha256;

use super::error::{SmtpConfigError, SmtpError};
use crate::{
    messages::{EmailMessage, RenderedEmail, Renderer},
    ports::{Entropy, SystemEntropy},
};

/// A composed message, ready to be sent.
pub(super) struct Mail {
    pub(super) envelope: Envelope,
    pub(super) content: Vec<u8>,
}

/// Composes the mail of one sender.
pub(super) struct Composer {
    from: Mailbox,
    renderer: Arc<dyn Renderer>,
    /// The key of the message ids.
    key: [u8; 64],
}

impl Composer {
    /// The sender is an `address` or a `Name <address>`.
    pub(super) fn new(sender: &str, renderer: Arc<dyn Renderer>) -> Result<Self, SmtpConfigError> {
        let mut key = [0; 64];
        SystemEntropy.fill(&mut key)?;
        Ok(Self { from: mailbox(sender).ok_or(SmtpConfigError::Sender)?, renderer, key })
    }

    pub(super) fn sender_domain(&self) -> &str {
        self.from.email.domain()
    }

    pub(super) fn compose(&self, message: &EmailMessage) -> Result<Mail, SmtpError> {
        let rendered = self.renderer.email(message);
        let to = Address::new(message.to.local_part(), message.to.domain()).map_err(SmtpError::unwritable)?;
        let sent = Duration::from_millis(message.at.as_millis().unsigned_abs());
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(display_name(message.name.as_str()), to))
            .subject(header_text(&rendered.subject))
            .date(UNIX_EPOCH + sent)
            .message_id(Some(self.message_id(message, &rendered)))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ));
        let mail = if rendered.html.is_empty() {
            builder.singlepart(SinglePart::plain(rendered.text))
        } else {
            builder.multipart(MultiPart::alternative_plain_html(rendered.text, rendered.html))
        };
        let mail = mail.map_err(SmtpError::unwritable)?;
        Ok(Mail { envelope: mail.envelope().clone(), content: mail.formatted() })
    }

    /// The same id for the same message, so that duplicates are recognized.
    ///
    /// The digest is keyed because message ids appear in the logs of mail servers: a plain digest
    /// would let a reader of the log find the six-digit code by trying all of them.
    fn message_id(&self, message: &EmailMessage, rendered: &RenderedEmail) -> String {
        let mut digest = Hmac::<Sha256>::new(&self.key.into());
        for part in [message.to.as_str(), &message.at.to_string(), &rendered.subject, &rendered.text] {
            digest.update(&(part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        let digest = HEXLOWER.encode(&digest.finalize().into_bytes());
        format!("<{digest}@{}>", self.from.email.domain())
    }
}

fn mailbox(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    let Some(rest) = text.strip_suffix('>') else {
        return Some(Mailbox::new(None, text.parse().ok()?));
    };
    let (name, address) = rest.rsplit_once('<')?;
    let name = name.trim();
    let unquoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    Some(Mailbox::new(display_name(unquoted), address.trim().parse().ok()?))
}

fn display_name(name: &str) -> Option<String> {
    let name = header_text(name);
    (!name.is_empty()).then_some(name)
}

/// Replaces each control character by a space: a line break would begin another header, and lettre
/// panics if a display name contains one.
fn header_text(text: &str) -> String {
    let clean: String = text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    clean.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        messages::{Notice, Texts},
        model::{Name, Timestamp},
    };

    fn composer() -> Composer {
        Composer::new("Example <no-reply@example.com>", Arc::new(Texts::new())).unwrap()
    }

    fn message(project: &str, at: i64) -> EmailMessage {
        let to = "ada@example.org".parse().unwrap();
        EmailMessage::new(to, project, Timestamp::from_millis(at), Notice::PasswordChanged)
    }

    fn composed(message: &EmailMessage) -> String {
        String::from_utf8(composer().compose(message).unwrap().content).unwrap()
    }

    /// The lines before the first empty one, unfolded.
    fn headers(mail: &str) -> Vec<String> {
        let head = mail.split_once("\r\n\r\n").unwrap().0.replace("\r\n ", " ").replace("\r\n\t", " ");
        head.split("\r\n").map(str::to_owned).collect()
    }

    #[test]
    fn a_sender_has_an_address_and_may_have_a_name() {
        for (text, name, address) in [
            ("a@b.example", None, "a@b.example"),
            (" Ada Lovelace <a@b.example> ", Some("Ada Lovelace"), "a@b.example"),
            ("\"Lovelace, Ada\" <a@localhost>", Some("Lovelace, Ada"), "a@localhost"),
            ("Ada\r\nBcc: x@y.example <a@b.example>", Some("Ada  Bcc: x@y.example"), "a@b.example"),
            ("<a@b.example>", None, "a@b.example"),
        ] {
            let mailbox = mailbox(text).unwrap();
            assert_eq!((mailbox.name.as_deref(), mailbox.email.as_ref()), (name, address));
        }
        for text in
            ["", "Ada", "Ada a@b.example", "a@b.example>", "<a@b\r\n.example>", "a@b.example, c@d.example"]
        {
            assert!(mailbox(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn only_copies_of_a_message_share_its_message_id() {
        let composer = composer();
        let id = |message: &EmailMessage| {
            let mail = String::from_utf8(composer.compose(message).unwrap().content).unwrap();
            headers(&mail).into_iter().find(|line| line.starts_with("Message-ID: ")).unwrap()
        };
        let first = message("Example", 1_000);
        assert_eq!(id(&first), id(&first.clone()));
        assert_ne!(id(&first), id(&message("Example", 1_001)));
        assert!(id(&first).ends_with("@example.com>"));
    }

    #[test]
    fn the_earliest_and_the_latest_date_can_be_written() {
        for at in [Timestamp::MIN, Timestamp::MAX] {
            assert!(composed(&message("Example", at.as_millis())).contains("\r\nDate: "));
        }
    }

    proptest! {
        #[test]
        fn no_name_and_no_project_adds_a_header(name in any::<String>(), project in any::<String>()) {
            let mut message = message(&project, 0);
            let mut usual = headers(&composed(&message));
            message.name = name.parse().unwrap_or(Name::EMPTY);
            let mut headers = headers(&composed(&message));
            prop_assert_eq!(headers.len(), usual.len());
            for lines in [&mut headers, &mut usual] {
                lines.iter_mut().for_each(|line| line.truncate(line.find(':').unwrap()));
            }
            prop_assert_eq!(headers, usual);
        }
    }
}
