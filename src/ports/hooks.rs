//! Hooks for hosts: told of what happened, asked about passwords.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::model::{Account, Event, Password};

/// Is told of every event after its change was saved, for instance to make the host's own row for a new user.
///
/// It is called once per acknowledged event, before the operation answers; a process that dies in between never calls it. What it returns
/// changes nothing. The caller waits for it, so it should hand slow work over to a queue. Guesses at accounts that do not exist are only logged.
#[async_trait]
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Called with an event and the account as saved with it.
    async fn observe(&self, event: &Event, account: &Account);
}

#[async_trait]
impl<T: Observer + ?Sized> Observer for Arc<T> {
    async fn observe(&self, event: &Event, account: &Account) {
        (**self).observe(event, account).await;
    }
}

/// Why a host's rule refuses a password: one sentence for the user, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRejection(pub String);

/// A host's own rule for new passwords, asked after the built-in ones.
#[async_trait]
pub trait PasswordRule: fmt::Debug + Send + Sync + 'static {
    /// Judges a new password for this account (at sign-up: the account as it would be).
    ///
    /// # Errors
    /// [`PasswordRejection`] refuses it; the user sees its text as
    /// [`Invalid::PasswordRule`](crate::error::Invalid::PasswordRule).
    async fn check(&self, password: &Password, account: &Account) -> Result<(), PasswordRejection>;
}

#[async_trait]
impl<T: PasswordRule + ?Sized> PasswordRule for Arc<T> {
    async fn check(&self, password: &Password, account: &Account) -> Result<(), PasswordRejection> {
        (**self).check(password, account).await
    }
}
