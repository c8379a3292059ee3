//! The backend passes the conformance suite, in both protocols and behind the erased twin.

mod support;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aiocache_core::testing::RedisServer;
use aiocache_redis::{RedisBackend, RedisBuilder};
use support::PATIENCE;

/// A database that no other case uses, so that the cases of `clear_all` run too.
fn database() -> RedisBuilder {
    static SERVER: LazyLock<RedisServer> = LazyLock::new(|| {
        let server = RedisServer::builder().arg("--databases", "4096").start();
        server.expect("redis-server starts")
    });
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let builder = RedisBackend::builder(SERVER.url()).deadline(PATIENCE);
    builder.database(NEXT.fetch_add(1, Ordering::Relaxed))
}

mod redis {
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(async {
        Fixture::own(super::database().build().expect("good options"))
    });
}

mod redis_over_resp2 {
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(async {
        Fixture::own(super::database().resp2().build().expect("good options"))
    });
}

mod erased_redis {
    use aiocache_core::DynBackend;
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(async {
        Fixture::own(DynBackend::new(super::database().build().expect("good options")))
    });
}
