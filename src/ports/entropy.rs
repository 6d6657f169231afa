//! The source of randomness.

use std::{fmt, sync::Arc};

use rand::{TryRng as _, rngs::SysRng};

/// The random source failed. There is no fallback: the operation that needed it fails too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random source failed")]
pub struct EntropyError;

/// A source of random bytes.
///
/// The service draws its ids, versions, salts and secrets from it.
///
/// # Security
/// An implementation for production must be cryptographically secure.
///
/// # Examples
/// ```
/// use account::ports::{Entropy, SystemEntropy};
///
/// let mut salt = [0; 16];
/// SystemEntropy.fill(&mut salt)?;
/// assert_ne!(salt, [0; 16]);
/// # Ok::<(), account::ports::EntropyError>(())
/// ```
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// Fills `bytes` with random bytes.
    ///
    /// # Errors
    /// [`EntropyError`] if the source fails; `bytes` must then not be used.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;
}

impl<T: Entropy + ?Sized> Entropy for Arc<T> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        (**self).fill(bytes)
    }
}

/// The operating system's random source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SysRng.try_fill_bytes(bytes).map_err(|_| EntropyError)
    }
}
