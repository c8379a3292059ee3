//! The attribute macros of aiocache: [`macro@cached`], [`macro@cached_stampede`], [`macro@multi_cached`],
//! [`macro@cache_put`] and [`macro@cache_evict`].
//!
//! They know syntax, not caching: generated code builds a key and calls the cache, and everything else is the cache's.
//! Users of the `aiocache` crate find them there; with `aiocache-core` alone, depend on this crate beside it.
//!
//! With `AIOCACHE_MACROS_DEBUG=1` in the environment of the compiler, each expansion is printed.

#![forbid(unsafe_code)]

mod argument;
mod attr;
mod attribute;
mod context;
mod detached;
mod error;
mod evict;
mod expand;
mod function;
mod generics;
mod hint;
mod key;
mod keys;
mod model;
mod names;
mod policy;
mod subject;
mod template;
#[cfg(test)]
mod tests;
mod ttl;

use proc_macro::TokenStream;
use syn::parse_quote;

use attribute::Attribute;

#[doc = include_str!("docs/cached.md")]
#[proc_macro_attribute]
pub fn cached(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::Cached,
        parse_quote!(::aiocache_core),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/cached_stampede.md")]
#[proc_macro_attribute]
pub fn cached_stampede(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::CachedStampede,
        parse_quote!(::aiocache_core),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/multi_cached.md")]
#[proc_macro_attribute]
pub fn multi_cached(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::MultiCached,
        parse_quote!(::aiocache_core),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/cache_put.md")]
#[proc_macro_attribute]
pub fn cache_put(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::CachePut,
        parse_quote!(::aiocache_core),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/cache_evict.md")]
#[proc_macro_attribute]
pub fn cache_evict(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::CacheEvict,
        parse_quote!(::aiocache_core),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/cached.md")]
#[proc_macro_attribute]
pub fn __facade_cached(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::Cached,
        parse_quote!(::aiocache),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/cached_stampede.md")]
#[proc_macro_attribute]
pub fn __facade_cached_stampede(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::CachedStampede,
        parse_quote!(::aiocache),
        options.into(),
        item.into(),
    )
    .into()
}

#[doc = include_str!("docs/multi_cached.md")]
#[proc_macro_attribute]
pub fn __facade_multi_cached(options: TokenStream, item: TokenStream) -> TokenStream {
    attribute(
        Attribute::MultiCached,
        parse_quote!(::aiocache),
        options.into(),
        item.into(),
    )
    .into()
}

/// Parses, validates and expands; on an error the function stays as it was.
fn attribute(
    attribute: Attribute,
    krate: syn::Path,
    options: proc_macro2::TokenStream,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let expansion = syn::parse2(item.clone()).and_then(|function| match attribute {
        Attribute::CacheEvict => {
            evict::EvictingFn::new(options, function).map(|model| expand::expand_evict(&model))
        }
        Attribute::Cached | Attribute::CachedStampede | Attribute::MultiCached | Attribute::CachePut => {
            model::CachedFn::new(attribute, krate, options, function).map(|model| expand::expand(&model))
        }
    });
    error::or_original(expansion, item)
}
