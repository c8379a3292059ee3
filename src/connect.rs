//! A cache from a URL.

use crate::{
    Bytes, Cache, CacheBuilder, DynBackend, Error, ErrorKind, JsonSerializer, MemoryBackend, Result,
};

/// A cache whose backend is known only at run time. Values are JSON, over every backend alike.
pub type AnyCache<S = JsonSerializer> = Cache<DynBackend, S>;

/// The schemes, each with the feature that brings it.
const SCHEMES: [(&str, &str); 13] = [
    ("memory", "json"),
    ("redis", "redis"),
    ("redis+unix", "redis"),
    ("unix", "redis"),
    ("rediss", "redis-tls"),
    ("valkey", "redis"),
    ("valkey+unix", "redis"),
    ("valkeys", "redis-tls"),
    ("redis-cluster", "redis-cluster"),
    ("rediss-cluster", "redis-cluster"),
    ("redis-sentinel", "redis-sentinel"),
    ("rediss-sentinel", "redis-sentinel"),
    ("memcached", "memcached"),
];

/// Makes a cache over the store that a URL names.
///
/// `memory://` is a store in this process, and `memory://?max_entries=1000` one with another bound than 10,000.
/// `redis://` and `memcached://` URLs are those of the backend's own `connect`. The URL is checked now; the first
/// command connects.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] says what is wrong with the URL, without quoting it: it may hold a password.
///
/// # Examples
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache::Result<()> {
/// let url = std::env::var("CACHE_URL").unwrap_or("memory://".to_owned());
/// let cache = aiocache::connect(&url)?.with_namespace("users");
/// # if url == "memory://" {
/// cache.set("42", "Ada").await?;
/// assert_eq!(cache.get::<String>("42").await?.as_deref(), Some("Ada"));
/// # }
/// # Ok(()) }
/// ```
pub fn connect(url: &str) -> Result<AnyCache> {
    connect_builder(url).map(CacheBuilder::build)
}

/// The same, for more options than a URL has: namespace, ttl, timeout, plugins.
///
/// # Errors
/// Those of [`connect`].
pub fn connect_builder(url: &str) -> Result<CacheBuilder<DynBackend, JsonSerializer>> {
    backend(url).map(|backend| Cache::builder(backend).serializer(JsonSerializer))
}

fn backend(url: &str) -> Result<DynBackend> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    match scheme {
        "memory" => memory(url).map(DynBackend::new),
        #[cfg(feature = "redis")]
        _ if scheme.starts_with("redis") || scheme.starts_with("valkey") || scheme == "unix" => {
            crate::redis::RedisBackend::connect(url).map(DynBackend::new)
        }
        #[cfg(feature = "memcached")]
        "memcached" => crate::memcached::MemcachedBackend::connect(url).map(DynBackend::new),
        _ => Err(unknown(scheme)),
    }
}

fn memory(url: &str) -> Result<MemoryBackend<Bytes>> {
    let invalid = |text| Err(Error::new(ErrorKind::InvalidConfig, text));
    let rest = url.trim_start_matches("memory:").trim_start_matches("//");
    let Some((_, options)) = rest.split_once('?') else {
        return if rest.is_empty() {
            Ok(MemoryBackend::new())
        } else {
            invalid("memory:// has no host or path; its one option is ?max_entries=…")
        };
    };
    match options.strip_prefix("max_entries=").map(str::parse) {
        Some(Ok(entries)) if entries > 0 => Ok(MemoryBackend::builder().max_entries(entries).build()),
        _ => invalid("the option of memory:// is ?max_entries= with a whole number of at least 1"),
    }
}

fn unknown(scheme: &str) -> Error {
    let known = SCHEMES.iter().find(|(name, _)| *name == scheme);
    let text = match known {
        Some((name, feature)) => format!("{name}:// needs the cargo feature `{feature}` of aiocache"),
        None => {
            let names: Vec<String> = SCHEMES.iter().map(|(name, _)| format!("{name}://")).collect();
            format!("the URL begins with none of {}", names.join(", "))
        }
    };
    Error::new(ErrorKind::InvalidConfig, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_makes_no_sense_is_refused_at_once_and_not_quoted() {
        for url in [
            "",
            "secret",
            "secret://h",
            "memory://secret",
            "memory://?max_entries=0",
            "memory://?secret=1",
        ] {
            let error = connect(url).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }

    /// A URL of each scheme, and whether this build takes it.
    const URLS: [(&str, bool); SCHEMES.len()] = [
        ("memory://", true),
        ("redis://localhost", cfg!(feature = "redis")),
        ("redis+unix:///no/socket", cfg!(feature = "redis")),
        ("unix:///no/socket", cfg!(feature = "redis")),
        ("rediss://localhost", cfg!(feature = "redis-tls")),
        ("valkey://localhost", cfg!(feature = "redis")),
        ("valkey+unix:///no/socket", cfg!(feature = "redis")),
        ("valkeys://localhost", cfg!(feature = "redis-tls")),
        ("redis-cluster://one,two", cfg!(feature = "redis-cluster")),
        (
            "rediss-cluster://one,two",
            cfg!(all(feature = "redis-tls", feature = "redis-cluster")),
        ),
        (
            "redis-sentinel://one,two/master",
            cfg!(feature = "redis-sentinel"),
        ),
        (
            "rediss-sentinel://one,two/master",
            cfg!(all(feature = "redis-tls", feature = "redis-sentinel")),
        ),
        ("memcached://localhost", cfg!(feature = "memcached")),
    ];

    #[tokio::test]
    async fn each_scheme_makes_a_cache_or_names_the_feature_that_it_needs() {
        for ((scheme, feature), (url, there)) in SCHEMES.iter().zip(URLS) {
            assert_eq!(url.split(':').next(), Some(*scheme));
            match connect(url) {
                Ok(_) => assert!(there, "{url}"),
                Err(error) => {
                    assert!(!there, "{url}: {error}");
                    assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{url}");
                    let text = error.to_string();
                    let names = |feature: &str| text.contains(&format!("({feature} of aiocache)"));
                    assert!(names(feature) || names("redis-tls"), "{url}: {text}");
                }
            }
        }
    }

    #[test]
    fn a_scheme_that_is_not_built_in_names_a_feature_that_there_is() {
        let manifest = include_str!("../Cargo.toml");
        for (scheme, feature) in SCHEMES {
            assert!(manifest.contains(&format!("\n{feature} = [")), "{feature}");
            assert_eq!(
                unknown(scheme).to_string(),
                format!("invalid configuration: {scheme}:// needs the cargo feature `{feature}` of aiocache")
            );
        }
    }

    #[tokio::test]
    async fn memory_takes_a_bound() {
        let cache = connect("memory://?max_entries=3").expect("a valid URL");
        for n in 0..10 {
            cache.set(n, &n).await.expect("written");
        }
        let found = cache.multi_get::<u8>(0..10).await.expect("memory answers");
        assert_eq!(found.iter().flatten().count(), 3);
    }
}
