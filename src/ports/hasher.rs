//! Hashing passwords, away from the caller's executor.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::{model::PasswordHash, secret::Secret};

/// Makes and checks password hashes.
///
/// The service calls it before it decides on a sign-up, a sign-in or a change of password. [`Argon2Pool`](crate::Argon2Pool)
/// is the implementation that a host gets by default.
///
/// # Security
/// An implementation hashes the whole password, to the last byte and past any NUL, compares in constant time, never blocks the
/// thread that polls it, and answers [`HashError::Busy`] rather than let work pile up. Only where an older system has made a hash of
/// less than the whole password does the same part decide (see [`PasswordHash`](PasswordHash#hashes-of-an-older-system)), until the
/// next sign-in replaces that hash.
#[async_trait]
pub trait PasswordHasher: Send + Sync + Debug + 'static {
    /// Hashes a password with today's parameters.
    ///
    /// `salt` comes from the host's source of randomness, fresh for every call.
    ///
    /// # Errors
    /// [`HashError::Busy`] if too many passwords are waiting already, [`HashError::Failed`] if the hash could not be computed.
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError>;

    /// Checks a password against a stored hash, with the parameters that the hash names.
    ///
    /// `None`, for an account that is unknown or has no password, costs one hash of today's parameters and never matches, so
    /// that the time of the answer does not tell whether there is a password. For the same reason a check against a hash that is
    /// cheaper to compute costs as much as one of today's parameters.
    ///
    /// # Errors
    /// [`HashError::Busy`] if too many passwords are waiting already, [`HashError::Failed`] if the hash could not be computed.
    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError>;
}

#[async_trait]
impl<T: PasswordHasher + ?Sized> PasswordHasher for Arc<T> {
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
        (**self).hash(password, salt).await
    }

    async fn verify(
        &self,
        password: Arc<Secret>,
        against: Option<PasswordHash>,
    ) -> Result<Verdict, HashError> {
        (**self).verify(password, against).await
    }
}

/// The outcome of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// The password is the one that the hash was made from.
    pub matches: bool,
    /// The stored hash is weaker than one made today, or of an older system; after a match it is time to make a new one.
    pub weaker: bool,
}

/// Why there is no answer about a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Too many passwords are waiting already; the caller may come back in a moment.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The hash could not be computed, for want of memory or threads.
    #[error("the password could not be hashed")]
    Failed,
}
