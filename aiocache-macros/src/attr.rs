//! What stands between the parentheses of the attribute: parsed, with the span of each key, not yet judged.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitBool, LitInt, LitStr, Path, Token, parenthesized, token};

use crate::attribute::Attribute;
use crate::error::Errors;
use crate::hint;

/// An option's value and the word that introduced it.
#[derive(Debug)]
pub(crate) struct Given<T> {
    /// The option's name as the user wrote it.
    pub(crate) key: Ident,
    /// What was given.
    pub(crate) value: T,
}

impl<T: Clone> Given<T> {
    /// The same once more.
    pub(crate) fn copy(&self) -> Self {
        Self {
            key: self.key.clone(),
            value: self.value.clone(),
        }
    }
}

/// `controls = …`
#[derive(Debug)]
pub(crate) enum Controls {
    /// No companion struct.
    Off,
    /// The companion struct has this name.
    Named(Ident),
}

/// Every option, as far as it was given.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) cache: Option<Given<Expr>>,
    pub(crate) keys: Option<Given<Ident>>,
    pub(crate) lease: Option<Given<Expr>>,
    pub(crate) ttl: Option<Given<Expr>>,
    pub(crate) ttl_with: Option<Given<Expr>>,
    pub(crate) none_ttl: Option<Given<Expr>>,
    pub(crate) max_wait: Option<Given<Expr>>,
    pub(crate) share_error: Option<Given<Expr>>,
    pub(crate) detached: Option<Given<bool>>,
    pub(crate) policy: Option<Given<Expr>>,
    pub(crate) grace: Option<Given<Expr>>,
    pub(crate) back_off: Option<Given<Expr>>,
    pub(crate) soft_timeout: Option<Given<Expr>>,
    pub(crate) hard_timeout: Option<Given<Expr>>,
    pub(crate) refresh_ahead: Option<Given<Expr>>,
    pub(crate) jitter: Option<Given<Expr>>,
    pub(crate) fail_if: Option<Given<Expr>>,
    pub(crate) fallback: Option<Given<Expr>>,
    pub(crate) on_timeout: Option<Given<Expr>>,
    pub(crate) context: Option<Given<Ident>>,
    pub(crate) key: Option<Given<LitStr>>,
    pub(crate) key_builder: Option<Given<Expr>>,
    pub(crate) skip: Option<Given<Vec<Ident>>>,
    pub(crate) skip_if: Option<Given<Expr>>,
    pub(crate) namespace: Option<Given<Expr>>,
    pub(crate) cache_none: Option<Given<bool>>,
    pub(crate) version: Option<Given<u32>>,
    pub(crate) controls: Option<Given<Controls>>,
    pub(crate) krate: Option<Given<Path>>,
}

impl Options {
    /// Reads all options, noting every mistake and going on with the next option.
    pub(crate) fn parse(attribute: Attribute, tokens: proc_macro2::TokenStream, errors: &mut Errors) -> Self {
        let mut options = Self::default();
        each(attribute, tokens, errors, |key, input| options.option(key, input));
        options
    }

    /// Reads one option.
    fn option(&mut self, key: Ident, input: ParseStream<'_>) -> syn::Result<()> {
        let name = key.to_string();
        match name.as_str() {
            "cache" => set_once(&mut self.cache, key, |key| value(key, input, "cache = USERS")),
            "keys" => set_once(&mut self.keys, key, |key| value(key, input, "keys = ids")),
            "lease" => set_once(&mut self.lease, key, |key| value(key, input, "lease = 2")),
            "ttl" => set_once(&mut self.ttl, key, |key| value(key, input, "ttl = 60")),
            "ttl_with" => set_once(&mut self.ttl_with, key, |key| {
                value(key, input, "ttl_with = |user: &User| user.lifetime")
            }),
            "none_ttl" => set_once(&mut self.none_ttl, key, |key| value(key, input, "none_ttl = 5")),
            "share_error" => set_once(&mut self.share_error, key, |key| {
                value(key, input, "share_error = |error: &DbError| error.copy()")
            }),
            "detached" => set_once(&mut self.detached, key, |key| switch(key, input)),
            "policy" => set_once(&mut self.policy, key, |key| value(key, input, "policy = PATIENT")),
            "grace" => set_once(&mut self.grace, key, |key| value(key, input, "grace = \"1h\"")),
            "back_off" => set_once(&mut self.back_off, key, |key| value(key, input, "back_off = 10")),
            "soft_timeout" => set_once(&mut self.soft_timeout, key, |key| {
                value(key, input, "soft_timeout = 0.1")
            }),
            "hard_timeout" => set_once(&mut self.hard_timeout, key, |key| {
                value(key, input, "hard_timeout = 5")
            }),
            "refresh_ahead" => set_once(&mut self.refresh_ahead, key, |key| {
                value(key, input, "refresh_ahead = 0.8")
            }),
            "jitter" => set_once(&mut self.jitter, key, |key| value(key, input, "jitter = 0.1")),
            "fail_if" => set_once(&mut self.fail_if, key, |key| {
                value(key, input, "fail_if = |error: &DbError| error.is_transient()")
            }),
            "fallback" => set_once(&mut self.fallback, key, |key| {
                value(key, input, "fallback = User::guest()")
            }),
            "on_timeout" => set_once(&mut self.on_timeout, key, |key| {
                value(key, input, "on_timeout = Err(DbError::Slow)")
            }),
            "context" => set_once(&mut self.context, key, |key| value(key, input, "context = load")),
            "max_wait" => set_once(&mut self.max_wait, key, |key| value(key, input, "max_wait = 30")),
            "key" => set_once(&mut self.key, key, |key| value(key, input, "key = \"user:{id}\"")),
            "key_builder" => set_once(&mut self.key_builder, key, |key| {
                value(key, input, "key_builder = user_key")
            }),
            "skip" => set_once(&mut self.skip, key, |key| names(key, input)),
            "skip_if" => set_once(&mut self.skip_if, key, |key| {
                value(key, input, "skip_if = |user: &User| user.is_guest")
            }),
            "namespace" => set_once(&mut self.namespace, key, |key| {
                value(key, input, "namespace = \"users\"")
            }),
            "cache_none" => set_once(&mut self.cache_none, key, |key| switch(key, input)),
            "version" => set_once(&mut self.version, key, |key| version(key, input)),
            "controls" => set_once(&mut self.controls, key, |key| controls(key, input)),
            _ => set_once(&mut self.krate, key, |key| {
                equals(key, input, "crate = ::aiocache")?;
                input.call(Path::parse_mod_style)
            }),
        }
    }
}

/// Reads option after option: `read` is given the name of one and what follows it. Notes every mistake and goes on
/// with the next option.
pub(crate) fn each(
    attribute: Attribute,
    tokens: proc_macro2::TokenStream,
    errors: &mut Errors,
    mut read: impl FnMut(Ident, ParseStream<'_>) -> syn::Result<()>,
) {
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = name(attribute, input).and_then(|key| read(key, input)) {
                errors.push(error);
                to_next_option(attribute, input)?;
            }
            if !input.is_empty() && !input.peek(Token![,]) {
                errors.push(input.error("expected `,` between two options"));
                to_next_option(attribute, input)?;
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    let parsed = parser.parse2(tokens);
    errors.keep(parsed);
}

/// The name of an option that the attribute has.
fn name(attribute: Attribute, input: ParseStream<'_>) -> syn::Result<Ident> {
    if !input.peek(Ident::peek_any) {
        let options = hint::list(&attribute.options());
        return Err(input.error(format!("expected an option, one of {options}")));
    }
    let key = input.call(Ident::parse_any)?;
    let name = key.to_string();
    if attribute.takes(&name) {
        return Ok(key);
    }
    Err(syn::Error::new(
        key.span(),
        hint::unknown_option(attribute, &name),
    ))
}

/// The one place that refuses an option given twice.
pub(crate) fn set_once<T>(
    slot: &mut Option<Given<T>>,
    key: Ident,
    parse: impl FnOnce(&Ident) -> syn::Result<T>,
) -> syn::Result<()> {
    let value = parse(&key)?;
    if slot.is_some() {
        let message = format!("`{key}` is given twice; keep one of the two");
        return Err(syn::Error::new(key.span(), message));
    }
    *slot = Some(Given { key, value });
    Ok(())
}

/// `name = value`
pub(crate) fn value<T: Parse>(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<T> {
    equals(key, input, example)?;
    let found = input.span();
    input.parse().map_err(|error| {
        let message = format!("`{key}` cannot be read: {error}; write it like `{example}`");
        syn::Error::new(if input.is_empty() { found } else { error.span() }, message)
    })
}

/// The `=` and something after it.
pub(crate) fn equals(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<()> {
    let written = input.parse::<Option<Token![=]>>()?.is_some();
    if !written || input.is_empty() || input.peek(Token![,]) {
        let message = format!("`{key}` needs a value: `{example}`");
        return Err(syn::Error::new(key.span(), message));
    }
    Ok(())
}

/// `skip(a, b, self)`
pub(crate) fn names(key: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Ident>> {
    if !input.peek(token::Paren) {
        let message = "`skip` lists arguments in parentheses: `skip(db, self)`";
        return Err(syn::Error::new(key.span(), message));
    }
    let content;
    parenthesized!(content in input);
    let names = Punctuated::<Ident, Token![,]>::parse_terminated_with(&content, Ident::parse_any)?;
    if names.is_empty() {
        let message =
            "`skip()` leaves nothing out; name the arguments that are not part of the key, or remove it";
        return Err(syn::Error::new(key.span(), message));
    }
    Ok(names.into_iter().collect())
}

/// An option that is given by its name alone, or with `= true` or `= false`.
pub(crate) fn switch(key: &Ident, input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.peek(Token![=]) {
        return Ok(true);
    }
    let value: LitBool = value(key, input, &format!("{key} = true"))?;
    Ok(value.value)
}

/// `version = 2`
fn version(key: &Ident, input: ParseStream<'_>) -> syn::Result<u32> {
    let number: LitInt = value(key, input, "version = 2")?;
    number.base10_parse().map_err(|_| {
        let message = format!("`version` is a whole number up to {}; found `{number}`", u32::MAX);
        syn::Error::new(number.span(), message)
    })
}

/// `controls = name` or `controls = false`
fn controls(key: &Ident, input: ParseStream<'_>) -> syn::Result<Controls> {
    equals(key, input, "controls = false")?;
    if input.peek(syn::LitBool) {
        let switch: LitBool = input.parse()?;
        if switch.value {
            let message =
                "controls are on already; write `controls = Name` for another name, or `controls = false`";
            return Err(syn::Error::new(switch.span, message));
        }
        return Ok(Controls::Off);
    }
    let found = input.span();
    input.parse().map(Controls::Named).map_err(|_| {
        syn::Error::new(
            found,
            "`controls` takes a name for the struct, or `false`: `controls = UserControls`",
        )
    })
}

/// Skips the rest of an option that could not be read: up to a comma that an option's name follows.
fn to_next_option(attribute: Attribute, input: ParseStream<'_>) -> syn::Result<()> {
    while !input.is_empty() {
        if input.peek(Token![,]) {
            let ahead = input.fork();
            ahead.parse::<Token![,]>()?;
            let next = ahead.call(Ident::parse_any).ok();
            let known = next.is_some_and(|name| attribute.takes(&name.to_string()));
            if known || ahead.is_empty() {
                return Ok(());
            }
            input.advance_to(&ahead);
        } else {
            input.step(|cursor| {
                let next = cursor.token_tree().map(|(_, rest)| ((), rest));
                next.ok_or_else(|| syn::Error::new(Span::call_site(), "unexpected end"))
            })?;
        }
    }
    Ok(())
}
