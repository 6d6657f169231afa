//! What can go wrong: when a store is opened, and when a statement is sent. None of it shows a stored value or a password.

use std::error::Error;

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use crate::ports::StoreError;

/// Why a [`PostgresStore`](crate::PostgresStore) could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The URL is malformed or has a parameter that nobody knows. It is not shown, because it may hold a password.
    #[error("the URL of the database is malformed or has an unknown parameter")]
    Url,
    /// This parameter of the URL is not understood, or not with that value; [`PostgresBuilder::connect`](crate::PostgresBuilder::connect) lists
    /// those that are.
    #[error("the parameter {0} in the URL of the database is not understood, or not with that value")]
    Parameter(&'static str),
    /// The root certificates cannot be read, or there are none.
    #[error("the root certificates for the database cannot be read")]
    Certificates,
    /// The name of the schema is empty, longer than 63 bytes or holds a NUL.
    #[error("the name of the schema is empty, too long or not a name")]
    SchemaName,
    /// A newer release migrated this schema; this one cannot read it.
    #[error("the schema has number {found}, but this release knows only those up to {known}")]
    NewerSchema {
        /// The number of the schema's newest migration.
        found: u32,
        /// The number of the newest migration of this release.
        known: u32,
    },
    /// The schema has not been brought up to date, and the store was told not to do it.
    #[error("the schema has to be migrated to number {known} first")]
    OlderSchema {
        /// The number of the newest migration of this release.
        known: u32,
    },
    /// The server could not be reached, refused the connection or what was asked of it, or did not answer in time.
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

/// Why a statement was not done.
#[derive(Debug)]
pub(super) enum Failure {
    /// A key is taken, or was a moment ago.
    Taken,
    /// It collided with another statement and was taken back.
    Collided,
    /// The server refused it, by itself in time or because of something of the host's own; the connection is in order.
    Refused(StoreError),
    /// The connection is lost. What was sent may have been done.
    Lost(StoreError),
    /// Anything else.
    Failed(StoreError),
}

/// What the server said. Its details would show values.
#[derive(Debug, thiserror::Error)]
#[error("PostgreSQL refused with {code}: {message}")]
struct Refused {
    code: String,
    message: String,
}

impl Failure {
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) | Self::Lost(error) | Self::Failed(error) => error,
            Self::Taken | Self::Collided => StoreError::Unavailable(None),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        let cause = StoreError::Unavailable(Some(without_values(error).into()));
        match code {
            Some(SqlState::UNIQUE_VIOLATION) => Self::Taken,
            Some(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED) => Self::Collided,
            // Of the tables of this store none can miss what it refers to.
            Some(SqlState::FOREIGN_KEY_VIOLATION | SqlState::RESTRICT_VIOLATION) => {
                Self::Refused(StoreError::Referenced)
            }
            Some(SqlState::QUERY_CANCELED | SqlState::LOCK_NOT_AVAILABLE) => Self::Refused(cause),
            // The server is going down or was demoted, or a pooler in between has lost what was prepared.
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
        Some(said) => Box::new(Refused::of(said)),
        None => Box::new(error),
    }
}

impl Refused {
    fn of(said: &DbError) -> Self {
        Self { code: said.code().code().to_owned(), message: said.message().to_owned() }
    }
}
