//! The function under `#[cache_evict]`.
//!
//! Keys are built before the body runs, as it may take the arguments away.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::spanned::Spanned as _;

use super::parts::{self, Sight};
use super::{cached, key, signature, wrapper};
use crate::argument::Passing;
use crate::evict::{EvictingFn, Of, Own, When};
use crate::key::{KeyPlan, is_opaque};
use crate::subject::Subject;

/// The function, with what it takes away before or after it runs.
pub(crate) fn expand(model: &EvictingFn) -> TokenStream {
    let site = Span::mixed_site();
    let subject = &model.subject;
    let own = model.own.as_ref().map(|own| own_entries(subject, own));
    let mut evictions = own
        .into_iter()
        .chain(model.of.iter().map(|of| entry_of(subject, of)));
    let first = evictions.next();
    let evicting = quote_spanned!(site=> let __evicting = #first #(.__and(#evictions))*;);
    let body = if is_opaque(&subject.output) {
        bare_body(subject)
    } else {
        cached::body(subject)
    };
    let run = quote_spanned!(site=> async move { #body }.await);
    let evict = quote_spanned!(site=> __evicting.__run().await;);
    let body = match model.when {
        When::Before => quote_spanned!(site=> #evicting #evict #run),
        When::After => quote_spanned!(site=> #evicting let __returned = #run; #evict __returned),
        When::Succeeded => quote_spanned!(site=>
            #evicting
            let __returned = #run;
            if __evicting.__returned(&__returned).__succeeded() {
                #evict
            }
            __returned
        ),
    };
    let sig = signature::with_names(subject, false);
    wrapper(subject, &subject.function.attrs, &sig, body)
}

/// A body whose type has no name.
fn bare_body(subject: &Subject) -> TokenStream {
    let patterns = super::patterns::for_the_body(subject.args.iter());
    let body = subject.body();
    quote_spanned!(Span::mixed_site()=> #patterns #body)
}

/// What is taken from the attribute's own cache.
fn own_entries(subject: &Subject, own: &Own) -> TokenStream {
    let site = Span::mixed_site();
    let cache = parts::cache_of(subject, &own.cache, Sight::Function);
    let namespace = own
        .namespace
        .as_ref()
        .map(|namespace| parts::namespace_of(subject, namespace, Sight::Function));
    if own.all {
        let all = namespace.map_or_else(
            || quote_spanned!(site=> .__all()),
            |namespace| quote_spanned!(site=> .__all_of(#namespace)),
        );
        return quote_spanned!(site=> { #cache __cache.__evicting() #all.__later() });
    }
    let keys = own
        .keys
        .iter()
        .map(|plan| one_key(subject, plan, namespace.as_ref()));
    quote_spanned!(site=> { #cache __cache.__evicting() #(#keys)* .__later() })
}

/// `.__key(…)`
fn one_key(subject: &Subject, plan: &KeyPlan, namespace: Option<&TokenStream>) -> TokenStream {
    let site = Span::mixed_site();
    let name = key::name();
    let start = match namespace {
        Some(namespace) => quote_spanned!(site=> __cache.__key_in(#namespace)),
        None => quote_spanned!(site=> __cache.__key()),
    };
    let reference = |position: usize| key::reference(&subject.args[position], Sight::Function);
    let text = key::chosen(subject, plan, Sight::Function, None, &reference);
    quote_spanned!(site=> .__key(&{ let mut #name = #start; #text #name }))
}

/// The entry that a cached function has for these arguments.
fn entry_of(subject: &Subject, of: &Of) -> TokenStream {
    let controls = &of.controls;
    let bindings = super::patterns::bindings(subject, &quote_args(of), Sight::Function);
    let args = of.args.iter().map(|arg| lent(subject, arg));
    let at = Span::mixed_site().located_at(controls.span());
    quote_spanned!(at=> { #bindings #controls::__evict(#(#args),*) })
}

fn quote_args(of: &Of) -> TokenStream {
    let args = &of.args;
    quote!(#(#args),*)
}

/// An argument of the key, by reference as the controls take it.
fn lent(subject: &Subject, arg: &Expr) -> TokenStream {
    let at = Span::mixed_site().located_at(arg.span());
    let is_lent = match arg {
        Expr::Reference(_) => true,
        Expr::Path(path) => subject.args.iter().any(|known| {
            known.passing == Passing::Shared && known.pattern().is_none() && path.path.is_ident(&known.local)
        }),
        _ => false,
    };
    if is_lent {
        arg.to_token_stream()
    } else {
        quote_spanned!(at=> &(#arg))
    }
}
