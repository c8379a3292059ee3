//! The backend passes the conformance suite: with one server, with three behind the erased twin, and where namespaces
//! can be cleared.

mod support;

use std::sync::LazyLock;

use aiocache_core::testing::{Fixture, MemcachedServer};
use aiocache_memcached::{MemcachedBackend, MemcachedBuilder};
use support::{PATIENCE, patient};

/// Cases use keys of their own; `clear_all` has a suite of its own below.
fn servers() -> MemcachedBuilder {
    static SERVERS: LazyLock<[MemcachedServer; 3]> =
        LazyLock::new(|| [(); 3].map(|()| MemcachedServer::start().expect("memcached starts")));
    SERVERS.iter().fold(
        MemcachedBackend::builder().deadline(PATIENCE),
        |builder, server| builder.server(server.url()),
    )
}

/// A server of the case's own, so that the cases of `clear_all` run too.
fn own() -> Fixture<MemcachedBackend> {
    let server = MemcachedServer::start().expect("memcached starts");
    let backend = patient(&server);
    Fixture::own(backend).keeping(server)
}

mod memcached {
    aiocache_core::backend_conformance!(async { super::own() }, together);
}

mod three_memcached_erased {
    use aiocache_core::DynBackend;
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(
        async { Fixture::shared(DynBackend::new(super::servers().build().expect("good options"))) },
        together
    );
}

mod memcached_clearable {
    use std::sync::LazyLock;

    use aiocache_core::testing::{Fixture, MemcachedServer};
    use aiocache_memcached::MemcachedBackend;

    use crate::support::PATIENCE;

    aiocache_core::backend_conformance!(
        async {
            // One server of all cases: what `clear_all` leaves is tested by itself.
            static SERVER: LazyLock<MemcachedServer> =
                LazyLock::new(|| MemcachedServer::start().expect("memcached starts"));
            let builder = MemcachedBackend::builder()
                .server(SERVER.url())
                .deadline(PATIENCE);
            let backend = builder.clearable_namespaces(true).build();
            Fixture::shared(backend.expect("good options"))
        },
        together
    );
}

mod three_memcached_clearable_erased {
    use aiocache_core::DynBackend;
    use aiocache_core::testing::Fixture;

    aiocache_core::backend_conformance!(
        async {
            let servers = super::servers().clearable_namespaces(true);
            Fixture::shared(DynBackend::new(servers.build().expect("good options")))
        },
        together
    );
}
