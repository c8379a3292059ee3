//! One argument of the function: what it is called, how it is passed, what its pattern binds.

use proc_macro2::Span;
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, Ident, Pat, PatIdent, ReceiverKind, Type};

/// How a value reaches the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passing {
    /// Moved in.
    Value,
    /// `&T`
    Shared,
    /// `&mut T`
    Exclusive,
}

/// An argument, the receiver included.
#[derive(Debug)]
pub(crate) struct Arg {
    /// As the user wrote it.
    pub(crate) written: FnArg,
    /// What it is called in generated code: the user's own word, or a made-up one for a pattern.
    pub(crate) local: Ident,
    /// The user's word without `r#`; none for a pattern.
    pub(crate) name: Option<String>,
    /// What the pattern binds; empty for a plain argument.
    pub(crate) bindings: Vec<Ident>,
    pub(crate) passing: Passing,
}

impl Arg {
    /// Reads the argument at `position`.
    pub(crate) fn new(position: usize, written: FnArg) -> Self {
        match &written {
            FnArg::Receiver(receiver) => {
                let passing = match &receiver.kind {
                    ReceiverKind::Reference(_, _, Some(_)) => Passing::Exclusive,
                    ReceiverKind::Reference(..) => Passing::Shared,
                    ReceiverKind::Typed(_, ty) => passing(ty),
                    _ => Passing::Value,
                };
                let local = Ident::new("self", receiver.self_token.span);
                Self {
                    name: Some("self".to_owned()),
                    local,
                    bindings: Vec::new(),
                    passing,
                    written,
                }
            }
            FnArg::Typed(typed) => {
                let passing = passing(&typed.ty);
                if let Some(ident) = plain(&typed.pat) {
                    let (name, local) = (Some(ident.unraw().to_string()), ident.clone());
                    return Self {
                        name,
                        local,
                        bindings: Vec::new(),
                        passing,
                        written,
                    };
                }
                let local = format_ident!("__arg{position}", span = Span::mixed_site());
                Self {
                    name: None,
                    local,
                    bindings: bindings(&typed.pat),
                    passing,
                    written,
                }
            }
        }
    }

    /// Whether this is `self`.
    pub(crate) fn is_self(&self) -> bool {
        matches!(self.written, FnArg::Receiver(_))
    }

    /// The pattern, where it is more than a name.
    pub(crate) fn pattern(&self) -> Option<&Pat> {
        match &self.written {
            FnArg::Typed(typed) if self.name.is_none() => Some(&typed.pat),
            _ => None,
        }
    }

    /// The type; none for `self`.
    pub(crate) fn ty(&self) -> Option<&Type> {
        match &self.written {
            FnArg::Typed(typed) => Some(&typed.ty),
            FnArg::Receiver(_) => None,
        }
    }

    /// The attributes on the argument.
    pub(crate) fn attrs(&self) -> &[Attribute] {
        match &self.written {
            FnArg::Typed(typed) => &typed.attrs,
            FnArg::Receiver(receiver) => &receiver.attrs,
        }
    }

    /// Whether `name` is the argument, or the one thing its pattern binds.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        match (&self.name, &*self.bindings) {
            (Some(own), _) => own == name,
            (None, [only]) => only.unraw() == name,
            (None, _) => false,
        }
    }

    /// What the pattern binds under `name`.
    pub(crate) fn binding(&self, name: &str) -> Option<&Ident> {
        self.bindings.iter().find(|binding| binding.unraw() == name)
    }

    /// What error messages list: every name by which an option can reach the argument.
    pub(crate) fn names(&self) -> Vec<String> {
        let bound = self.bindings.iter().map(|binding| binding.unraw().to_string());
        self.name.clone().into_iter().chain(bound).collect()
    }

    /// Where error messages point.
    pub(crate) fn span(&self) -> Span {
        match (&self.written, &*self.bindings) {
            (FnArg::Typed(_), [first, ..]) => first.span(),
            (FnArg::Typed(typed), []) => syn::spanned::Spanned::span(&typed.pat),
            (FnArg::Receiver(receiver), _) => receiver.self_token.span,
        }
    }
}

fn passing(ty: &Type) -> Passing {
    match ty {
        Type::Reference(reference) if reference.mutability.is_some() => Passing::Exclusive,
        Type::Reference(_) => Passing::Shared,
        Type::Group(group) => passing(&group.elem),
        Type::Paren(paren) => passing(&paren.elem),
        _ => Passing::Value,
    }
}

/// The name of an argument without a pattern; `mut` does not make it one.
fn plain(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(PatIdent {
            by_ref: None,
            subpat: None,
            ident,
            ..
        }) => Some(ident),
        _ => None,
    }
}

fn bindings(pat: &Pat) -> Vec<Ident> {
    struct Bindings(Vec<Ident>);
    impl<'ast> Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            // `None` or `LIMIT` in a pattern is a path, though it parses as a binding.
            if !pat.ident.unraw().to_string().starts_with(char::is_uppercase) {
                self.0.push(pat.ident.clone());
            }
            visit::visit_pat_ident(self, pat);
        }
    }
    let mut found = Bindings(Vec::new());
    found.visit_pat(pat);
    found.0
}
