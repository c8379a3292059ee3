//! The load of a `detached` function: it owns all it needs, so that it can go on without its caller.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{quote, quote_spanned};

use super::{cached, parts, patterns};
use crate::argument::{Arg, Passing};
use crate::model::CachedFn;
use crate::names::mentions;

/// The closure that makes the future of the load. It runs only where there is something to load, so that a hit clones
/// nothing.
pub(super) fn loader(model: &CachedFn) -> TokenStream {
    let site = Span::mixed_site();
    let taken = model.args.iter().filter(|arg| is_named_anew(arg)).map(take);
    let lent = model
        .args
        .iter()
        .filter(|arg| arg.passing == Passing::Shared)
        .map(lend);
    let load = match &model.controls {
        Some(_) => {
            let run = cached::run_body(model, Span::mixed_site());
            quote_spanned!(site=> #run.await)
        }
        None => {
            let start = parts::body_start(model);
            let patterns = patterns::for_the_body(model.args.iter());
            let rebound = model.args.iter().filter(|arg| !is_named_anew(arg)).map(|arg| {
                let (local, binding) = (&arg.local, patterns::binding(arg));
                quote_spanned!(site=> let #binding = #local;)
            });
            let body = if model.has_self() {
                without_self(model.body().clone())
            } else {
                model.body().clone()
            };
            let context = cached::context(model);
            quote_spanned!(site=> #start #context #(#rebound)* #patterns #body)
        }
    };
    quote_spanned!(site=> move || { #(#taken)* async move { #(#lent)* #load } })
}

/// The name of what the load has in the place of `self`.
fn this(at: Span) -> Ident {
    Ident::new("__this", Span::mixed_site().located_at(at))
}

/// Whether the load has its own value under the argument's name: a clone, or `self`, which is no name to bind.
fn is_named_anew(arg: &Arg) -> bool {
    arg.is_self() || arg.passing == Passing::Shared
}

/// The statement before the load that takes an argument along.
fn take(arg: &Arg) -> TokenStream {
    let at = Span::mixed_site().located_at(arg.span());
    let local = &arg.local;
    let name = if arg.is_self() {
        this(arg.span())
    } else {
        local.clone()
    };
    if arg.passing == Passing::Shared {
        return quote_spanned!(at=> let #name = __cache.__taken_along(#local););
    }
    let mutability = mentions(&arg.written, "mut").then(|| quote!(mut));
    quote_spanned!(at=> let #mutability #name = #local;)
}

/// The statement in the load that lends to the body what was borrowed from the caller.
fn lend(arg: &Arg) -> TokenStream {
    let at = Span::mixed_site().located_at(arg.span());
    if arg.is_self() {
        let name = this(arg.span());
        return quote_spanned!(at=> let #name = #name.__lend(););
    }
    let (local, binding) = (&arg.local, patterns::binding(arg));
    quote_spanned!(at=> let #binding = #local.__lend();)
}

/// The body with another name for `self`: that of `impl` blocks inside it, and that of paths, stay.
fn without_self(body: TokenStream) -> TokenStream {
    let mut renamed = TokenStream::new();
    let mut item = Item::None;
    let mut tokens = body.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let next_is_path = matches!(tokens.peek(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
            && punct_pair(&mut tokens.clone());
        let token = match token {
            TokenTree::Ident(ident) if ident == "self" && item == Item::None && !next_is_path => {
                TokenTree::Ident(this(ident.span()))
            }
            TokenTree::Ident(ident) => {
                item = item.after(&ident);
                TokenTree::Ident(ident)
            }
            TokenTree::Group(group) => {
                let inside = if item == Item::None {
                    without_self(group.stream())
                } else {
                    group.stream()
                };
                let mut same = Group::new(group.delimiter(), inside);
                same.set_span(group.span());
                item = item.after_group(&same);
                TokenTree::Group(same)
            }
            token => {
                if matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ';') {
                    item = Item::None;
                }
                token
            }
        };
        renamed.extend([token]);
    }
    renamed
}

/// Whether `::` comes next.
fn punct_pair(tokens: &mut impl Iterator<Item = TokenTree>) -> bool {
    let mut colon = || matches!(tokens.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    colon() && colon()
}

/// What the tokens that are being read belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    /// The body itself.
    None,
    /// An `impl` or a `trait`, up to the end of its braces.
    Block,
    /// A `use`, up to its `;`.
    Import,
    /// `pub`, up to what stands in its parentheses.
    Visibility,
}

impl Item {
    fn after(self, ident: &Ident) -> Self {
        match (self, ident.to_string().as_str()) {
            (Self::None | Self::Visibility, "impl" | "trait") => Self::Block,
            (Self::None | Self::Visibility, "use") => Self::Import,
            (Self::None, "pub") => Self::Visibility,
            (Self::Visibility, _) => Self::None,
            (item, _) => item,
        }
    }

    fn after_group(self, group: &Group) -> Self {
        match self {
            Self::Block if group.delimiter() != Delimiter::Brace => Self::Block,
            Self::Import => Self::Import,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_of_paths_imports_and_nested_items_stays() {
        for (body, expected) in [
            (quote!(self.a + f(&self)), quote!(__this.a + f(&__this))),
            (quote!(self::f(self)), quote!(self::f(__this))),
            (quote!(use a::{self, b};, self), quote!(use a::{self, b};, __this)),
            (
                quote!(pub(self) struct A;, self),
                quote!(pub(self) struct A;, __this),
            ),
            (
                quote!(impl A { fn f(&self) { self.g() } } self.f()),
                quote!(impl A { fn f(&self) { self.g() } } __this.f()),
            ),
        ] {
            assert_eq!(without_self(body).to_string(), expected.to_string());
        }
    }
}
