//! Sizes of files and functions, the width of comments, and words that no text uses.

use std::{fs, path::Path};

use crate::source::{Source, sources};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 60;
/// Functions longer than this are tables, and few.
const LONG_FUNCTION_LINES: usize = 40;
const MAX_LONG_FUNCTIONS: usize = 10;
const MAX_COMMENT_WIDTH: usize = 100;

/// Words of a private dialect, for which plain ones exist.
const AVOIDED_WORDS: [&str; 4] = ["whoever", "somebody", "nobody", "anew"];
/// Prefixes of constants that are called `MAX_` and `MIN_`.
const AVOIDED_PREFIXES: [&str; 3] = ["MOST_", "LONGEST_", "FEWEST_"];

fn at(source: &Source, line: usize) -> String {
    format!("{}:{line}", source.path.display())
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let long: Vec<_> = sources()
        .iter()
        .map(|source| (source.text.lines().count(), source.path.clone()))
        .filter(|(lines, _)| *lines > MAX_FILE_LINES)
        .collect();
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn functions_are_short_but_for_a_few_tables() {
    let (mut too_long, mut long) = (Vec::new(), Vec::new());
    for source in sources() {
        for (name, line, lines) in &source.functions {
            let found = format!("{} {name}: {lines} lines", at(source, *line));
            if *lines > MAX_FUNCTION_LINES {
                too_long.push(found);
            } else if *lines > LONG_FUNCTION_LINES {
                long.push(found);
            }
        }
    }
    assert!(too_long.is_empty(), "{too_long:#?}");
    assert!(long.len() <= MAX_LONG_FUNCTIONS, "{long:#?}");
}

#[test]
fn comments_are_at_most_100_columns_wide() {
    let mut wide = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate() {
            if line.trim_start().starts_with("//") && line.chars().count() > MAX_COMMENT_WIDTH {
                wide.push(at(source, index + 1));
            }
        }
    }
    assert!(wide.is_empty(), "{wide:#?}");
}

/// Whether a line uses an avoided word, or calls the application "the host" in a comment. A real
/// host is a host name there.
fn uses_dialect(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let is_host =
        |pair: &[&str]| matches!(pair, ["the", "host", rest] if *rest != "name" && *rest != "names");
    words.iter().any(|word| AVOIDED_WORDS.contains(word))
        || (line.trim_start().starts_with("//") && words.windows(3).any(is_host))
}

#[test]
fn plain_words_are_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<(String, String)> =
        sources().iter().map(|source| (source.path.display().to_string(), source.text.clone())).collect();
    for name in ["README.md", "CHANGELOG.md"] {
        texts.push((name.into(), fs::read_to_string(root.join(name)).unwrap()));
    }
    for entry in fs::read_dir(root.join("src/guide")).unwrap() {
        let path = entry.unwrap().path();
        texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
    }
    let mut found = Vec::new();
    for (path, text) in &texts {
        for (index, line) in text.lines().enumerate() {
            if uses_dialect(line) || AVOIDED_PREFIXES.iter().any(|prefix| line.contains(prefix)) {
                found.push(format!("{path}:{}: {}", index + 1, line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
