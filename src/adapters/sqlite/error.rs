//! Errors of the SQLite store.

use std::{error::Error, io};

use rusqlite::{ErrorCode, ffi::SQLITE_CONSTRAINT_FOREIGNKEY};

use crate::ports::{SaveError, StoreError};

/// Why a file could not be opened as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The path names an in-memory database instead of a file. Use
    /// [`MemoryStore`](crate::MemoryStore) for that.
    #[error("the path does not name a file")]
    NotAFile,
    /// The prefix of the tables is invalid.
    #[error(
        "the prefix of the tables must have up to 32 ASCII letters, digits and underscores, and must \
         not begin with a digit or sqlite_"
    )]
    TablePrefix,
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
    /// The file has a table, view or index of another application, with a name that the store
    /// needs.
    #[error(
        "the database has a table, view or index {name} that belongs to another application; \
         choose a prefix for the names of the store, with SqliteBuilder::table_prefix"
    )]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The file could not be read, written or locked, or is not a database.
    #[error("the file cannot be opened as a database")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(without_sql(error).into())
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// A value of the wrong type is damage, and a violated constraint or a trigger that raises an error
/// is the application's, because the store's own statements violate none. Any other error may be
/// temporary. The driver's messages name columns, not values.
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    match error {
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => StoreError::Corrupt,
        Error::SqliteFailure(failure, _) if failure.code == ErrorCode::ConstraintViolation => {
            StoreError::refused(error)
        }
        other => StoreError::unavailable(without_sql(other)),
    }
}

/// An error of a statement shows the whole statement, which may be a migration of a hundred lines.
fn without_sql(error: rusqlite::Error) -> rusqlite::Error {
    match error {
        rusqlite::Error::SqlInputError { error, msg, .. } => rusqlite::Error::SqliteFailure(error, Some(msg)),
        other => other,
    }
}

/// The error of a removal, which the application's foreign keys can forbid.
pub(super) fn removal_error(error: SaveError) -> SaveError {
    match error {
        SaveError::Failed(StoreError::Refused(Some(cause))) if is_foreign_key(&*cause) => {
            StoreError::Referenced.into()
        }
        other => other,
    }
}

fn is_foreign_key(cause: &(dyn Error + 'static)) -> bool {
    match cause.downcast_ref() {
        Some(rusqlite::Error::SqliteFailure(failure, message)) => {
            failure.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY
                // `ON DELETE RESTRICT` counts as a trigger.
                || message.as_deref() == Some("FOREIGN KEY constraint failed")
        }
        _ => false,
    }
}
