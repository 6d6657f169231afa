//! The source files as modules, and the modules that each of them imports.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use syn::{
    Attribute, Item, ItemMod, ItemUse, UseTree, Visibility,
    visit::{self, Visit},
};

/// A module of the crate, such as `service::change`. The root is the empty name.
pub(crate) type Module = String;

/// A source file outside tests.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) module: Module,
    /// Paths that the file names, absolute within the crate, such as `model::Account`.
    pub(crate) names: BTreeSet<String>,
    /// The functions of the file: name, first line, number of lines.
    pub(crate) functions: Vec<(String, usize, usize)>,
    /// The names that the file only hands on, and where each comes from.
    reexports: BTreeMap<String, String>,
}

/// All files below `src`, except those that hold only unit tests.
pub(crate) fn sources() -> &'static [Source] {
    static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut files = Vec::new();
        collect(&src, &mut files);
        files.sort();
        files.iter().filter(|path| !path.ends_with("tests.rs")).map(|path| read(&src, path)).collect()
    });
    &SOURCES
}

/// The files below a folder with this ending.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(src: &Path, path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let relative = path.strip_prefix(src).unwrap().with_extension("");
    let mut parts: Vec<String> = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib")) {
        parts.pop();
    }
    let mut functions = Functions(Vec::new());
    functions.visit_file(&file);
    let mut reader = Reader { module: parts.clone(), names: BTreeSet::new(), reexports: BTreeMap::new() };
    reader.visit_file(&file);
    let Reader { names, reexports, .. } = reader;
    Source { path: path.to_owned(), text, module: parts.join("::"), names, functions: functions.0, reexports }
}

struct Reader {
    module: Vec<String>,
    names: BTreeSet<String>,
    reexports: BTreeMap<String, String>,
}

impl Reader {
    /// A path as it is written, absolute within the crate. `None` if it leads out of it.
    fn absolute(&self, path: &[String]) -> Option<String> {
        let up = path.iter().take_while(|part| *part == "super").count();
        let parts: Vec<&String> = match path.first()?.as_str() {
            "crate" => path.iter().skip(1).collect(),
            "self" => self.module.iter().chain(path.iter().skip(1)).collect(),
            "super" => {
                let above = self.module.len().checked_sub(up)?;
                self.module.iter().take(above).chain(path.iter().skip(up)).collect()
            }
            _ => return None,
        };
        Some(parts.into_iter().map(String::as_str).collect::<Vec<_>>().join("::"))
    }

    fn take_use(&mut self, item: &ItemUse) {
        let is_reexport = !matches!(item.vis, Visibility::Inherited);
        let mut leaves = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
        for (path, name) in leaves {
            // A path without a keyword is that of a child module, or of another crate.
            let child = || self.module.iter().chain(&path).cloned().collect::<Vec<_>>().join("::");
            let found = self.absolute(&path).unwrap_or_else(child);
            if is_reexport {
                self.reexports.insert(name, found);
            } else {
                self.names.insert(found);
            }
        }
    }
}

/// The paths of a `use` tree, and the names that they are known by.
fn flatten(tree: &UseTree, path: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, leaves);
            path.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, path, leaves)),
        UseTree::Glob(_) => leaves.push((path.clone(), "*".into())),
        UseTree::Name(leaf) if leaf.ident == "self" => {
            leaves.push((path.clone(), path.last().cloned().unwrap_or_default()));
        }
        UseTree::Name(leaf) => {
            let full = path.iter().cloned().chain([leaf.ident.to_string()]).collect();
            leaves.push((full, leaf.ident.to_string()));
        }
        UseTree::Rename(leaf) => {
            let full = path.iter().cloned().chain([leaf.ident.to_string()]).collect();
            leaves.push((full, leaf.rename.to_string()));
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|flag| flag == "test")
    })
}

impl Visit<'_> for Reader {
    fn visit_item(&mut self, item: &Item) {
        match item {
            Item::Use(item) if !is_test(&item.attrs) => self.take_use(item),
            Item::Mod(ItemMod { attrs, .. }) if is_test(attrs) => {}
            Item::Fn(function) if is_test(&function.attrs) => {}
            item => visit::visit_item(self, item),
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if parts.len() > 1 {
            // As in `use`, a path without a keyword may begin with a child module.
            let child = || self.module.iter().chain(&parts).cloned().collect::<Vec<_>>().join("::");
            let found = self.absolute(&parts).unwrap_or_else(child);
            self.names.insert(found);
        }
        visit::visit_path(self, path);
    }
}

/// The modules that each module imports, names followed through those that only hand them on.
pub(crate) fn imports(sources: &[Source]) -> BTreeMap<Module, BTreeSet<Module>> {
    let by_module: BTreeMap<&str, &Source> =
        sources.iter().map(|source| (source.module.as_str(), source)).collect();
    let mut all = BTreeMap::new();
    for source in sources {
        let found = source.names.iter().filter_map(|name| defined_in(name, &by_module));
        let imported = found.filter(|module| *module != source.module).collect();
        all.insert(source.module.clone(), imported);
    }
    all
}

/// The module in which the item at a path is defined.
fn defined_in(name: &str, modules: &BTreeMap<&str, &Source>) -> Option<Module> {
    if modules.contains_key(name) {
        return Some(name.to_owned());
    }
    let mut prefix = name;
    loop {
        let (parent, rest) = prefix.rsplit_once("::").unwrap_or(("", prefix));
        if let Some(source) = modules.get(parent) {
            return match source.reexports.get(rest) {
                Some(origin) if origin != name => defined_in(origin, modules),
                _ if parent.is_empty() => None,
                _ => Some(parent.to_owned()),
            };
        }
        prefix = parent;
    }
}

struct Functions(Vec<(String, usize, usize)>);

impl Functions {
    fn note(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let (first, last) = (signature.fn_token.span.start().line, block.brace_token.span.close().end().line);
        self.0.push((signature.ident.to_string(), first, last + 1 - first));
    }
}

impl Visit<'_> for Functions {
    fn visit_item_fn(&mut self, function: &syn::ItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &syn::ImplItemFn) {
        self.note(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }
}
