//! The parameters of a control: the arguments in the key and those that the cache is found by, by reference.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Generics, WhereClause};

use super::super::signature;
use crate::generics::only;
use crate::key::{Generic, KeyPlan};
use crate::model::CachedFn;
use crate::names::mentions_type;

/// The parameter list and generics of a control.
pub(super) struct Head {
    pub(super) params: Vec<TokenStream>,
    pub(super) generics: Generics,
    pub(super) clause: Option<WhereClause>,
}

impl Head {
    /// A control that also names `types`. One of many keys says itself whether it takes one or all of them.
    pub(super) fn reading(model: &CachedFn, types: impl ToTokens) -> Self {
        Self::over(model, Vec::new(), types.into_token_stream())
    }

    /// A control that also needs what the times to live are made from.
    pub(super) fn storing(model: &CachedFn, types: impl ToTokens) -> Self {
        let ttl = model.lifetimes().flat_map(|expr| model.mentioned(expr)).collect();
        Self::over(model, ttl, types.into_token_stream())
    }

    /// The arguments of the key alone.
    pub(super) fn of_the_key(model: &CachedFn) -> Self {
        Self::exactly(model, &model.key.args(), TokenStream::new())
    }

    fn over(model: &CachedFn, mut positions: Vec<usize>, mut types: TokenStream) -> Self {
        positions.extend(model.key.args());
        positions.extend(model.mentioned(&model.cache));
        positions.extend(
            model
                .namespace
                .iter()
                .flat_map(|namespace| model.mentioned(namespace)),
        );
        positions.extend(model.policy.named.iter().flat_map(|named| model.mentioned(named)));
        positions.sort_unstable();
        positions.dedup();
        positions.retain(|position| model.keys.as_ref().is_none_or(|keys| keys.arg != *position));
        types.extend([model.cache.to_token_stream(), model.namespace.to_token_stream()]);
        Self::exactly(model, &positions, types)
    }

    fn exactly(model: &CachedFn, positions: &[usize], mut types: TokenStream) -> Self {
        let args = || positions.iter().map(|position| &model.args[*position]);
        types.extend(args().filter_map(|arg| arg.ty()).map(ToTokens::to_token_stream));
        let kept = |name: &str| in_key(&model.key, name) || mentions_type(&types, name);
        let generics = only(&model.function.sig.generics, kept);
        let clause = generics.where_clause.clone();
        Self {
            params: args().map(signature::by_reference).collect(),
            generics,
            clause,
        }
    }
}

/// Whether the key tells instances of the function apart by this parameter.
fn in_key(key: &KeyPlan, name: &str) -> bool {
    let KeyPlan::Generated { generics, .. } = key else {
        return false;
    };
    generics.iter().any(|generic| match generic {
        Generic::Type(ident) | Generic::Const(ident) => ident == name,
    })
}
