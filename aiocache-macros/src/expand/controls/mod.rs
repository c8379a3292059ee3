//! The struct that has the function's name, and what can be done to its cache through it.

mod bulk;
mod head;
mod single;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{FnArg, GenericParam, Ident};

use self::head::Head;
use super::key;
use super::parts::Sight;
use super::{cached, multi_cached, signature};
use crate::model::CachedFn;
use crate::names::mentions;

/// The struct, its controls and the user's body as `uncached`; nothing where the body stays in the function.
pub(super) fn expand(model: &CachedFn) -> TokenStream {
    let Some(name) = &model.controls else {
        return TokenStream::new();
    };
    let vis = &model.function.vis;
    let controls = match &model.keys {
        None => single::expand(model),
        Some(keys) => bulk::expand(model, keys),
    };
    let refresh = refresh(model);
    let uncached = uncached(model);
    quote_spanned!(Span::mixed_site()=>
        #[doc(hidden)]
        #[allow(
            non_camel_case_types, dead_code, missing_docs, missing_debug_implementations, unnameable_types,
            unreachable_pub, clippy::exhaustive_structs,
            reason = "has the function's name"
        )]
        #vis struct #name {}

        #[allow(
            dead_code, missing_docs, unused_lifetimes, unreachable_pub, unused_parens,
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            reason = "generated"
        )]
        impl #name { #controls #refresh }

        #[allow(
            dead_code, missing_docs, unreachable_pub, clippy::too_many_arguments, clippy::missing_errors_doc,
            clippy::missing_panics_doc,
            reason = "the function itself says it"
        )]
        impl #name { #uncached }
    )
}

/// The call that writes the key of one value: the one place that has the statements for it.
pub(super) fn write_key(model: &CachedFn, controls: &Ident, sight: Sight) -> TokenStream {
    let key = key::name();
    let params = Head::of_the_key(model).generics.params;
    let names = params.iter().filter_map(|param| match param {
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
        GenericParam::Lifetime(_) => None,
    });
    let names: Vec<&Ident> = names.collect();
    let turbofish = (!names.is_empty()).then(|| quote!(::<#(#names),*>));
    let args = model.key.args();
    let args = args
        .iter()
        .map(|position| key::reference(&model.args[*position], sight));
    quote_spanned!(Span::mixed_site()=> #controls::__write #turbofish (&mut #key, #(#args),*);)
}

/// `refresh`: the function's own signature, a load without a read.
fn refresh(model: &CachedFn) -> TokenStream {
    let vis = &model.function.vis;
    let sig = signature::named(signature::wrapper(model), "refresh");
    let body = match model.keys {
        None => cached::call(model, "__refresh"),
        Some(_) => multi_cached::call(model, "__refresh"),
    };
    quote_spanned!(Span::mixed_site()=> #vis #sig { #body })
}

/// `uncached`: the user's body in the user's braces.
fn uncached(model: &CachedFn) -> TokenStream {
    let function = &model.function;
    let attrs = signature::body_attrs(model);
    let sig = signature::named(function.sig.clone(), "uncached");
    let vis = &function.vis;
    let used = used_by_options(model);
    let Some(context) = &model.context else {
        let mut tokens = quote_spanned!(Span::mixed_site()=> #(#attrs)* #vis #sig);
        function
            .brace
            .surround(&mut tokens, |inside| inside.extend([used, function.body.clone()]));
        return tokens;
    };
    let mut load = signature::named(sig.clone(), "__load");
    load.inputs.insert(0, FnArg::Typed(context.clone()));
    let uncached = signature::named(signature::wrapper(model), "uncached");
    let turbofish = signature::turbofish(model);
    let args = model.args.iter().map(|arg| &arg.local);
    let mut tokens = quote_spanned!(Span::mixed_site()=>
        #vis #uncached { Self::__load #turbofish (::core::default::Default::default(), #(#args),*).await }
        #(#attrs)* #[doc(hidden)] #vis #load
    );
    function
        .brace
        .surround(&mut tokens, |inside| inside.extend([used, function.body.clone()]));
    tokens
}

/// Uses what an option names, as the user's body may have no other use for it.
fn used_by_options(model: &CachedFn) -> TokenStream {
    let in_key = model.key.names(&model.args);
    let expressions = || {
        [
            Some(&model.cache),
            model.namespace.as_ref(),
            model.policy.named.as_ref(),
            model.policy.fallback.as_ref(),
            model.policy.on_timeout.as_ref(),
        ]
        .into_iter()
        .flatten()
        .chain(model.lifetimes())
    };
    let used = |name: &String| in_key.contains(name) || expressions().any(|expr| mentions(expr, name));
    let idents = model.args.iter().flat_map(|arg| {
        let own = arg.name.is_some().then_some(&arg.local);
        own.into_iter().chain(&arg.bindings)
    });
    idents
        .filter(|ident| used(&ident.unraw().to_string()))
        .map(|ident| quote_spanned!(Span::mixed_site()=> let _ = &#ident;))
        .collect()
}
