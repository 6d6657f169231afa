//! The codes of errors and events.

use std::collections::{BTreeMap, BTreeSet};

use syn::{
    Expr, ImplItemFn, ItemMod, Lit, Pat,
    visit::{self, Visit},
};

use super::{page, table};
use crate::source::sources;

/// The last names of a pattern, and the texts of its result: one, or those of a tuple.
type Arm = (Vec<String>, Vec<Option<String>>);

/// The first `match` of a method.
struct Arms<'a> {
    method: &'a str,
    found: Vec<Arm>,
}

impl Visit<'_> for Arms<'_> {
    fn visit_impl_item_fn(&mut self, function: &ImplItemFn) {
        if function.sig.ident == self.method && self.found.is_empty() {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_expr_match(&mut self, choice: &syn::ExprMatch) {
        let texts = |body: &Expr| match body {
            Expr::Tuple(tuple) => tuple.elems.iter().map(text).collect(),
            other => vec![text(other)],
        };
        self.found.extend(choice.arms.iter().map(|arm| (names(&arm.pat), texts(&arm.body))));
    }
}

fn arms(source: &str, method: &str) -> Vec<Arm> {
    let mut arms = Arms { method, found: Vec::new() };
    arms.visit_file(&syn::parse_file(source).unwrap());
    arms.found
}

fn names(pattern: &Pat) -> Vec<String> {
    let last = |path: &syn::Path| path.segments.last().unwrap().ident.to_string();
    match pattern {
        Pat::Or(any) => any.cases.iter().flat_map(names).collect(),
        Pat::Path(path) => vec![last(&path.path)],
        Pat::TupleStruct(tuple) => vec![last(&tuple.path)],
        Pat::Struct(fields) => vec![last(&fields.path)],
        _ => vec!["_".into()],
    }
}

fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            Lit::Int(number) => Some(number.base10_digits().to_owned()),
            _ => None,
        },
        Expr::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// The HTTP status of each class.
fn statuses() -> BTreeMap<String, String> {
    let arms = arms(include_str!("../../../src/kind.rs"), "status");
    arms.into_iter()
        .filter_map(|(names, status)| Some((names.first()?.clone(), status.first()?.clone()?)))
        .collect()
}

fn variants(source: &str, name: &str) -> Vec<String> {
    let file = syn::parse_file(source).unwrap();
    let found = file.items.into_iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(item.variants),
        _ => None,
    });
    found.unwrap().iter().map(|variant| variant.ident.to_string()).collect()
}

#[test]
fn the_table_of_errors_is_that_of_the_code() {
    let source = include_str!("../../../src/error.rs");
    let statuses = statuses();
    let mut expected = BTreeSet::new();
    for (names, class) in arms(source, "class") {
        if let [Some(code), Some(kind)] = &class[..] {
            expected.extend(names.into_iter().map(|name| [code.clone(), statuses[kind].clone(), name]));
        }
    }
    let named: BTreeSet<&String> = expected.iter().map(|[_, _, name]| name).collect();
    let variants = variants(source, "Error");
    let missing: Vec<_> = variants.iter().filter(|name| *name != "OAuth2" && !named.contains(name)).collect();
    assert!(missing.is_empty(), "without a code: {missing:?}");
    let shown = table(&page("errors"), "errors").into_iter();
    let shown: BTreeSet<_> = shown.map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]).collect();
    assert_eq!(shown, expected);
}

#[test]
fn the_table_of_provider_errors_is_that_of_the_code() {
    let source = include_str!("../../../src/oauth2/error.rs");
    let (codes, kinds, statuses) = (arms(source, "code"), arms(source, "kind"), statuses());
    let of = |arms: &[Arm], name: &String| {
        let is_it = |(names, _): &&Arm| names.iter().any(|it| it == name || it == "_");
        arms.iter().find(is_it).and_then(|(_, result)| result[0].clone()).unwrap()
    };
    let expected: BTreeSet<_> = variants(source, "OAuth2Error")
        .iter()
        .map(|name| [of(&codes, name), statuses[&of(&kinds, name)].clone()])
        .collect();
    let shown = table(&page("errors"), "oauth2 errors").into_iter();
    assert_eq!(shown.map(|row| [row[0].clone(), row[1].clone()]).collect::<BTreeSet<_>>(), expected);
}

/// The codes that the HTTP layer makes itself, with their status where it stands beside the code.
#[derive(Default)]
struct HttpCodes {
    found: BTreeSet<(String, Option<u16>)>,
    in_code: bool,
}

impl Visit<'_> for HttpCodes {
    /// Comments are attributes.
    fn visit_attribute(&mut self, _: &syn::Attribute) {}

    fn visit_item_mod(&mut self, module: &ItemMod) {
        if module.ident != "tests" {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &ImplItemFn) {
        self.in_code = function.sig.ident == "code";
        visit::visit_impl_item_fn(self, function);
        self.in_code = false;
    }

    fn visit_expr_lit(&mut self, literal: &syn::ExprLit) {
        if let (true, Lit::Str(text)) = (self.in_code, &literal.lit) {
            self.found.insert((text.value(), None));
        }
    }

    fn visit_expr_call(&mut self, call: &syn::ExprCall) {
        if let (Some(first @ Expr::Path(path)), Some(second @ Expr::Lit(_))) =
            (call.args.first(), call.args.get(1))
            && path.path.segments.iter().any(|segment| segment.ident == "StatusCode")
        {
            let status = text(first).map(|name| status(&name));
            self.found.extend(text(second).map(|code| (code, status)));
        }
        visit::visit_expr_call(self, call);
    }
}

fn status(name: &str) -> u16 {
    match name {
        "BAD_REQUEST" => 400,
        "UNAUTHORIZED" => 401,
        "FORBIDDEN" => 403,
        "NOT_FOUND" => 404,
        "METHOD_NOT_ALLOWED" => 405,
        "PAYLOAD_TOO_LARGE" => 413,
        "UNSUPPORTED_MEDIA_TYPE" => 415,
        "INTERNAL_SERVER_ERROR" => 500,
        "SERVICE_UNAVAILABLE" => 503,
        other => panic!("add the number of {other}"),
    }
}

#[test]
fn the_table_of_http_errors_has_every_code_of_the_http_layer() {
    let mut made = HttpCodes::default();
    let is_http = |module: &str| ["http", "axum"].contains(&module.split("::").next().unwrap_or_default());
    for source in sources().iter().filter(|source| is_http(&source.module)) {
        made.visit_file(&syn::parse_file(&source.text).unwrap());
    }
    let shown = table(&page("errors"), "http errors");
    let shown: BTreeSet<(String, u16)> =
        shown.into_iter().map(|row| (row[0].clone(), row[1].parse().unwrap())).collect();
    let is_shown = |(code, status): &(String, Option<u16>)| {
        shown.iter().any(|(known, number)| known == code && status.is_none_or(|status| status == *number))
    };
    let missing: Vec<_> = made.found.iter().filter(|made| !is_shown(made)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let codes: BTreeSet<&String> = made.found.iter().map(|(code, _)| code).collect();
    let stale: Vec<_> = shown.iter().filter(|(code, _)| !codes.contains(code)).collect();
    assert!(stale.is_empty(), "{stale:?}");
}

#[test]
fn the_table_of_events_is_that_of_the_code() {
    let source = include_str!("../../../src/model/event.rs");
    let kinds = arms(source, "name").into_iter();
    let expected: BTreeSet<_> =
        kinds.map(|(names, name)| [name[0].clone().unwrap(), names.first().unwrap().clone()]).collect();
    let shown = table(&page("security_log"), "events").into_iter();
    assert_eq!(shown.map(|row| [row[0].clone(), row[1].clone()]).collect::<BTreeSet<_>>(), expected);
}
