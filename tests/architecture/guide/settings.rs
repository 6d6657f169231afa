//! The settings with their defaults and bounds.

use std::collections::BTreeMap;

use account::{Config, MasterKey, http::Settings, model::Argon2Params};
use syn::visit::{self, Visit};

use super::{page, rows, table};

type Values = BTreeMap<String, String>;

fn key() -> MasterKey {
    MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|index| index as u8)).unwrap()
}

/// The fields of a structure with their values, from its `Debug` form. Nested fields have the names
/// of both, such as `lockout.threshold`.
fn fields(debug: &str) -> Values {
    let (mut found, mut path, mut list) = (Values::new(), Vec::<String>::new(), None::<Vec<String>>);
    for line in debug.lines().skip(1).map(|line| line.trim().trim_end_matches(',')) {
        match (&mut list, line.split_once(": ")) {
            (Some(items), _) if line == "]" => {
                found.insert(path.join("."), items.join(", "));
                path.pop();
                list = None;
            }
            (Some(items), _) => items.push(line.trim_matches('"').to_owned()),
            (None, Some((name, value))) if value.ends_with('{') || value == "[" => {
                path.push(name.to_owned());
                list = (value == "[").then(Vec::new);
            }
            (None, Some((name, value))) => {
                let name = path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>().join(".");
                found.insert(name, plain(value));
            }
            (None, None) => {
                path.pop();
            }
        }
    }
    found
}

/// A value as a page writes it.
fn plain(value: &str) -> String {
    match value.strip_suffix('s').and_then(|seconds| seconds.parse::<u64>().ok()) {
        Some(seconds) => span(seconds),
        None if ["None", "[]"].contains(&value) => "none".into(),
        None => value.trim_matches('"').to_owned(),
    }
}

fn span(seconds: u64) -> String {
    let units = [(86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds")];
    let fits = |(length, _): &(u64, &str)| seconds.is_multiple_of(*length) && seconds > *length;
    let (length, unit) = units.into_iter().find(fits).unwrap_or((1, "seconds"));
    format!("{} {unit}", seconds / length)
}

/// The second and the third cell of each row, by the first.
fn shown(name: &str) -> BTreeMap<String, [String; 2]> {
    let row = |row: Vec<String>| {
        let mut cells = row.into_iter();
        let name = cells.next().unwrap();
        (name, [cells.next().unwrap(), cells.next().unwrap_or_default()])
    };
    table(&page("configuration"), name).into_iter().map(row).collect()
}

/// Fields whose default is no plain value.
fn without_plain_default(name: &str) -> bool {
    name == "keys" || name == "hashing" || name.starts_with("hashing.")
}

fn defaults(name: &str) -> Values {
    let rows = shown(name).into_iter().filter(|(name, _)| !without_plain_default(name));
    rows.map(|(name, [default, _])| (name, default)).collect()
}

#[test]
fn the_table_of_settings_has_every_field_with_its_default() {
    let config = fields(&format!("{:#?}", Config::new(key())));
    assert!(config.contains_key("keys") && shown("Config").contains_key("keys"));
    let plain: Values = config.into_iter().filter(|(name, _)| !without_plain_default(name)).collect();
    assert_eq!(defaults("Config"), plain);
    assert_eq!(defaults("Settings"), fields(&format!("{:#?}", Settings::default())));
}

/// Switches are on or off on the pages of features.
#[test]
fn the_pages_of_features_show_the_same_defaults() {
    let mut defaults = defaults("Config");
    defaults.extend(self::defaults("Settings"));
    let mut found = 0;
    for name in super::form::files().iter().filter(|name| *name != "configuration") {
        for row in rows(&page(name)) {
            let (Some(field), Some(shown)) = (row.first(), row.get(1)) else { continue };
            let Some(value) = defaults.get(field.trim_start_matches("Settings::")) else { continue };
            let expected = match value.as_str() {
                "true" => "on",
                "false" => "off",
                other => other,
            };
            assert_eq!(shown, expected, "{field} in {name}.md");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn the_default_cost_of_hashes_is_shown() {
    let params = Argon2Params::new(19_456, 2, 1).unwrap();
    assert_eq!(params, Argon2Params::default());
    assert_eq!(shown("Config")["hashing"][0], "m = 19,456 KiB, t = 2, p = 1");
}

#[test]
fn the_profile_for_migrations_is_shown() {
    let strict = [Config::new(key())].map(|config| fields(&format!("{config:#?}")));
    let lenient = [Config::appwrite_1_6(key())].map(|config| fields(&format!("{config:#?}")));
    let strict = strict.into_iter().flatten().chain(fields(&format!("{:#?}", Settings::default())));
    let lenient = lenient.into_iter().flatten().chain(fields(&format!("{:#?}", Settings::appwrite_1_6())));
    let strict: Values = strict.collect();
    let changed: Values = lenient.filter(|(name, value)| strict.get(name) != Some(value)).collect();
    let shown = shown("profile").into_iter();
    assert_eq!(shown.map(|(name, [value, _])| (name, value)).collect::<Values>(), changed);
}

/// The rules of `Config`: tuples of a condition, a field and a text.
#[derive(Default)]
struct Rules(Vec<(String, String)>);

impl Visit<'_> for Rules {
    fn visit_expr_tuple(&mut self, tuple: &syn::ExprTuple) {
        let text = |index: usize| match tuple.elems.get(index) {
            Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text.value()),
            _ => None,
        };
        self.0.extend(text(1).zip(text(2)));
        visit::visit_expr_tuple(self, tuple);
    }
}

#[test]
fn the_bounds_of_settings_are_those_of_the_code() {
    let mut rules = Rules::default();
    rules.visit_file(&syn::parse_file(include_str!("../../../src/config.rs")).unwrap());
    assert!(rules.0.len() > 10);
    let shown = shown("Config");
    for (field, rule) in rules.0 {
        assert_eq!(shown[&field][1], rule, "{field}");
    }
}
