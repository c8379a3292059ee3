//! A hit that waits for nothing, before the engine that can.
//!
//! Most calls of a cached function in process are hits. Nested futures cost such a call more than its lookup: each
//! moves what it was given into its own state. So this one is a plain function, and everything else comes after it.

use super::call::Call;
use super::{NoneRule, Outcome, Policy};
use crate::backend::{Backend, Entry};
use crate::events::EventKind;
use crate::key::KeyBuf;
use crate::scope::{self, Source};
use crate::serializer::Load;
use crate::turns;

/// What a quick look says that gave no value.
///
/// As wide as a word: beside it, a value that was found is written and read in whole words, where a byte would put its
/// parts at odd addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u64)]
pub enum Looked {
    /// There is nothing.
    Missed,
    /// It could not tell: whoever waits has to ask.
    Nowhere,
}

#[doc(hidden)]
impl<B, S, K, X, H> Call<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<K::Value, B::Raw>,
    K: Outcome,
    K::None: NoneRule<S, B::Raw>,
{
    /// Gives what is cached if that takes no waiting, and nobody wants to know or to have a say.
    #[inline]
    pub fn __hit(&self, key: &KeyBuf) -> Result<K::Return, Looked> {
        let cache = self.cache();
        let scoped = scope::may_matter();
        if !cache.is_plain() || key.is_failed() || (scoped && !scope::here().reads()) || turns::is_due() {
            return Err(Looked::Nowhere);
        }
        // It is written where it is returned from, and by plain matches: a value that is handed from call to call, or
        // through combinators, is moved each time. What does not decode, the engine notes and mends.
        let mut found = Err(Looked::Nowhere);
        let take = |entry: Entry<'_, B::Raw>| {
            if K::None::is_none(&cache.serializer, entry.raw) {
                if let Some(returned) = K::none() {
                    found = Ok(returned);
                }
            } else if let Some(value) = cache.serializer.__value(entry.raw) {
                found = Ok(K::value(value));
            }
        };
        match cache.core.backend.read_now(key.as_str(), take) {
            Some(Ok(Some(()))) if found.is_ok() => {
                cache.core.counts.hit();
                if scoped {
                    scope::came_from(Source::Hit);
                }
            }
            Some(Ok(None)) => {
                cache.core.counts.note(EventKind::Miss, 1);
                found = Err(Looked::Missed);
            }
            Some(Ok(Some(())) | Err(_)) | None => {}
        }
        found
    }

    /// The same, unless the policy asks how old the value is, which takes more than a look.
    #[inline]
    pub fn __hit_of<M>(&self, key: &KeyBuf, policy: &Policy<M>) -> Result<K::Return, Looked> {
        if policy.ages() {
            return Err(Looked::Nowhere);
        }
        self.__hit(key)
    }
}
