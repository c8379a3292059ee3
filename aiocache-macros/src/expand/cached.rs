//! The body of a function under `#[cached]` or `#[cache_put]`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::parts::{self, Asks, Sight};
use super::signature;
use super::{detached, key, patterns};
use crate::model::CachedFn;
use crate::subject::Subject;

/// Builds the key and asks the cache, by `__run`, `__run_detached` or `__refresh`.
pub(super) fn call(model: &CachedFn, how: &str) -> TokenStream {
    let cache = parts::cache(model, Sight::Function);
    let key = key::build(model, Sight::Function);
    let call = parts::call(model, &model.output, Sight::Function, Asks::Load);
    let policy = parts::policy(model, Sight::Function);
    let load = if how == "__run_detached" {
        detached::loader(model)
    } else {
        loader(model)
    };
    let name = key::name();
    let how = Ident::new(how, parts::at_output(model));
    if how == "__refresh" {
        return quote_spanned!(Span::mixed_site()=> #cache #key #call.#how(&#name, #policy, #load).await);
    }
    // A hit in process waits for nothing, and carries none of what a load needs.
    quote_spanned!(Span::mixed_site()=>
        #cache #key
        let __call = #call;
        match __call.__hit(&#name) {
            ::core::result::Result::Ok(__returned) => __returned,
            ::core::result::Result::Err(__looked) => __call.#how(&#name, __looked, #policy, #load).await,
        }
    )
}

/// The closure that loads.
fn loader(model: &CachedFn) -> TokenStream {
    let site = Span::mixed_site();
    if let Some(controls) = &model.controls {
        let turbofish = signature::turbofish(model);
        let args = model.args.iter().map(|arg| &arg.local);
        return quote_spanned!(site=> move || #controls::uncached #turbofish (#(#args),*));
    }
    let body = body(model);
    quote_spanned!(site=> move || async move { #body })
}

/// The user's body where it stays in the function: what stands in the async block around it.
pub(super) fn body(subject: &Subject) -> TokenStream {
    let start = parts::body_start(subject);
    let patterns = patterns::for_the_body(subject.args.iter());
    let body = subject.body();
    quote_spanned!(Span::mixed_site()=> #start #patterns #body)
}
