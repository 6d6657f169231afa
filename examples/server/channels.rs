//! Who carries messages: SMTP for mail, a webhook or Twilio for SMS, each behind a queue; and the development outbox for what is not set up.

use std::{error::Error, sync::Arc, time::Duration};

use account::{
    Queued, ReqwestClient, SmtpMailer, TwilioSms, WebhookSms,
    ports::{Mailer, NoMailer, NoSms, SmsSender},
};

use crate::{
    outbox::Outbox,
    say,
    settings::{Settings, Sms},
};

/// The ways by which messages leave the server.
pub(crate) struct Channels {
    mail: Option<Queued<SmtpMailer>>,
    sms: Option<Queued<Arc<dyn SmsSender>>>,
    outbox: Option<Outbox>,
}

impl Channels {
    /// Opens what the settings ask for. Nothing is connected to yet.
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
            mail: mail.map(|mailer| Queued::builder(mailer).on_failure(|lost| say::notice(lost)).build()),
            sms: sms.map(|sender| Queued::builder(sender).on_failure(|lost| say::notice(lost)).build()),
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

    /// The outbox, if it takes what cannot be sent.
    pub(crate) fn outbox(&self) -> Option<Outbox> {
        self.outbox.clone()
    }

    /// What is neither sent nor kept, if anything.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        match (&self.mail, &self.sms, &self.outbox) {
            (_, _, Some(_)) | (Some(_), Some(_), None) => None,
            (None, None, None) => Some("neither mail nor SMS is set up: what needs them answers 503"),
            (None, Some(_), None) => Some("mail is not set up: what needs it answers 503"),
            (Some(_), None, None) => Some("SMS is not set up: what needs it answers 503"),
        }
    }

    /// Sends what still waits, for as long as that.
    pub(crate) async fn drain(&self, patience: Duration) {
        let mail = async {
            match &self.mail {
                Some(mail) => mail.drain(patience).await,
                None => 0,
            }
        };
        let sms = async {
            match &self.sms {
                Some(sms) => sms.drain(patience).await,
                None => 0,
            }
        };
        let (mails, texts) = tokio::join!(mail, sms);
        if mails + texts > 0 {
            say::notice(format_args!("messages that could not be sent in time: {}", mails + texts));
        }
    }
}
