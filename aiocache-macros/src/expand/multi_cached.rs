//! The body of a function under `#[multi_cached]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::Ident;

use super::parts::{self, Asks, Sight};
use super::signature;
use super::{answers, key, patterns};
use crate::argument::{Arg, Passing};
use crate::keys::{Form, Keys};
use crate::model::CachedFn;

/// Asks the cache for all keys, by `__run` or `__refresh`.
pub(super) fn call(model: &CachedFn, how: &str) -> TokenStream {
    let Some(keys) = &model.keys else {
        return TokenStream::new();
    };
    let cache = parts::cache(model, Sight::Function);
    let bulk = parts::call(model, &model.output, Sight::Function, Asks::Load);
    let answers = answers::answers(model);
    let asked = asked(model, keys);
    let key = key_closure(model, Sight::Function);
    let policy = parts::policy(model, Sight::Function);
    let load = loader(model, keys);
    // Keys have to be kept where an old value may be returned with them.
    let how = match how {
        "__run" if model.policy.may_age() => "__run_or_old",
        how => how,
    };
    let how = Ident::new(how, parts::at_output(model));
    quote_spanned!(Span::mixed_site()=> #cache #bulk #answers.#how(#asked, #key, #key, #policy, #load).await)
}

/// The keys asked for, one by one.
pub(super) fn asked(model: &CachedFn, keys: &Keys) -> TokenStream {
    let local = &model.args[keys.arg].local;
    match keys.form {
        Form::Slice | Form::VecRef => quote_spanned!(Span::mixed_site()=> #local.iter().cloned()),
        _ => quote!(#local),
    }
}

/// The closure that writes the key of one item.
pub(super) fn key_closure(model: &CachedFn, sight: Sight) -> TokenStream {
    let (key, id) = (key::name(), key::id());
    let text = key::text(model, sight, Some(&id));
    quote_spanned!(Span::mixed_site()=> |#key, #id| { #text })
}

/// The closure that loads some of the keys.
fn loader(model: &CachedFn, keys: &Keys) -> TokenStream {
    let site = Span::mixed_site();
    let missing = Ident::new("__missing", site);
    let others = || {
        model
            .args
            .iter()
            .enumerate()
            .filter(|(position, _)| *position != keys.arg)
            .map(|(_, arg)| arg)
    };
    let clones = || {
        others()
            .filter(|arg| arg.passing == Passing::Value && !arg.is_self())
            .map(clone)
    };
    if let Some(controls) = &model.controls {
        let turbofish = signature::turbofish(model);
        let args = model.args.iter().enumerate().map(|(position, arg)| {
            let local = &arg.local;
            if position == keys.arg {
                part(keys.form, &missing)
            } else {
                quote!(#local)
            }
        });
        let call = quote_spanned!(site=> #controls::uncached #turbofish (#(#args),*));
        // Keys that are lent must be held by something while the function runs.
        let call = if lends(keys.form) {
            quote_spanned!(site=> async move { #call.await })
        } else {
            call
        };
        let clones = clones();
        return quote_spanned!(site=> |#missing| { #(#clones)* #call });
    }
    let start = parts::body_start(model);
    let patterns = patterns::for_the_body(others());
    let clones = clones();
    let body = model
        .boxed
        .as_ref()
        .map_or(&model.function.body, |boxed| &boxed.body);
    let given = part(keys.form, &missing);
    let pattern = patterns::binding(&model.args[keys.arg]);
    let ty = match (keys.form, model.args[keys.arg].ty()) {
        (Form::Owned, Some(ty)) => Some(quote!(: #ty)),
        _ => None,
    };
    quote_spanned!(site=> |#missing| {
        #(#clones)*
        async move { #start let #pattern #ty = #given; #patterns #body }
    })
}

/// Whether the function borrows the keys, so that something must hold them while it runs.
fn lends(form: Form) -> bool {
    matches!(form, Form::Slice | Form::VecRef)
}

/// Some of the keys in the form the function takes.
fn part(form: Form, missing: &Ident) -> TokenStream {
    let site = Span::mixed_site();
    match form {
        Form::Slice => quote_spanned!(site=> &#missing[..]),
        Form::VecRef => quote_spanned!(site=> &#missing),
        Form::Owned => {
            quote_spanned!(site=> ::core::iter::Iterator::collect(::core::iter::IntoIterator::into_iter(#missing)))
        }
        Form::Iterable => quote!(#missing),
        Form::Iterator => quote_spanned!(site=> ::core::iter::IntoIterator::into_iter(#missing)),
    }
}

/// Another argument, once for each load, as one call may need several.
fn clone(arg: &Arg) -> TokenStream {
    let (local, pattern) = (&arg.local, patterns::binding(arg));
    let at = Span::mixed_site().located_at(arg.span());
    quote_spanned!(at=> let #pattern = ::core::clone::Clone::clone(&#local);)
}
