//! The code that builds a key.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Ident;
use syn::spanned::Spanned as _;

use super::controls;
use super::parts::{self, Sight};
use super::patterns;
use crate::argument::{Arg, Passing};
use crate::function::Function;
use crate::key::{Generic, KeyPlan, Piece, is_opaque};
use crate::model::CachedFn;
use crate::subject::Subject;

/// The name of the key under construction.
pub(super) fn name() -> Ident {
    Ident::new("__key", Span::mixed_site())
}

/// The name of one key inside a bulk call.
pub(super) fn id() -> Ident {
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

/// A key that has its namespace and nothing else.
pub(super) fn start(model: &CachedFn, sight: Sight) -> TokenStream {
    let at = parts::at_cache(model);
    match parts::namespace(model, sight) {
        Some(namespace) => quote_spanned!(at=> __cache.__key_in(#namespace)),
        None => quote_spanned!(at=> __cache.__key()),
    }
}

/// `let mut __key = …;` and everything that is written to it.
pub(super) fn build(model: &CachedFn, sight: Sight) -> TokenStream {
    let key = name();
    let start = match parts::namespace(model, sight) {
        Some(_) => {
            let start = start(model, sight);
            quote_spanned!(Span::mixed_site()=> let mut #key = #start;)
        }
        // In two steps, so that it is built where it stays.
        None => {
            quote_spanned!(parts::at_cache(model)=> let mut #key = __cache.__empty_key(); __cache.__begin(&mut #key);)
        }
    };
    let written = match &model.controls {
        Some(controls) => controls::write_key(model, controls, sight),
        None => text(model, sight, None),
    };
    quote_spanned!(Span::mixed_site()=> #start #written)
}

/// The statements that write to a key which has its namespace; `id` stands for the argument of `keys = …`.
pub(super) fn text(model: &CachedFn, sight: Sight, id: Option<&Ident>) -> TokenStream {
    let keys = id.and(model.keys.as_ref()).map(|keys| keys.arg);
    let reference = |position: usize| match id.filter(|_| keys == Some(position)) {
        Some(id) => quote!(#id),
        None => reference(&model.args[position], sight),
    };
    let KeyPlan::Generated {
        version,
        generics,
        args,
    } = &model.key
    else {
        return chosen(model, &model.key, sight, keys, &reference);
    };
    let key = name();
    let site = Span::mixed_site();
    let function = generated_name(model, sight, generics, args);
    let version = version.map(|version| quote_spanned!(site=> #key.__version(#version);));
    let args = args.iter().map(|position| {
        let at = site.located_at(model.args[*position].span());
        let place = reference(*position);
        quote_spanned!(at=> { let __v = #key.__of(#place); #key.__arg(&*__v.__view()); })
    });
    quote_spanned!(site=> #function #version #key.__open(); #(#args)* #key.__end();)
}

/// The same for a key that the user's template or key builder makes.
pub(super) fn chosen(
    subject: &Subject,
    plan: &KeyPlan,
    sight: Sight,
    keys: Option<usize>,
    reference: &impl Fn(usize) -> TokenStream,
) -> TokenStream {
    let key = name();
    match plan {
        KeyPlan::Template { pieces, punctuation } => {
            let bindings = template_bindings(subject, pieces, sight);
            let whole = |position: usize| {
                if keys == Some(position) {
                    let id = reference(position);
                    quote!((#id))
                } else {
                    subject.args[position].local.to_token_stream()
                }
            };
            let pieces = pieces
                .iter()
                .map(|piece| piece_text(piece, punctuation, reference, &whole));
            quote_spanned!(Span::mixed_site()=> #bindings #(#pieces)*)
        }
        KeyPlan::Built { builder, args } => {
            let at = Span::mixed_site().located_at(builder.span());
            let args = args.iter().map(|position| reference(*position));
            quote_spanned!(at=> #key.__built((#builder)(#(#args),*));)
        }
        KeyPlan::Generated { .. } => TokenStream::new(),
    }
}

/// The function's name and what it is generic over.
fn generated_name(model: &CachedFn, sight: Sight, generics: &[Generic], args: &[usize]) -> TokenStream {
    let key = name();
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
    let name = if model.has_self() {
        quote_spanned!(site=> #key.__name::<#marker>();)
    } else {
        let ident = model
            .controls
            .as_ref()
            .unwrap_or(&model.function.sig.ident)
            .to_string();
        let fingerprint = fingerprint(&model.function);
        quote_spanned!(site=> #key.__name_of::<#marker>(::core::module_path!(), #ident, #fingerprint);)
    };
    quote_spanned!(site=> #name #surroundings #(#generics)* #(#opaque)*)
}

/// Tells functions apart that have one name in different blocks: FNV-1a over all their tokens.
fn fingerprint(function: &Function) -> u32 {
    let text = format!("{} {}", function.sig.to_token_stream(), function.body);
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, step)
}

fn piece_text(
    piece: &Piece,
    punctuation: &str,
    reference: &impl Fn(usize) -> TokenStream,
    whole: &impl Fn(usize) -> TokenStream,
) -> TokenStream {
    let key = name();
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
                    let whole = whole(*arg);
                    quote_spanned!(at=> &#whole #(.#members)*)
                }
            };
            quote_spanned!(at=> { let __v = #key.__of(#place); #key.__field(&*__v.__view(), #punctuation); })
        }
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

fn template_bindings(subject: &Subject, pieces: &[Piece], sight: Sight) -> TokenStream {
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
        .map(|position| patterns::taken_apart(&subject.args[position], sight))
        .collect()
}
