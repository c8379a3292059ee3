//! Arguments that are patterns: taken apart for the body, and by reference for the options that use what they bind.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::visit_mut::{self, VisitMut};
use syn::{FnArg, Pat, PatIdent};

use super::parts::Sight;
use crate::argument::{Arg, Passing};
use crate::subject::Subject;

/// Statements that take patterns apart, by reference, as far as `code` mentions what they bind.
pub(super) fn bindings(subject: &Subject, code: &impl ToTokens, sight: Sight) -> TokenStream {
    let positions = subject.mentioned(code).into_iter();
    positions
        .map(|position| taken_apart(&subject.args[position], sight))
        .collect()
}

/// The statement that takes one argument apart without taking anything out of it.
pub(super) fn taken_apart(arg: &Arg, sight: Sight) -> TokenStream {
    let Some(pattern) = arg.pattern() else {
        return TokenStream::new();
    };
    let mut pattern = pattern.clone();
    Borrowing.visit_pat_mut(&mut pattern);
    let local = &arg.local;
    let place = match (sight, arg.passing) {
        (Sight::Function, Passing::Value) => quote!(&#local),
        _ => quote!(#local),
    };
    quote_spanned!(Span::mixed_site()=>
        #[allow(unused_variables, reason = "the body uses the rest")]
        let #pattern = #place;
    )
}

/// Removes what a pattern cannot have where it only borrows.
struct Borrowing;

impl VisitMut for Borrowing {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        pat.mutability = None;
        pat.by_ref = None;
        visit_mut::visit_pat_ident_mut(self, pat);
    }
}

/// `let PATTERN = argument;` for each argument that has one.
pub(super) fn for_the_body<'a>(args: impl Iterator<Item = &'a Arg>) -> TokenStream {
    let pattern = |arg: &'a Arg| Some((arg.pattern()?, &arg.local));
    args.filter_map(pattern)
        .map(|(pattern, local): (&Pat, _)| quote_spanned!(Span::mixed_site()=> let #pattern = #local;))
        .collect()
}

/// The argument's name, with the user's `mut`.
pub(super) fn binding(arg: &Arg) -> TokenStream {
    let local = &arg.local;
    let mutability = match &arg.written {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(PatIdent { mutability, .. }) if arg.pattern().is_none() => *mutability,
            _ => None,
        },
        FnArg::Receiver(_) => None,
    };
    quote!(#mutability #local)
}
