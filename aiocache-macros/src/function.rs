//! The function under the attribute: its signature parsed, its body left as tokens.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream};
use syn::{
    Attribute, GenericArgument, Ident, PathArguments, ReturnType, Signature, Token, Type, TypeParamBound,
    Visibility, braced, token,
};

/// A function, method or associated function with a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The user's braces: with others the compiler would not say that the function is never used.
    pub(crate) brace: token::Brace,
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = signature(input)?;
        if input.peek(Token![;]) {
            let message =
                "a declaration has no body to cache; put the attribute on the function in the `impl`";
            return Err(syn::Error::new_spanned(&sig, message));
        }
        let content;
        let brace = braced!(content in input);
        for mut inner in content.call(Attribute::parse_inner)? {
            inner.style = syn::AttrStyle::Outer;
            attrs.push(inner);
        }
        Ok(Self {
            attrs,
            vis,
            sig,
            brace,
            body: content.parse()?,
        })
    }
}

/// The signature, or an error that says what the attribute is for.
fn signature(input: ParseStream<'_>) -> syn::Result<Signature> {
    let ahead = input.fork();
    let what = [
        ("struct", "a struct"),
        ("enum", "an enum"),
        ("impl", "an `impl` block"),
        ("trait", "a trait"),
    ];
    let others = [
        ("mod", "a module"),
        ("static", "a static"),
        ("type", "a type alias"),
        ("let", "a variable"),
    ];
    if let Ok(word) = ahead.call(<Ident as syn::ext::IdentExt>::parse_any) {
        let found = what.iter().chain(&others).find(|(keyword, _)| word == keyword);
        if let Some((_, found)) = found {
            let message = format!("this attribute stands on an `async fn`, but this is {found}");
            return Err(syn::Error::new(word.span(), message));
        }
    }
    let ahead = input.fork();
    let sig = ahead.parse()?;
    input.advance_to(&ahead);
    Ok(sig)
}

/// What `#[async_trait]` makes of a method: `Box::pin(async move { … })`.
#[derive(Debug)]
pub(crate) struct Boxed {
    /// The tokens up to the parentheses.
    pub(crate) head: TokenStream,
    /// The parentheses around the async block.
    pub(crate) call: Group,
    /// `async move`
    pub(crate) block: TokenStream,
    /// The statements of the async block.
    pub(crate) body: TokenStream,
    /// `R` of `Pin<Box<dyn Future<Output = R>>>`.
    pub(crate) output: Type,
}

impl Boxed {
    /// Recognises a method that `#[async_trait]` has rewritten.
    pub(crate) fn recognise(function: &Function) -> Option<Self> {
        if function.sig.asyncness.is_some() {
            return None;
        }
        let ReturnType::Type(_, returned) = &function.sig.output else {
            return None;
        };
        let output = future_output(last_argument(last_argument(returned, "Pin")?, "Box")?)?;
        let mut tokens: Vec<TokenTree> = function.body.clone().into_iter().collect();
        let call = parenthesized(tokens.pop()?)?;
        let head = TokenStream::from_iter(tokens);
        let spelled = head.to_string().replace(' ', "");
        if !spelled.ends_with("Box::pin") || spelled.contains([';', '{', '(']) {
            return None;
        }
        let mut inside: Vec<TokenTree> = call.stream().into_iter().collect();
        let body = match inside.pop()? {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => group.stream(),
            _ => return None,
        };
        let block = TokenStream::from_iter(inside);
        (block.to_string() == "async move").then_some(Self {
            head,
            call,
            block,
            body,
            output,
        })
    }
}

fn parenthesized(token: TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
        _ => None,
    }
}

/// `T` of a path type whose last segment is `name<T>`.
fn last_argument<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path
        .path
        .segments
        .last()
        .filter(|segment| segment.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(argument) => Some(argument),
        _ => None,
    }
}

/// `R` of `dyn Future<Output = R> + …`.
fn future_output(ty: &Type) -> Option<Type> {
    let Type::TraitObject(object) = ty else {
        return None;
    };
    object.bounds.iter().find_map(|bound| {
        let TypeParamBound::Trait(bound) = bound else {
            return None;
        };
        let future = bound
            .path
            .segments
            .last()
            .filter(|segment| segment.ident == "Future")?;
        let PathArguments::AngleBracketed(arguments) = &future.arguments else {
            return None;
        };
        arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(assoc) if assoc.ident == "Output" => Some(assoc.ty.clone()),
            _ => None,
        })
    })
}
