//! Changing email, password and phone, which may renew the session's secret.

use crate::{
    features::CredentialChange,
    http::{
        call::Call,
        outcome::{Answer, CookieChange, Done, Outcome},
    },
    model::{Email, Password, Phone, Timestamp},
    ports::{Clock, Mailer, SmsSender, Store},
};

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Call<S, M, P, C> {
    pub(super) async fn change_email(&self) -> Answer {
        let (email, password) = (self.required::<Email>("email")?, self.required::<Password>("password")?);
        let caller = self.caller()?;
        let change = self.service.change_email(caller, email, password).await?;
        Ok(changed(change, caller.session_expires_at()))
    }

    pub(super) async fn change_password(&self) -> Answer {
        let (new, old) = (self.required::<Password>("password")?, self.optional::<Password>("oldPassword")?);
        let caller = self.caller()?;
        let change = self.service.change_password(caller, new, old).await?;
        Ok(changed(change, caller.session_expires_at()))
    }

    pub(super) async fn change_phone(&self) -> Answer {
        let (phone, password) = (self.required::<Phone>("phone")?, self.required::<Password>("password")?);
        let caller = self.caller()?;
        let change = self.service.change_phone(caller, phone, password).await?;
        Ok(changed(change, caller.session_expires_at()))
    }
}

fn changed(change: CredentialChange, expires_at: Timestamp) -> Done {
    let done = Outcome::User(change.user).done();
    match change.secret {
        Some(secret) => done.with_cookie(CookieChange::Set(secret, expires_at)),
        None => done,
    }
}
