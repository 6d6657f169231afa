//! Password hashing, off the async executor.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::{model::PasswordHash, secret::Secret};

/// Computes and verifies password hashes.
///
/// The service calls it before it decides on a sign-up, a sign-in or a change of password.
/// [`Argon2Pool`](crate::Argon2Pool) is the default.
///
/// # Security
/// An implementation
///
/// - hashes the whole password, to the last byte and past any NUL,
/// - compares in constant time,
/// - never blocks the thread that polls it,
/// - returns [`HashError::Busy`] rather than let work pile up.
///
/// The first point has one exception: a hash that an older system computed from a part of the
/// password (see [`PasswordHash`](PasswordHash#hashes-of-an-older-system)) is compared with the
/// same part, until the next sign-in replaces it.
///
/// # Examples
/// ```
/// use std::{sync::Arc, time::Instant};
/// use account::{Argon2Pool, Secret, model::PasswordHash, ports::*};
///
/// /// Prints how long each hash takes.
/// #[derive(Debug)]
/// struct Timed(Argon2Pool);
///
/// #[async_trait::async_trait]
/// impl PasswordHasher for Timed {
///     async fn hash(&self, it: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError> {
///         let (start, hash) = (Instant::now(), self.0.hash(it, salt).await);
///         println!("{:?}", start.elapsed());
///         hash
///     }
///     // and `verify` likewise
/// #   async fn verify(&self, it: Arc<Secret>, to: Option<PasswordHash>)
/// #   -> Result<Verdict, HashError> {
/// #       self.0.verify(it, to).await
/// #   }
/// }
/// # #[tokio::main] async fn main() -> Result<(), HashError> {
/// # let (it, hasher) = (Arc::new(Secret::new("heron".into())), Timed(Argon2Pool::default()));
/// # let hash = hasher.hash(Arc::clone(&it), [7; 16]).await?;
/// # assert!(hasher.verify(it, Some(hash)).await?.matches);
/// # Ok(()) }
/// ```
#[async_trait]
pub trait PasswordHasher: Send + Sync + Debug + 'static {
    /// Hashes a password with the current parameters.
    ///
    /// The service draws a fresh `salt` from [`Entropy`](super::Entropy) for every call.
    ///
    /// # Errors
    /// [`HashError::Busy`] if too many passwords are waiting, [`HashError::Failed`] if the hash
    /// could not be computed.
    async fn hash(&self, password: Arc<Secret>, salt: [u8; 16]) -> Result<PasswordHash, HashError>;

    /// Verifies a password against a stored hash, with the parameters that the hash names.
    ///
    /// `against` is `None` for an account that is unknown or has no password; the password then
    /// never matches.
    ///
    /// # Errors
    /// [`HashError::Busy`] if too many passwords are waiting, [`HashError::Failed`] if the hash
    /// could not be computed.
    ///
    /// # Security
    /// To prevent user enumeration by timing, a check against `None` or against a hash that is
    /// cheaper to compute takes as much work as one hash with the current parameters.
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

/// The outcome of [`PasswordHasher::verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the password is the one that the hash was computed from.
    pub matches: bool,
    /// Whether the stored hash is weaker than a new one, or of an older system. After a match it
    /// should be replaced.
    pub weaker: bool,
}

/// Why a password was neither hashed nor verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// Too many passwords are waiting; the caller may try again shortly.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The hash could not be computed, for lack of memory or threads.
    #[error("the password could not be hashed")]
    Failed,
}
