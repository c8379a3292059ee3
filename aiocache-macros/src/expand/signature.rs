//! Signatures, attributes and argument lists of what is generated.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Attribute, FnArg, Ident, Meta, Pat, PatIdent, Signature, Type, parse_quote};

use crate::argument::{Arg, Passing};
use crate::keys::Form;
use crate::model::CachedFn;
use crate::subject::Subject;

/// The wrapper's signature: the user's, with a name in place of each pattern.
pub(super) fn wrapper(model: &CachedFn) -> Signature {
    // A body that stays needs its `mut`; a wrapper that only passes the argument on must not have it.
    with_names(
        model,
        model.controls.is_some() || model.keys.is_some() || model.detached,
    )
}

/// The user's signature with a name in place of each pattern, and of `mut` too if the wrapper is `bodiless`.
pub(super) fn with_names(subject: &Subject, bodiless: bool) -> Signature {
    let mut sig = subject.function.sig.clone();
    for (input, arg) in sig.inputs.iter_mut().zip(&subject.args) {
        let FnArg::Typed(typed) = input else { continue };
        let local = &arg.local;
        if bodiless || arg.pattern().is_some() {
            *typed.pat = named_pattern(local);
        }
    }
    sig
}

fn named_pattern(name: &Ident) -> Pat {
    let (attrs, by_ref, mutability, subpat) = (Vec::new(), None, None, None);
    Pat::Ident(PatIdent {
        attrs,
        by_ref,
        mutability,
        ident: name.clone(),
        subpat,
    })
}

/// The signature under another name.
pub(super) fn named(mut sig: Signature, name: &str) -> Signature {
    sig.ident = Ident::new(name, Span::mixed_site());
    sig
}

/// The attributes of the wrapper: all of the user's, and a word on the controls where there is documentation.
pub(super) fn wrapper_attrs(model: &CachedFn) -> Vec<Attribute> {
    let attrs = &model.function.attrs;
    let Some(controls) = &model.controls else {
        return attrs.clone();
    };
    let mut kept: Vec<Attribute> = attrs
        .iter()
        .map(|attr| if moves(attr) { allowed(attr) } else { attr.clone() })
        .collect();
    if let Some(last) = kept.iter().rposition(|attr| attr.path().is_ident("doc")) {
        let name = controls.to_string();
        let name = name.trim_start_matches("r#");
        let key = if model.keys.is_some() {
            "the stored key of one key"
        } else {
            "the stored key"
        };
        let text = format!(
            "\n\n# Controls\n\nThe result is cached. `{name}::key(…)` gives {key}, `{name}::peek(…)` reads without loading, \
             `{name}::set(…)` stores a value, `{name}::invalidate(…)` removes it, `{name}::refresh(…)` loads anew and \
             stores, `{name}::uncached(…)` runs the function alone."
        );
        kept.insert(last + 1, parse_quote!(#[doc = #text]));
    }
    kept
}

/// The attributes of the body's new home: what the user said about lints.
pub(super) fn body_attrs(model: &CachedFn) -> Vec<Attribute> {
    let levels = ["allow", "warn", "deny", "forbid"];
    let belongs = |attr: &&Attribute| moves(attr) || levels.iter().any(|level| attr.path().is_ident(level));
    model.function.attrs.iter().filter(belongs).cloned().collect()
}

/// Whether an expected lint will come from the body, not from the wrapper.
fn moves(attr: &Attribute) -> bool {
    attr.path().is_ident("expect") && !attr.meta.to_token_stream().to_string().contains("dead_code")
}

/// `expect` as `allow`: in two places, the expectation would be missed in one.
fn allowed(attr: &Attribute) -> Attribute {
    let mut attr = attr.clone();
    if let Meta::List(list) = &mut attr.meta {
        list.path = parse_quote!(allow);
    }
    attr
}

/// `::<T, N>` of the function itself.
pub(super) fn turbofish(model: &CachedFn) -> TokenStream {
    let collection = model
        .keys
        .as_ref()
        .filter(|keys| matches!(keys.form, Form::Iterable | Form::Iterator));
    let inferred = collection
        .and_then(|keys| model.args[keys.arg].ty())
        .map(|ty| ty.to_token_stream().to_string());
    let params = model.function.sig.generics.params.iter().filter_map(|param| {
        let ident = match param {
            syn::GenericParam::Type(param) => &param.ident,
            syn::GenericParam::Const(param) => &param.ident,
            syn::GenericParam::Lifetime(_) => return None,
        };
        // A part of the keys arrives in a collection of its own.
        Some(if inferred.as_deref() == Some(&ident.to_string()) {
            quote!(_)
        } else {
            quote!(#ident)
        })
    });
    let params: Vec<TokenStream> = params.collect();
    if params.is_empty() {
        TokenStream::new()
    } else {
        quote_spanned!(Span::mixed_site()=> ::<#(#params),*>)
    }
}

/// An argument as a control takes it: by reference.
pub(super) fn by_reference(arg: &Arg) -> TokenStream {
    let local = &arg.local;
    let Some(ty) = arg.ty() else {
        return TokenStream::new();
    };
    let ty = match (arg.passing, ty) {
        (Passing::Shared, ty) => ty.to_token_stream(),
        (Passing::Exclusive, Type::Reference(reference)) => {
            let (lifetime, elem) = (&reference.lifetime, &reference.elem);
            quote!(& #lifetime #elem)
        }
        (_, Type::ImplTrait(opaque)) if opaque.bounds.len() > 1 => quote!(&(#opaque)),
        (_, ty) => quote!(&#ty),
    };
    quote!(#local: #ty)
}
