//! What the code offers has a place in the guide.

use std::collections::BTreeSet;

use account::operation::Operation;
use syn::{ImplItem, Item, Type, Visibility};

use super::{form::files, page};
use crate::source::sources;

/// The public methods of a type.
fn methods(source: &str, name: &str) -> BTreeSet<String> {
    let is_it = |kind: &Type| matches!(kind, Type::Path(path) if path.path.segments.last().is_some_and(|part| part.ident == name));
    let mut found = BTreeSet::new();
    for item in syn::parse_file(source).unwrap().items {
        let Item::Impl(block) = item else { continue };
        if !is_it(&block.self_ty) || block.trait_.is_some() {
            continue;
        }
        found.extend(block.items.iter().filter_map(|item| match item {
            ImplItem::Fn(function) if matches!(function.vis, Visibility::Public(_)) => {
                Some(function.sig.ident.to_string())
            }
            _ => None,
        }));
    }
    found
}

fn variants(source: &str, name: &str) -> BTreeSet<String> {
    let items = syn::parse_file(source).unwrap().items.into_iter();
    let found = items.filter_map(|item| match item {
        Item::Enum(item) if item.ident == name => Some(item.variants),
        _ => None,
    });
    found.flatten().map(|variant| variant.ident.to_string()).collect()
}

/// The names that a page does not have in backticks.
fn missing(page: &str, names: BTreeSet<String>) -> Vec<String> {
    assert!(!names.is_empty());
    names.into_iter().filter(|name| !page.contains(&format!("`{name}`"))).collect()
}

#[test]
fn every_operation_is_on_a_page_of_its_feature() {
    let references = ["operations", "request_limits", "errors", "configuration"];
    let names = files();
    let pages: String =
        names.iter().filter(|name| !references.contains(&name.as_str())).map(|name| page(name)).collect();
    let names = Operation::ALL.iter().map(|operation| operation.rust_name().to_owned()).collect();
    assert_eq!(missing(&pages, names), Vec::<String>::new());
}

#[test]
fn every_admin_operation_is_on_the_page_of_administrators() {
    let files = sources().iter().filter(|source| source.module.starts_with("features::admin"));
    let names = files.flat_map(|source| methods(&source.text, "Admin")).collect();
    assert_eq!(missing(&page("admin"), names), Vec::<String>::new());
}

#[test]
fn every_part_of_the_builder_is_on_the_page_of_the_configuration() {
    let mut names = methods(include_str!("../../../src/service/builder.rs"), "Builder");
    names.retain(|name| !["config", "build", "build_dyn"].contains(&name.as_str()));
    assert_eq!(missing(&page("configuration"), names), Vec::<String>::new());
}

#[test]
fn every_message_is_on_the_page_of_messages() {
    let source = include_str!("../../../src/messages/message.rs");
    let mut names = variants(source, "Notice");
    names.extend(variants(source, "TextNotice"));
    assert_eq!(missing(&page("messages"), names), Vec::<String>::new());
}
