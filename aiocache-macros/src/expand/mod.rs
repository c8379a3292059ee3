//! From the model to tokens. Nothing outside this folder writes code.
//!
//! Generated code is methods on the user's cache and absolute `::core` paths, so it means the same whatever names the
//! user's module has. Locals have mixed-site hygiene and never meet the user's.

mod answers;
mod cached;
mod controls;
mod detached;
mod evict;
mod key;
mod multi_cached;
mod parts;
mod patterns;
mod signature;

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Attribute, Signature};

pub(crate) use self::evict::expand as expand_evict;
use crate::model::CachedFn;
use crate::subject::Subject;

/// The function with the cache in front, and its controls.
pub(crate) fn expand(model: &CachedFn) -> TokenStream {
    let site = Span::mixed_site();
    let prelude = key::marker(model);
    let call = match (&model.keys, model.puts) {
        (Some(_), _) => multi_cached::call(model, "__run"),
        (None, true) => cached::call(model, "__refresh"),
        (None, false) => cached::call(model, "__run"),
    };
    let (attrs, sig) = (signature::wrapper_attrs(model), signature::wrapper(model));
    let wrapper = wrapper(model, &attrs, &sig, quote_spanned!(site=> #prelude #call));
    let controls = controls::expand(model);
    quote_spanned!(site=> #wrapper #controls)
}

/// The user's function with `body` in place of its own.
fn wrapper(subject: &Subject, attrs: &[Attribute], sig: &Signature, body: TokenStream) -> TokenStream {
    let vis = &subject.function.vis;
    let body = match &subject.boxed {
        None => body,
        Some(boxed) => {
            let (head, block) = (&boxed.head, &boxed.block);
            let inside = quote_spanned!(Span::mixed_site()=> #block { #body });
            let mut call = Group::new(boxed.call.delimiter(), inside);
            call.set_span(boxed.call.span());
            quote_spanned!(Span::mixed_site()=> #head #call)
        }
    };
    let mut tokens = TokenStream::new();
    attrs.iter().for_each(|attr| attr.to_tokens(&mut tokens));
    vis.to_tokens(&mut tokens);
    sig.to_tokens(&mut tokens);
    subject
        .function
        .brace
        .surround(&mut tokens, |inside| inside.extend(body));
    tokens
}
