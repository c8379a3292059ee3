//! The test kit: throw-away servers and the conformance suite for backends.
