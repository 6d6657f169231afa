//! No import leads to a higher floor, and no modules import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{Module, imports, sources};

/// The floors from the ground up. A module imports only from floors below its own.
const FLOORS: [&[&str]; 12] = [
    &["secret", "kind", "user_agent"],
    &["model"],
    &["messages", "operation"],
    &["ports"],
    &["adapters", "crypto", "oauth2"],
    &["config", "error"],
    &["service"],
    &["features"],
    &["http"],
    &["axum"],
    &["testing"],
    &["conformance", "guide"],
];

fn top(module: &str) -> &str {
    module.split("::").next().unwrap_or_default()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|names| names.contains(&top(module)))
}

#[test]
fn every_module_has_a_floor() {
    let modules: BTreeSet<String> =
        sources().iter().map(|source| top(&source.module).to_owned()).filter(|top| !top.is_empty()).collect();
    let unknown: Vec<_> = modules.iter().filter(|module| floor(module).is_none()).collect();
    assert!(unknown.is_empty(), "without a floor: {unknown:?}");
}

#[test]
fn no_module_imports_from_its_own_floor_or_a_higher_one() {
    let mut upward = Vec::new();
    for (from, imported) in imports(sources()) {
        for to in imported {
            if top(&from) != top(&to) && !from.is_empty() && floor(&to) >= floor(&from) {
                upward.push(format!("{from} imports {to}"));
            }
        }
    }
    assert!(upward.is_empty(), "{upward:#?}");
}

#[test]
fn nothing_is_imported_through_the_crate_root() {
    let mut through = Vec::new();
    for source in sources() {
        let items = source.names.iter().filter(|name| !name.contains("::"));
        through.extend(
            items
                .filter(|name| name.starts_with(|first: char| first.is_ascii_uppercase()))
                .filter(|_| !source.module.is_empty())
                .map(|name| format!("{} imports crate::{name}", source.module)),
        );
    }
    assert!(through.is_empty(), "{through:#?}");
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let imports = imports(sources());
    let circles: Vec<_> = imports
        .keys()
        .map(|module| circle(module, &imports))
        .filter(|way| !way.is_empty())
        .map(|way| way.join(" -> "))
        .collect();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// A shortest way from a module back to itself.
fn circle(start: &str, imports: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<Module> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| imports.get(last)).into_iter().flatten() {
                let mut way = way.clone();
                way.push(next.clone());
                if next == start {
                    return way;
                }
                if seen.insert(next.clone()) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    Vec::new()
}
