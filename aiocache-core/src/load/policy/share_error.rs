//! Giving one caller's error to others, where its type is known only to the policy.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use crate::load::Share;

type AnyError = Box<dyn Any + Send + Sync>;

/// A function that clones an error of the type it knows.
#[derive(Clone, Copy)]
pub(crate) struct ShareError(pub(in crate::load) fn(&dyn Any) -> Option<AnyError>);

impl ShareError {
    /// A clone of the error, if it has that type.
    fn copy(self, error: &dyn Any) -> Option<AnyError> {
        (self.0)(error)
    }
}

impl fmt::Debug for ShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ShareError")
    }
}

/// Shares an error as the policy says, which is known only when it runs.
#[derive(Debug, Clone, Copy)]
pub struct AsPolicySays(pub(crate) Option<ShareError>);

impl<X: 'static> Share<X> for AsPolicySays {
    fn share(&self, error: &X) -> Option<Arc<dyn Any + Send + Sync>> {
        self.0?.copy(error).map(Arc::from)
    }

    fn take(&self, shared: &Arc<dyn Any + Send + Sync>) -> Option<X> {
        let copy = self.0?.copy(&**shared)?;
        copy.downcast().ok().map(|error| *error)
    }
}
