//! The body of a function under `#[cached]` or `#[cache_put]`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Ident, PatType};

use super::parts::{self, Asks, Sight};
use super::signature;
use super::{answers, detached, key, patterns};
use crate::model::CachedFn;
use crate::subject::Subject;

/// Builds the key and asks the cache, by `__run` or `__refresh`.
pub(super) fn call(model: &CachedFn, how: &str) -> TokenStream {
    let site = Span::mixed_site();
    let cache = parts::cache(model, Sight::Function);
    let key = key::build(model, Sight::Function);
    let call = parts::call(model, &model.output, Sight::Function, Asks::Load);
    let answers = answers::answers(model);
    let policy_of_options = parts::policy(model, Sight::Function);
    let load = if model.detached && how == "__run" {
        detached::loader(model)
    } else {
        loader(model)
    };
    let name = key::name();
    let how = Ident::new(how, parts::at_output(model));
    let bind = match &model.context {
        None => quote_spanned!(site=> let __call = #call #answers;),
        Some(_) => quote_spanned!(site=> let (__call, __context) = #call #answers.__context();),
    };
    if how == "__refresh" && model.context.is_none() {
        return quote_spanned!(site=> #cache #key #call #answers.#how(&#name, #policy_of_options, #load).await);
    }
    if how == "__refresh" {
        return quote_spanned!(site=> #cache #key #bind __call.#how(&#name, #policy_of_options, #load).await);
    }
    let (hold, policy, hit) = if model.policy.may_age() {
        let policy = quote_spanned!(site=> __policy);
        (
            Some(quote_spanned!(site=> let __policy = #policy_of_options;)),
            policy,
            quote_spanned!(site=> __call.__hit_of(&#name, &__policy)),
        )
    } else {
        (
            None,
            policy_of_options,
            quote_spanned!(site=> __call.__hit(&#name)),
        )
    };
    // A hit in process waits for nothing, and carries none of what a load needs. What it returns is not in reach of the
    // wait, or it would lie in the future, and not in registers.
    quote_spanned!(site=>
        #cache #key #bind #hold
        let __looked = match #hit {
            ::core::result::Result::Ok(__returned) => return __returned,
            ::core::result::Result::Err(__looked) => __looked,
        };
        let __run = __call.#how(&#name, __looked, #policy, #load);
        let __run = ::core::pin::pin!(__run);
        __cache.__apart(__run).await
    )
}

/// The closure that loads.
fn loader(model: &CachedFn) -> TokenStream {
    // A load that borrows too much for a policy in the background is complained about where that is named.
    let named = model.policy.named.as_ref();
    let site = named.map_or(Span::mixed_site(), |named| {
        Span::mixed_site().located_at(named.span())
    });
    if model.controls.is_some() {
        let run = run_body(model, site);
        return quote_spanned!(site=> move || #run);
    }
    let body = body(model);
    let context = context(model);
    quote_spanned!(site=> move || async move { #context #body })
}

/// The call of the user's body where it has a function of its own.
pub(super) fn run_body(model: &CachedFn, site: Span) -> TokenStream {
    let controls = &model.controls;
    let turbofish = signature::turbofish(model);
    let args = model.args.iter().map(|arg| &arg.local);
    match &model.context {
        None => quote_spanned!(site=> #controls::uncached #turbofish (#(#args),*)),
        Some(_) => quote_spanned!(site=> #controls::__load #turbofish (__context, #(#args),*)),
    }
}

/// The statement in front of a body that binds the load's context.
pub(super) fn context(model: &CachedFn) -> Option<TokenStream> {
    let PatType { pat, ty, .. } = model.context.as_ref()?;
    Some(quote_spanned!(Span::mixed_site()=> let #pat: #ty = __context;))
}

/// The user's body where it stays in the function: what stands in the async block around it.
pub(super) fn body(subject: &Subject) -> TokenStream {
    let start = parts::body_start(subject);
    let patterns = patterns::for_the_body(subject.args.iter());
    let body = subject.body();
    quote_spanned!(Span::mixed_site()=> #start #patterns #body)
}
