//! What every generated function is put together from: the cache, the call, the policy.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident};

use super::patterns::bindings;
use crate::argument::Passing;
use crate::generics::inferred_lifetimes;
use crate::model::CachedFn;
use crate::ttl::Life;

/// From where the arguments are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// In the function: as the user passes them.
    Function,
    /// In a control: by reference.
    Control,
}

/// `let __cache = …;`
pub(super) fn cache(model: &CachedFn, sight: Sight) -> TokenStream {
    let cache = &model.cache;
    let at = at_cache(model);
    let bindings = bindings(model, cache, sight);
    let moved = |position: &usize| {
        let arg = &model.args[*position];
        arg.passing != Passing::Shared || arg.pattern().is_some()
    };
    // A body that takes the argument away must not find it lent to the cache.
    let lent = sight == Sight::Function && model.mentioned(cache).iter().any(moved);
    let held = if lent || !bindings.is_empty() {
        quote_spanned!(at=> &{ #bindings (#cache).__handle() })
    } else {
        quote_spanned!(at=> &(#cache))
    };
    // Where it is no cache, this is the one place that says so.
    quote_spanned!(at=> let __cache = #held; let __cache = __cache.__cache();)
}

/// The span that complaints about the cache's type point at.
pub(super) fn at_cache(model: &CachedFn) -> Span {
    Span::mixed_site().located_at(model.cache.span())
}

/// `__cache.__call(…)` or `__cache.__bulk(…)`, told how results and errors of this type are handled,
/// and, where it loads, which values are not stored.
pub(super) fn call(model: &CachedFn, output: &syn::Type, sight: Sight, loads: bool) -> TokenStream {
    let none = model.cache_none;
    let at = at_cache(model);
    let share = Ident::new(if model.alone { "__alone" } else { "__share" }, at);
    let (call, kind) = if model.keys.is_some() {
        ("__bulk", "__bulk_kind")
    } else {
        ("__call", "__kind")
    };
    let (call, kind) = (Ident::new(call, at), Ident::new(kind, at));
    let output = inferred_lifetimes(output);
    let namespace = model.keys.as_ref().and_then(|_| namespace(model, sight));
    let namespace = namespace.map(|text| quote_spanned!(at=> .__namespace(#text)));
    let condition = model.skip_if.as_ref().filter(|_| loads);
    let skip_if = condition.map(|condition| {
        let at = Span::mixed_site().located_at(condition.span());
        quote_spanned!(at=> .__skip_if(#condition))
    });
    quote_spanned!(at=> __cache.#call(__cache.#kind::<#output, #none>().__kind().#share()) #namespace #skip_if)
}

/// What the options say about storing and waiting.
pub(super) fn policy(model: &CachedFn, sight: Sight) -> TokenStream {
    let ttl = model.ttl.as_ref().map(|ttl| match ttl {
        Life::Nanos(nanos) => quote_spanned!(Span::mixed_site()=> .__ttl_nanos(#nanos)),
        Life::Never => quote_spanned!(Span::mixed_site()=> .__ttl_never()),
        Life::Expr(expr) => {
            let bindings = bindings(model, expr, sight);
            let owned = owned(model, expr, sight);
            let at = Span::mixed_site().located_at(expr.span());
            if bindings.is_empty() && owned.is_empty() {
                quote_spanned!(at=> .__ttl(#expr))
            } else {
                quote_spanned!(at=> .__ttl({ #bindings #owned #expr }))
            }
        }
    });
    let max_wait = model
        .max_wait
        .map(|nanos| quote_spanned!(Span::mixed_site()=> .__max_wait_nanos(#nanos)));
    quote_spanned!(Span::mixed_site()=> __cache.__policy() #ttl #max_wait)
}

/// In a control, the arguments that an expression expects by value.
fn owned(model: &CachedFn, expr: &Expr, sight: Sight) -> TokenStream {
    if sight == Sight::Function {
        return TokenStream::new();
    }
    let args = model
        .mentioned(expr)
        .into_iter()
        .map(|position| &model.args[position]);
    args.filter(|arg| arg.passing == Passing::Value && arg.pattern().is_none())
        .map(|arg| {
            let local = &arg.local;
            quote_spanned!(Span::mixed_site()=> let #local = ::core::clone::Clone::clone(#local);)
        })
        .collect()
}

/// The namespace option as text.
pub(super) fn namespace(model: &CachedFn, sight: Sight) -> Option<TokenStream> {
    model.namespace.as_ref().map(|namespace| {
        let bindings = bindings(model, namespace, sight);
        let at = Span::mixed_site().located_at(namespace.span());
        let text = quote_spanned!(at=> ::core::convert::AsRef::<str>::as_ref(&(#namespace)));
        if bindings.is_empty() {
            text
        } else {
            quote_spanned!(at=> &*{ #bindings ::std::string::String::from(#text) })
        }
    })
}

/// The start of an async block that has the user's body: pins its result to the signature's type, and binds patterns.
pub(super) fn body_start(model: &CachedFn) -> TokenStream {
    let output = inferred_lifetimes(&model.output);
    let at = Span::mixed_site().located_at(model.output.span());
    quote_spanned!(at=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery, reason = "never runs: it names the type")]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    )
}
