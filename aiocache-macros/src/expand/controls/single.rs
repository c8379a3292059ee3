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
    let output = &model.output;
    let owned = owned_lifetimes(output);
    let (cache, written) = (
        parts::cache(model, Sight::Control),
        key::build(model, Sight::Control),
    );
    let locate = quote_spanned!(site=> #cache #written);
    let policy = parts::policy(model, Sight::Control);
    let fresh = parts::reading_policy(model);
    let (peeking, setting) = (
        parts::call(model, &owned, Sight::Control, Asks::Read),
        parts::call(model, output, Sight::Control, Asks::Store),
    );

    let call = |name: &str| Ident::new(name, parts::at_output(model));
    let (call_peek, call_prime) = (call("__peek"), call("__prime"));
    let Head {
        params,
        generics,
        clause,
    } = Head::reading(model, TokenStream::new());
    let peek = Head::reading(model, output);
    let (peek_generics, peek_clause) = (peek.generics, peek.clause);
    let set = Head::storing(model, output);
    let (set_params, set_generics, set_clause) = (set.params, set.generics, set.clause);
    let write = {
        let Head {
            params,
            generics,
            clause,
        } = Head::of_the_key(model);
        let text = key::text(model, Sight::Control, None);
        quote_spanned!(site=>
            #[inline]
            fn __write #generics (#key: &mut #krate::KeyBuf, #(#params),*) #clause { #text }
        )
    };
    quote_spanned!(site=>
        #write

        #vis fn key #generics (#(#params),*) -> ::std::string::String #clause {
            #locate
            __cache.__stored(&#key)
        }

        #vis async fn peek #peek_generics (#(#params),*)
            -> ::core::result::Result<::core::option::Option<#owned>, #krate::Error> #peek_clause
        {
            #locate
            #peeking.#call_peek(&#key, #fresh).await
        }

        #vis async fn set #set_generics (#(#set_params,)* value: impl #krate::__Prime<#output>)
            -> ::core::result::Result<(), #krate::Error> #set_clause
        {
            #locate
            #setting.#call_prime(&#key, #policy, value).await
        }

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
