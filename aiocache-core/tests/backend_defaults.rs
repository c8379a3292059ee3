//! A backend that leaves to the trait what has a default there is as good as one that writes it all.

#[allow(dead_code, reason = "the flaws are for the tests of the suite")]
mod support;

use std::time::Duration;

use aiocache_core::testing::{Intercepted, Recorder};
use aiocache_core::{
    Backend, Capabilities, DynBackend, Entry, ErrorKind, MemoryBackend, NullSerializer, Object, Remaining,
    Result, Version, Want,
};
use bytes::Bytes;
use support::reference::Reference;

/// The commands without a default, and no others.
struct Least(Reference<Bytes>);

impl Backend for Least {
    type Raw = Bytes;
    type Serializer = NullSerializer;

    fn name(&self) -> &'static str {
        "least"
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Option<R>> {
        self.0.read(key, want, f).await
    }

    async fn write(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<()> {
        self.0.write(key, raw, ttl).await
    }

    async fn add(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<bool> {
        self.0.add(key, raw, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.0.delete(key).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.0.increment(key, delta, ttl).await
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        self.0.expire(key, ttl).await
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        self.0.ttl(key).await
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.0.clear(prefix).await
    }

    async fn clear_all(&self) -> Result<()> {
        self.0.clear_all().await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: Bytes,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        self.0.compare_and_set(key, raw, ttl, version).await
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        self.0.compare_and_delete(key, version).await
    }

    async fn ping(&self) -> Result<()> {
        self.0.ping().await
    }
}

mod over_a_store_that_can_do_everything {
    use aiocache_core::testing::Fixture;

    use super::{Least, Reference};

    aiocache_core::backend_conformance!(async { Fixture::own(Least(Reference::right())) });
}

mod over_a_store_that_can_do_little {
    use aiocache_core::testing::Fixture;

    use super::{Least, Reference};

    aiocache_core::backend_conformance!(async { Fixture::own(Least(Reference::poor())) });
}

#[tokio::test]
async fn a_key_against_the_rule_is_refused_before_the_others_are_touched() {
    let store = Least(Reference::poor());
    let there = || store.read("good", Want::VALUE, |entry| entry.raw.clone());
    let write = |raw: &'static str| vec![("good", Bytes::from(raw)), ("not good", Bytes::new())];

    let error = store.write_many(write("1"), None).await.expect_err("a bad key");
    assert_eq!((error.kind(), error.index()), (ErrorKind::InvalidKey, Some(1)));
    assert_eq!(there().await.expect("read"), None);

    let good = Bytes::from("2");
    store.write("good", good.clone(), None).await.expect("written");
    let error = store.delete_many(&["good", ""]).await.expect_err("a bad key");
    assert_eq!((error.kind(), error.index()), (ErrorKind::InvalidKey, Some(1)));
    assert_eq!(there().await.expect("read"), Some(good));

    let read = store
        .read_many(&["good", "not good"], Want::VALUE, |_, _| ())
        .await;
    let error = read.expect_err("a bad key");
    assert_eq!((error.kind(), error.index()), (ErrorKind::InvalidKey, Some(1)));
}

#[tokio::test]
async fn a_backend_chosen_at_run_time_is_asked_by_its_own_methods_and_not_by_defaults() {
    let recorder = Recorder::new();
    let memory = Intercepted::new(MemoryBackend::<Object>::new(), recorder.clone());
    let chosen = DynBackend::new(memory);
    let read = chosen.read_many(&["a", "b"], Want::VALUE, |_, _| ()).await;
    assert_eq!(read.expect("memory answers"), [None, None]);
    chosen.write_many(Vec::new(), None).await.expect("memory answers");
    chosen.delete_many(&["a", "b"]).await.expect("memory answers");
    chosen.exists("a").await.expect("memory answers");
    let error = chosen.raw(&[b"PING"]).await.expect_err("memory has no commands");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    chosen.close().await.expect("memory answers");
    let asked = ["read_many", "write_many", "delete_many", "exists", "raw", "close"];
    assert_eq!(recorder.methods(), asked);
}
