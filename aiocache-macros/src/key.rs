//! Which arguments make the key, and in which form.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::{Expr, Generics, Ident, LitStr, Member, Type, TypeImplTrait, visit::Visit};

use crate::argument::Arg;
use crate::attr::{Given, Options};
use crate::error::Errors;
use crate::hint;
use crate::names::mentions_type;
use crate::template::{Part, Template};

/// How the key of a call is made.
#[derive(Debug)]
pub(crate) enum KeyPlan {
    /// The function's name, its generics and these arguments.
    Generated {
        version: Option<u32>,
        generics: Vec<Generic>,
        args: Vec<usize>,
    },
    /// The user's template.
    Template { pieces: Vec<Piece>, punctuation: String },
    /// The user's function, called with these arguments.
    Built { builder: Box<Expr>, args: Vec<usize> },
}

/// A parameter of a generic function that two calls can differ in.
#[derive(Debug)]
pub(crate) enum Generic {
    Type(Ident),
    Const(Ident),
}

/// A part of a template, its field found among the arguments.
#[derive(Debug)]
pub(crate) enum Piece {
    Text(String),
    Field {
        arg: usize,
        binding: Option<Ident>,
        members: Vec<Member>,
        span: Span,
    },
}

impl KeyPlan {
    /// The arguments that the key is made of.
    pub(crate) fn args(&self) -> Vec<usize> {
        match self {
            Self::Generated { args, .. } | Self::Built { args, .. } => args.clone(),
            Self::Template { pieces, .. } => {
                let fields = pieces.iter().filter_map(|piece| match piece {
                    Piece::Field { arg, .. } => Some(*arg),
                    Piece::Text(_) => None,
                });
                let mut args: Vec<usize> = fields.collect();
                args.sort_unstable();
                args.dedup();
                args
            }
        }
    }

    /// The names that a template uses.
    pub(crate) fn names(&self, args: &[Arg]) -> Vec<String> {
        let Self::Template { pieces, .. } = self else {
            return Vec::new();
        };
        let names = pieces.iter().filter_map(|piece| match piece {
            Piece::Field {
                binding: Some(binding),
                ..
            } => Some(binding.unraw().to_string()),
            Piece::Field { arg, .. } => args[*arg].name.clone(),
            Piece::Text(_) => None,
        });
        names.collect()
    }
}

/// What the plan is made from.
pub(crate) struct Ground<'a> {
    pub(crate) args: &'a [Arg],
    /// The argument of `keys = …`.
    pub(crate) keys: Option<usize>,
    pub(crate) generics: &'a Generics,
    pub(crate) output: &'a Type,
}

/// Makes the plan from `key`, `key_builder`, `skip` and `version`.
pub(crate) fn plan(options: &mut Options, ground: &Ground<'_>, errors: &mut Errors) -> Option<KeyPlan> {
    if let Some(key) = options.key.take() {
        refuse_beside_key(options, &key, errors);
        return template(key.value, ground, errors);
    }
    let skipped = skipped(options.skip.as_ref(), ground, errors);
    let mut args: Vec<usize> = (0..ground.args.len())
        .filter(|position| !skipped.contains(position))
        .collect();
    if let Some(builder) = options.key_builder.take() {
        if let Some(version) = &options.version {
            let message = "`version` numbers the generated key; let the key builder write it into its own";
            errors.span(version.key.span(), message);
        }
        if let Some(keys) = ground.keys {
            args.retain(|position| *position != keys);
            args.insert(0, keys);
        }
        return Some(KeyPlan::Built {
            builder: Box::new(builder.value),
            args,
        });
    }
    let generics = kept_generics(ground, &skipped);
    Some(KeyPlan::Generated {
        version: options.version.as_ref().map(|version| version.value),
        generics,
        args,
    })
}

fn refuse_beside_key(options: &Options, key: &Given<LitStr>, errors: &mut Errors) {
    if let Some(builder) = &options.key_builder {
        let message = "`key` and `key_builder` both say what the key is; keep one of the two";
        errors.span(builder.key.span(), message);
    }
    if let Some(skip) = &options.skip {
        let message = "`skip` has no effect beside `key`: the template alone says which arguments are in the key; remove it";
        errors.span(skip.key.span(), message);
    }
    if let Some(version) = &options.version {
        let (number, text) = (version.value, key.value.value());
        let message = format!(
            "`version` numbers the generated key; write it into the template: `key = \"v{number}:{text}\"`"
        );
        errors.span(version.key.span(), message);
    }
}

/// The plan of `key = "…"`.
pub(crate) fn template(literal: LitStr, ground: &Ground<'_>, errors: &mut Errors) -> Option<KeyPlan> {
    let template = errors.keep(Template::parse(literal))?;
    let span = template.literal.span();
    if let Some(keys) = ground.keys {
        let name = ground.args[keys].name.clone().unwrap_or_default();
        if !template.fields().any(|field| field.name == name) {
            let message = format!(
                "the template has no `{{{name}}}`, so all keys would share one entry; `{{{name}}}` stands for one key of `{name}`"
            );
            errors.span(span, message);
        }
    }
    let mut pieces = Vec::new();
    for part in template.parts {
        let field = match part {
            Part::Text(text) => {
                pieces.push(Piece::Text(text));
                continue;
            }
            Part::Field(field) => field,
        };
        let found = ground.args.iter().enumerate().find_map(|(position, arg)| {
            let own = arg.name.as_ref().is_some_and(|name| *name == field.name);
            (own || arg.binding(&field.name).is_some()).then(|| (position, arg.binding(&field.name).cloned()))
        });
        match found {
            Some((arg, binding)) => pieces.push(Piece::Field {
                arg,
                binding,
                members: field.members,
                span,
            }),
            None => errors.span(span, unknown_field(&field.name, ground.args)),
        }
    }
    Some(KeyPlan::Template {
        pieces,
        punctuation: template.punctuation,
    })
}

fn unknown_field(name: &str, args: &[Arg]) -> String {
    if name == "self" {
        return "the template has `{self…}`, but this function has no `self`".to_owned();
    }
    let names: Vec<String> = args.iter().flat_map(Arg::names).collect();
    let near = hint::did_you_mean(name, &names);
    if names.is_empty() {
        return format!("the template has `{{{name}}}`, but this function has no arguments with a name");
    }
    let names = hint::list(&names);
    format!(
        "the template has `{{{name}}}`, which is no argument of this function{near} ({names} can be used)"
    )
}

/// The positions of `skip(…)`.
fn skipped(skip: Option<&Given<Vec<Ident>>>, ground: &Ground<'_>, errors: &mut Errors) -> Vec<usize> {
    let mut positions = Vec::new();
    for name in skip.iter().flat_map(|skip| &skip.value) {
        let word = name.unraw().to_string();
        match ground.args.iter().position(|arg| arg.is_called(&word)) {
            Some(position) if Some(position) == ground.keys => {
                errors.span(
                    name.span(),
                    format!("`{name}` holds the keys, so it cannot be skipped"),
                );
            }
            Some(position) if positions.contains(&position) => {
                errors.span(name.span(), format!("`{name}` is skipped twice; once is enough"));
            }
            Some(position) => positions.push(position),
            None => errors.span(name.span(), unknown_skip(&word, ground.args)),
        }
    }
    positions
}

fn unknown_skip(name: &str, args: &[Arg]) -> String {
    if args.iter().any(|arg| arg.binding(name).is_some()) {
        return format!(
            "`{name}` is bound together with others in a pattern, and an argument is skipped as a whole; \
             give the argument a name and take it apart in the body"
        );
    }
    if name == "self" {
        return "there is no `self` to skip: this function has no receiver".to_owned();
    }
    let names: Vec<String> = args
        .iter()
        .filter(|arg| !arg.names().is_empty())
        .flat_map(Arg::names)
        .collect();
    let (near, names) = (hint::did_you_mean(name, &names), hint::list(&names));
    format!("`{name}` is not an argument of this function{near} (it has: {names})")
}

/// The type and const parameters that two calls can differ in: all but those only skipped arguments have.
fn kept_generics(ground: &Ground<'_>, skipped: &[usize]) -> Vec<Generic> {
    let in_types = |name: &str, positions: &dyn Fn(usize) -> bool| {
        let mut args = ground
            .args
            .iter()
            .enumerate()
            .filter(|(position, _)| positions(*position));
        args.any(|(_, arg)| arg.ty().is_some_and(|ty| mentions_type(ty, name)))
    };
    let keys_type = ground.keys.and_then(|keys| ground.args[keys].ty());
    let kept = |name: &str| {
        // A list and a set of the same keys ask for the same entries.
        let is_collection =
            keys_type.is_some_and(|ty| quote::ToTokens::to_token_stream(ty).to_string() == name);
        let only_skipped = in_types(name, &|position| skipped.contains(&position))
            && !in_types(name, &|position| !skipped.contains(&position))
            && !mentions_type(ground.output, name);
        !is_collection && !only_skipped
    };
    let types = ground
        .generics
        .type_params()
        .map(|param| Generic::Type(param.ident.clone()));
    let consts = ground
        .generics
        .const_params()
        .map(|param| Generic::Const(param.ident.clone()));
    let name = |generic: &Generic| match generic {
        Generic::Type(ident) | Generic::Const(ident) => ident.to_string(),
    };
    types
        .chain(consts)
        .filter(|generic| kept(&name(generic)))
        .collect()
}

/// Whether a type has an `impl Trait` in it, whose own name no code can write.
pub(crate) fn is_opaque(ty: &Type) -> bool {
    struct Found(bool);
    impl<'ast> Visit<'ast> for Found {
        fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut found = Found(false);
    found.visit_type(ty);
    found.0
}
