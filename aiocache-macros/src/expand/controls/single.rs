//! The controls of `#[cached]`.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::super::key;
use super::super::parts::{self, Asks, Sight};
use super::head::Head;
use crate::generics::owned_lifetimes;
use crate::model::CachedFn;

/// `key`, `peek`, `set` and `invalidate` of one value.
pub(super) fn expand(model: &CachedFn) -> TokenStream {
    let site = Span::mixed_site();
    let (vis, krate, key) = (&model.function.vis, &model.krate, key::name());
    let locate = locate(model);
    let Head {
        params,
        generics,
        clause,
    } = Head::reading(model, TokenStream::new());
    let (write, peek, set) = (write(model), peek(model), set(model));
    quote_spanned!(site=>
        #write

        #vis fn key #generics (#(#params),*) -> ::std::string::String #clause {
            #locate
            __cache.__stored(&#key)
        }

        #peek

        #set

        #vis async fn invalidate #generics (#(#params),*) -> ::core::result::Result<bool, #krate::Error> #clause {
            #locate
            __cache.__invalidate(&#key).await
        }

        #[doc(hidden)]
        #vis fn __evict #generics (#(#params),*) -> #krate::__generated::Evicting #clause {
            #locate
            __cache.__evicting().__key(&#key).__later()
        }
    )
}

/// The statements that bind the cache and the key.
fn locate(model: &CachedFn) -> TokenStream {
    let cache = parts::cache(model, Sight::Control);
    let written = key::build(model, Sight::Control);
    quote_spanned!(Span::mixed_site()=> #cache #written)
}

/// What writes the text of the key, for the function and its controls.
fn write(model: &CachedFn) -> TokenStream {
    let (krate, key) = (&model.krate, key::name());
    let text = key::text(model, Sight::Control, None);
    let Head {
        params,
        generics,
        clause,
    } = Head::of_the_key(model);
    quote_spanned!(Span::mixed_site()=>
        #[inline]
        fn __write #generics (#key: &mut #krate::KeyBuf, #(#params),*) #clause { #text }
    )
}

fn peek(model: &CachedFn) -> TokenStream {
    let (vis, krate, key) = (&model.function.vis, &model.krate, key::name());
    let owned = owned_lifetimes(&model.output);
    let call = parts::call(model, &owned, Sight::Control, Asks::Read);
    let (method, policy) = (at_output(model, "__peek"), parts::reading_policy(model));
    let locate = locate(model);
    let params = Head::reading(model, TokenStream::new()).params;
    let Head { generics, clause, .. } = Head::reading(model, &model.output);
    quote_spanned!(Span::mixed_site()=>
        #vis async fn peek #generics (#(#params),*)
            -> ::core::result::Result<::core::option::Option<#owned>, #krate::Error> #clause
        {
            #locate
            #call.#method(&#key, #policy).await
        }
    )
}

fn set(model: &CachedFn) -> TokenStream {
    let (vis, krate, key) = (&model.function.vis, &model.krate, key::name());
    let output = &model.output;
    let call = parts::call(model, output, Sight::Control, Asks::Store);
    let (method, policy) = (at_output(model, "__prime"), parts::policy(model, Sight::Control));
    let locate = locate(model);
    let Head {
        params,
        generics,
        clause,
    } = Head::storing(model, output);
    quote_spanned!(Span::mixed_site()=>
        #vis async fn set #generics (#(#params,)* value: impl #krate::__Prime<#output>)
            -> ::core::result::Result<(), #krate::Error> #clause
        {
            #locate
            #call.#method(&#key, #policy, value).await
        }
    )
}

/// A method whose bounds are complained about where the function says what it returns.
fn at_output(model: &CachedFn, name: &str) -> Ident {
    Ident::new(name, parts::at_output(model))
}
