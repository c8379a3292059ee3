//! The modules of a crate, as they are written.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use syn::visit_mut::VisitMut;
use syn::{Attribute, File, Item, ItemMod, Meta, PatIdent, Receiver};

/// The path of a module below the root of its crate.
pub(crate) type ModulePath = Vec<String>;

/// All modules that are not for tests, without hidden items, documentation and lints.
pub(crate) struct Sources {
    pub(crate) modules: BTreeMap<ModulePath, Vec<Item>>,
}

impl Sources {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut sources = Self {
            modules: BTreeMap::new(),
        };
        sources.add_file(&folder.join("lib.rs"), folder, Vec::new());
        sources
    }

    fn add_file(&mut self, file: &Path, folder: &Path, path: ModulePath) {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let mut parsed: File =
            syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Bare.visit_file_mut(&mut parsed);
        self.add(parsed.items, folder, path);
    }

    fn add(&mut self, items: Vec<Item>, folder: &Path, path: ModulePath) {
        let items: Vec<Item> = items
            .into_iter()
            .filter(|item| !is_left_out(attributes(item)))
            .collect();
        for module in items.iter().filter_map(|item| match item {
            Item::Mod(module) => Some(module),
            _ => None,
        }) {
            self.add_module(module, folder, &path);
        }
        self.modules.insert(path, items);
    }

    fn add_module(&mut self, module: &ItemMod, folder: &Path, path: &[String]) {
        let name = module.ident.to_string();
        let below = [path, std::slice::from_ref(&name)].concat();
        let folder_below = folder.join(&name);
        match &module.content {
            Some((_, items)) => self.add(items.clone(), &folder_below, below),
            None => {
                let beside = folder.join(format!("{name}.rs"));
                let file = if beside.is_file() {
                    beside
                } else {
                    folder_below.join("mod.rs")
                };
                self.add_file(&file, &folder_below, below);
            }
        }
    }
}

/// For tests, for generated code, or only there while documentation is made.
fn is_left_out(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("doc") => list.tokens.to_string() == "hidden",
        Meta::List(list) if list.path.is_ident("cfg") => {
            let asked = list.tokens.to_string();
            asked.starts_with("all (test ,") || ["test", "any (doc , doctest)"].contains(&&*asked)
        }
        _ => false,
    })
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item in an `impl` or a trait is left out.
pub(crate) fn is_hidden(attributes: &[Attribute]) -> bool {
    is_left_out(attributes)
}

/// Takes away what says nothing of the interface.
struct Bare;

impl VisitMut for Bare {
    fn visit_receiver_mut(&mut self, receiver: &mut Receiver) {
        // Of a `self` by value: the method's own business.
        receiver.mutability = None;
    }

    fn visit_pat_ident_mut(&mut self, argument: &mut PatIdent) {
        argument.mutability = None;
    }

    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        const KEPT: [&str; 8] = [
            "cfg",
            "derive",
            "must_use",
            "non_exhaustive",
            "macro_export",
            "proc_macro_attribute",
            "repr",
            "deprecated",
        ];
        attributes.retain(|attribute| {
            let name = attribute
                .path()
                .get_ident()
                .map(ToString::to_string)
                .unwrap_or_default();
            KEPT.contains(&&*name) || is_left_out(std::slice::from_ref(attribute))
        });
    }
}
