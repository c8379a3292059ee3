//! The attributes, and the options that each of them takes.

use Attribute::{CacheEvict, CachePut, Cached, CachedStampede, MultiCached};

/// Which attribute is being expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// `#[cached]`
    Cached,
    /// `#[cached_stampede]`
    CachedStampede,
    /// `#[multi_cached]`
    MultiCached,
    /// `#[cache_put]`
    CachePut,
    /// `#[cache_evict]`
    CacheEvict,
}

const ALL: &[Attribute] = &[Cached, CachedStampede, MultiCached, CachePut, CacheEvict];
const STORING: &[Attribute] = &[Cached, CachedStampede, MultiCached, CachePut];
const STORING_ONE: &[Attribute] = &[Cached, CachedStampede, CachePut];
const LOADING: &[Attribute] = &[Cached, CachedStampede, MultiCached];
const LOADING_ONE: &[Attribute] = &[Cached, CachedStampede];

/// Every option once, with the attributes that take it, in the order in which error messages list them.
const OPTIONS: &[(&str, &[Attribute])] = &[
    ("lease", &[CachedStampede]),
    ("keys", &[MultiCached]),
    ("cache", ALL),
    ("ttl", STORING),
    ("ttl_with", STORING_ONE),
    ("none_ttl", STORING),
    ("key", ALL),
    ("key_builder", ALL),
    ("skip", ALL),
    ("of", &[CacheEvict]),
    ("all", &[CacheEvict]),
    ("before", &[CacheEvict]),
    ("always", &[CacheEvict]),
    ("skip_if", STORING),
    ("namespace", ALL),
    ("cache_none", STORING),
    ("version", LOADING),
    ("max_wait", LOADING),
    ("share_error", LOADING),
    ("detached", LOADING_ONE),
    ("policy", STORING),
    ("grace", STORING),
    ("back_off", LOADING),
    ("soft_timeout", LOADING_ONE),
    ("hard_timeout", LOADING),
    ("refresh_ahead", LOADING_ONE),
    ("jitter", STORING),
    ("fail_if", LOADING),
    ("fallback", LOADING_ONE),
    ("on_timeout", LOADING),
    ("context", LOADING_ONE),
    ("controls", LOADING),
    ("crate", LOADING),
];

impl Attribute {
    /// How the user writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Cached => "cached",
            CachedStampede => "cached_stampede",
            MultiCached => "multi_cached",
            CachePut => "cache_put",
            CacheEvict => "cache_evict",
        }
    }

    /// Whether what the function returns is stored.
    pub(crate) fn stores(self) -> bool {
        self != CacheEvict
    }

    /// The options it takes, as error messages list them.
    pub(crate) fn options(self) -> Vec<&'static str> {
        let taken = OPTIONS
            .iter()
            .filter(|(_, attributes)| attributes.contains(&self));
        taken.map(|(option, _)| *option).collect()
    }

    /// Whether it has an option of this name.
    pub(crate) fn takes(self, name: &str) -> bool {
        let mut options = OPTIONS.iter();
        options.any(|(option, attributes)| *option == name && attributes.contains(&self))
    }
}
