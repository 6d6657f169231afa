//! Verification of an email address or phone number.

use crate::{
    error::Error,
    http::{
        call::Call,
        outcome::{Answer, Outcome},
    },
    model::{Passcode, UserId},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn start_email_verification(&self) -> Answer {
        let url = self.required_url()?;
        Ok(Outcome::TokenSent(Box::new(self.service.start_email_verification(self.caller()?, &url).await?))
            .done())
    }

    pub(super) async fn finish_email_verification(&self) -> Answer {
        let (user, secret) = (self.required::<UserId>("userId")?, self.required::<Passcode>("secret")?);
        Ok(Outcome::TokenRedeemed(Box::new(
            self.service.finish_email_verification(&user, &secret, &self.client).await?,
        ))
        .done())
    }

    pub(super) async fn start_phone_verification(&self) -> Answer {
        Ok(Outcome::TokenSent(Box::new(self.service.start_phone_verification(self.caller()?).await?)).done())
    }

    pub(super) async fn finish_phone_verification(&self) -> Answer {
        let (user, secret) = (self.required::<UserId>("userId")?, self.required::<Passcode>("secret")?);
        // Guests may call the route, but only the account's owner has a code.
        let caller = self.caller().map_err(|_| Error::InvalidToken)?;
        Ok(Outcome::TokenRedeemed(Box::new(
            self.service.finish_phone_verification(caller, &user, &secret).await?,
        ))
        .done())
    }
}
