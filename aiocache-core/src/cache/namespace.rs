//! What stands in front of keys.

use std::sync::Arc;

use crate::key::escape_namespace;

/// A namespace as given, and as it is stored.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: Box<str>,
    prefix: Box<str>,
}

impl Namespace {
    /// One whose `:` and `%` are escaped, so that `a:` + `b` and `a` + `:b` stay apart; none for an empty name.
    pub(crate) fn escaped(name: &str) -> Option<Arc<Self>> {
        Self::stored_as(name, &escape_namespace(name))
    }

    /// One that is stored as it is.
    pub(crate) fn verbatim(name: &str) -> Option<Arc<Self>> {
        Self::stored_as(name, name)
    }

    fn stored_as(name: &str, stored: &str) -> Option<Arc<Self>> {
        let namespace = || {
            Arc::new(Self {
                name: name.into(),
                prefix: format!("{stored}:").into(),
            })
        };
        (!name.is_empty()).then(namespace)
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// With the separator.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }
}
