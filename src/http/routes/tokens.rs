//! Sign-in by what was mailed, texted or handed out.

use crate::{
    error::Error,
    features::EmailSignIn,
    http::{
        call::Call,
        models::TokenModel,
        reply::{Answer, Reply},
    },
    model::{CustomId, Email, Passcode, Phone, Token, UserId},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn send_email_code(&self) -> Answer {
        let (user_id, email) = (self.required("userId")?, self.required::<Email>("email")?);
        let request = EmailSignIn { user_id, email, with_phrase: self.optional_bool("phrase")? };
        let token = self.service.send_email_code(request, &self.client).await?;
        Ok(self.sent(&token))
    }

    pub(super) async fn send_magic_url(&self) -> Answer {
        let (user_id, email) = (self.required("userId")?, self.required::<Email>("email")?);
        let url = self.optional_url()?;
        let request = EmailSignIn { user_id, email, with_phrase: self.optional_bool("phrase")? };
        let url = url.as_ref().unwrap_or(&self.config.magic_page);
        let token = self.service.send_magic_url(request, url, &self.client).await?;
        Ok(self.sent(&token))
    }

    pub(super) async fn send_phone_code(&self) -> Answer {
        let (user_id, phone) = (self.required("userId")?, self.required::<Phone>("phone")?);
        let token = self.service.send_phone_code(user_id, phone, &self.client).await?;
        Ok(self.sent(&token))
    }

    pub(super) async fn sign_in_with_token(&self) -> Answer {
        let (user, secret) =
            (self.required::<CustomId<UserId>>("userId")?, self.required::<Passcode>("secret")?);
        // The API takes `unique()` here too; no account is called that.
        let CustomId::Given(user) = user else { return Err(Error::InvalidToken.into()) };
        let signed_in = self.service.sign_in_with_token(&user, &secret, &self.client).await?;
        Ok(self.signed_in(signed_in))
    }

    /// The answer to whoever let a token be sent. Only a server that holds the API key sees the secret.
    pub(super) fn sent(&self, token: &Token) -> Reply {
        Reply::created(&TokenModel::new(token, self.has_api_key))
    }
}

/// The answer to whoever redeemed a token without being signed in by it.
pub(super) fn redeemed(token: &Token) -> Reply {
    Reply::ok(&TokenModel::new(token, false))
}
