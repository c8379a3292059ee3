//! The controls of `#[multi_cached]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{GenericArgument, Ident, PathArguments, Type};

use super::super::key;
use super::super::multi_cached;
use super::super::parts::{self, Asks, Sight};
use super::head::Head;
use crate::generics::owned_lifetimes;
use crate::keys::Keys;
use crate::model::CachedFn;

/// `key` of one item, and `peek`, `set` and `invalidate` of many.
pub(super) fn expand(model: &CachedFn, keys: &Keys) -> TokenStream {
    let site = Span::mixed_site();
    let (vis, krate) = (&model.function.vis, &model.krate);
    let (local, ty, item) = (&model.args[keys.arg].local, model.args[keys.arg].ty(), &keys.item);
    let output = &model.output;
    let pairs = pairs(output);
    let owned = owned_lifetimes(&pairs);
    let cache = parts::cache(model, Sight::Control);
    let located = locate(model, keys);
    let key_name = key::name();
    let closure = multi_cached::key_closure(model, Sight::Control);
    let many = parts::call(model, output, Sight::Control, Asks::Read);
    let peeking = parts::call(model, &owned_lifetimes(output), Sight::Control, Asks::Read);
    let asked = multi_cached::asked(model, keys);
    let fresh = parts::reading_policy(model);
    let policy = parts::policy(model, Sight::Control);

    let call = |name: &str| Ident::new(name, parts::at_output(model));
    let (call_peek, call_prime) = (call("__peek"), call("__prime"));
    let Head {
        params,
        generics,
        clause,
    } = Head::reading(model, item);
    let all = Head::reading(model, quote!(#ty #output));
    let (all_generics, all_clause) = (all.generics, all.clause);
    let set = Head::storing(model, output);
    let (set_params, set_generics, set_clause) = (set.params, set.generics, set.clause);
    quote_spanned!(site=>
        #vis fn key #generics (#local: &#item, #(#params),*) -> ::std::string::String #clause {
            #located
            __cache.__stored(&#key_name)
        }

        #[doc(hidden)]
        #vis fn __evict #generics (#local: &#item, #(#params),*) -> #krate::__generated::Evicting #clause {
            #located
            __cache.__evicting().__key(&#key_name).__later()
        }

        #vis async fn peek #all_generics (#local: #ty, #(#params),*)
            -> ::core::result::Result<#owned, #krate::Error> #all_clause
        {
            #cache
            #peeking.#call_peek(#asked, #closure, #closure, #fresh).await
        }

        #vis async fn set #set_generics (pairs: #pairs, #(#set_params),*)
            -> ::core::result::Result<(), #krate::Error> #set_clause
        {
            #cache
            #many.#call_prime(pairs, #closure, #policy).await
        }

        #vis async fn invalidate #all_generics (#local: #ty, #(#params),*)
            -> ::core::result::Result<u64, #krate::Error> #all_clause
        {
            #cache
            #many.__invalidate(#asked, #closure).await
        }
    )
}

/// The cache, and the key of one item.
fn locate(model: &CachedFn, keys: &Keys) -> TokenStream {
    let (key, id) = (key::name(), &model.args[keys.arg].local);
    let cache = parts::cache(model, Sight::Control);
    let start = key::start(model, Sight::Control);
    let text = key::text(model, Sight::Control, Some(id));
    quote_spanned!(Span::mixed_site()=> #cache let mut #key = #start; #text)
}

/// The map inside the return type, as far as its spelling tells: aliases of `Result` have any name.
fn pairs(output: &Type) -> Type {
    if is_map(output) {
        return output.clone();
    }
    let inner = first_argument(output).filter(|(name, inner)| name.ends_with("Result") || is_map(inner));
    inner.map_or_else(|| output.clone(), |(_, inner)| inner.clone())
}

fn is_map(ty: &Type) -> bool {
    first_argument(ty).is_some_and(|(name, _)| name == "Vec" || name.ends_with("Map"))
}

/// The name of a type and the first type it is generic over.
fn first_argument(ty: &Type) -> Option<(String, &Type)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some((last.ident.to_string(), ty)),
        _ => None,
    })
}
