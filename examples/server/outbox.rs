//! The development outbox: keeps the messages that a server without email or SMS would have sent.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use account::{
    messages::{EmailMessage, SmsMessage},
    ports::{Clock as _, Mailer, SendError, SmsSender, SystemClock},
};
use async_trait::async_trait;
use serde::Serialize;

/// When the outbox is full, the oldest message is dropped.
const MAX_MESSAGES: usize = 1_000;

/// Takes messages as a [`Mailer`] and as an [`SmsSender`]. Cloning is cheap.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox {
    messages: Arc<Mutex<VecDeque<Message>>>,
    clock: SystemClock,
}

#[derive(Clone, Serialize)]
struct Message {
    channel: &'static str,
    to: String,
    subject: String,
    text: String,
    html: String,
    at: String,
}

impl Outbox {
    /// All messages as a JSON array, oldest first.
    pub(crate) fn to_json(&self) -> serde_json::Result<String> {
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*messages)
    }

    fn push(&self, message: Message) {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        if messages.len() == MAX_MESSAGES {
            messages.pop_front();
        }
        messages.push_back(message);
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn send(&self, message: EmailMessage) -> Result<(), SendError> {
        self.push(Message {
            channel: "email",
            to: message.to.to_string(),
            subject: message.subject(),
            text: message.text(),
            html: message.html(),
            at: message.at.to_string(),
        });
        Ok(())
    }
}

#[async_trait]
impl SmsSender for Outbox {
    async fn send(&self, message: SmsMessage) -> Result<(), SendError> {
        self.push(Message {
            channel: "sms",
            to: message.to.to_string(),
            subject: String::new(),
            text: message.text(),
            html: String::new(),
            at: self.clock.now().to_string(),
        });
        Ok(())
    }
}

// Messages contain secrets: links and codes.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("channel", &self.channel)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(number: usize) -> Message {
        Message {
            channel: "email",
            to: format!("ada{number}@example.com"),
            subject: "Hello".into(),
            text: "Hello, <Ada>".into(),
            html: String::new(),
            at: "2020-10-15T06:38:00.000+00:00".into(),
        }
    }

    #[test]
    fn messages_are_listed_in_the_documented_form() {
        let outbox = Outbox::default();
        assert_eq!(outbox.to_json().unwrap(), "[]");
        outbox.push(message(1));
        assert_eq!(
            outbox.to_json().unwrap(),
            concat!(
                r#"[{"channel":"email","to":"ada1@example.com","subject":"Hello","text":"Hello, <Ada>","#,
                r#""html":"","at":"2020-10-15T06:38:00.000+00:00"}]"#
            )
        );
    }

    #[test]
    fn the_newest_messages_are_kept_oldest_first() {
        let outbox = Outbox::default();
        (0..=MAX_MESSAGES).for_each(|number| outbox.push(message(number)));
        let listed: Vec<serde_json::Value> = serde_json::from_str(&outbox.to_json().unwrap()).unwrap();
        assert_eq!(listed.len(), MAX_MESSAGES);
        assert_eq!(listed[0]["to"], "ada1@example.com");
        assert_eq!(listed[MAX_MESSAGES - 1]["to"], format!("ada{MAX_MESSAGES}@example.com"));
    }

    #[test]
    fn debug_shows_no_text_and_no_address() {
        let outbox = Outbox::default();
        outbox.push(message(1));
        let shown = format!("{outbox:?}");
        assert!(!shown.contains("ada1") && !shown.contains("Hello"), "{shown}");
    }
}
