//! Migrations: SQL files in the program, applied in one transaction when a store is opened.

use std::time::Duration;

use deadpool_postgres::{Object, Transaction};
use tokio::time::timeout;
use tokio_postgres::{IsolationLevel, error::SqlState, types::Type};

use super::{connections::TimedOut, error::PostgresError, statements::quoted};
use crate::adapters::created_names::created_names;

/// In order, numbered from 1. A released migration never changes.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_accounts.sql"), include_str!("migrations/0002_limits.sql")];

const NEWEST_MIGRATION: u32 = MIGRATIONS.len() as u32;

/// A migration may take long. Sent alone, because a statement's time begins with its batch.
const NO_STATEMENT_TIMEOUT: &str = "SET LOCAL statement_timeout = 0";
/// Only one connection migrates in a database at a time. The number is arbitrary, to avoid
/// collisions with other advisory locks.
const LOCK: &str = "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7017280570803548161)";

/// Brings the schema up to date or, if `apply` is off, checks that it is.
///
/// Of several nodes that open a store at the same time, one migrates and the others wait and find
/// nothing to do. A crash in the middle leaves the schema as it was. An up-to-date schema needs no
/// right to create tables. The check takes at most `limit`; a migration may take longer.
pub(super) async fn migrate(
    connection: &mut Object,
    schema: &str,
    apply: bool,
    limit: Duration,
) -> Result<(), PostgresError> {
    let check = timeout(limit, begin_and_check(connection, schema));
    let (transaction, is_done) = check.await.map_err(|_| PostgresError::failed(TimedOut(limit)))??;
    if is_done {
        return Ok(transaction.rollback().await?);
    }
    if !apply {
        return Err(PostgresError::OlderSchema { known: NEWEST_MIGRATION });
    }
    transaction.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    transaction.batch_execute(LOCK).await?;
    // Another node, even a newer release, may have migrated while this one waited for the lock.
    if is_up_to_date(&transaction, schema).await? {
        return Ok(transaction.rollback().await?);
    }
    apply_missing(&transaction, schema).await?;
    Ok(transaction.commit().await?)
}

async fn begin_and_check<'a>(
    connection: &'a mut Object,
    schema: &str,
) -> Result<(Transaction<'a>, bool), PostgresError> {
    // At this level, the check after the lock sees what another node has committed meanwhile.
    let isolation = IsolationLevel::ReadCommitted;
    let transaction = connection.build_transaction().isolation_level(isolation).start().await?;
    check_encoding(&transaction).await?;
    let is_done = is_up_to_date(&transaction, schema).await?;
    Ok((transaction, is_done))
}

/// A database of another encoding rejects the names that it cannot write, one by one, and one
/// without an encoding takes texts that it cannot compare.
async fn check_encoding(transaction: &Transaction<'_>) -> Result<(), PostgresError> {
    let encoding = "SELECT current_setting('server_encoding')";
    let found: String = transaction.query_typed_one(encoding, &[]).await?.try_get(0)?;
    if found == "UTF8" { Ok(()) } else { Err(PostgresError::Encoding { found }) }
}

async fn apply_missing(transaction: &Transaction<'_>, schema: &str) -> Result<(), PostgresError> {
    let applied = newest_applied(transaction, schema).await?;
    if applied.is_none() {
        create_migrations_table(transaction, schema).await?;
    }
    transaction.batch_execute(&format!("SET LOCAL search_path TO {}", quoted(schema))).await?;
    let applied = applied.unwrap_or_default();
    for (number, sql) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > applied) {
        check_names(transaction, schema, sql).await?;
        transaction.batch_execute(sql).await?;
        let record = format!("INSERT INTO account_migrations (number) VALUES ({number})");
        transaction.batch_execute(&record).await?;
    }
    Ok(())
}

/// A name that exists before its migration belongs to another application.
async fn check_names(
    transaction: &Transaction<'_>,
    schema: &str,
    migration: &str,
) -> Result<(), PostgresError> {
    let find = "SELECT c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                WHERE n.nspname = $1 AND c.relname = ANY ($2) \
                ORDER BY array_position($2, c.relname::text) LIMIT 1";
    let names: Vec<&str> = created_names(migration).collect();
    let found = transaction.query_typed(find, &[(&schema, Type::TEXT), (&names, Type::TEXT_ARRAY)]).await?;
    match found.first() {
        Some(row) => Err(PostgresError::NameTaken { schema: schema.to_owned(), name: row.try_get(0)? }),
        None => Ok(()),
    }
}

async fn is_up_to_date(transaction: &Transaction<'_>, schema: &str) -> Result<bool, PostgresError> {
    match newest_applied(transaction, schema).await? {
        Some(found) if found > NEWEST_MIGRATION => {
            Err(PostgresError::NewerSchema { found, known: NEWEST_MIGRATION })
        }
        found => Ok(found == Some(NEWEST_MIGRATION)),
    }
}

/// The number of the newest applied migration; `None` if there is no table of migrations.
async fn newest_applied(transaction: &Transaction<'_>, schema: &str) -> Result<Option<u32>, PostgresError> {
    // Not `to_regclass`, which may answer from a cache that is older than the lock.
    let exists = "SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                  WHERE n.nspname = $1 AND c.relname = 'account_migrations')";
    if !transaction.query_typed_one(exists, &[(&schema, Type::TEXT)]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let newest = format!("SELECT coalesce(max(number), 0) FROM {}.account_migrations", quoted(schema));
    let newest: i32 = match transaction.query_typed_one(&newest, &[]).await {
        Err(error) if error.code() == Some(&SqlState::UNDEFINED_COLUMN) => {
            let name = "account_migrations".to_owned();
            return Err(PostgresError::NameTaken { schema: schema.to_owned(), name });
        }
        row => row?.try_get(0)?,
    };
    Ok(Some(u32::try_from(newest).unwrap_or(u32::MAX)))
}

async fn create_migrations_table(transaction: &Transaction<'_>, schema: &str) -> Result<(), PostgresError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    if !transaction.query_typed_one(exists, &[(&schema, Type::TEXT)]).await?.try_get::<_, bool>(0)? {
        transaction.batch_execute(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
    }
    let schema = quoted(schema);
    let create = format!("CREATE TABLE {schema}.account_migrations (number INTEGER NOT NULL PRIMARY KEY)");
    Ok(transaction.batch_execute(&create).await?)
}
