//! The commands of a whole server.

use aiocache_core::{Reply, Result};

use super::Command;
use crate::connection::Connection;
use crate::error::{Fault, Repeat};
use crate::generation;
use crate::key::Key;
use crate::orphans::Touched;
use crate::{raw, text};

/// Empties a server.
pub(crate) struct Flush;

impl Command for Flush {
    type Answer = ();

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Everything
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::empty()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<()>, Fault> {
        let mut request = link.request();
        request.push(b"flush_all\r\n");
        link.exchange(request, async |reader| match reader.answer().await? {
            b"OK" => Ok(Ok(())),
            _ => Err(Fault::Strange),
        })
        .await
    }
}

/// Gives a namespace another generation.
pub(crate) struct NewGeneration {
    pub(crate) namespace: Box<str>,
}

impl Command for NewGeneration {
    type Answer = ();

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Everything
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::empty()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<()>, Fault> {
        generation::renew(link, &self.namespace).await
    }
}

/// One round trip.
pub(crate) struct Ping;

impl Command for Ping {
    type Answer = ();

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Nothing
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::empty()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<()>, Fault> {
        text::version(link).await.map(|_| Ok(()))
    }
}

/// A line of the user's own.
pub(crate) struct Line(pub(crate) raw::Line);

impl Command for Line {
    type Answer = Reply;

    const REPEAT: Repeat = Repeat::Harmful;

    fn touched(&self) -> Touched {
        Touched::Everything
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::empty()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Reply>, Fault> {
        self.0.run(link).await
    }
}
