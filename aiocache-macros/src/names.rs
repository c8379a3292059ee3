//! Which names a piece of code mentions.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt as _;

/// Whether `code` mentions `name`, other than as a field, a method or a path's segment.
///
/// What a format string captures (`"{id}"`) counts.
pub(crate) fn mentions(code: impl ToTokens, name: &str) -> bool {
    let mut before = [' ', ' '];
    code.into_token_stream().into_iter().any(|token| {
        let field = before[1] == '.' && before[0] != '.';
        let segment = before == [':', ':'];
        let found = match &token {
            TokenTree::Ident(ident) => !field && !segment && ident.unraw() == name,
            TokenTree::Group(group) => mentions(group.stream(), name),
            TokenTree::Literal(literal) => captures(&literal.to_string(), name),
            TokenTree::Punct(_) => false,
        };
        let last = if let TokenTree::Punct(punct) = &token {
            punct.as_char()
        } else {
            ' '
        };
        before = [before[1], last];
        found
    })
}

/// Whether a type or bound mentions the parameter `name`, also as the first segment of a path (`T::Item`).
pub(crate) fn mentions_type(code: impl ToTokens, name: &str) -> bool {
    code.into_token_stream().into_iter().any(|token| match &token {
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Group(group) => mentions_type(group.stream(), name),
        TokenTree::Literal(_) | TokenTree::Punct(_) => false,
    })
}

/// Where `code` says `Self` of its own surroundings, not of an item inside it.
pub(crate) fn self_type(code: TokenStream) -> Option<Span> {
    let mut inside_item = false;
    for token in code {
        match token {
            TokenTree::Ident(ident) if ident == "Self" && !inside_item => return Some(ident.span()),
            TokenTree::Ident(ident) => {
                let item = ["impl", "trait", "struct", "enum", "union"];
                inside_item |= item.iter().any(|keyword| ident == keyword);
            }
            TokenTree::Group(group) if inside_item && group.delimiter() == Delimiter::Brace => {
                inside_item = false
            }
            TokenTree::Group(group) if !inside_item => {
                if let Some(span) = self_type(group.stream()) {
                    return Some(span);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => inside_item = false,
            TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    None
}

/// Whether a string literal has `{name}`, `{name:…}` or `{name.…}`.
fn captures(literal: &str, name: &str) -> bool {
    literal.starts_with(['"', 'r'])
        && literal.split('{').skip(1).any(|field| {
            let rest = field.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['}', ':', '.']))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn a_field_a_method_and_a_segment_are_not_the_argument() {
        assert!(mentions(quote!(state.cache), "state"));
        assert!(!mentions(quote!(state.cache), "cache"));
        assert!(!mentions(quote!(caches::cache), "cache"));
        assert!(mentions(quote!(pick(0..id)), "id"));
        assert!(mentions(quote!(format!("{tenant}")), "tenant"));
        assert!(!mentions(quote!(format!("tenant")), "tenant"));
    }

    #[test]
    fn self_of_a_nested_impl_is_not_ours() {
        assert!(self_type(quote!(let x = Self::new();)).is_some());
        assert!(self_type(quote!(struct A; impl A { fn b() -> Self { Self } } A)).is_none());
    }
}
