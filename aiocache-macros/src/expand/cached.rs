//! The body of a function under `#[cached]`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::parts::{self, Sight};
use super::signature;
use super::{key, patterns};
use crate::model::CachedFn;

/// Builds the key and asks the cache, by `__run` or `__refresh`.
pub(super) fn call(model: &CachedFn, how: &str) -> TokenStream {
    let cache = parts::cache(model, Sight::Function);
    let key = key::build(model, Sight::Function);
    let call = parts::call(model, &model.output, Sight::Function, true);
    let policy = parts::policy(model, Sight::Function);
    let load = loader(model);
    let name = key::name();
    let how = Ident::new(how, Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> #cache #key #call.#how(&#name, #policy, #load).await)
}

/// The closure that loads.
fn loader(model: &CachedFn) -> TokenStream {
    let site = Span::mixed_site();
    if let Some(controls) = &model.controls {
        let turbofish = signature::turbofish(model);
        let args = model.args.iter().map(|arg| &arg.local);
        return quote_spanned!(site=> move || #controls::uncached #turbofish (#(#args),*));
    }
    let start = parts::body_start(model);
    let patterns = patterns::for_the_body(model.args.iter());
    let body = model
        .boxed
        .as_ref()
        .map_or(&model.function.body, |boxed| &boxed.body);
    quote_spanned!(site=> move || async move { #start #patterns #body })
}
