//! Adapters use only what the crate gives to every application.

use std::collections::BTreeSet;

use syn::{
    Visibility,
    visit::{self, Visit},
};

use crate::source::sources;

/// Names that the standard library and drivers use as well, so that they say nothing.
const COMMON_NAMES: [&str; 5] = ["add", "channel", "encode", "finish", "iter"];

/// The names that files declare, by whether applications see them.
#[derive(Default)]
struct Declared {
    public: BTreeSet<String>,
    restricted: BTreeSet<String>,
}

impl Declared {
    fn note(&mut self, visibility: &Visibility, name: &syn::Ident) {
        match visibility {
            Visibility::Public(_) => self.public.insert(name.to_string()),
            Visibility::Restricted(_) => self.restricted.insert(name.to_string()),
            Visibility::Inherited => false,
        };
    }
}

impl Visit<'_> for Declared {
    fn visit_item_fn(&mut self, item: &syn::ItemFn) {
        self.note(&item.vis, &item.sig.ident);
    }

    fn visit_impl_item_fn(&mut self, item: &syn::ImplItemFn) {
        self.note(&item.vis, &item.sig.ident);
    }

    fn visit_trait_item_fn(&mut self, item: &syn::TraitItemFn) {
        self.public.insert(item.sig.ident.to_string());
    }

    fn visit_item_struct(&mut self, item: &syn::ItemStruct) {
        self.note(&item.vis, &item.ident);
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &syn::ItemEnum) {
        self.note(&item.vis, &item.ident);
    }

    fn visit_item_const(&mut self, item: &syn::ItemConst) {
        self.note(&item.vis, &item.ident);
    }
}

/// The names behind a dot or a double colon.
#[derive(Default)]
struct Used(BTreeSet<String>);

impl Visit<'_> for Used {
    fn visit_expr_method_call(&mut self, call: &syn::ExprMethodCall) {
        self.0.insert(call.method.to_string());
        visit::visit_expr_method_call(self, call);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        self.0.extend(path.segments.iter().skip(1).map(|segment| segment.ident.to_string()));
        visit::visit_path(self, path);
    }
}

#[test]
fn adapters_use_only_what_is_public_of_model_and_ports() {
    let (mut below, mut own) = (Declared::default(), Declared::default());
    let in_folder = |module: &str, folder: &str| module.split("::").next() == Some(folder);
    for source in sources() {
        let file = syn::parse_file(&source.text).unwrap();
        if in_folder(&source.module, "model") || in_folder(&source.module, "ports") {
            below.visit_file(&file);
        } else if in_folder(&source.module, "adapters") {
            own.visit_file(&file);
        }
    }
    let restricted: BTreeSet<_> = below
        .restricted
        .iter()
        .filter(|name| !below.public.contains(*name) && !COMMON_NAMES.contains(&name.as_str()))
        .filter(|name| !own.public.contains(*name) && !own.restricted.contains(*name))
        .collect();
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| in_folder(&source.module, "adapters")) {
        let mut used = Used::default();
        used.visit_file(&syn::parse_file(&source.text).unwrap());
        let reached = used.0.iter().filter(|name| restricted.contains(name));
        found.extend(reached.map(|name| format!("{} uses {name}", source.module)));
    }
    assert!(found.is_empty(), "{found:#?}");
}
