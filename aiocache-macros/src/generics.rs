//! Type parameters and lifetimes: which of them a control needs, and what the return type says.

use std::collections::HashSet;

use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    BoundLifetimes, GenericParam, Generics, Lifetime, PathArguments, Token, Type, TypeParamBound, TypePath,
    TypeReference, WherePredicate,
};

use crate::names::mentions_type;

/// The generics with only the type and const parameters that `keep` says; what mentions a dropped one goes with it.
pub(crate) fn only(generics: &Generics, keep: impl Fn(&str) -> bool) -> Generics {
    let named = |param: &GenericParam| match param {
        GenericParam::Type(param) => Some(param.ident.to_string()),
        GenericParam::Const(param) => Some(param.ident.to_string()),
        GenericParam::Lifetime(_) => None,
    };
    let dropped: Vec<String> = generics
        .params
        .iter()
        .filter_map(named)
        .filter(|name| !keep(name))
        .collect();
    let stays = |code: &dyn ToTokens| {
        !dropped
            .iter()
            .any(|name| mentions_type(code.to_token_stream(), name))
    };
    let mut kept = generics.clone();
    kept.params = kept
        .params
        .into_iter()
        .filter(|param| named(param).is_none_or(|name| !dropped.contains(&name)))
        .map(|mut param| {
            if let GenericParam::Type(param) = &mut param {
                param.bounds = only_bounds(&param.bounds, |bound| stays(bound));
            }
            param
        })
        .collect();
    if let Some(clause) = &mut kept.where_clause {
        clause.predicates = clause
            .predicates
            .iter()
            .filter(|predicate| stays(predicate))
            .cloned()
            .collect();
    }
    kept
}

fn only_bounds(
    bounds: &Punctuated<TypeParamBound, Token![+]>,
    keep: impl Fn(&TypeParamBound) -> bool,
) -> Punctuated<TypeParamBound, Token![+]> {
    bounds.iter().filter(|bound| keep(bound)).cloned().collect()
}

/// Whether a waiter may be handed a copy of the return type's error: not where it could hold a borrow, as method
/// lookup does not look at lifetimes and the borrow checker would then refuse what it found.
pub(crate) fn may_borrow(output: &Type, generics: &Generics, method: bool) -> bool {
    let mut seen = Seen::default();
    seen.visit_type(output);
    let declared = generics.type_params().map(|param| param.ident.to_string());
    let mut borrowing = declared.filter(|name| !is_static(generics, name));
    // The parameters of the surrounding `impl` are not to be seen here, but by convention they are single letters.
    let of_the_impl = |name: &String| method && name.len() == 1 && name.starts_with(char::is_uppercase);
    seen.borrows || borrowing.any(|name| seen.names.contains(&name)) || seen.names.iter().any(of_the_impl)
}

/// Whether a type parameter is declared `'static`.
fn is_static(generics: &Generics, name: &str) -> bool {
    let lives = |bounds: &Punctuated<TypeParamBound, Token![+]>| {
        bounds
            .iter()
            .any(|bound| matches!(bound, TypeParamBound::Lifetime(lifetime) if lifetime.ident == "static"))
    };
    let inline = generics
        .type_params()
        .any(|param| param.ident == name && lives(&param.bounds));
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    inline
        || predicates.into_iter().any(|predicate| match predicate {
            WherePredicate::Type(predicate) => {
                predicate.bounded_ty.to_token_stream().to_string() == name && lives(&predicate.bounds)
            }
            _ => false,
        })
}

/// Whether a type has a reference in it, or a lifetime other than `'static`.
pub(crate) fn borrows(ty: &Type) -> bool {
    let mut seen = Seen::default();
    seen.visit_type(ty);
    seen.borrows
}

#[derive(Default)]
struct Seen {
    borrows: bool,
    names: HashSet<String>,
}

impl<'ast> Visit<'ast> for Seen {
    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.borrows |= lifetime.ident != "static";
    }

    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        self.borrows |= reference.lifetime.is_none();
        visit::visit_type_reference(self, reference);
    }

    fn visit_type_path(&mut self, path: &'ast TypePath) {
        let first = path
            .path
            .segments
            .first()
            .filter(|first| matches!(first.arguments, PathArguments::None));
        if let (None, Some(first)) = (&path.qself, first) {
            self.names.insert(first.ident.to_string());
        }
        visit::visit_type_path(self, path);
    }
}

/// The type with each lifetime but `'static` left to inference: inside a body a named one would pin the borrow to the
/// whole call.
pub(crate) fn inferred_lifetimes(ty: &Type) -> Type {
    rewrite(ty, |lifetime| lifetime.ident != "static", "'_")
}

/// The type with each elided lifetime made `'static`: what a store can hand out owns its data.
pub(crate) fn owned_lifetimes(ty: &Type) -> Type {
    let mut ty = rewrite(ty, |lifetime| lifetime.ident == "_", "'static");
    Elided.visit_type_mut(&mut ty);
    ty
}

fn rewrite(ty: &Type, which: fn(&Lifetime) -> bool, to: &'static str) -> Type {
    let mut ty = ty.clone();
    Rewrite {
        which,
        to,
        bound: Vec::new(),
    }
    .visit_type_mut(&mut ty);
    ty
}

struct Rewrite {
    which: fn(&Lifetime) -> bool,
    to: &'static str,
    /// Lifetimes that a `for<'a>` inside the type declares.
    bound: Vec<Lifetime>,
}

impl VisitMut for Rewrite {
    fn visit_bound_lifetimes_mut(&mut self, bound: &mut BoundLifetimes) {
        self.bound
            .extend(bound.lifetimes.iter().filter_map(|param| match param {
                GenericParam::Lifetime(param) => Some(param.lifetime.clone()),
                _ => None,
            }));
    }

    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if (self.which)(lifetime) && !self.bound.contains(lifetime) {
            *lifetime = Lifetime::new(self.to, lifetime.span());
        }
    }
}

struct Elided;

impl VisitMut for Elided {
    fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
        let span = reference.and_token.span;
        reference
            .lifetime
            .get_or_insert_with(|| Lifetime::new("'static", span));
        visit_mut::visit_type_reference_mut(self, reference);
    }

    fn visit_type_fn_ptr_mut(&mut self, _: &mut syn::TypeFnPtr) {
        // An elided lifetime in a function's type is the function's own.
    }
}
