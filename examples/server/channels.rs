//! How messages are sent: email by SMTP, SMS by a webhook or Twilio, each behind a queue. The
//! development outbox takes the messages of a channel that is not configured.

use std::{error::Error, sync::Arc, time::Duration};

use account::{
    Queued, ReqwestClient, SmtpMailer, TwilioSms, WebhookSms,
    ports::{Mailer, NoMailer, NoSms, SmsSender},
};

use crate::{
    console,
    outbox::Outbox,
    settings::{Settings, Sms},
};

/// The channels by which messages leave the server.
pub(crate) struct Channels {
    mail: Option<Queued<SmtpMailer>>,
    sms: Option<Queued<Arc<dyn SmsSender>>>,
    outbox: Option<Outbox>,
}

impl Channels {
    /// Sets up the configured channels. Opens no connection yet.
    pub(crate) fn open(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let mail = match &settings.smtp {
            None => None,
            Some(smtp) => Some(SmtpMailer::from_url(smtp.url.expose(), &smtp.from)?),
        };
        let sms: Option<Arc<dyn SmsSender>> = match &settings.sms {
            None => None,
            Some(Sms::Webhook(url)) => Some(Arc::new(WebhookSms::new(url.expose(), ReqwestClient::new()?)?)),
            Some(Sms::Twilio { sid, token, from }) => {
                Some(Arc::new(TwilioSms::new(sid, token.expose().to_owned(), from, ReqwestClient::new()?)?))
            }
        };
        let is_complete = mail.is_some() && sms.is_some();
        Ok(Self {
            mail: mail.map(|mailer| Queued::builder(mailer).on_failure(|lost| console::notice(lost)).build()),
            sms: sms.map(|sender| Queued::builder(sender).on_failure(|lost| console::notice(lost)).build()),
            outbox: (settings.is_private() && !is_complete).then(Outbox::default),
        })
    }

    pub(crate) fn mailer(&self) -> Arc<dyn Mailer> {
        match (&self.mail, &self.outbox) {
            (Some(mail), _) => Arc::new(mail.clone()),
            (None, Some(outbox)) => Arc::new(outbox.clone()),
            (None, None) => Arc::new(NoMailer),
        }
    }

    pub(crate) fn sms(&self) -> Arc<dyn SmsSender> {
        match (&self.sms, &self.outbox) {
            (Some(sms), _) => Arc::new(sms.clone()),
            (None, Some(outbox)) => Arc::new(outbox.clone()),
            (None, None) => Arc::new(NoSms),
        }
    }

    /// The development outbox, if it takes the messages that cannot be sent.
    pub(crate) fn outbox(&self) -> Option<Outbox> {
        self.outbox.clone()
    }

    /// A notice for the operator if messages are neither sent nor kept in the outbox.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match (&self.mail, &self.sms, &self.outbox) {
            (_, _, Some(_)) | (Some(_), Some(_), None) => None,
            (None, None, None) => Some(
                "neither email nor SMS is configured, so requests that need them are answered 503; \
                 set ACCOUNT_SMTP, and ACCOUNT_SMS_WEBHOOK or ACCOUNT_TWILIO_…",
            ),
            (None, Some(_), None) => {
                Some("email is not configured, so requests that need it are answered 503; set ACCOUNT_SMTP")
            }
            (Some(_), None, None) => Some(
                "SMS is not configured, so requests that need it are answered 503; \
                 set ACCOUNT_SMS_WEBHOOK or ACCOUNT_TWILIO_…",
            ),
        }
    }

    /// Sends the queued messages for at most `timeout`, and reports how many are left.
    pub(crate) async fn drain(&self, timeout: Duration) {
        let mail = async {
            match &self.mail {
                Some(mail) => mail.drain(timeout).await,
                None => 0,
            }
        };
        let sms = async {
            match &self.sms {
                Some(sms) => sms.drain(timeout).await,
                None => 0,
            }
        };
        let (mails, texts) = tokio::join!(mail, sms);
        if mails + texts > 0 {
            console::notice(format_args!("messages that could not be sent in time: {}", mails + texts));
        }
    }
}
