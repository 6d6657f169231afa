//! Proof of an email address or phone number.

use crate::{
    error::Error,
    http::{call::Call, reply::Answer},
    model::{Passcode, UserId},
    ports::{Clock, Mailer, SmsSender, Store},
};

use super::tokens::redeemed;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn start_email_verification(&self) -> Answer {
        let url = self.required_url()?;
        Ok(self.sent(&self.service.start_email_verification(self.caller()?, &url).await?))
    }

    pub(super) async fn finish_email_verification(&self) -> Answer {
        let (user, secret) = (self.required::<UserId>("userId")?, self.required::<Passcode>("secret")?);
        Ok(redeemed(&self.service.finish_email_verification(&user, &secret, &self.client).await?))
    }

    pub(super) async fn start_phone_verification(&self) -> Answer {
        Ok(self.sent(&self.service.start_phone_verification(self.caller()?).await?))
    }

    pub(super) async fn finish_phone_verification(&self) -> Answer {
        let (user, secret) = (self.required::<UserId>("userId")?, self.required::<Passcode>("secret")?);
        // The route is open to guests, but nobody except the account's owner has a code for it.
        let caller = self.caller().map_err(|_| Error::InvalidToken)?;
        Ok(redeemed(&self.service.finish_phone_verification(caller, &user, &secret).await?))
    }
}
