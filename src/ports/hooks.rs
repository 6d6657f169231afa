//! A hook for the application: checking new passwords.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use crate::model::{Account, Password};

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
