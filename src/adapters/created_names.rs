//! Shared by the SQL stores: what a migration creates, to notice a table of another application.

/// The names of the tables, views and indexes that a migration creates, in order.
pub(super) fn created_names(migration: &str) -> impl Iterator<Item = &str> {
    migration.lines().filter_map(|line| {
        let mut words = line.strip_prefix("CREATE ")?.split_whitespace();
        words.find(|word| ["TABLE", "VIEW", "INDEX"].contains(word))?;
        words.next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_views_and_indexes_have_names() {
        let sql = "-- CREATE TABLE no\nCREATE UNLOGGED TABLE a (\n    b TEXT\n);\n\
            CREATE INDEX c ON a (b);\nCREATE FUNCTION d(TEXT)\nCREATE VIEW e AS\nSELECT 1;";
        assert_eq!(created_names(sql).collect::<Vec<_>>(), ["a", "c", "e"]);
    }
}
