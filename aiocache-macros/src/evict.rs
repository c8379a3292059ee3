//! `#[cache_evict]`: its options, parsed and judged.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Expr, Ident, LitStr, Path, Token, parenthesized, token};

use crate::attr::{Given, Options, each, equals, names, set_once, switch, value};
use crate::attribute::Attribute;
use crate::error::Errors;
use crate::function::Function;
use crate::key::{self, Ground, KeyPlan};
use crate::model::cache;
use crate::subject::Subject;

/// A function that takes entries away, with everything decided.
#[derive(Debug)]
pub(crate) struct EvictingFn {
    pub(crate) subject: Subject,
    pub(crate) own: Option<Own>,
    pub(crate) of: Vec<Of>,
    pub(crate) when: When,
}

/// What is taken from the cache that the attribute names.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) cache: Expr,
    pub(crate) namespace: Option<Expr>,
    /// The whole namespace.
    pub(crate) all: bool,
    pub(crate) keys: Vec<KeyPlan>,
}

/// `of = load_user, key(id)`: the entry that a cached function has for these arguments.
#[derive(Debug)]
pub(crate) struct Of {
    /// The struct with the function's controls.
    pub(crate) controls: Path,
    pub(crate) args: Vec<Expr>,
}

/// When entries are taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    Succeeded,
    After,
}

/// The options as far as they were given.
#[derive(Debug, Default)]
struct Written {
    cache: Option<Given<Expr>>,
    namespace: Option<Given<Expr>>,
    keys: Vec<LitStr>,
    key_builder: Option<Given<Expr>>,
    skip: Option<Given<Vec<Ident>>>,
    of: Vec<Of>,
    all: Option<Given<bool>>,
    before: Option<Given<bool>>,
    always: Option<Given<bool>>,
}

impl EvictingFn {
    /// Judges the options and the function together.
    ///
    /// # Errors
    ///
    /// All that is wrong, combined.
    pub(crate) fn new(options: TokenStream, function: Function) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let mut written = Written::default();
        each(Attribute::CacheEvict, options, &mut errors, |key, input| {
            written.option(key, input)
        });
        let subject = Subject::new(Attribute::CacheEvict, function, &mut errors);
        let when = written.when(&subject, &mut errors);
        let of = std::mem::take(&mut written.of);
        let own = written.own(&subject, of.is_empty(), &mut errors);
        errors.finish(Self {
            subject,
            own,
            of,
            when,
        })
    }
}

impl Written {
    fn option(&mut self, key: Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "cache" => set_once(&mut self.cache, key, |key| value(key, input, "cache = USERS")),
            "namespace" => set_once(&mut self.namespace, key, |key| {
                value(key, input, "namespace = \"users\"")
            }),
            "key" => {
                if input.peek(token::Paren) {
                    let message =
                        "`key(…)` stands after the function that it belongs to: `of = load_user, key(id)`";
                    return Err(syn::Error::new(key.span(), message));
                }
                self.keys.push(value(&key, input, "key = \"user:{id}\"")?);
                Ok(())
            }
            "key_builder" => set_once(&mut self.key_builder, key, |key| {
                value(key, input, "key_builder = user_key")
            }),
            "skip" => set_once(&mut self.skip, key, |key| names(key, input)),
            "of" => {
                self.of.push(of(&key, input)?);
                Ok(())
            }
            "all" => set_once(&mut self.all, key, |key| switch(key, input)),
            "before" => set_once(&mut self.before, key, |key| switch(key, input)),
            _ => set_once(&mut self.always, key, |key| switch(key, input)),
        }
    }

    fn when(&self, subject: &Subject, errors: &mut Errors) -> When {
        let on = |given: &Option<Given<bool>>| given.as_ref().is_some_and(|given| given.value);
        match (on(&self.before), on(&self.always)) {
            (true, true) => {
                let key = self
                    .always
                    .as_ref()
                    .map_or_else(Span::call_site, |given| given.key.span());
                let message = "`before` the function runs nobody knows its result, so `always` adds nothing; keep one of the two";
                errors.span(key, message);
                When::Before
            }
            (true, false) => When::Before,
            (false, true) => When::After,
            (false, false) => {
                if let Some(name) = subject.bare_output() {
                    let message = format!(
                        "whether `{name}` is a `Result` is not known here, so a failure would not be seen; \
                         return `Result<{name}, E>`, or add `always` or `before`"
                    );
                    errors.at(&subject.output, message);
                }
                When::Succeeded
            }
        }
    }

    /// What is taken from the attribute's own cache.
    fn own(self, subject: &Subject, needed: bool, errors: &mut Errors) -> Option<Own> {
        let all = self.all.as_ref().is_some_and(|given| given.value);
        let has_keys = !self.keys.is_empty() || self.key_builder.is_some();
        if let (true, Some(given)) = (has_keys, self.all.as_ref().filter(|_| all)) {
            let message = "`all` takes every key of the namespace away; remove the other keys, or `all`";
            errors.span(given.key.span(), message);
        }
        if !has_keys && !all {
            self.refuse_without_keys(needed, errors);
            return None;
        }
        let keys = self.plans(subject, errors);
        let cache = cache(self.cache, errors)?;
        Some(Own {
            cache,
            namespace: self.namespace.map(|given| given.value),
            all,
            keys,
        })
    }

    /// Complains of what has no use without a key, or of there being none.
    fn refuse_without_keys(&self, needed: bool, errors: &mut Errors) {
        if needed {
            let message = "say what is to be taken away: `key = \"user:{id}\"`, `of = load_user, key(id)`, or `all` for the whole namespace";
            errors.span(Span::call_site(), message);
            return;
        }
        let unused = [&self.cache, &self.namespace]
            .into_iter()
            .flatten()
            .map(|given| &given.key);
        for key in unused.chain(self.skip.iter().map(|given| &given.key)) {
            let message = format!(
                "`{key}` has no use here: the function after `of` knows its own cache and key; remove it"
            );
            errors.span(key.span(), message);
        }
    }

    /// The keys that the templates and the key builder make.
    fn plans(&self, subject: &Subject, errors: &mut Errors) -> Vec<KeyPlan> {
        let ground = Ground {
            args: &subject.args,
            keys: None,
            generics: &subject.function.sig.generics,
            output: &subject.output,
        };
        let templates = self.keys.iter().cloned();
        let mut plans: Vec<KeyPlan> = templates
            .filter_map(|literal| key::template(literal, &ground, errors))
            .collect();
        let mut options = Options {
            skip: self.skip.as_ref().map(Given::copy),
            key_builder: self.key_builder.as_ref().map(Given::copy),
            ..Options::default()
        };
        match (&self.key_builder, &self.skip) {
            (Some(_), _) => plans.extend(key::plan(&mut options, &ground, errors)),
            (None, Some(skip)) => {
                let message = "`skip` says what a key builder is not given, and a template alone says which arguments are in the key; remove it";
                errors.span(skip.key.span(), message);
            }
            (None, None) => {}
        }
        plans
    }
}

/// `of = load_user, key(id)`
fn of(word: &Ident, input: ParseStream<'_>) -> syn::Result<Of> {
    const EXAMPLE: &str = "of = load_user, key(id)";
    equals(word, input, EXAMPLE)?;
    let controls = input.call(Path::parse_mod_style)?;
    let refuse = || {
        let message =
            format!("`of` needs the arguments of the key that the function is called with: `{EXAMPLE}`");
        syn::Error::new_spanned(&controls, message)
    };
    let ahead = input.fork();
    let comma = ahead.parse::<Token![,]>();
    let key = ahead.call(Ident::parse_any);
    if comma.is_err() || key.is_ok_and(|key| key != "key") || !ahead.peek(token::Paren) {
        return Err(refuse());
    }
    input.parse::<Token![,]>()?;
    input.call(Ident::parse_any)?;
    let content;
    parenthesized!(content in input);
    let args = Punctuated::<Expr, Token![,]>::parse_terminated(&content)?;
    Ok(Of {
        controls,
        args: args.into_iter().collect(),
    })
}
