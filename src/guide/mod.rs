//! The guide: what aiocache does, a page for each feature.
//!
//! Begin with the [quick start](quick_start). The same pages are in `docs/` of the repository, where `mdbook build docs`
//! makes a book of them. Every snippet is compiled by the tests, by itself or in the example that it quotes, and run where
//! it needs no server.
//!
//! | to | read |
//! |---|---|
//! | begin | [quick start](quick_start), [coming from Python](coming_from_python), [coming from `cached`](coming_from_cached) |
//! | cache functions | [decorators], [keys], [many keys at once](multi_key), [stampedes](stampede), [policies] |
//! | store values | [caches], [backends], [serializers], [locks] |
//! | run it | [observability], [plugins], [reliability], [performance], [on a wire](wire) |
//! | build on it | [testing], [writing a backend](writing_a_backend), [design] |

// A page's own links lead to files beside it. Here they lead to modules: of two definitions of a link the first one
// counts, so these come first. Not for the tests, which are named by the first file.
macro_rules! pages {
    ($($name:ident = $file:literal,)*) => { $(
        #[cfg_attr(not(doctest), doc = include_str!("links.md"))]
        #[cfg_attr(not(doctest), doc = include_str!("pictures.md"))]
        #[cfg_attr(not(doctest), doc = "")]
        #[doc = include_str!($file)]
        pub mod $name {}
    )* };
}

pages! {
    backends = "../../docs/backends.md",
    caches = "../../docs/caches.md",
    coming_from_cached = "../../docs/coming-from-cached.md",
    coming_from_python = "../../docs/coming-from-python.md",
    decorators = "../../docs/decorators.md",
    design = "../../docs/design.md",
    keys = "../../docs/keys.md",
    locks = "../../docs/locks.md",
    multi_key = "../../docs/multi-key.md",
    observability = "../../docs/observability.md",
    performance = "../../docs/performance.md",
    plugins = "../../docs/plugins.md",
    policies = "../../docs/policies.md",
    quick_start = "../../docs/quick-start.md",
    reliability = "../../docs/reliability.md",
    serializers = "../../docs/serializers.md",
    stampede = "../../docs/stampede.md",
    testing = "../../docs/testing.md",
    wire = "../../docs/wire.md",
    writing_a_backend = "../../docs/writing-a-backend.md",
}
