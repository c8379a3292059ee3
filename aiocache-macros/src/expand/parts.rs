//! What every generated function is put together from: the cache, the key, the policy.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::visit_mut::{self, VisitMut};
use syn::{Expr, Ident, Pat, PatIdent};

use super::controls;
use crate::argument::{Arg, Passing};
use crate::generics::inferred_lifetimes;
use crate::key::{Generic, KeyPlan, Piece, is_opaque};
use crate::model::CachedFn;
use crate::ttl::Life;

/// From where the arguments are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sight {
    /// In the function: as the user passes them.
    Function,
    /// In a control: by reference.
    Control,
}

/// The name of the key under construction.
pub(super) fn key_name() -> Ident {
    Ident::new("__key", Span::mixed_site())
}

/// The name of one key inside a bulk call.
pub(super) fn id_name() -> Ident {
    Ident::new("__id", Span::mixed_site())
}

/// The type whose name tells this function from all others, where it has no controls.
pub(super) fn marker(model: &CachedFn) -> TokenStream {
    let generated = matches!(model.key, KeyPlan::Generated { .. });
    if generated && model.controls.is_none() {
        quote_spanned!(Span::mixed_site()=> enum __Here {})
    } else {
        TokenStream::new()
    }
}

/// `let __cache = …;`
pub(super) fn cache(model: &CachedFn, sight: Sight) -> TokenStream {
    let cache = &model.cache;
    let at = at_cache(model);
    let bindings = bindings(model, cache, sight);
    let moved = |position: &usize| {
        let arg = &model.args[*position];
        arg.passing != Passing::Shared || arg.pattern().is_some()
    };
    // A body that takes the argument away must not find it lent to the cache.
    let lent = sight == Sight::Function && model.mentioned(cache).iter().any(moved);
    let held = if lent || !bindings.is_empty() {
        quote_spanned!(at=> &{ #bindings (#cache).__handle() })
    } else {
        quote_spanned!(at=> &(#cache))
    };
    // Where it is no cache, this is the one place that says so.
    quote_spanned!(at=> let __cache = #held; let __cache = __cache.__cache();)
}

/// The span that complaints about the cache's type point at.
pub(super) fn at_cache(model: &CachedFn) -> Span {
    Span::mixed_site().located_at(model.cache.span())
}

/// `__cache.__call(…)` or `__cache.__bulk(…)`, told how results and errors of this type are handled,
/// and, where it loads, which values are not stored.
pub(super) fn call(model: &CachedFn, output: &syn::Type, sight: Sight, loads: bool) -> TokenStream {
    let none = model.cache_none;
    let at = at_cache(model);
    let share = Ident::new(if model.alone { "__alone" } else { "__share" }, at);
    let (call, kind) = if model.keys.is_some() {
        ("__bulk", "__bulk_kind")
    } else {
        ("__call", "__kind")
    };
    let (call, kind) = (Ident::new(call, at), Ident::new(kind, at));
    let output = inferred_lifetimes(output);
    let namespace = model.keys.as_ref().and_then(|_| namespace(model, sight));
    let namespace = namespace.map(|text| quote_spanned!(at=> .__namespace(#text)));
    let condition = model.skip_if.as_ref().filter(|_| loads);
    let skip_if = condition.map(|condition| {
        let at = Span::mixed_site().located_at(condition.span());
        quote_spanned!(at=> .__skip_if(#condition))
    });
    quote_spanned!(at=> __cache.#call(__cache.#kind::<#output, #none>().__kind().#share()) #namespace #skip_if)
}

/// What the options say about storing and waiting.
pub(super) fn policy(model: &CachedFn, sight: Sight) -> TokenStream {
    let ttl = model.ttl.as_ref().map(|ttl| match ttl {
        Life::Nanos(nanos) => quote_spanned!(Span::mixed_site()=> .__ttl_nanos(#nanos)),
        Life::Never => quote_spanned!(Span::mixed_site()=> .__ttl_never()),
        Life::Expr(expr) => {
            let bindings = bindings(model, expr, sight);
            let owned = owned(model, expr, sight);
            let at = Span::mixed_site().located_at(expr.span());
            if bindings.is_empty() && owned.is_empty() {
                quote_spanned!(at=> .__ttl(#expr))
            } else {
                quote_spanned!(at=> .__ttl({ #bindings #owned #expr }))
            }
        }
    });
    let max_wait = model
        .max_wait
        .map(|nanos| quote_spanned!(Span::mixed_site()=> .__max_wait_nanos(#nanos)));
    quote_spanned!(Span::mixed_site()=> __cache.__policy() #ttl #max_wait)
}

/// In a control, the arguments that an expression expects by value.
fn owned(model: &CachedFn, expr: &Expr, sight: Sight) -> TokenStream {
    if sight == Sight::Function {
        return TokenStream::new();
    }
    let args = model
        .mentioned(expr)
        .into_iter()
        .map(|position| &model.args[position]);
    args.filter(|arg| arg.passing == Passing::Value && arg.pattern().is_none())
        .map(|arg| {
            let local = &arg.local;
            quote_spanned!(Span::mixed_site()=> let #local = ::core::clone::Clone::clone(#local);)
        })
        .collect()
}

/// The namespace option as text.
pub(super) fn namespace(model: &CachedFn, sight: Sight) -> Option<TokenStream> {
    model.namespace.as_ref().map(|namespace| {
        let bindings = bindings(model, namespace, sight);
        let at = Span::mixed_site().located_at(namespace.span());
        let text = quote_spanned!(at=> ::core::convert::AsRef::<str>::as_ref(&(#namespace)));
        if bindings.is_empty() {
            text
        } else {
            quote_spanned!(at=> &*{ #bindings ::std::string::String::from(#text) })
        }
    })
}

/// A key that has its namespace and nothing else.
pub(super) fn key_start(model: &CachedFn, sight: Sight) -> TokenStream {
    let at = at_cache(model);
    match namespace(model, sight) {
        Some(namespace) => quote_spanned!(at=> __cache.__key_in(#namespace)),
        None => quote_spanned!(at=> __cache.__key()),
    }
}

/// `let mut __key = …;` and everything that is written to it.
pub(super) fn key(model: &CachedFn, sight: Sight) -> TokenStream {
    let (key, start) = (key_name(), key_start(model, sight));
    let written = match &model.controls {
        Some(controls) => controls::write_key(model, controls, sight),
        None => key_text(model, sight, None),
    };
    quote_spanned!(Span::mixed_site()=> let mut #key = #start; #written)
}

/// The statements that write to a key which has its namespace; `id` stands for the argument of `keys = …`.
pub(super) fn key_text(model: &CachedFn, sight: Sight, id: Option<&Ident>) -> TokenStream {
    let key = key_name();
    let site = Span::mixed_site();
    let reference = |position: usize| match (id, &model.keys) {
        (Some(id), Some(keys)) if keys.arg == position => quote!(#id),
        _ => reference(&model.args[position], sight),
    };
    match &model.key {
        KeyPlan::Template { pieces, punctuation } => {
            let bindings = template_bindings(model, pieces, sight);
            let pieces = pieces
                .iter()
                .map(|piece| piece_text(model, piece, punctuation, &reference));
            quote_spanned!(site=> #bindings #(#pieces)*)
        }
        KeyPlan::Built { builder, args } => {
            let at = site.located_at(builder.span());
            let args = args.iter().map(|position| reference(*position));
            quote_spanned!(at=> #key.__built((#builder)(#(#args),*));)
        }
        KeyPlan::Generated {
            version,
            generics,
            args,
        } => {
            let name = generated_name(model, sight, generics, args);
            let version = version.map(|version| quote_spanned!(site=> #key.__version(#version);));
            let args = args.iter().map(|position| {
                let at = site.located_at(model.args[*position].span());
                let place = reference(*position);
                quote_spanned!(at=> { let __v = #key.__of(#place); #key.__arg(&__v.__view()); })
            });
            quote_spanned!(site=> #name #version #key.__open(); #(#args)* #key.__end();)
        }
    }
}

/// The function's name and what it is generic over.
fn generated_name(model: &CachedFn, sight: Sight, generics: &[Generic], args: &[usize]) -> TokenStream {
    let key = key_name();
    let site = Span::mixed_site();
    let marker = match &model.controls {
        Some(controls) => quote!(#controls),
        None => quote_spanned!(site=> __Here),
    };
    // Without a receiver `Self` may not exist, and if it does, the name of a closure is the one thing that tells it.
    let surroundings = if model.has_self() {
        Some(quote_spanned!(site=> #key.__generic::<Self>();))
    } else if model.controls.is_none() {
        Some(quote_spanned!(site=> #key.__const(::core::any::type_name_of_val(&|| ()));))
    } else {
        None
    };
    let generics = generics.iter().map(|generic| match generic {
        Generic::Type(ident) => quote_spanned!(site=> #key.__generic::<#ident>();),
        Generic::Const(ident) => quote_spanned!(site=> #key.__const(#ident);),
    });
    let keys = model.keys.as_ref().map(|keys| keys.arg);
    let opaque = args
        .iter()
        .filter(|position| Some(**position) != keys)
        .map(|position| &model.args[*position]);
    let opaque = opaque.filter(|arg| arg.ty().is_some_and(is_opaque)).map(|arg| {
        let place = reference(arg, sight);
        quote_spanned!(site=> #key.__const(::core::any::type_name_of_val(#place));)
    });
    quote_spanned!(site=> #key.__name::<#marker>(); #surroundings #(#generics)* #(#opaque)*)
}

fn piece_text(
    model: &CachedFn,
    piece: &Piece,
    punctuation: &str,
    reference: &impl Fn(usize) -> TokenStream,
) -> TokenStream {
    let key = key_name();
    match piece {
        Piece::Text(text) => quote_spanned!(Span::mixed_site()=> #key.__text(#text);),
        Piece::Field {
            arg,
            binding,
            members,
            span,
        } => {
            let at = Span::mixed_site().located_at(*span);
            let place = match binding {
                Some(binding) => quote_spanned!(at=> &#binding #(.#members)*),
                None if members.is_empty() => reference(*arg),
                None => {
                    let whole = whole(model, *arg, reference);
                    quote_spanned!(at=> &#whole #(.#members)*)
                }
            };
            quote_spanned!(at=> { let __v = #key.__of(#place); #key.__field(&__v.__view(), #punctuation); })
        }
    }
}

/// The argument as the beginning of a path of fields.
fn whole(model: &CachedFn, position: usize, reference: &impl Fn(usize) -> TokenStream) -> TokenStream {
    let is_keys = model.keys.as_ref().is_some_and(|keys| keys.arg == position);
    if is_keys {
        let id = reference(position);
        quote!((#id))
    } else {
        model.args[position].local.to_token_stream()
    }
}

/// A reference to the value of an argument.
pub(super) fn reference(arg: &Arg, sight: Sight) -> TokenStream {
    let local = &arg.local;
    let at = Span::mixed_site().located_at(arg.span());
    match (sight, arg.passing) {
        (Sight::Function, Passing::Value) if !is_pointer_receiver(arg) => quote_spanned!(at=> &#local),
        _ => quote_spanned!(at=> &*#local),
    }
}

/// `self: Arc<Self>` and its like: the key is made of what they point at.
fn is_pointer_receiver(arg: &Arg) -> bool {
    matches!(&arg.written, syn::FnArg::Receiver(receiver) if matches!(receiver.kind, syn::ReceiverKind::Typed(..)))
}

/// Statements that take patterns apart, by reference, as far as `code` mentions what they bind.
fn bindings(model: &CachedFn, code: &impl ToTokens, sight: Sight) -> TokenStream {
    let positions = model.mentioned(code).into_iter();
    positions
        .map(|position| taken_apart(&model.args[position], sight))
        .collect()
}

fn template_bindings(model: &CachedFn, pieces: &[Piece], sight: Sight) -> TokenStream {
    let mut positions: Vec<usize> = pieces
        .iter()
        .filter_map(|piece| match piece {
            Piece::Field {
                arg,
                binding: Some(_),
                ..
            } => Some(*arg),
            _ => None,
        })
        .collect();
    positions.sort_unstable();
    positions.dedup();
    positions
        .into_iter()
        .map(|position| taken_apart(&model.args[position], sight))
        .collect()
}

fn taken_apart(arg: &Arg, sight: Sight) -> TokenStream {
    let Some(pattern) = arg.pattern() else {
        return TokenStream::new();
    };
    let mut pattern = pattern.clone();
    Borrowing.visit_pat_mut(&mut pattern);
    let local = &arg.local;
    let place = match (sight, arg.passing) {
        (Sight::Function, Passing::Value) => quote!(&#local),
        _ => quote!(#local),
    };
    quote_spanned!(Span::mixed_site()=>
        #[allow(unused_variables, reason = "the body uses the rest")]
        let #pattern = #place;
    )
}

/// Removes what a pattern cannot have where it only borrows.
struct Borrowing;

impl VisitMut for Borrowing {
    fn visit_pat_ident_mut(&mut self, pat: &mut PatIdent) {
        pat.mutability = None;
        pat.by_ref = None;
        visit_mut::visit_pat_ident_mut(self, pat);
    }
}

/// The start of an async block that has the user's body: pins its result to the signature's type, and binds patterns.
pub(super) fn body_start(model: &CachedFn) -> TokenStream {
    let output = inferred_lifetimes(&model.output);
    let at = Span::mixed_site().located_at(model.output.span());
    quote_spanned!(at=>
        #[allow(unreachable_code, clippy::all, clippy::pedantic, clippy::nursery, reason = "never runs: it names the type")]
        if false {
            let __returned: #output = loop {};
            return __returned;
        }
    )
}

/// `let PATTERN = argument;` for each argument that has one.
pub(super) fn patterns<'a>(args: impl Iterator<Item = &'a Arg>) -> TokenStream {
    let pattern = |arg: &'a Arg| Some((arg.pattern()?, &arg.local));
    args.filter_map(pattern)
        .map(|(pattern, local): (&Pat, _)| quote_spanned!(Span::mixed_site()=> let #pattern = #local;))
        .collect()
}
