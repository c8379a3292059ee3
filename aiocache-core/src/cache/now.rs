//! A read that waits for nothing, before the way of every command: most are hits in process.

use super::Cache;
use crate::backend::{Backend, Entry};
use crate::events::EventKind;
use crate::key::KeyBuf;
use crate::serializer::Load;
use crate::turns;

impl<B: Backend, S> Cache<B, S> {
    /// What is under `key`, if a read is nothing but the store's own work, which went well; `None` where it takes more.
    #[inline]
    pub(super) fn get_now<T>(&self, key: &str) -> Option<Option<T>>
    where
        S: Load<T, B::Raw>,
    {
        if !self.is_plain() || turns::is_due() {
            return None;
        }
        let mut stored = KeyBuf::new();
        stored.begin(self.prefix());
        stored.__text(key);
        let mut found = None;
        let load = |entry: Entry<'_, B::Raw>| {
            found = self.serializer.__value(entry.raw);
        };
        match self.core.backend.read_now(stored.as_str(), load)? {
            Ok(Some(())) if found.is_some() => {
                self.core.counts.hit();
                Some(found)
            }
            Ok(None) => {
                self.core.counts.note(EventKind::Miss, 1);
                Some(None)
            }
            // What went wrong is said by the usual way.
            Ok(Some(())) | Err(_) => None,
        }
    }
}
