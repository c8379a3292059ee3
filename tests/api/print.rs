//! What is written down of an item: its public parts, without what they do.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Block, Expr, Fields, File, ImplItem, Item, ItemImpl, TraitItem, Type};

use crate::exports::{Export, Exports, is_public, named};
use crate::sources::{Sources, is_hidden};

/// Texts by the path they belong to.
pub(crate) type Parts = BTreeMap<String, Vec<String>>;

pub(crate) fn items(krate: &str, exports: &Exports<'_>) -> Parts {
    let text = |export: &Export<'_>| match export {
        Export::Item(item) => declaration(item),
        Export::Made => "made by a macro\n".to_owned(),
        Export::Foreign(path) => format!("pub use {path};\n"),
    };
    let path = |public: &[String]| format!("{krate}::{}", public.join("::"));
    exports
        .named
        .iter()
        .map(|(public, export)| (path(public), vec![text(export)]))
        .collect()
}

/// Modules whose macros make what no user names.
const HIDDEN: [&str; 5] = [
    "key::list",
    "load::hooks",
    "load::kind",
    "load::pairs",
    "serializer::postcard::write",
];

/// Calls of our own macros that make items, by module.
pub(crate) fn macro_calls(sources: &Sources) -> Parts {
    let mut parts = Parts::new();
    for (module, items) in &sources.modules {
        for item in items {
            if let Item::Macro(call) = item
                && call.ident.is_none()
                && !HIDDEN.contains(&&*module.join("::"))
                && call
                    .mac
                    .path
                    .segments
                    .last()
                    .is_some_and(|last| last.ident != "thread_local")
            {
                let name = call.mac.path.to_token_stream().to_string();
                let arguments = undocumented(call.mac.tokens.clone())
                    .to_string()
                    .replace("; ", ";\n");
                let text = format!("{name}! {{\n{}\n}}\n", arguments.trim());
                parts
                    .entry(format!("macro calls in {}", module.join("::")))
                    .or_default()
                    .push(text);
            }
        }
    }
    parts
}

/// Adds what is implemented for exported items, and exported traits for others.
pub(crate) fn implementations(sources: &Sources, exports: &Exports<'_>, parts: &mut Parts) {
    let own_traits: Vec<String> = sources
        .modules
        .values()
        .flatten()
        .filter_map(|item| match item {
            Item::Trait(found) => Some(found.ident.to_string()),
            _ => None,
        })
        .collect();
    let mut found = Parts::new();
    for item in sources.modules.values().flatten() {
        let Item::Impl(block) = item else { continue };
        let of_type = last_name(&block.self_ty);
        let of_trait = block
            .trait_
            .as_ref()
            .and_then(|(path, ..)| path.segments.last())
            .map(|last| last.ident.to_string());
        let is_exported = |name: &str| exports.defined.contains(name);
        let shown = match &of_trait {
            Some(name) if own_traits.contains(name) && !is_exported(name) => false,
            Some(name) => of_type.as_deref().is_some_and(is_exported) || is_exported(name),
            None => of_type.as_deref().is_some_and(is_exported),
        };
        if shown && let Some(text) = implementation(block) {
            let of = of_type
                .filter(|name| is_exported(name))
                .or(of_trait)
                .unwrap_or_default();
            found.entry(of).or_default().push(text);
        }
    }
    for (name, mut texts) in found {
        texts.sort();
        let suffix = format!("::{name}");
        let path = parts
            .keys()
            .find(|path| path.ends_with(&suffix))
            .cloned()
            .unwrap_or(name);
        parts.entry(path).or_default().extend(texts);
    }
}

/// An `impl` with its public parts, if it has any or is of a trait.
fn implementation(block: &ItemImpl) -> Option<String> {
    let mut block = block.clone();
    let of_trait = block.trait_.is_some();
    block.items.retain_mut(|item| match item {
        ImplItem::Fn(function) if is_hidden(&function.attrs) => false,
        ImplItem::Fn(function) => {
            function.block = nothing();
            !of_trait && is_public(&function.vis)
        }
        ImplItem::Const(constant) => {
            constant.expr = unsaid();
            !of_trait && is_public(&constant.vis) && !is_hidden(&constant.attrs)
        }
        ImplItem::Type(_) => true,
        _ => false,
    });
    if block.items.is_empty() && !of_trait {
        return None;
    }
    block.items.sort_by_key(|item| item.to_token_stream().to_string());
    Some(text(Item::Impl(block)))
}

fn declaration(item: &Item) -> String {
    let mut item = item.clone();
    let mut rest = "";
    match &mut item {
        Item::Fn(function) => *function.block = nothing(),
        Item::Const(constant) => *constant.expr = unsaid(),
        Item::Static(constant) => *constant.expr = unsaid(),
        Item::Struct(found) => rest = keep_public(&mut found.fields),
        Item::Trait(found) => found.items.retain_mut(|item| {
            if let TraitItem::Fn(function) = item {
                function.default = function.default.take().map(|_| nothing());
                return !is_hidden(&function.attrs);
            }
            true
        }),
        _ => {}
    }
    if let Item::Macro(made) = &item {
        // What it takes: what it makes is its own business.
        let tokens = made.mac.tokens.to_string();
        let takes = tokens.split("=>").next().unwrap_or_default();
        return format!(
            "macro_rules! {} {takes}\n",
            made.ident.as_ref().map(ToString::to_string).unwrap_or_default()
        );
    }
    assert!(named(&item).is_some(), "an item that can be exported");
    format!("{}{rest}", text(item))
}

/// Takes private fields away, and says so.
fn keep_public(fields: &mut Fields) -> &'static str {
    let before = fields.len();
    match fields {
        Fields::Named(named) => {
            named.named = std::mem::take(&mut named.named)
                .into_iter()
                .filter(|field| is_public(&field.vis))
                .collect();
        }
        Fields::Unnamed(unnamed) => {
            unnamed.unnamed = std::mem::take(&mut unnamed.unnamed)
                .into_iter()
                .filter(|field| is_public(&field.vis))
                .collect();
        }
        Fields::Unit => {}
    }
    if fields.len() < before {
        "// and private fields\n"
    } else {
        ""
    }
}

/// Without documentation, which in the arguments of a macro is an attribute like any other.
fn undocumented(tokens: TokenStream) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let is_doc =
            matches!(&token, TokenTree::Group(group) if group.stream().to_string().starts_with("doc ="));
        if is_doc && matches!(kept.last(), Some(TokenTree::Punct(mark)) if mark.as_char() == '#') {
            kept.pop();
        } else {
            kept.push(token);
        }
    }
    kept.into_iter().collect()
}

fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
        Type::Reference(reference) => last_name(&reference.elem),
        _ => None,
    }
}

fn nothing() -> Block {
    syn::parse_quote!({})
}

fn unsaid() -> Expr {
    syn::parse_quote!(..)
}

fn text(item: Item) -> String {
    let file = File {
        shebang: None,
        frontmatter: None,
        attrs: Vec::new(),
        items: vec![item],
    };
    prettyplease::unparse(&file)
}
