//! `detached`: what a load that can outlive its caller may take along.

use syn::{Expr, Type};

use crate::argument::Passing;
use crate::error::Errors;
use crate::generics::borrows;
use crate::names::mentions;
use crate::subject::Subject;

/// Refuses what is borrowed and cannot be cloned into the load.
pub(crate) fn check(subject: &Subject, errors: &mut Errors) {
    for arg in &subject.args {
        let Some(ty) = arg.ty() else {
            continue;
        };
        let name = arg.names().join(", ");
        if arg.passing == Passing::Exclusive {
            let message = format!(
                "a detached load can outlive its caller, so it cannot hold the `&mut` of `{name}`; take it by value"
            );
            errors.at(ty, message);
        } else if borrows(taken(ty)) {
            let message = format!(
                "a detached load can outlive its caller, and `{name}` holds what others own; \
                 take what owns its data, like `String` for `&str`"
            );
            errors.at(ty, message);
        }
    }
    if borrows(&subject.output) {
        let message = "a detached load can outlive its caller, so it returns what owns its data, like `String` for `&str`";
        errors.at(&subject.output, message);
    }
}

/// Refuses `self` in what is answered in place of a value: it is worked out where the load is.
pub(crate) fn check_answers(answers: [&Option<Expr>; 2], errors: &mut Errors) {
    for answer in answers.into_iter().flatten() {
        if mentions(answer, "self") {
            let message = "a load in the background can outlive its caller, and this is worked out with it, so it cannot use `self`";
            errors.at(answer, message);
        }
    }
}

/// What is cloned into the load: the type behind one `&`.
fn taken(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => taken(&group.elem),
        Type::Paren(paren) => taken(&paren.elem),
        Type::Reference(reference) => &reference.elem,
        ty => ty,
    }
}
