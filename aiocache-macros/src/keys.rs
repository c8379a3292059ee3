//! `keys = ids`: which argument holds the keys of a bulk call, and how a part of them is handed to the function.

use syn::{
    GenericArgument, Generics, Ident, PathArguments, Type, TypeParamBound, WherePredicate,
    ext::IdentExt as _, parse_quote, punctuated::Punctuated,
};

use crate::argument::{Arg, Passing};
use crate::attr::Given;
use crate::error::Errors;
use crate::hint;

/// The argument with the keys.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Its position.
    pub(crate) arg: usize,
    /// The type of one key.
    pub(crate) item: Type,
    pub(crate) form: Form,
}

/// What the function takes, and so what it is given when only some keys are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `&[K]`
    Slice,
    /// `&Vec<K>`
    VecRef,
    /// A collection that is collected anew.
    Owned,
    /// Any `IntoIterator`, given a `Vec`.
    Iterable,
    /// Any `Iterator`, given that of a `Vec`.
    Iterator,
}

/// Finds the argument and judges its type.
pub(crate) fn find(
    given: Option<&Given<Ident>>,
    args: &[Arg],
    generics: &Generics,
    at: &Ident,
    errors: &mut Errors,
) -> Option<Keys> {
    let candidates: Vec<&String> = args
        .iter()
        .filter(|arg| !arg.is_self())
        .filter_map(|arg| arg.name.as_ref())
        .collect();
    let Some(given) = given else {
        let example = candidates.first().map_or("ids", |name| name.as_str());
        let message =
            format!("`keys` is missing: name the argument that holds the keys, like `keys = {example}`");
        errors.span(at.span(), message);
        return None;
    };
    let name = given.value.unraw().to_string();
    let found = args
        .iter()
        .position(|arg| !arg.is_self() && arg.name.as_ref() == Some(&name));
    let Some(position) = found else {
        let bound = args.iter().any(|arg| arg.binding(&name).is_some());
        let message = if bound {
            format!("`{name}` is bound by a pattern; give the argument itself the name `{name}`")
        } else {
            let (near, candidates) = (hint::did_you_mean(&name, &candidates), hint::list(&candidates));
            format!("`{name}` is not an argument of this function{near} (it has: {candidates})")
        };
        errors.span(given.value.span(), message);
        return None;
    };
    let ty = args[position].ty()?;
    match judge(ty, generics) {
        Some((item, form)) => Some(Keys {
            arg: position,
            item,
            form,
        }),
        None => {
            let message = "the keys are taken as `Vec<K>`, a set, another collection by value, `impl IntoIterator<Item = K>`, \
                           `&[K]` or `&Vec<K>`";
            errors.at(ty, message);
            None
        }
    }
}

/// What is refused because the function may be called several times, each time with other keys.
pub(crate) fn refuse_unrepeatable(keys: Option<&Keys>, args: &[Arg], errors: &mut Errors) {
    for (position, arg) in args
        .iter()
        .enumerate()
        .filter(|(position, _)| keys.is_none_or(|keys| keys.arg != *position))
    {
        let position = position + 1;
        if arg.is_self() && arg.passing == Passing::Value {
            let message = "one call can load more than once, and `self` by value can be given away only once; take `&self`";
            errors.span(arg.span(), message);
        } else if arg.passing == Passing::Exclusive && !arg.is_self() {
            let name = arg.name.clone().unwrap_or_else(|| format!("number {position}"));
            let message = format!(
                "one call can load more than once, and the `&mut` of argument `{name}` can be lent only once; \
                 take `&T`, or something that is `Clone` (a pool, a handle)"
            );
            errors.at(arg.ty(), message);
        }
    }
}

fn judge(ty: &Type, generics: &Generics) -> Option<(Type, Form)> {
    match ty {
        Type::Group(group) => judge(&group.elem, generics),
        Type::Paren(paren) => judge(&paren.elem, generics),
        Type::Reference(reference) if reference.mutability.is_none() => match &*reference.elem {
            Type::Slice(slice) => Some(((*slice.elem).clone(), Form::Slice)),
            Type::Path(path)
                if path
                    .path
                    .segments
                    .last()
                    .is_some_and(|segment| segment.ident == "Vec") =>
            {
                Some((item_of(&reference.elem), Form::VecRef))
            }
            _ => None,
        },
        Type::ImplTrait(opaque) => iterated([&opaque.bounds]),
        Type::Path(path) => {
            let name = path.path.get_ident();
            let param = name.and_then(|name| generics.type_params().find(|param| param.ident == *name));
            let Some(param) = param else {
                return Some((item_of(ty), Form::Owned));
            };
            let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
            let bounds = predicates.filter_map(|predicate| match predicate {
                WherePredicate::Type(predicate) if predicate.bounded_ty == *ty => Some(&predicate.bounds),
                _ => None,
            });
            iterated(std::iter::once(&param.bounds).chain(bounds))
        }
        _ => None,
    }
}

fn item_of(ty: &Type) -> Type {
    parse_quote!(<#ty as ::core::iter::IntoIterator>::Item)
}

/// `K` of the bound `IntoIterator<Item = K>` or `Iterator<Item = K>`.
fn iterated<'a>(
    bounds: impl IntoIterator<Item = &'a Punctuated<TypeParamBound, syn::Token![+]>>,
) -> Option<(Type, Form)> {
    bounds.into_iter().flatten().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let segment = bound.path.segments.last()?;
        let form = if segment.ident == "IntoIterator" {
            Form::Iterable
        } else {
            Form::Iterator
        };
        let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(assoc) if assoc.ident == "Item" => Some((assoc.ty.clone(), form)),
            _ => None,
        })
    })
}
