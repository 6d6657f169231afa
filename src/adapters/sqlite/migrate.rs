//! Migrations: plain SQL files in the program, applied in one transaction each time a file is opened.

use rusqlite::{Connection, TransactionBehavior};

use super::open::OpenError;

/// In order; the number of a migration is its place, from 1. One that was released never changes.
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_accounts.sql")];

/// What this release knows.
const NEWEST: u32 = MIGRATIONS.len() as u32;

/// Brings the schema up to date. Whoever comes second, from this process or another, waits and finds nothing to do; whoever dies in the
/// middle leaves what there was before.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS account_migrations (number INTEGER NOT NULL PRIMARY KEY) STRICT",
    )?;
    let applied: u32 =
        transaction
            .query_row("SELECT coalesce(max(number), 0) FROM account_migrations", [], |row| row.get(0))?;
    if applied > NEWEST {
        return Err(OpenError::NewerSchema { found: applied, known: NEWEST });
    }
    for (number, sql) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > applied) {
        transaction.execute_batch(sql)?;
        transaction.execute("INSERT INTO account_migrations (number) VALUES (?1)", [number])?;
    }
    transaction.commit()?;
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
