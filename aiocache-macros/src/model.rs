//! Validation: from what was parsed to a model that can be expanded, or to everything that is wrong with it.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, GenericParam, Ident, Path, ReturnType, Safety, Type};

use crate::argument::{Arg, Passing};
use crate::attr::{Attribute, Controls, Given, Options};
use crate::error::Errors;
use crate::function::{Boxed, Function};
use crate::generics;
use crate::key::{self, Ground, KeyPlan};
use crate::keys::{self, Keys};
use crate::names::{mentions, self_type};
use crate::ttl::{self, Life};

/// A function to be cached, with everything decided.
#[derive(Debug)]
pub(crate) struct CachedFn {
    pub(crate) function: Function,
    /// Set where `#[async_trait]` has rewritten the function.
    pub(crate) boxed: Option<Boxed>,
    /// The return type, without the future.
    pub(crate) output: Type,
    pub(crate) args: Vec<Arg>,
    pub(crate) cache: Expr,
    pub(crate) namespace: Option<Expr>,
    pub(crate) key: KeyPlan,
    pub(crate) ttl: Option<Life>,
    /// Nanoseconds.
    pub(crate) max_wait: Option<u64>,
    pub(crate) skip_if: Option<Expr>,
    pub(crate) cache_none: bool,
    /// Errors are not handed to waiters, as they may borrow.
    pub(crate) alone: bool,
    /// The companion struct's name; without one the body stays where it is.
    pub(crate) controls: Option<Ident>,
    pub(crate) krate: Path,
    /// Set for `#[multi_cached]`.
    pub(crate) keys: Option<Keys>,
}

impl CachedFn {
    /// Judges the options and the function together.
    ///
    /// # Errors
    ///
    /// All that is wrong, combined.
    pub(crate) fn new(
        attribute: Attribute,
        krate: Path,
        options: TokenStream,
        function: Function,
    ) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let mut options = Options::parse(attribute, options, &mut errors);
        let boxed = Boxed::recognise(&function);
        let args: Vec<Arg> = function
            .sig
            .inputs
            .iter()
            .cloned()
            .enumerate()
            .map(|(i, arg)| Arg::new(i, arg))
            .collect();
        check_function(attribute, &function, boxed.is_some(), &mut errors);
        check_args(&args, &mut errors);
        let output = check_output(&function, boxed.as_ref(), &mut errors);
        let name = &function.sig.ident;

        let keys = (attribute == Attribute::MultiCached).then(|| {
            let generics = &function.sig.generics;
            let keys = keys::find(options.keys.as_ref(), &args, generics, name, &mut errors);
            keys::refuse_unrepeatable(keys.as_ref(), &args, &mut errors);
            keys
        });
        let keys_found = keys.as_ref().is_none_or(Option::is_some);
        let ground = Ground {
            args: &args,
            keys: keys.as_ref().and_then(|keys| keys.as_ref().map(|keys| keys.arg)),
            generics: &function.sig.generics,
            output: &output,
        };
        let key = if keys_found {
            key::plan(&mut options, &ground, &mut errors)
        } else {
            None
        };
        let cache = cache(options.cache, &mut errors);
        let controls = controls(options.controls, &function, &args, &mut errors);
        let krate = options
            .krate
            .map_or(Some(krate), |given| errors.keep(absolute(given)));
        let ttl = options
            .ttl
            .and_then(|given| errors.keep(Life::parse(given.value)));
        let max_wait = options
            .max_wait
            .and_then(|given| errors.keep(ttl::span_of_time(&given.value, "max_wait")));

        let (Some(key), Some(cache), Some(krate)) = (key, cache, krate) else {
            return Err(errors
                .finish(())
                .expect_err("what is missing was complained about"));
        };
        let has_self = args.first().is_some_and(Arg::is_self);
        errors.finish(Self {
            boxed,
            alone: generics::may_borrow(&output, &function.sig.generics, has_self || controls.is_none()),
            output,
            args,
            cache,
            namespace: options.namespace.map(|given| given.value),
            key,
            ttl,
            max_wait,
            skip_if: options.skip_if.map(|given| given.value),
            cache_none: options.cache_none.is_some_and(|given| given.value),
            controls,
            krate,
            keys: keys.flatten(),
            function,
        })
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

fn check_args(args: &[Arg], errors: &mut Errors) {
    for arg in args {
        if let Some(cfg) = arg.attrs().iter().find(|attr| attr.path().is_ident("cfg")) {
            let message = "`#[cfg]` on an argument is not seen by the cache; put it on two versions of the whole function";
            errors.at(cfg, message);
        }
        let typed_mut =
            arg.is_self() && mentions(arg.written.to_token_stream(), "mut") && arg.passing != Passing::Value;
        if arg.is_self() && (arg.passing == Passing::Exclusive || typed_mut) {
            let message =
                "a hit does not run the body, so what it would change in `self` would be lost; take `&self`";
            errors.at(&arg.written, message);
        }
    }
}

/// The return type, if a value of it can be stored and told apart.
fn check_output(function: &Function, boxed: Option<&Boxed>, errors: &mut Errors) -> Type {
    let nothing = || Type::Tuple(syn::parse_quote!(()));
    let written = match (&function.sig.output, boxed) {
        (_, Some(boxed)) => boxed.output.clone(),
        (ReturnType::Type(_, ty), None) => ungrouped(ty).clone(),
        (ReturnType::Default, None) => nothing(),
    };
    // What else is not async has been told what it should be.
    if function.sig.asyncness.is_none() && boxed.is_none() {
        return written;
    }
    let no_value = match &written {
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
    if key::is_opaque(&written) {
        let message =
            "what `impl Trait` hides cannot be stored and read back; name the type, like `Vec<User>`";
        errors.at(&written, message);
    }
    let name = written.to_token_stream().to_string();
    let bare = |param: &GenericParam| matches!(param, GenericParam::Type(param) if param.ident == name);
    if function.sig.generics.params.iter().any(bare) {
        let message = format!(
            "whether `{name}` is a `Result` or an `Option` is not known here, so errors would be cached; \
             return `Result<{name}, E>`, `Option<{name}>` or another type that says it"
        );
        errors.at(&written, message);
    }
    written
}

/// The type without the unseen group in which another macro passes it on.
fn ungrouped(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => ungrouped(&group.elem),
        ty => ty,
    }
}

fn cache(given: Option<Given<Expr>>, errors: &mut Errors) -> Option<Expr> {
    if given.is_none() {
        let message = "`cache` is missing: say which cache to use, like `cache = USERS`, `cache = self.cache` or `cache = state.cache`";
        // A missing option has no token of its own.
        errors.span(Span::call_site(), message);
    }
    given.map(|given| given.value)
}

/// The companion struct's name, where there can be one.
fn controls(
    given: Option<Given<Controls>>,
    function: &Function,
    args: &[Arg],
    errors: &mut Errors,
) -> Option<Ident> {
    let has_self = args.first().is_some_and(Arg::is_self);
    let (name, at) = match given {
        Some(Given {
            value: Controls::Off, ..
        }) => return None,
        Some(Given {
            value: Controls::Named(name),
            key,
        }) => (name, Some(key)),
        None => (function.sig.ident.clone(), None),
    };
    if has_self {
        if let Some(key) = at {
            let message =
                "a method has no controls, as a struct cannot stand in an `impl`; remove `controls`";
            errors.span(key.span(), message);
        }
        return None;
    }
    let tokens = [function.sig.to_token_stream(), function.body.clone()];
    if let Some(span) = tokens.into_iter().find_map(self_type) {
        let message = format!(
            "`Self` says that `{}` stands in an `impl`, where its controls cannot be; add `controls = false`",
            function.sig.ident
        );
        errors.span(span, message);
        return None;
    }
    Some(name)
}

/// The path of `crate = …`, which code in any module can use.
fn absolute(given: Given<Path>) -> syn::Result<Path> {
    let path = given.value;
    let first = path.segments.first().map(|segment| segment.ident.to_string());
    if path.leading_colon.is_none() && first.as_deref() != Some("crate") {
        let text = path.to_token_stream().to_string().replace(' ', "");
        let message = format!("`{text}` means something else in every module; write `crate = ::{text}`");
        return Err(syn::Error::new_spanned(path, message));
    }
    Ok(path)
}
