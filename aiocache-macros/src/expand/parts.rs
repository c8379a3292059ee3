//! What every generated function is put together from: the cache, the call, the policy.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident};

use super::patterns::bindings;
use crate::argument::Passing;
use crate::generics::inferred_lifetimes;
use crate::model::CachedFn;
use crate::subject::Subject;
use crate::ttl::Life;

/// From where the arguments are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// In the function: as the user passes them.
    Function,
    /// In a control: by reference.
    Control,
}

/// For what a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// To load, and to store what was loaded.
    Load,
    /// To store what the caller has.
    Store,
    /// To read or delete.
    Read,
}

/// `let __cache = …;`
pub(super) fn cache(model: &CachedFn, sight: Sight) -> TokenStream {
    cache_of(model, &model.cache, sight)
}

/// The same for a function that may have no cache of its own.
pub(super) fn cache_of(subject: &Subject, cache: &Expr, sight: Sight) -> TokenStream {
    let at = Span::mixed_site().located_at(cache.span());
    let bindings = bindings(subject, cache, sight);
    let moved = |position: &usize| {
        let arg = &subject.args[*position];
        arg.passing != Passing::Shared || arg.pattern().is_some()
    };
    // A body that takes the argument away must not find it lent to the cache.
    let lent = sight == Sight::Function && subject.mentioned(cache).iter().any(moved);
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

/// The span that complaints about what is stored point at.
pub(super) fn at_output(subject: &Subject) -> Span {
    Span::mixed_site().located_at(subject.output.span())
}

/// `__cache.__call(…)` or `__cache.__bulk(…)`, told how results and errors of this type are handled,
/// and, where it loads or stores, what the user's closures say of values and errors.
pub(super) fn call(model: &CachedFn, output: &syn::Type, sight: Sight, asks: Asks) -> TokenStream {
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
    let hooks = hooks(model, asks);
    let stored = at_output(model);
    let pairs = model
        .keys
        .as_ref()
        .map(|_| quote_spanned!(stored=> .__pairs_are_returned()));
    let storing = quote_spanned!(stored=> .__value_can_be_stored());
    quote_spanned!(at=>
        __cache.#call(__cache.#kind::<#output, #none>().__kind().#share()) #pairs #storing #namespace #hooks
    )
}

/// What the user's closures say of values and errors.
fn hooks(model: &CachedFn, asks: Asks) -> TokenStream {
    let closures = [
        ("__skip_if", &model.skip_if, asks == Asks::Load),
        ("__ttl_with", &model.ttl_with, asks != Asks::Read),
        ("__share_error", &model.share_error, asks == Asks::Load),
        ("__fail_if", &model.policy.fail_if, asks == Asks::Load),
    ];
    let given = closures
        .iter()
        .filter(|(.., asked)| *asked)
        .filter_map(|(name, closure, _)| Some((name, closure.as_ref()?)));
    let mut hooks = TokenStream::new();
    let mut last = None;
    for (name, closure) in given {
        let at = Span::mixed_site().located_at(closure.span());
        let name = Ident::new(name, at);
        hooks.extend(quote_spanned!(at=> .#name(#closure)));
        last = Some(at);
    }
    hooks.extend(last.map(|at| quote_spanned!(at=> .__closures_fit())));
    hooks
}

/// What the options say about storing, loading and waiting.
pub(super) fn policy(model: &CachedFn, sight: Sight) -> TokenStream {
    let ttl = model.ttl.as_ref().map(|ttl| life(model, "ttl", ttl, sight));
    let none_ttl = model
        .none_ttl
        .as_ref()
        .map(|ttl| life(model, "none_ttl", ttl, sight));
    let start = policy_start(model);
    let times = &model.policy.times;
    // A soft timeout looks for the grace before it.
    let nanos = [
        ("__max_wait_nanos", model.max_wait),
        ("__lease_nanos", model.lease),
        ("__back_off_nanos", times.back_off),
        ("__soft_timeout_nanos", times.soft_timeout),
        ("__hard_timeout_nanos", times.hard_timeout),
    ];
    let nanos = nanos.into_iter().filter_map(|(name, nanos)| {
        let name = Ident::new(name, Span::mixed_site());
        nanos.map(|nanos| quote_spanned!(Span::mixed_site()=> .#name(#nanos)))
    });
    let shares = [
        ("__jitter", model.policy.jitter),
        ("__refresh_ahead", model.policy.refresh_ahead),
    ];
    let shares = shares.into_iter().filter_map(|(name, share)| {
        let name = Ident::new(name, Span::mixed_site());
        share.map(|share| quote_spanned!(Span::mixed_site()=> .#name(#share)))
    });
    let detached = (model.detached && sight == Sight::Function)
        .then(|| quote_spanned!(Span::mixed_site()=> .__detached()));
    let policy = quote_spanned!(Span::mixed_site()=> #start #ttl #none_ttl #(#nanos)* #(#shares)* #detached);
    of_call(model, policy)
}

/// The policy of a call that reads: how old a value may be.
pub(super) fn reading_policy(model: &CachedFn) -> TokenStream {
    of_call(model, policy_start(model))
}

/// The policy as calls go by it: that of several keys does not say where loads run.
fn of_call(model: &CachedFn, policy: TokenStream) -> TokenStream {
    if model.keys.is_none() {
        return policy;
    }
    // A named policy may be one that is not for them.
    let named = model.policy.named.as_ref();
    let at = named.map_or(Span::mixed_site(), |named| {
        Span::mixed_site().located_at(named.span())
    });
    quote_spanned!(at=> __cache.__for_many(#policy))
}

/// What the options say about how old a value may be.
fn policy_start(model: &CachedFn) -> TokenStream {
    let start = match &model.policy.named {
        None => quote_spanned!(Span::mixed_site()=> __cache.__policy()),
        Some(named) => {
            let at = Span::mixed_site().located_at(named.span());
            quote_spanned!(at=> (#named).__copy())
        }
    };
    let grace = model
        .policy
        .times
        .grace
        .map(|nanos| quote_spanned!(Span::mixed_site()=> .__grace_nanos(#nanos)));
    quote_spanned!(Span::mixed_site()=> #start #grace)
}

/// `.__ttl_nanos(…)` and its like.
fn life(model: &CachedFn, option: &str, life: &Life, sight: Sight) -> TokenStream {
    let at = life.expr().map_or(Span::mixed_site(), |expr| {
        Span::mixed_site().located_at(expr.span())
    });
    let method = |kind: &str| Ident::new(&format!("__{option}{kind}"), at);
    match life {
        Life::Nanos(nanos) => {
            let method = method("_nanos");
            quote_spanned!(at=> .#method(#nanos))
        }
        Life::Never => {
            let method = method("_never");
            quote_spanned!(at=> .#method())
        }
        Life::Expr(expr) => {
            let method = method("");
            let bindings = bindings(model, expr, sight);
            let owned = owned(model, expr, sight);
            if bindings.is_empty() && owned.is_empty() {
                quote_spanned!(at=> .#method(#expr))
            } else {
                quote_spanned!(at=> .#method({ #bindings #owned #expr }))
            }
        }
    }
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
    let namespace = model.namespace.as_ref();
    namespace.map(|namespace| namespace_of(model, namespace, sight))
}

/// A namespace as text.
pub(super) fn namespace_of(subject: &Subject, namespace: &Expr, sight: Sight) -> TokenStream {
    let bindings = bindings(subject, namespace, sight);
    let at = Span::mixed_site().located_at(namespace.span());
    let text = quote_spanned!(at=> ::core::convert::AsRef::<str>::as_ref(&(#namespace)));
    if bindings.is_empty() {
        text
    } else {
        quote_spanned!(at=> &*{ #bindings ::std::string::String::from(#text) })
    }
}

/// The start of an async block that has the user's body: pins its result to the signature's type, and binds patterns.
pub(super) fn body_start(subject: &Subject) -> TokenStream {
    let output = inferred_lifetimes(&subject.output);
    let at = at_output(subject);
    quote_spanned!(at=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery, reason = "never runs: it names the type")]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    )
}
