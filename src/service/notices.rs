//! Sending messages, after the change that they are about was saved.

use super::{account_service::AccountService, context::Context};
use crate::{
    messages::{EmailMessage, Notice, SmsMessage, TextNotice},
    model::{Email, Name, Phone},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Sends an email, if there is an address. The result of the operation does not depend on it.
    pub(crate) async fn send_email(&self, cx: Context<'_>, contact: Option<(Email, Name)>, notice: Notice) {
        let Some((to, name)) = contact else { return };
        let project = self.inner.config.project_name.as_str().into();
        let locale = cx.client.locale().map(Into::into);
        let message = EmailMessage { to, name, locale, project, at: cx.now, notice };
        // The mailer reports what it cannot send. The change that the message is about is saved.
        let _ = self.inner.mailer.send(message).await;
    }

    /// Sends a text message. The result of the operation does not depend on it.
    pub(crate) async fn send_sms(&self, cx: Context<'_>, to: Phone, notice: TextNotice) {
        let project = self.inner.config.project_name.as_str().into();
        let message = SmsMessage { to, locale: cx.client.locale().map(Into::into), project, notice };
        let _ = self.inner.sms.send(message).await;
    }
}
