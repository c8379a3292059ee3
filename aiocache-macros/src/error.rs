//! Errors: several at once, each at its token, and never at the cost of the user's function.

use std::env;
use std::ffi::OsStr;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// Collects what is wrong, so that one compilation shows all of it.
#[derive(Debug, Default)]
pub(crate) struct Errors(Option<syn::Error>);

impl Errors {
    /// Adds a complaint that underlines `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl std::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Adds a complaint at `span`.
    pub(crate) fn span(&mut self, span: Span, message: impl std::fmt::Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Adds a complaint made elsewhere.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    /// The value, or the complaint in its place.
    pub(crate) fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// `value` if nothing was wrong.
    pub(crate) fn finish<T>(self, value: T) -> syn::Result<T> {
        match self.0 {
            Some(errors) => Err(errors),
            None => Ok(value),
        }
    }
}

/// The expansion, or the errors followed by the item as the user wrote it.
pub(crate) fn or_original(expansion: syn::Result<TokenStream>, item: TokenStream) -> TokenStream {
    match expansion {
        Ok(tokens) => {
            show(&tokens);
            tokens
        }
        Err(error) => {
            let mut tokens = error.into_compile_error();
            tokens.extend(item);
            tokens
        }
    }
}

/// Prints the expansion where `AIOCACHE_MACROS_DEBUG` asks for it.
fn show(tokens: &TokenStream) {
    if is_asked_for(env::var_os("AIOCACHE_MACROS_DEBUG").as_deref()) {
        eprintln!("{tokens}");
    }
}

/// Whether a switch in the environment is on: anything but nothing and `0`.
fn is_asked_for(value: Option<&OsStr>) -> bool {
    value.is_some_and(|value| value != "0" && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansions_are_printed_if_the_variable_is_neither_empty_nor_0() {
        let asked: Vec<bool> = [None, Some(""), Some("0"), Some("1"), Some("yes")]
            .map(|value| is_asked_for(value.map(OsStr::new)))
            .to_vec();
        assert_eq!(asked, [false, false, false, true, true]);
    }
}
