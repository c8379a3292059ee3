//! Clears, as commands of every key that begins with a prefix.

use std::sync::Arc;

use super::{Ended, Queue};
use crate::backend::Raw;

impl<R: Raw> Queue<R> {
    /// The keys under `prefix` whose replay is on its way.
    pub(in crate::recovery) fn replaying(&self, prefix: &str) -> Vec<Arc<str>> {
        let under_way = self
            .slots
            .iter()
            .filter(|(key, slot)| slot.replaying.is_some() && key.starts_with(prefix));
        under_way.map(|(key, _)| Arc::clone(key)).collect()
    }

    /// Begins to clear a prefix, and gives the number of that. None of its keys is replayed meanwhile.
    pub(in crate::recovery) fn begin_clear(&mut self, prefix: &str) -> u64 {
        self.last += 1;
        self.clears.push((self.last, prefix.into()));
        self.last
    }

    /// Ends a clear.
    pub(in crate::recovery) fn end_clear(&mut self, number: u64, ended: &Ended<R>) {
        let Some(place) = self.clears.iter().position(|(clear, _)| *clear == number) else {
            return;
        };
        let (_, prefix) = self.clears.swap_remove(place);
        let under: Vec<Arc<str>> = self
            .slots
            .keys()
            .filter(|key| key.starts_with(&*prefix))
            .cloned()
            .collect();
        for key in under {
            let Some(slot) = self.slots.get_mut(&key) else {
                continue;
            };
            let older = slot.queued.as_ref().is_some_and(|queued| queued.number < number);
            match ended {
                Ended::Applied => {
                    slot.applied = slot.applied.max(number);
                    if older {
                        self.forget(&key);
                    }
                    self.tidy(&key);
                }
                // What was to go must not come back.
                Ended::Unclear(_) if older => self.give_value_up(&key),
                Ended::Unclear(_) | Ended::Adjusted | Ended::Refused => {}
            }
        }
    }
}
