//! Why a store did not do what it was asked.

use std::{error::Error, sync::Arc};

use crate::model::{FormatError, Key};

/// Why a store could not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store did not answer, or not in time. A change may or may not have been made; the
    /// service finds out by the version.
    #[error("the store is unavailable")]
    Unavailable(#[source] Option<Arc<dyn Error + Send + Sync>>),
    /// A newer release wrote this value, in this format. Upgrade before reading it.
    #[error("the value was written in format {0} by a newer release; upgrade to read it")]
    NewerFormat(u32),
    /// A stored value cannot be read.
    #[error("a stored value is damaged")]
    Corrupt,
    /// The account cannot be removed because your application's data refers to it, such as a row
    /// with a foreign key.
    #[error("the application's data refers to the account")]
    Referenced,
    /// Your application refused the change, and it was not made: a trigger or constraint of its own
    /// on the store's tables, or its own store. The cause is for the log only.
    #[error("the application refused the change")]
    Refused(#[source] Option<Arc<dyn Error + Send + Sync>>),
}

impl From<FormatError> for StoreError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Newer(format) => Self::NewerFormat(format),
            FormatError::Corrupt => Self::Corrupt,
        }
    }
}

impl StoreError {
    /// Creates an [`Unavailable`](Self::Unavailable) error with its cause.
    pub fn unavailable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Some(Arc::new(cause)))
    }

    /// Creates a [`Refused`](Self::Refused) error with its cause.
    pub fn refused(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Refused(Some(Arc::new(cause)))
    }
}

/// Why a change was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Another account holds this key.
    #[error("another account holds the key")]
    Taken(Key),
    /// The stored state is no longer the one that the change was made from.
    #[error("the account was changed in the meantime")]
    Stale,
    /// The store failed. The change may or may not have been made.
    #[error(transparent)]
    Failed(#[from] StoreError),
}
