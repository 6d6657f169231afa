//! Errors of the SQLite store.

use std::{error::Error, io};

use rusqlite::ffi::SQLITE_CONSTRAINT_FOREIGNKEY;

use crate::ports::StoreError;

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path names an in-memory database instead of a file. Use
    /// [`MemoryStore`](crate::MemoryStore) for that.
    #[error("the path does not name a file")]
    NotAFile,
    /// A newer release has migrated the file. This release cannot read it.
    #[error(
        "the database has schema number {found}, but this release knows only those up to {known}; \
         upgrade to open it"
    )]
    NewerSchema {
        /// The number of the file's newest migration.
        found: u32,
        /// The number of the newest migration of this release.
        known: u32,
    },
    /// The file could not be read, written or locked, or is not a database.
    #[error("the file cannot be opened as a database")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A value of the wrong type is damage; any other error may be temporary. The driver's messages
/// name columns, not values.
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt,
        // The store's own tables never violate a foreign key.
        Error::SqliteFailure(failure, _) if failure.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY => {
            StoreError::Referenced
        }
        other => StoreError::unavailable(other),
    }
}
