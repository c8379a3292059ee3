//! The stores of this crate, and the erased twin over each, pass the conformance suite.

mod memory {
    use aiocache_core::testing::Fixture;
    use aiocache_core::{MemoryBackend, Object};

    aiocache_core::backend_conformance!(async { Fixture::own(MemoryBackend::<Object>::new()) });
}

mod memory_of_one_type {
    use aiocache_core::testing::Fixture;
    use aiocache_core::{MemoryBackend, Typed};

    aiocache_core::backend_conformance!(async { Fixture::own(MemoryBackend::<Typed<String>>::new()) });
}

mod memory_of_bytes {
    use aiocache_core::MemoryBackend;
    use aiocache_core::testing::Fixture;
    use bytes::Bytes;

    aiocache_core::backend_conformance!(async { Fixture::own(MemoryBackend::<Bytes>::new()) });
}

mod erased_memory {
    use aiocache_core::testing::Fixture;
    use aiocache_core::{DynBackend, MemoryBackend, Object};

    aiocache_core::backend_conformance!(async {
        Fixture::own(DynBackend::new(MemoryBackend::<Object>::new()))
    });
}

mod erased_memory_of_one_type {
    use aiocache_core::testing::Fixture;
    use aiocache_core::{DynBackend, MemoryBackend, Typed};

    aiocache_core::backend_conformance!(async {
        Fixture::own(DynBackend::new(MemoryBackend::<Typed<String>>::new()))
    });
}

mod erased_memory_of_bytes {
    use aiocache_core::testing::Fixture;
    use aiocache_core::{DynBackend, MemoryBackend};
    use bytes::Bytes;

    aiocache_core::backend_conformance!(async {
        Fixture::own(DynBackend::new(MemoryBackend::<Bytes>::new()))
    });
}
