//! Sign-in with a token that was mailed, texted or issued.

use crate::{
    error::Error,
    features::EmailSignIn,
    http::{
        call::Call,
        outcome::{Answer, Outcome},
    },
    model::{CustomId, Email, Passcode, Phone, UserId},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn send_email_code(&self) -> Answer {
        let (user_id, email) = (self.required("userId")?, self.required::<Email>("email")?);
        let request = EmailSignIn { user_id, email, with_phrase: self.optional_bool("phrase")? };
        let token = self.service.send_email_code(request, &self.client).await?;
        Ok(Outcome::TokenSent(Box::new(token)).done())
    }

    pub(super) async fn send_magic_url(&self) -> Answer {
        let (user_id, email) = (self.required("userId")?, self.required::<Email>("email")?);
        let url = self.optional_url()?;
        let request = EmailSignIn { user_id, email, with_phrase: self.optional_bool("phrase")? };
        let url = url.as_ref().unwrap_or(&self.config.magic_page);
        let token = self.service.send_magic_url(request, url, &self.client).await?;
        Ok(Outcome::TokenSent(Box::new(token)).done())
    }

    pub(super) async fn send_phone_code(&self) -> Answer {
        let (user_id, phone) = (self.required("userId")?, self.required::<Phone>("phone")?);
        let token = self.service.send_phone_code(user_id, phone, &self.client).await?;
        Ok(Outcome::TokenSent(Box::new(token)).done())
    }

    pub(super) async fn sign_in_with_token(&self) -> Answer {
        let (user, secret) =
            (self.required::<CustomId<UserId>>("userId")?, self.required::<Passcode>("secret")?);
        // The API accepts `unique()` here too, which is no account's id.
        let CustomId::Given(user) = user else { return Err(Error::InvalidToken.into()) };
        let signed_in = self.service.sign_in_with_token(&user, &secret, &self.client).await?;
        Ok(self.signed_in(signed_in))
    }
}
