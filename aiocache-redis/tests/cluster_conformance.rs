//! A cluster of three nodes passes the conformance suite, in both protocols.

mod support;

use std::sync::LazyLock;

use aiocache_redis::{RedisBackend, RedisBuilder};
use support::PATIENCE;
use support::cluster::Nodes;

/// One cluster for all cases, each of which has keys of its own.
fn cluster() -> RedisBuilder {
    static NODES: LazyLock<Nodes> = LazyLock::new(|| {
        let starting = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(Nodes::start(0))
        });
        starting.join().expect("the cluster starts")
    });
    RedisBackend::builder(NODES.url()).deadline(PATIENCE)
}

mod redis_cluster {
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(async {
        Fixture::shared(super::cluster().build().expect("good options"))
    });
}

mod redis_cluster_over_resp2 {
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(async {
        Fixture::shared(super::cluster().resp2().build().expect("good options"))
    });
}
