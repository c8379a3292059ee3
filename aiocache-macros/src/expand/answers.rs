//! What a call answers whose load failed or took too long.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned as _;
use syn::{Expr, Ident};

use super::parts::{self, Sight};
use super::patterns::bindings;
use crate::argument::Passing;
use crate::model::CachedFn;
use crate::policy::LoadPolicy;

/// `.__fallback(…)` and `.__on_timeout(…)`, or what stands in for the latter.
pub(super) fn answers(model: &CachedFn) -> TokenStream {
    let policy = &model.policy;
    if model.puts {
        return TokenStream::new();
    }
    let fallback = policy
        .fallback
        .as_ref()
        .map(|value| answer(model, "__fallback", value));
    let timeout = match (&policy.on_timeout, &policy.fallback) {
        (Some(value), _) => Some(answer(model, "__on_timeout", value)),
        // It is the answer to that too.
        (None, Some(_)) => None,
        (None, None) => error(model),
    };
    // Values of many keys can be kept for a function of one that can fail.
    let can_fail = (serves_on_errors_alone(policy) && model.keys.is_none())
        .then(|| quote_spanned!(parts::at_output(model)=> .__can_fail()));
    let last = policy.on_timeout.as_ref().or(policy.fallback.as_ref());
    let at = last.map_or_else(
        || parts::at_output(model),
        |value| Span::mixed_site().located_at(value.span()),
    );
    // One complaint for each generated function, as for the other closures.
    let fit = (fallback.is_some() || timeout.is_some()).then(|| quote_spanned!(at=> .__closures_fit()));
    quote_spanned!(Span::mixed_site()=> #fallback #timeout #can_fail #fit)
}

/// Whether what the options ask for happens only if the function returns an error.
fn serves_on_errors_alone(policy: &LoadPolicy) -> bool {
    let on_errors = policy.times.grace.is_some() || policy.fallback.is_some();
    let otherwise =
        policy.times.hard_timeout.is_some() || policy.is_in_background() || policy.named.is_some();
    on_errors && !otherwise
}

/// The function's own error as the answer to a timeout.
fn error(model: &CachedFn) -> Option<TokenStream> {
    let at = parts::at_output(model);
    if model.policy.times.hard_timeout.is_some() {
        return Some(quote_spanned!(at=> .__error_on_timeout()));
    }
    let named = model.policy.named.as_ref()?;
    let at = Span::mixed_site().located_at(named.span());
    Some(quote_spanned!(at=> .__answer_of(&(#named).__copy())))
}

/// A closure around the user's expression. What it mentions of the arguments is its own: the load takes them away.
fn answer(model: &CachedFn, name: &str, value: &Expr) -> TokenStream {
    let at = Span::mixed_site().located_at(value.span());
    let name = Ident::new(name, at);
    let patterns = bindings(model, value, Sight::Function);
    let (mut taken, mut lent) = (TokenStream::new(), TokenStream::new());
    for position in model.mentioned(value) {
        let arg = &model.args[position];
        let local = &arg.local;
        if arg.is_self() {
            continue;
        }
        if arg.passing != Passing::Shared {
            taken.extend(quote_spanned!(at=> let #local = ::core::clone::Clone::clone(&#local);));
        } else if model.detached {
            taken.extend(quote_spanned!(at=> let #local = __cache.__taken_along(#local);));
            lent.extend(quote_spanned!(at=> let #local = #local.__lend();));
        }
    }
    quote_spanned!(at=> .#name({ #taken move || { #lent #patterns #value } }))
}
