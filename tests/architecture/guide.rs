//! The pages of the guide: their form, and the tables that the code decides.

mod columns;
mod errors;
mod form;
mod limits;
mod mentions;
mod settings;

use std::{fs, path::Path};

/// A page of the guide.
fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide").join(name).with_extension("md");
    fs::read_to_string(path).unwrap()
}

/// The cells of the table between the marks `<!-- name -->` and `<!-- end of name -->` of a page.
fn table(page: &str, name: &str) -> Vec<Vec<String>> {
    let (begin, end) = (format!("<!-- {name} -->"), format!("<!-- end of {name} -->"));
    let inside = page.split_once(&begin).and_then(|(_, rest)| rest.split_once(&end));
    rows(inside.unwrap_or_else(|| panic!("no table {name}")).0)
}

/// The rows of all tables in a text, without their heads.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    let is_rule = |line: &str| line.starts_with("|---");
    let is_head = |index: usize| lines.get(index + 1).is_some_and(|next| is_rule(next));
    let body = lines.iter().enumerate().filter(|(index, line)| !is_rule(line) && !is_head(*index));
    body.map(|(_, line)| cells(line)).collect()
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(|cell| without_ticks(cell.trim()).to_owned()).collect()
}

/// The content of a cell that is code as a whole.
fn without_ticks(cell: &str) -> &str {
    let code = cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`'));
    code.filter(|code| !code.contains('`')).unwrap_or(cell)
}
