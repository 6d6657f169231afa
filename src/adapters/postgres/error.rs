//! Errors of the PostgreSQL store. None of them shows a stored value or a password.

use std::error::Error;

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use crate::ports::StoreError;

/// Why a [`PostgresStore`](crate::PostgresStore) could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The URL is malformed or has an unknown parameter. The error does not show it, because it may
    /// contain a password.
    #[error("the URL of the database is malformed or has an unknown parameter")]
    Url,
    /// A parameter of the URL, or its value, is not supported.
    /// [`PostgresBuilder::connect`](crate::PostgresBuilder::connect) lists the supported ones.
    #[error("the parameter {0} in the URL of the database, or its value, is not supported")]
    Parameter(&'static str),
    /// The root certificates cannot be read, or there are none.
    #[error("the root certificates for the database cannot be read")]
    Certificates,
    /// The name of the schema is empty, longer than 63 bytes, or contains a NUL.
    #[error("the name of the schema must have 1 to 63 bytes and no NUL")]
    SchemaName,
    /// A newer release has migrated the schema. This release cannot read it.
    #[error(
        "the database has schema number {found}, but this release knows only those up to {known}; \
         upgrade to open it"
    )]
    NewerSchema {
        /// The number of the schema's newest migration.
        found: u32,
        /// The number of the newest migration of this release.
        known: u32,
    },
    /// The schema is not up to date, and
    /// [`PostgresBuilder::migrate`](crate::PostgresBuilder::migrate) is off.
    #[error("the schema is out of date; apply the migrations up to number {known} first")]
    OlderSchema {
        /// The number of the newest migration of this release.
        known: u32,
    },
    /// The server could not be reached, rejected a request, or did not answer in time.
    #[error("the database cannot be opened")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

impl PostgresError {
    pub(super) fn failed(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Failed(Box::new(cause))
    }
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(without_values(error))
    }
}

impl From<PoolError> for PostgresError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            other => Self::failed(other),
        }
    }
}

/// Why a statement was not executed.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another account holds a key, or did when the statement ran.
    Taken,
    /// A conflict with a concurrent statement. The server rolled this one back.
    Conflict,
    /// The server rejected the statement: it took too long or a foreign key of the application
    /// forbids it. The connection remains usable.
    Rejected(StoreError),
    /// The connection is lost. The statement may have been executed.
    Lost(StoreError),
    /// Any other error.
    Failed(StoreError),
}

/// An error of the server, without its details, which can contain values.
#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL reported error {code}: {message}")]
struct ServerError {
    code: String,
    message: String,
}

impl Failure {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Rejected(error) | Self::Lost(error) | Self::Failed(error) => error,
            Self::Taken | Self::Conflict => StoreError::Unavailable(None),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        let cause = StoreError::Unavailable(Some(without_values(error).into()));
        match code {
            Some(SqlState::UNIQUE_VIOLATION) => Self::Taken,
            Some(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED) => Self::Conflict,
            // The store's own tables never violate a foreign key.
            Some(SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION) => {
                Self::Rejected(StoreError::Referenced)
            }
            Some(SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE) => Self::Rejected(cause),
            // The server is shutting down or is no longer the primary, or a pooler has lost a
            // prepared statement.
            Some(
                SqlState::ADMIN_SHUTDOWN
                | SqlState::CRASH_SHUTDOWN
                | SqlState::READ_ONLY_SQL_TRANSACTION
                | SqlState::INVALID_SQL_STATEMENT_NAME,
            )
            | None => Self::Lost(cause),
            Some(_) => Self::Failed(cause),
        }
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Failed(match error {
            PoolError::Backend(error) => StoreError::Unavailable(Some(without_values(error).into())),
            other => StoreError::unavailable(other),
        })
    }
}

fn without_values(error: tokio_postgres::Error) -> Box<dyn Error + Send + Sync> {
    match error.as_db_error() {
        Some(error) => Box::new(ServerError::from(error)),
        None => Box::new(error),
    }
}

impl From<&DbError> for ServerError {
    fn from(error: &DbError) -> Self {
        Self { code: error.code().code().to_owned(), message: error.message().to_owned() }
    }
}
