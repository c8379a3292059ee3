//! The attributes, and the options that each of them takes.

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

/// The options of a function that returns one value, with those that are special before them.
macro_rules! one_value {
    ($($special:literal)?) => {
        &[
            $($special,)?
            "cache",
            "ttl",
            "ttl_with",
            "none_ttl",
            "key",
            "key_builder",
            "skip",
            "skip_if",
            "namespace",
            "cache_none",
            "version",
            "max_wait",
            "share_error",
            "detached",
            "policy",
            "grace",
            "back_off",
            "soft_timeout",
            "hard_timeout",
            "refresh_ahead",
            "jitter",
            "fail_if",
            "fallback",
            "on_timeout",
            "context",
            "controls",
            "crate",
        ]
    };
}

impl Attribute {
    /// How the user writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cached => "cached",
            Self::CachedStampede => "cached_stampede",
            Self::MultiCached => "multi_cached",
            Self::CachePut => "cache_put",
            Self::CacheEvict => "cache_evict",
        }
    }

    /// Whether what the function returns is stored.
    pub(crate) fn stores(self) -> bool {
        self != Self::CacheEvict
    }

    /// The options it takes, as error messages list them.
    pub(crate) fn options(self) -> &'static [&'static str] {
        match self {
            Self::Cached => one_value!(),
            Self::CachedStampede => one_value!("lease"),
            Self::MultiCached => &[
                "keys",
                "cache",
                "ttl",
                "none_ttl",
                "key",
                "key_builder",
                "skip",
                "skip_if",
                "namespace",
                "cache_none",
                "version",
                "max_wait",
                "share_error",
                "policy",
                "grace",
                "back_off",
                "hard_timeout",
                "jitter",
                "fail_if",
                "on_timeout",
                "controls",
                "crate",
            ],
            Self::CachePut => &[
                "cache",
                "ttl",
                "ttl_with",
                "none_ttl",
                "key",
                "key_builder",
                "skip",
                "skip_if",
                "namespace",
                "cache_none",
                "policy",
                "grace",
                "jitter",
            ],
            Self::CacheEvict => &[
                "cache",
                "key",
                "key_builder",
                "skip",
                "of",
                "all",
                "before",
                "always",
                "namespace",
            ],
        }
    }
}
