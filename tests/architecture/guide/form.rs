//! Every file is a module, begins with its summary, and wraps like comments.

use std::{collections::BTreeSet, fs, path::Path};

const MAX_SUMMARY: usize = 100;
const MAX_TEXT: usize = 100;
const MAX_CODE: usize = 110;

/// The names of all pages.
pub(super) fn files() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide");
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned())).collect()
}

#[test]
fn every_page_is_a_module_and_in_the_list_of_pages() {
    let index = include_str!("../../../src/guide/mod.rs");
    let modules: BTreeSet<String> = index
        .lines()
        .filter_map(|line| Some(line.strip_prefix("pub mod ")?.strip_suffix(" {}")?.to_owned()))
        .collect();
    assert_eq!(modules, files());
    let unlisted: Vec<_> = modules.iter().filter(|name| !index.contains(&format!("[`{name}`]"))).collect();
    assert!(unlisted.is_empty(), "{unlisted:?}");
}

/// rustdoc's search finds names of items and aliases.
#[test]
fn a_search_finds_what_people_look_for() {
    let index = include_str!("../../../src/guide/mod.rs");
    let searches = [
        "own login page",
        "nginx",
        "foreign key",
        "lost second factor",
        "bcrypt import",
        "error codes",
        "request limits",
        "CSRF",
        "remember me",
        "forgot password",
        "2FA",
        "webhook",
        "docker",
    ];
    let missing: Vec<_> =
        searches.iter().filter(|text| !index.contains(&format!("#[doc(alias = \"{text}\")]"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(index.contains("pub mod testing {}"));
}

#[test]
fn every_page_begins_with_a_summary_of_one_line() {
    for name in files() {
        let page = super::page(&name);
        let (summary, rest) = page.split_once('\n').unwrap();
        assert!(rest.starts_with('\n') && summary.ends_with('.'), "{name}: {summary}");
        assert!(summary.chars().count() <= MAX_SUMMARY, "{name}: {summary}");
    }
}

/// Tables and the targets of links cannot be wrapped.
#[test]
fn the_lines_of_pages_are_wrapped() {
    let mut wide = Vec::new();
    for name in files() {
        let mut is_code = false;
        for (index, line) in super::page(&name).lines().enumerate() {
            is_code ^= line.trim_start().starts_with("```");
            let max = if is_code { MAX_CODE } else { MAX_TEXT };
            let is_fixed = line.starts_with('|') || (line.starts_with('[') && line.contains("]: "));
            if !is_fixed && line.chars().count() > max {
                wide.push(format!("{name}.md:{}: {line}", index + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
}
