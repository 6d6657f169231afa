//! A new password by mail.

use crate::{
    http::{
        call::Call,
        reply::{Answer, CookieChange},
    },
    model::{Email, Passcode, Password, UserId},
    ports::{Clock, Mailer, SmsSender, Store},
};

use super::tokens::redeemed;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn start_recovery(&self) -> Answer {
        let (email, url) = (self.required::<Email>("email")?, self.required_url()?);
        Ok(self.sent(&self.service.start_recovery(email, &url, &self.client).await?))
    }

    pub(super) async fn finish_recovery(&self) -> Answer {
        let (user, secret) = (self.required::<UserId>("userId")?, self.required::<Passcode>("secret")?);
        let password = self.required::<Password>("password")?;
        let token =
            self.service.finish_recovery(&user, &secret, password, self.holder().ok(), &self.client).await?;
        // All sessions of that account have ended, so perhaps the one that asks.
        let ends_current = self.who.as_ref().is_some_and(|who| *who.user_id() == token.user);
        Ok(redeemed(&token).with_cookie(if ends_current { CookieChange::Clear } else { CookieChange::Keep }))
    }
}
