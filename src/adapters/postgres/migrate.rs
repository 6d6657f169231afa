//! Migrations: plain SQL files in the program, applied in one transaction each time a store is opened.

use std::time::Duration;

use deadpool_postgres::{Object, Transaction};
use tokio::time::timeout;
use tokio_postgres::{IsolationLevel, types::Type};

use super::{connect::quoted, connections::TimedOut, error::PostgresError};

/// In order; the number of a migration is its place, from 1. One that was released never changes.
pub(super) const MIGRATIONS: &[&str] =
    &[include_str!("migrations/0001_accounts.sql"), include_str!("migrations/0002_limits.sql")];

/// What this release knows.
const NEWEST: u32 = MIGRATIONS.len() as u32;

/// A migration may take its time. Sent alone, because a statement's time begins with the batch that it is in.
const TAKE_TIME: &str = "SET LOCAL statement_timeout = 0";
/// Held by whoever migrates in this database; a number that nobody else is likely to use.
const LOCK: &str = "SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7017280570803548161)";

/// Brings the schema up to date or, unless it may `apply` anything, tells whether it is. Whoever comes second, from this process or another,
/// waits and finds nothing to do; whoever dies in the middle leaves what there was before. Where nothing is to be done, the right to do it is
/// not needed. To find that out may take as long as `patience`; a migration may take longer.
pub(super) async fn migrate(
    connection: &mut Object,
    schema: &str,
    apply: bool,
    patience: Duration,
) -> Result<(), PostgresError> {
    let looked = timeout(patience, async {
        // What another one has committed while this one waited must be seen.
        let isolation = IsolationLevel::ReadCommitted;
        let transaction = connection.build_transaction().isolation_level(isolation).start().await?;
        let is_done = is_up_to_date(&transaction, schema).await?;
        Ok::<_, PostgresError>((transaction, is_done))
    });
    let (transaction, is_done) = looked.await.map_err(|_| PostgresError::failed(TimedOut(patience)))??;
    if is_done {
        return Ok(transaction.rollback().await?);
    }
    if !apply {
        return Err(PostgresError::OlderSchema { known: NEWEST });
    }
    transaction.batch_execute(TAKE_TIME).await?;
    transaction.batch_execute(LOCK).await?;
    // Whoever was waited for may have been a newer release.
    if is_up_to_date(&transaction, schema).await? {
        return Ok(transaction.rollback().await?);
    }
    let applied = applied(&transaction, schema).await?;
    if applied.is_none() {
        create_log(&transaction, schema).await?;
    }
    transaction.batch_execute(&format!("SET LOCAL search_path TO {}", quoted(schema))).await?;
    let applied = applied.unwrap_or_default();
    for (number, sql) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > applied) {
        transaction.batch_execute(sql).await?;
        let note = format!("INSERT INTO account_migrations (number) VALUES ({number})");
        transaction.batch_execute(&note).await?;
    }
    Ok(transaction.commit().await?)
}

async fn is_up_to_date(transaction: &Transaction<'_>, schema: &str) -> Result<bool, PostgresError> {
    match applied(transaction, schema).await? {
        Some(found) if found > NEWEST => Err(PostgresError::NewerSchema { found, known: NEWEST }),
        found => Ok(found == Some(NEWEST)),
    }
}

/// The number of the newest migration that was applied.
async fn applied(transaction: &Transaction<'_>, schema: &str) -> Result<Option<u32>, PostgresError> {
    // Not by `to_regclass`, which may remember what there was before this one waited.
    let exists = "SELECT EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
                  WHERE n.nspname = $1 AND c.relname = 'account_migrations')";
    if !transaction.query_typed_one(exists, &[(&schema, Type::TEXT)]).await?.try_get::<_, bool>(0)? {
        return Ok(None);
    }
    let newest = format!("SELECT coalesce(max(number), 0) FROM {}.account_migrations", quoted(schema));
    let newest: i32 = transaction.query_typed_one(&newest, &[]).await?.try_get(0)?;
    Ok(Some(u32::try_from(newest).unwrap_or(u32::MAX)))
}

async fn create_log(transaction: &Transaction<'_>, schema: &str) -> Result<(), PostgresError> {
    let exists = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    if !transaction.query_typed_one(exists, &[(&schema, Type::TEXT)]).await?.try_get::<_, bool>(0)? {
        transaction.batch_execute(&format!("CREATE SCHEMA {}", quoted(schema))).await?;
    }
    let schema = quoted(schema);
    let create = format!("CREATE TABLE {schema}.account_migrations (number INTEGER NOT NULL PRIMARY KEY)");
    Ok(transaction.batch_execute(&create).await?)
}
