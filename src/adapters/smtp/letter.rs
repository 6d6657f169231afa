//! Messages as Internet mail (RFC 5322, MIME).

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

/// A message as it goes to the server.
pub(super) struct Letter {
    pub(super) envelope: Envelope,
    pub(super) content: Vec<u8>,
}

/// Writes letters of one sender.
pub(super) struct Letters {
    from: Mailbox,
    renderer: Arc<dyn Renderer>,
    key: [u8; 64],
}

impl Letters {
    /// Letters from an `address` or a `Name <address>`.
    pub(super) fn from(sender: &str, renderer: Arc<dyn Renderer>) -> Result<Self, SmtpConfigError> {
        let mut key = [0; 64];
        SystemEntropy.fill(&mut key)?;
        Ok(Self { from: mailbox(sender).ok_or(SmtpConfigError::Sender)?, renderer, key })
    }

    pub(super) fn write(&self, message: &EmailMessage) -> Result<Letter, SmtpError> {
        let words = self.renderer.email(message);
        let to = Address::new(message.to.local_part(), message.to.domain()).map_err(SmtpError::unwritable)?;
        let sent = Duration::from_millis(message.at.as_millis().unsigned_abs());
        let builder = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(display_name(message.name.as_str()), to))
            .subject(line(&words.subject))
            .date(UNIX_EPOCH + sent)
            .message_id(Some(self.message_id(message, &words)))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".into(),
            ));
        let mail = if words.html.is_empty() {
            builder.singlepart(SinglePart::plain(words.text))
        } else {
            builder.multipart(MultiPart::alternative_plain_html(words.text, words.html))
        };
        let mail = mail.map_err(SmtpError::unwritable)?;
        Ok(Letter { envelope: mail.envelope().clone(), content: mail.formatted() })
    }

    /// The same for the same message, so that a copy is known as one. It is keyed, because it stands in the logs of mail
    /// servers, where a plain digest of a message would give away its six-digit code.
    fn message_id(&self, message: &EmailMessage, words: &RenderedEmail) -> String {
        let mut digest = Hmac::<Sha256>::new(&self.key.into());
        for part in [message.to.as_str(), &message.at.to_string(), &words.subject, &words.text] {
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
    let name = line(name);
    (!name.is_empty()).then_some(name)
}

/// The text with each control character as a space: a line break would begin another header, and lettre panics at one in a
/// display name.
fn line(text: &str) -> String {
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

    fn letters() -> Letters {
        Letters::from("Example <no-reply@example.com>", Arc::new(Texts::new())).unwrap()
    }

    fn message(project: &str, at: i64) -> EmailMessage {
        let to = "ada@example.org".parse().unwrap();
        EmailMessage::new(to, project, Timestamp::from_millis(at), Notice::PasswordChanged)
    }

    fn written(message: &EmailMessage) -> String {
        String::from_utf8(letters().write(message).unwrap().content).unwrap()
    }

    /// The lines before the first empty one, with folded ones joined.
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
    fn a_second_copy_has_the_same_message_id_and_another_message_another() {
        let letters = letters();
        let id = |message: &EmailMessage| {
            let mail = String::from_utf8(letters.write(message).unwrap().content).unwrap();
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
            assert!(written(&message("Example", at.as_millis())).contains("\r\nDate: "));
        }
    }

    proptest! {
        #[test]
        fn no_name_and_no_project_panics_or_adds_a_header(name in any::<String>(), project in any::<String>()) {
            let mut message = message(&project, 0);
            let mut usual = headers(&written(&message));
            message.name = name.parse().unwrap_or(Name::EMPTY);
            let mut headers = headers(&written(&message));
            prop_assert_eq!(headers.len(), usual.len());
            for lines in [&mut headers, &mut usual] {
                lines.iter_mut().for_each(|line| line.truncate(line.find(':').unwrap()));
            }
            prop_assert_eq!(headers, usual);
        }
    }
}
