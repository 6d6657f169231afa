//! Errors of the PostgreSQL store. None of them shows a stored value or a password.

use std::{error::Error, ops::RangeInclusive};

use deadpool_postgres::PoolError;
use tokio_postgres::error::{DbError, SqlState};

use crate::ports::{SaveError, StoreError};

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
    /// The encoding of the database is not UTF-8, so that it could not hold every name.
    #[error(
        "the database has the encoding {found}, but must have UTF8; create one with \
         CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    Encoding {
        /// The encoding, such as `LATIN1`.
        found: String,
    },
    /// The schema has a table, view or index of another application, with a name that the store
    /// needs.
    #[error(
        "the schema {schema} has a table, view or index {name} that belongs to another application; \
         choose another schema, with PostgresBuilder::schema"
    )]
    NameTaken {
        /// The schema.
        schema: String,
        /// The name.
        name: String,
    },
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
    /// A value that must be unique exists already: a key that another account holds, or did when
    /// the statement ran, or a value of the application's.
    Taken(Violation),
    /// A conflict with a concurrent statement. The server rolled this one back.
    Conflict,
    /// The server rejected the statement: it took too long, or a trigger or constraint of the
    /// application forbids it. The connection remains usable.
    Rejected(StoreError),
    /// The connection is lost. The statement may have been executed.
    Lost(StoreError),
    /// Any other error.
    Failed(StoreError),
}

/// The table whose values must be unique, and the error if it is the application's.
#[derive(Debug)]
pub(super) struct Violation {
    pub(super) schema: String,
    pub(super) table: String,
    pub(super) refusal: StoreError,
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
            Self::Taken(violation) => violation.refusal,
            Self::Conflict => StoreError::Unavailable(None),
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let code = error.code().cloned();
        if code == Some(SqlState::UNIQUE_VIOLATION) {
            return Self::Taken(error.into());
        }
        let cause = without_values(error).into();
        if code.as_ref().is_some_and(is_refusal) {
            return Self::Rejected(StoreError::Refused(Some(cause)));
        }
        let cause = StoreError::Unavailable(Some(cause));
        match code {
            Some(SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED) => Self::Conflict,
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

impl From<tokio_postgres::Error> for Violation {
    fn from(error: tokio_postgres::Error) -> Self {
        let details = error.as_db_error();
        let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
        let (schema, table) =
            (text(details.and_then(DbError::schema)), text(details.and_then(DbError::table)));
        Self { schema, table, refusal: StoreError::Refused(Some(without_values(error).into())) }
    }
}

/// Whether a trigger or constraint of the application's raised it: the store's own statements
/// violate no constraint. `RAISE EXCEPTION` has the class P0 or one that the application chose,
/// which by the SQL standard begins with a letter from I to Z; XX is the server's own.
fn is_refusal(state: &SqlState) -> bool {
    const BY_APPLICATION: RangeInclusive<char> = 'I'..='Z';
    let class = state.code().get(..2).unwrap_or_default();
    match class {
        // An integrity constraint, a triggered action, and a view with a check option.
        "09" | "23" | "27" | "44" => true,
        "XX" => false,
        other => other.starts_with(|first| BY_APPLICATION.contains(&first)),
    }
}

/// The error of a removal, which the application's foreign keys can forbid.
pub(super) fn removal_error(error: StoreError) -> SaveError {
    let codes = [SqlState::FOREIGN_KEY_VIOLATION, SqlState::RESTRICT_VIOLATION];
    let is_foreign_key = |error: &ServerError| codes.iter().any(|state| state.code() == error.code);
    match &error {
        StoreError::Refused(Some(cause)) if cause.downcast_ref().is_some_and(is_foreign_key) => {
            StoreError::Referenced.into()
        }
        _ => error.into(),
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
