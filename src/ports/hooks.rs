//! Hooks for the application: observing events and checking new passwords.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::model::{Account, Event, Password};

/// Receives every event after its change was saved, for example to create your application's own
/// row for a new user.
///
/// The service calls it once per acknowledged event, before the operation returns, and waits for
/// it: hand slow work over to a queue. If the process dies in between, the call is lost. An
/// observer cannot affect the outcome. Guesses at accounts that do not exist are logged but not
/// observed.
///
/// # Examples
/// ```
/// use account::{
///     model::{Account, Event, EventKind},
///     ports::Observer,
/// };
///
/// #[derive(Debug)]
/// struct Welcome;
///
/// #[async_trait::async_trait]
/// impl Observer for Welcome {
///     async fn observe(&self, event: &Event, account: &Account) {
///         if event.kind == EventKind::UserCreated {
///             println!("welcome, {}", account.name().as_str());
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Handles one event. `account` is the account as saved with it.
    async fn observe(&self, event: &Event, account: &Account);
}

#[async_trait]
impl<T: Observer + ?Sized> Observer for Arc<T> {
    async fn observe(&self, event: &Event, account: &Account) {
        (**self).observe(event, account).await;
    }
}

/// Why a [`PasswordRule`] rejects a password: one sentence for the user, without the password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordRejection(pub String);

/// Your application's own rule for new passwords, checked after the built-in ones.
///
/// # Examples
/// ```
/// use account::{
///     model::{Account, Password},
///     ports::{PasswordRejection, PasswordRule},
/// };
///
/// #[derive(Debug)]
/// struct NoDate;
///
/// #[async_trait::async_trait]
/// impl PasswordRule for NoDate {
///     async fn check(&self, password: &Password, _: &Account) -> Result<(), PasswordRejection> {
///         match password.expose().contains("2026") {
///             true => Err(PasswordRejection("The password must not contain the year.".into())),
///             false => Ok(()),
///         }
///     }
/// }
/// ```
#[doc(alias = "password policy")]
#[async_trait]
pub trait PasswordRule: fmt::Debug + Send + Sync + 'static {
    /// Checks a new password for this account. At sign-up, this is the account about to be created.
    ///
    /// # Errors
    /// [`PasswordRejection`] if the password is not acceptable; the user sees its text as
    /// [`Invalid::PasswordRule`](crate::error::Invalid::PasswordRule).
    async fn check(&self, password: &Password, account: &Account) -> Result<(), PasswordRejection>;
}

#[async_trait]
impl<T: PasswordRule + ?Sized> PasswordRule for Arc<T> {
    async fn check(&self, password: &Password, account: &Account) -> Result<(), PasswordRejection> {
        (**self).check(password, account).await
    }
}
