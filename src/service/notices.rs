//! Handing messages over, after what they tell of was saved.

use super::AccountService;
use crate::{
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{ClientInfo, Email, Name, Phone, Timestamp},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sends an email. The answer to the caller does not depend on it.
    pub(crate) async fn send_email(
        &self,
        contact: Option<(Email, Name)>,
        client: &ClientInfo,
        now: Timestamp,
        notice: Notice,
    ) {
        let Some((to, name)) = contact else { return };
        let project = self.inner.config.project_name.as_str().into();
        let message =
            EmailMessage { to, name, locale: client.locale().map(Into::into), project, at: now, notice };
        // What cannot be handed over is the mailer's to report; what it tells of has happened.
        let _ = self.inner.mailer.send(message).await;
    }

    /// Sends a text message, as [`notify`](Self::notify) an email.
    pub(crate) async fn send_sms(&self, to: Phone, client: &ClientInfo, notice: TextNotice) {
        let project = self.inner.config.project_name.as_str().into();
        let message = SmsMessage { to, locale: client.locale().map(Into::into), project, notice };
        let _ = self.inner.sms.send(message).await;
    }
}
