//! The tables and views that applications read with SQL.

use super::{page, rows};

const SQLITE: &str = include_str!("../../../src/adapters/sqlite/migrations/0001_accounts.sql");
const POSTGRES: &str = include_str!("../../../src/adapters/postgres/migrations/0001_accounts.sql");
const VIEWS: [&str; 3] = ["account_users", "account_sessions", "account_identities"];

/// The text between the outermost of two marks.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let rest = text.split_once(begin).unwrap_or_else(|| panic!("no {begin}")).1;
    rest.split_once(end).unwrap().0
}

/// The parts of a list, divided by commas outside parentheses.
fn parts(list: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0_i32);
    for character in list.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        match character {
            ',' if depth == 0 => parts.push(String::new()),
            other => parts.last_mut().unwrap().push(other),
        }
    }
    parts.iter().map(|part| part.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// The columns of a view, and whether each is a time of PostgreSQL.
fn view(sql: &str, name: &str) -> Vec<(String, bool)> {
    let list = between(sql, &format!("CREATE VIEW {name} AS\nSELECT "), "\nFROM ");
    let column = |part: String| {
        let name = part.rsplit([' ', '.']).next().unwrap().to_owned();
        (name, part.starts_with("to_timestamp("))
    };
    parts(list).into_iter().map(column).collect()
}

fn names(columns: &[(String, bool)]) -> Vec<&str> {
    columns.iter().map(|(name, _)| name.as_str()).collect()
}

/// The rows of the table below a heading.
fn shown(heading: &str) -> Vec<Vec<String>> {
    let page = page("own_tables");
    let section = page.split_once(&format!("## `{heading}`\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    rows(section.split("\n#").next().unwrap())
}

#[test]
fn the_columns_of_the_views_are_those_of_the_migrations() {
    let views = |sql: &str| sql.matches("CREATE VIEW ").count();
    assert_eq!((views(SQLITE), views(POSTGRES)), (VIEWS.len(), VIEWS.len()));
    for name in VIEWS {
        let (sqlite, postgres) = (view(SQLITE, name), view(POSTGRES, name));
        let shown = shown(name);
        let columns: Vec<&str> = shown.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(columns, names(&sqlite), "{name} of SQLite");
        assert_eq!(columns, names(&postgres), "{name} of PostgreSQL");
        for ((column, is_time), row) in postgres.iter().zip(&shown) {
            assert_eq!(row[2].starts_with("timestamptz"), *is_time, "{name}.{column}");
        }
    }
}

#[test]
fn the_columns_of_the_accounts_are_those_of_the_migrations() {
    let columns = |sql: &str| -> Vec<[String; 2]> {
        let list = between(sql, "CREATE TABLE accounts (", "\n)");
        let word = |part: &str, index: usize| part.split(' ').nth(index).unwrap().to_lowercase();
        parts(list).iter().map(|part| [word(part, 0), word(part, 1)]).collect()
    };
    let (sqlite, postgres) = (columns(SQLITE), columns(POSTGRES));
    let shown = shown("accounts");
    let cell = |index: usize| -> Vec<[String; 2]> {
        shown.iter().map(|row| [row[0].clone(), row[index].clone()]).collect()
    };
    assert_eq!(cell(1), sqlite);
    assert_eq!(cell(2), postgres);
}

/// Which migration is the newest, so that a new one is looked at.
#[test]
fn the_page_names_the_newest_migration_of_each_store() {
    let newest = |folder: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters").join(folder);
        let files = std::fs::read_dir(folder.join("migrations")).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).max().unwrap()
    };
    let page = page("own_tables");
    for store in ["sqlite", "postgres"] {
        assert!(page.contains(&format!("`{}`", newest(store))), "{store}: {}", newest(store));
    }
}

#[test]
fn the_page_names_the_versions_of_the_drivers() {
    let (page, manifest) = (page("own_tables"), include_str!("../../../Cargo.toml"));
    for driver in ["rusqlite", "tokio-postgres", "deadpool-postgres"] {
        let line = manifest.lines().find(|line| line.starts_with(&format!("{driver} = "))).unwrap();
        let version = between(line, "version = \"", "\"");
        assert!(page.contains(&format!("`{driver}` {version}")), "{driver} {version}");
    }
}
