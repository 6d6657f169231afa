//! Setting a new password by email.

use crate::{
    http::{
        call::Call,
        outcome::{Answer, Outcome},
    },
    model::{Email, Passcode, Password, UserId},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn start_recovery(&self) -> Answer {
        let (email, url) = (self.required::<Email>("email")?, self.required_url()?);
        Ok(Outcome::TokenSent(Box::new(self.service.start_recovery(email, &url, &self.client).await?)).done())
    }

    pub(super) async fn finish_recovery(&self) -> Answer {
        let (user, secret) = (self.required::<UserId>("userId")?, self.required::<Passcode>("secret")?);
        let password = self.required::<Password>("password")?;
        let token =
            self.service.finish_recovery(&user, &secret, password, self.holder().ok(), &self.client).await?;
        // All sessions of the account have ended, which may include the caller's.
        let ends_current = self.principal.as_ref().is_some_and(|who| *who.user_id() == token.user);
        Ok(Outcome::TokenRedeemed(Box::new(token)).done().clearing_cookie_if(ends_current))
    }
}
