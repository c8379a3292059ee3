//! `context = name`: an argument that callers do not pass.

use quote::ToTokens;
use syn::{FnArg, Ident, Pat, PatIdent, PatType, Type};

use crate::attr::Given;
use crate::error::Errors;
use crate::function::Function;
use crate::hint;

/// Takes the argument out of the function that the load's context is passed in.
pub(crate) fn take(
    given: Option<&Given<Ident>>,
    function: &mut Function,
    errors: &mut Errors,
) -> Option<PatType> {
    let name = &given?.value;
    let inputs = &mut function.sig.inputs;
    let is_it = |arg: &FnArg| matches!(arg, FnArg::Typed(typed) if plain(&typed.pat).is_some_and(|ident| ident == name));
    let Some(place) = inputs.iter().position(is_it) else {
        let names: Vec<String> = inputs.iter().filter_map(argument).collect();
        let message = format!(
            "`{name}` is no argument of this function; `context` names the one that is a `LoadContext<T>`{}",
            hint::did_you_mean(&name.to_string(), &names)
        );
        errors.at(name, message);
        return None;
    };
    let all = std::mem::take(inputs);
    let mut context = None;
    for (position, arg) in all.into_iter().enumerate() {
        match arg {
            FnArg::Typed(typed) if position == place => context = Some(typed),
            other => inputs.push(other),
        }
    }
    let context = context?;
    if let Type::Reference(reference) = &*context.ty {
        let message = format!(
            "the load owns its context; take it by value: `{name}: {}`",
            reference.elem.to_token_stream().to_string().replace(' ', "")
        );
        errors.at(reference, message);
    }
    Some(context)
}

fn argument(arg: &FnArg) -> Option<String> {
    match arg {
        FnArg::Typed(typed) => plain(&typed.pat).map(ToString::to_string),
        FnArg::Receiver(_) => None,
    }
}

fn plain(pat: &Pat) -> Option<&Ident> {
    match pat {
        Pat::Ident(PatIdent {
            ident, subpat: None, ..
        }) => Some(ident),
        _ => None,
    }
}
