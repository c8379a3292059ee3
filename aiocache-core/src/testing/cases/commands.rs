//! `raw`, `ping` and `close`: the store itself.

use super::{Backend, ErrorKind, Fixture, LONG, Result, Sample, refused};

/// raw: a command that the store does not know is `Unsupported` or `Server`
pub async fn an_unknown_command_is_refused<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let kind = refused(store.raw(&[b"no_such_command", b"argument"]).await);
    assert!(
        matches!(kind, ErrorKind::Unsupported | ErrorKind::Server),
        "{kind:?}"
    );
    Ok(())
}

/// raw: no arguments are an error, and the next command works
pub async fn no_arguments_are_refused<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("next");
    refused(store.raw(&[]).await);
    store.put(&key, 1, None).await?;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// ping: a store that is there answers
pub async fn a_store_that_is_there_answers<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    store.ping().await
}

/// close: a command after a close works, and finds what was written before
pub async fn a_command_after_a_close_works<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("kept");
    store.put(&key, 1, Some(LONG)).await?;
    store.close().await?;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// close: a second close, or one before the first command, is no error
pub async fn closing_twice_is_no_error<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    store.close().await?;
    store.close().await?;
    store.ping().await?;
    store.close().await
}
