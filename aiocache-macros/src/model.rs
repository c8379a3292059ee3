//! Validation: from what was parsed to a model that can be expanded, or to everything that is wrong with it.

use std::ops::Deref;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::{Expr, ExprLit, Ident, Lit, PatType, Path};

use crate::attr::{Controls, Given, Options};
use crate::attribute::Attribute;
use crate::error::Errors;
use crate::function::Function;
use crate::generics;
use crate::key::{self, Ground, KeyPlan};
use crate::keys::{self, Keys};
use crate::names::self_type;
use crate::policy::LoadPolicy;
use crate::subject::Subject;
use crate::ttl::{self, Life};
use crate::{context, detached};

/// Two seconds, as in aiocache.
const DEFAULT_LEASE: u64 = 2_000_000_000;

/// A function to be cached, with everything decided.
#[derive(Debug)]
pub(crate) struct CachedFn {
    pub(crate) subject: Subject,
    pub(crate) cache: Expr,
    pub(crate) namespace: Option<Expr>,
    pub(crate) key: KeyPlan,
    pub(crate) ttl: Option<Life>,
    pub(crate) none_ttl: Option<Life>,
    pub(crate) ttl_with: Option<Expr>,
    /// Nanoseconds.
    pub(crate) max_wait: Option<u64>,
    /// Nanoseconds that a lock across processes is held.
    pub(crate) lease: Option<u64>,
    pub(crate) skip_if: Option<Expr>,
    pub(crate) share_error: Option<Expr>,
    pub(crate) cache_none: bool,
    /// The load runs in a task of its own, and so it owns what it needs.
    pub(crate) detached: bool,
    pub(crate) policy: LoadPolicy,
    /// The argument that callers do not pass.
    pub(crate) context: Option<PatType>,
    /// The function runs on every call.
    pub(crate) puts: bool,
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
        mut function: Function,
    ) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let mut options = Options::parse(attribute, options, &mut errors);
        let context = context::take(options.context.as_ref(), &mut function, &mut errors);
        let subject = Subject::new(attribute, function, &mut errors);
        refuse_lifetimes_without_use(&options, &mut errors);
        let policy = LoadPolicy::new(&options, &mut errors);
        let keys = (attribute == Attribute::MultiCached).then(|| bulk_keys(&options, &subject, &mut errors));
        if attribute == Attribute::CachePut {
            refuse_puts_without_key(&options, &mut errors);
        }
        let key = key_plan(&mut options, &subject, keys.as_ref(), &mut errors);
        let cache = cache(options.cache, &mut errors);
        let controls = controls(attribute, options.controls, &subject, &mut errors);
        let krate = options
            .krate
            .map_or(Some(krate), |given| errors.keep(absolute(given)));
        let ttl = life(options.ttl, &mut errors);
        let none_ttl = life(options.none_ttl, &mut errors);
        let detached = policy.is_in_background() || options.detached.is_some_and(|given| given.value);
        if detached {
            detached::check(&subject, &mut errors);
            detached::check_answers([&policy.fallback, &policy.on_timeout], &mut errors);
        }
        let max_wait = options
            .max_wait
            .and_then(|given| errors.keep(ttl::span_of_time(&given.value, "max_wait")));
        let lease = if attribute == Attribute::CachedStampede {
            lease(options.lease, &mut errors)
        } else {
            None
        };

        let (Some(key), Some(cache), Some(krate)) = (key, cache, krate) else {
            return Err(errors
                .finish(())
                .expect_err("what is missing was complained about"));
        };
        let in_impl = subject.has_self() || controls.is_none();
        errors.finish(Self {
            alone: generics::may_borrow(&subject.output, &subject.function.sig.generics, in_impl),
            cache,
            namespace: options.namespace.map(|given| given.value),
            key,
            ttl,
            none_ttl,
            ttl_with: options.ttl_with.map(|given| given.value),
            max_wait,
            lease,
            skip_if: options.skip_if.map(|given| given.value),
            share_error: options.share_error.map(|given| given.value),
            detached,
            policy,
            context,
            puts: attribute == Attribute::CachePut,
            cache_none: options.cache_none.is_some_and(|given| given.value),
            controls,
            krate,
            keys: keys.flatten(),
            subject,
        })
    }
}

impl CachedFn {
    /// The expressions of `ttl` and `none_ttl`, where they are such.
    pub(crate) fn lifetimes(&self) -> impl Iterator<Item = &Expr> {
        [&self.ttl, &self.none_ttl]
            .into_iter()
            .flatten()
            .filter_map(Life::expr)
    }
}

/// What is asked of the function itself is asked of its subject.
impl Deref for CachedFn {
    type Target = Subject;

    fn deref(&self) -> &Subject {
        &self.subject
    }
}

/// The argument with the keys of a bulk call, where it is said and can be one.
fn bulk_keys(options: &Options, subject: &Subject, errors: &mut Errors) -> Option<Keys> {
    let signature = &subject.function.sig;
    let given = options.keys.as_ref();
    let keys = keys::find(
        given,
        &subject.args,
        &signature.generics,
        &signature.ident,
        errors,
    );
    keys::refuse_unrepeatable(keys.as_ref(), &subject.args, errors);
    keys
}

/// The rule of the key. `keys` is what was found in a bulk function; without them there is no saying what is wrong
/// with the rest.
fn key_plan(
    options: &mut Options,
    subject: &Subject,
    keys: Option<&Option<Keys>>,
    errors: &mut Errors,
) -> Option<KeyPlan> {
    let keys = match keys {
        Some(found) => Some(found.as_ref()?.arg),
        None => None,
    };
    let ground = Ground {
        args: &subject.args,
        keys,
        generics: &subject.function.sig.generics,
        output: &subject.output,
    };
    key::plan(options, &ground, errors)
}

fn life(given: Option<Given<Expr>>, errors: &mut Errors) -> Option<Life> {
    let given = given?;
    errors.keep(Life::parse(given.value, &given.key.to_string()))
}

fn refuse_lifetimes_without_use(options: &Options, errors: &mut Errors) {
    if let (Some(_), Some(with)) = (&options.ttl, &options.ttl_with) {
        let message = "`ttl` and `ttl_with` both say how long a value lives; keep one of the two (a `None` has `none_ttl`)";
        errors.span(with.key.span(), message);
    }
    let stores_none = options.cache_none.as_ref().is_some_and(|given| given.value);
    if let Some(none_ttl) = options.none_ttl.as_ref().filter(|_| !stores_none) {
        let message = "`none_ttl` is how long a stored `None` lives, but none is stored; add `cache_none`";
        errors.span(none_ttl.key.span(), message);
    }
}

pub(crate) fn cache(given: Option<Given<Expr>>, errors: &mut Errors) -> Option<Expr> {
    if given.is_none() {
        let message = "`cache` is missing: say which cache to use, like `cache = USERS`, `cache = self.cache` or `cache = state.cache`";
        // A missing option has no token of its own.
        errors.span(Span::call_site(), message);
    }
    given.map(|given| given.value)
}

/// The companion struct's name, where there can be one.
fn controls(
    attribute: Attribute,
    given: Option<Given<Controls>>,
    subject: &Subject,
    errors: &mut Errors,
) -> Option<Ident> {
    if attribute == Attribute::CachePut {
        return None;
    }
    let function = &subject.function;
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
    if subject.has_self() {
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

/// The lease of `#[cached_stampede]` in nanoseconds; none for 0.
fn lease(given: Option<Given<Expr>>, errors: &mut Errors) -> Option<u64> {
    match given {
        None => Some(DEFAULT_LEASE),
        Some(given) if is_zero(&given.value) => None,
        Some(given) => errors.keep(ttl::span_of_time(&given.value, "lease")),
    }
}

fn is_zero(expr: &Expr) -> bool {
    match expr {
        Expr::Group(group) => is_zero(&group.expr),
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Int(number) => number.base10_digits() == "0",
            Lit::Float(number) => number.base10_parse().is_ok_and(|number: f64| number == 0.0),
            _ => false,
        },
        _ => false,
    }
}

/// Refuses a writer that does not say under which key its readers look.
fn refuse_puts_without_key(options: &Options, errors: &mut Errors) {
    if options.key.is_none() && options.key_builder.is_none() {
        let message = "say under which key the reading function looks: `key = \"user:{user.id}\"`, the template of its own, \
                           or its `key_builder`";
        errors.span(Span::call_site(), message);
    }
}
