//! The migrations, and the prefix of the names that they create.

use std::collections::HashSet;

use crate::adapters::created_names::created_names;

/// In order, numbered from 1. A released migration never changes.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_accounts.sql")];

/// The names of the tables, views and indexes, and the prefix that they get.
pub(super) struct Names<'a> {
    prefix: &'a str,
    names: HashSet<&'static str>,
}

impl<'a> Names<'a> {
    pub(super) fn with_prefix(prefix: &'a str) -> Self {
        let names = MIGRATIONS.iter().flat_map(|migration| created_names(migration));
        Self { prefix, names: names.chain(["account_migrations"]).collect() }
    }

    /// Puts the prefix in front of each name in these statements.
    pub(super) fn put_into(&self, sql: &str) -> String {
        let ends_word = |char: char| !char.is_ascii_alphanumeric() && char != '_';
        let parts = sql.split_inclusive(ends_word).flat_map(|part| {
            let is_name = self.names.contains(part.trim_end_matches(ends_word));
            [if is_name { self.prefix } else { "" }, part]
        });
        parts.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_the_prefix_and_nothing_else_does() {
        let names = Names::with_prefix("x_");
        let put = "SELECT a.account, '$.account.name' FROM x_accounts a, x_account_keys k, my_accounts";
        assert_eq!(names.put_into(&put.replace("x_", "")), put);
        assert_eq!(names.put_into("accounts"), "x_accounts");
        assert_eq!(names.put_into("account"), "account");
        let migration = names.put_into(MIGRATIONS[0]);
        for name in names.names.iter().filter(|name| **name != "account_migrations") {
            assert!(migration.contains(&format!(" x_{name} ")), "{name}");
            assert!(!migration.contains(&format!(" {name} ")), "{name}");
        }
    }

    #[test]
    fn without_a_prefix_nothing_changes() {
        assert_eq!(Names::with_prefix("").put_into(MIGRATIONS[0]), MIGRATIONS[0]);
    }
}
