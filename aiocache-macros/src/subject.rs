//! The function under an attribute, judged without the options.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{GenericParam, ReturnType, Safety, Type};

use crate::argument::{Arg, Passing};
use crate::attribute::Attribute;
use crate::error::Errors;
use crate::function::{Boxed, Function};
use crate::key;
use crate::names::mentions;

/// The function under an attribute.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) function: Function,
    /// Set where `#[async_trait]` has rewritten the function.
    pub(crate) boxed: Option<Boxed>,
    /// The return type, without the future.
    pub(crate) output: Type,
    pub(crate) args: Vec<Arg>,
}

impl Subject {
    /// Judges the function.
    pub(crate) fn new(attribute: Attribute, function: Function, errors: &mut Errors) -> Self {
        let boxed = Boxed::recognise(&function);
        let inputs = function.sig.inputs.iter().cloned().enumerate();
        let args: Vec<Arg> = inputs.map(|(position, arg)| Arg::new(position, arg)).collect();
        check_function(attribute, &function, boxed.is_some(), errors);
        check_args(attribute, &args, errors);
        let output = output(&function, boxed.as_ref());
        // What is not async has been told what it should be.
        if attribute.stores() && (function.sig.asyncness.is_some() || boxed.is_some()) {
            check_output(&function, &output, errors);
        }
        Self {
            function,
            boxed,
            output,
            args,
        }
    }

    /// The statements of the user's body.
    pub(crate) fn body(&self) -> &TokenStream {
        self.boxed
            .as_ref()
            .map_or(&self.function.body, |boxed| &boxed.body)
    }

    /// Whether the function has a receiver.
    pub(crate) fn has_self(&self) -> bool {
        self.args.first().is_some_and(Arg::is_self)
    }

    /// The positions of the arguments that `code` mentions.
    pub(crate) fn mentioned(&self, code: &impl ToTokens) -> Vec<usize> {
        let mentioned = |arg: &Arg| arg.names().iter().any(|name| mentions(code, name));
        (0..self.args.len())
            .filter(|position| mentioned(&self.args[*position]))
            .collect()
    }

    /// The type parameter that the function returns, if it returns nothing but that.
    pub(crate) fn bare_output(&self) -> Option<String> {
        bare_output(&self.function, &self.output)
    }
}

fn check_function(attribute: Attribute, function: &Function, boxed: bool, errors: &mut Errors) {
    let sig = &function.sig;
    let name = attribute.name();
    if let Some(token) = &sig.constness {
        errors.at(
            token,
            format!(
                "a `const fn` runs in the compiler, where there is no cache; remove `const` or `#[{name}]`"
            ),
        );
    }
    if let Safety::Unsafe(token) = &sig.safety {
        let message = "an `unsafe fn` is not cached: a hit would not check what its caller promised; cache a safe function around it";
        errors.at(token, message);
    }
    if let Some(abi) = &sig.abi {
        errors.at(abi, "an `extern` function is called from other languages and cannot be async; cache a Rust `async fn`");
    }
    if let Some(variadic) = &sig.variadic {
        errors.at(
            variadic,
            "a variable number of arguments cannot be part of a key; take a slice",
        );
    }
    if sig.asyncness.is_none() && !boxed && sig.constness.is_none() && sig.abi.is_none() {
        let returned = sig.output.to_token_stream().to_string();
        let future = returned.contains("Future");
        let message = if future {
            format!(
                "`#[{name}]` needs an `async fn`; write `async fn {}(…) -> T` in place of a function that returns a future",
                sig.ident
            )
        } else {
            format!(
                "`#[{name}]` needs an `async fn`, as asking a cache means waiting; write `async fn {}`",
                sig.ident
            )
        };
        errors.at(sig.fn_token, message);
    }
}

fn check_args(attribute: Attribute, args: &[Arg], errors: &mut Errors) {
    for arg in args {
        if let Some(cfg) = arg.attrs().iter().find(|attr| attr.path().is_ident("cfg")) {
            let message = "`#[cfg]` on an argument is not seen by the cache; put it on two versions of the whole function";
            errors.at(cfg, message);
        }
        let typed_mut =
            arg.is_self() && mentions(arg.written.to_token_stream(), "mut") && arg.passing != Passing::Value;
        let unchanged = matches!(
            attribute,
            Attribute::Cached | Attribute::CachedStampede | Attribute::MultiCached
        );
        if unchanged && arg.is_self() && (arg.passing == Passing::Exclusive || typed_mut) {
            let message =
                "a hit does not run the body, so what it would change in `self` would be lost; take `&self`";
            errors.at(&arg.written, message);
        }
    }
}

/// The return type as it is written.
fn output(function: &Function, boxed: Option<&Boxed>) -> Type {
    match (&function.sig.output, boxed) {
        (_, Some(boxed)) => boxed.output.clone(),
        (ReturnType::Type(_, ty), None) => ungrouped(ty).clone(),
        (ReturnType::Default, None) => Type::Tuple(syn::parse_quote!(())),
    }
}

/// Whether a value of the return type can be stored and told apart.
fn check_output(function: &Function, written: &Type, errors: &mut Errors) {
    let no_value = match written {
        Type::Tuple(tuple) => tuple.elems.is_empty(),
        Type::Never(_) => true,
        _ => false,
    };
    if no_value {
        let at = match &function.sig.output {
            ReturnType::Type(_, ty) => ty.to_token_stream(),
            ReturnType::Default => function.sig.ident.to_token_stream(),
        };
        errors.at(at, "this function returns nothing, so there is nothing to cache; return a value, or remove the attribute");
    }
    if key::is_opaque(written) {
        let message =
            "what `impl Trait` hides cannot be stored and read back; name the type, like `Vec<User>`";
        errors.at(written, message);
    }
    if let Some(name) = bare_output(function, written) {
        let message = format!(
            "whether `{name}` is a `Result` or an `Option` is not known here, so errors would be cached; \
             return `Result<{name}, E>`, `Option<{name}>` or another type that says it"
        );
        errors.at(written, message);
    }
}

fn bare_output(function: &Function, written: &Type) -> Option<String> {
    let name = written.to_token_stream().to_string();
    let bare = |param: &GenericParam| matches!(param, GenericParam::Type(param) if param.ident == name);
    function.sig.generics.params.iter().any(bare).then_some(name)
}

/// The type without the unseen group in which another macro passes it on.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        ty => ty,
    }
}
