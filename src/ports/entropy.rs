//! Randomness.

use std::{fmt, sync::Arc};

use rand::{TryRng as _, rngs::SysRng};

/// The random source failed. The operation that needed it fails; there is no second source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random source failed")]
pub struct EntropyError;

/// The one source of random bits: ids, versions, salts and secrets.
pub trait Entropy: fmt::Debug + Send + Sync + 'static {
    /// Fills the bytes.
    ///
    /// # Errors
    /// [`EntropyError`] if the source fails; the bytes must then not be used.
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
