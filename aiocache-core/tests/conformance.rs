//! The stores of this crate, and the erased twin over each, pass the conformance suite.

mod support;

mod reference_of_bytes {
    use aiocache_core::testing::Fixture;
    use bytes::Bytes;

    use super::support::reference::Reference;

    aiocache_core::backend_conformance!(async { Fixture::own(Reference::<Bytes>::right()) });
}

mod reference_of_objects {
    use aiocache_core::Object;
    use aiocache_core::testing::Fixture;

    use super::support::reference::Reference;

    aiocache_core::backend_conformance!(async { Fixture::own(Reference::<Object>::right()) });
}
