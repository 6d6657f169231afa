//! Applies the migrations in one transaction when a file is opened.

use rusqlite::{Connection, TransactionBehavior};

use super::{
    error::OpenError,
    names::{MIGRATIONS, Names},
};
use crate::adapters::created_names::created_names;

const NEWEST_MIGRATION: u32 = MIGRATIONS.len() as u32;

/// Brings the schema up to date.
///
/// Of several processes or threads that open the file at the same time, one migrates and the others
/// wait and find nothing to do. A crash in the middle leaves the schema as it was.
pub(super) fn migrate(connection: &mut Connection, prefix: &str) -> Result<(), OpenError> {
    let names = Names::with_prefix(prefix);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let create = "CREATE TABLE IF NOT EXISTS account_migrations (number INTEGER NOT NULL PRIMARY KEY) STRICT";
    transaction.execute_batch(&names.put_into(create))?;
    if transaction.prepare(&names.put_into("SELECT number FROM account_migrations")).is_err() {
        return Err(OpenError::NameTaken { name: names.put_into("account_migrations") });
    }
    let newest = names.put_into("SELECT coalesce(max(number), 0) FROM account_migrations");
    let applied: u32 = transaction.query_row(&newest, [], |row| row.get(0))?;
    if applied > NEWEST_MIGRATION {
        return Err(OpenError::NewerSchema { found: applied, known: NEWEST_MIGRATION });
    }
    let record = names.put_into("INSERT INTO account_migrations (number) VALUES (?1)");
    for (number, migration) in (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > applied) {
        let migration = names.put_into(migration);
        check_names(&transaction, &migration)?;
        transaction.execute_batch(&migration)?;
        transaction.execute(&record, [number])?;
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
        migrate(&mut connection, "").unwrap();
        let first = schema(&connection);
        migrate(&mut connection, "").unwrap();
        assert_eq!(schema(&connection), first);
    }
}
