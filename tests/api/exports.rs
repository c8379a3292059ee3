//! What can be named from outside a crate, and where it is written.

use std::collections::{BTreeMap, BTreeSet};

use syn::{Item, UseTree, Visibility};

use crate::sources::{ModulePath, Sources};

/// What a public path leads to.
pub(crate) enum Export<'s> {
    Item(&'s Item),
    /// An item that a macro in this module makes.
    Made,
    /// Something of another crate.
    Foreign(String),
}

/// Public paths below the crate, and where they lead.
#[derive(Default)]
pub(crate) struct Exports<'s> {
    pub(crate) named: BTreeMap<ModulePath, Export<'s>>,
    /// The names by which the exported items are defined.
    pub(crate) defined: BTreeSet<String>,
}

pub(crate) fn of(sources: &Sources) -> Exports<'_> {
    let mut exports = Exports::default();
    add_module(sources, &Vec::new(), &Vec::new(), &mut exports);
    exports
}

fn add_module<'s>(sources: &'s Sources, module: &ModulePath, public: &ModulePath, exports: &mut Exports<'s>) {
    for item in &sources.modules[module] {
        match item {
            // The cases of the conformance suite: one more is no change of the interface.
            Item::Mod(inner) if inner.ident == "cases" => {}
            Item::Mod(inner) if is_public(&inner.vis) => {
                let name = inner.ident.to_string();
                add_module(sources, &joined(module, &name), &joined(public, &name), exports);
            }
            Item::Use(used) if is_public(&used.vis) => {
                for (path, name) in leaves(&used.tree) {
                    add_used(sources, module, &path, &joined(public, &name), exports);
                }
            }
            Item::Macro(made)
                if made
                    .attrs
                    .iter()
                    .any(|attribute| attribute.path().is_ident("macro_export")) =>
            {
                let name = made.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                exports.add(vec![format!("{name}!")], item);
            }
            _ => {
                if let Some((name, vis)) = named(item)
                    && is_public(vis)
                {
                    exports.add(joined(public, &name), item);
                }
            }
        }
    }
}

fn add_used<'s>(
    sources: &'s Sources,
    module: &ModulePath,
    path: &[String],
    public: &ModulePath,
    exports: &mut Exports<'s>,
) {
    let Some((home, name)) = home(sources, module, path) else {
        exports
            .named
            .insert(public.clone(), Export::Foreign(path.join("::")));
        return;
    };
    if sources.modules.contains_key(&joined(&home, &name)) {
        return add_module(sources, &joined(&home, &name), public, exports);
    }
    let items = &sources.modules[&home];
    if let Some(item) = items
        .iter()
        .find(|item| named(item).is_some_and(|(found, _)| found == name))
    {
        return exports.add(public.clone(), item);
    }
    let uses = items.iter().filter_map(|item| match item {
        Item::Use(used) => Some(leaves(&used.tree)),
        _ => None,
    });
    match uses.flatten().find(|(_, found)| *found == name) {
        Some((path, _)) => add_used(sources, &home, &path, public, exports),
        None => {
            exports.defined.insert(name);
            exports.named.insert(public.clone(), Export::Made);
        }
    }
}

/// The module of this crate that a path leads to, and the name in it; `None` if it leads to another crate.
fn home(sources: &Sources, module: &ModulePath, path: &[String]) -> Option<(ModulePath, String)> {
    let (name, before) = path.split_last()?;
    let mut home = match before.first().map(String::as_str) {
        Some("crate") => Vec::new(),
        Some("self") => module.clone(),
        Some("super") => module.split_last().map(|(_, above)| above.to_vec())?,
        Some(first) if sources.modules.contains_key(&joined(module, first)) => joined(module, first),
        _ => return None,
    };
    home.extend(before.iter().skip(1).cloned());
    sources.modules.contains_key(&home).then(|| (home, name.clone()))
}

/// The paths of a `use`, each with the name that it gives.
fn leaves(tree: &UseTree) -> Vec<(Vec<String>, String)> {
    match tree {
        UseTree::Path(path) => {
            let below = leaves(&path.tree).into_iter();
            let first = path.ident.to_string();
            below
                .map(|(rest, name)| {
                    // `x::{self as y}` names `x`.
                    let rest = if rest == ["self"] { Vec::new() } else { rest };
                    ([vec![first.clone()], rest].concat(), name)
                })
                .collect()
        }
        UseTree::Name(name) => vec![(vec![name.ident.to_string()], name.ident.to_string())],
        UseTree::Rename(renamed) => vec![(vec![renamed.ident.to_string()], renamed.rename.to_string())],
        UseTree::Glob(_) => vec![(vec!["*".to_owned()], "*".to_owned())],
        UseTree::Group(group) => group.items.iter().flat_map(leaves).collect(),
    }
}

impl<'s> Exports<'s> {
    fn add(&mut self, public: ModulePath, item: &'s Item) {
        if let Some((name, _)) = named(item) {
            self.defined.insert(name);
        }
        self.named.insert(public, Export::Item(item));
    }
}

fn joined(path: &[String], name: &str) -> ModulePath {
    [path, &[name.to_owned()]].concat()
}

pub(crate) fn is_public(vis: &Visibility) -> bool {
    matches!(vis, Visibility::Public(_))
}

/// The name of an item that has one and can be exported.
pub(crate) fn named(item: &Item) -> Option<(String, &Visibility)> {
    let (ident, vis) = match item {
        Item::Const(item) => (&item.ident, &item.vis),
        Item::Enum(item) => (&item.ident, &item.vis),
        Item::Fn(item) => (&item.sig.ident, &item.vis),
        Item::Static(item) => (&item.ident, &item.vis),
        Item::Struct(item) => (&item.ident, &item.vis),
        Item::Trait(item) => (&item.ident, &item.vis),
        Item::Type(item) => (&item.ident, &item.vis),
        _ => return None,
    };
    Some((ident.to_string(), vis))
}
