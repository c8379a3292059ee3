//! Which sources are left alone, because a load of theirs has failed.

use std::sync::OnceLock;
use std::time::Duration;

use crate::backend::Marks;

/// Keys whose load has failed, for as long as it is not to be tried again. Nothing is allocated before the first one.
#[derive(Debug, Default)]
pub(in crate::load) struct Failures(OnceLock<Marks>);

impl Failures {
    /// Leaves the source of this key alone for some time.
    pub(in crate::load) fn note(&self, key: &str, time: Duration) {
        if !time.is_zero() {
            self.0.get_or_init(Marks::new).mark(key, time);
        }
    }

    /// Whether the source of this key is to be left alone.
    pub(in crate::load) fn rests(&self, key: &str) -> bool {
        self.0.get().is_some_and(|marks| marks.is_marked(key))
    }

    /// Notes that this key has a new value, or none: what a failed load left behind is over.
    pub(in crate::load) fn forget(&self, key: &str) {
        if let Some(marks) = self.0.get() {
            marks.unmark(key);
        }
    }

    /// The same for every key that begins with `prefix`.
    pub(in crate::load) fn forget_all(&self, prefix: &str) {
        if let Some(marks) = self.0.get() {
            marks.unmark_all(prefix);
        }
    }
}
