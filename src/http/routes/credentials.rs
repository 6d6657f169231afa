//! Changes of email, password and phone, which may renew the secret of the session.

use crate::{
    CredentialChange,
    http::{
        call::Call,
        refusal::Refusal,
        reply::{Answer, CookieChange, Reply},
    },
    model::{Email, Password, Phone, Timestamp},
    ports::{Clock, Mailer, SmsSender, Store},
};

use super::profile::account;

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn change_email(&self) -> Answer {
        let (email, password) = (self.required::<Email>("email")?, self.required::<Password>("password")?);
        let expires_at = self.session_expiry().await?;
        let change = self.service.change_email(self.caller()?, email, password).await?;
        Ok(changed(change, expires_at))
    }

    pub(super) async fn change_password(&self) -> Answer {
        let (new, old) = (self.required::<Password>("password")?, self.optional::<Password>("oldPassword")?);
        let expires_at = self.session_expiry().await?;
        let change = self.service.change_password(self.caller()?, new, old).await?;
        Ok(changed(change, expires_at))
    }

    pub(super) async fn change_phone(&self) -> Answer {
        let (phone, password) = (self.required::<Phone>("phone")?, self.required::<Password>("password")?);
        let expires_at = self.session_expiry().await?;
        let change = self.service.change_phone(self.caller()?, phone, password).await?;
        Ok(changed(change, expires_at))
    }

    /// When the caller's session expires, looked up before the change: afterwards nothing may keep a new secret from its client.
    async fn session_expiry(&self) -> Result<Timestamp, Refusal> {
        let caller = self.caller()?;
        Ok(self.service.session(caller, caller.session_id()).await?.expires_at)
    }
}

fn changed(change: CredentialChange, expires_at: Timestamp) -> Reply {
    let reply = account(&change.user);
    match change.secret {
        Some(secret) => reply.with_cookie(CookieChange::Set(secret, expires_at)),
        None => reply,
    }
}
