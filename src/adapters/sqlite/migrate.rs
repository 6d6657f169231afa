//! Migrations: SQL files in the program, applied in one transaction when a file is opened.

use rusqlite::{Connection, TransactionBehavior};

use super::error::OpenError;
use crate::adapters::created_names::created_names;

/// In order, numbered from 1. A released migration never changes.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_accounts.sql")];

const NEWEST_MIGRATION: u32 = MIGRATIONS.len() as u32;

/// Brings the schema up to date.
///
/// Of several processes or threads that open the file at the same time, one migrates and the others
/// wait and find nothing to do. A crash in the middle leaves the schema as it was.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS account_migrations (number INTEGER NOT NULL PRIMARY KEY) STRICT",
    )?;
    if transaction.prepare("SELECT number FROM account_migrations").is_err() {
        return Err(OpenError::NameTaken { name: "account_migrations".to_owned() });
    }
    let applied: u32 =
        transaction
            .query_row("SELECT coalesce(max(number), 0) FROM account_migrations", [], |row| row.get(0))?;
    if applied > NEWEST_MIGRATION {
        return Err(OpenError::NewerSchema { found: applied, known: NEWEST_MIGRATION });
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > applied) {
        check_names(&transaction, sql)?;
        transaction.execute_batch(sql)?;
        transaction.execute("INSERT INTO account_migrations (number) VALUES (?1)", [number])?;
    }
    transaction.commit()?;
    Ok(())
}

/// A name that exists before its migration belongs to another application.
fn check_names(connection: &Connection, migration: &str) -> Result<(), OpenError> {
    let mut find = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name=?1 COLLATE NOCASE")?;
    for name in created_names(migration) {
        if find.exists([name])? {
            return Err(OpenError::NameTaken { name: name.to_owned() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_again_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        let schema = |connection: &Connection| -> i64 {
            connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).unwrap()
        };
        migrate(&mut connection).unwrap();
        let first = schema(&connection);
        migrate(&mut connection).unwrap();
        assert_eq!(schema(&connection), first);
    }
}
