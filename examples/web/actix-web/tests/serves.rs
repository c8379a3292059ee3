//! The service runs and answers as its first lines say.

check::test_service!(env!("CARGO_BIN_EXE_aiocache-example-actix-web"));
