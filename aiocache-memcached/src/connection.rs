//! One connection to a server, and bytes to and from it.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::Poll;

use memcache_async::ascii::Protocol;
use tokio::io::{AsyncReadExt, BufReader, BufWriter, Join, Take, join};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;
use tokio::time::Instant;

use crate::error::Fault;
use crate::generation::Scope;
use crate::key::Key;
use crate::reader::{MAX_LINE, Reader};
use crate::request::Request;

/// What requests are written to; tests count the writes.
#[cfg(not(test))]
type Writer = tokio::net::tcp::OwnedWriteHalf;
#[cfg(test)]
type Writer = counted::Counted;

/// Which commands the server knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Meta commands, whose answers carry the number of their question.
    Meta,
    /// The classic text commands only.
    Text,
}

/// A connection. Only the task that owns it uses it, one command at a time and to the end.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: Reader,
    writer: Writer,
    /// Where the next request is written.
    buffer: Vec<u8>,
    /// The generations that keys are under.
    pub(crate) scope: Scope,
    pub(crate) dialect: Dialect,
    /// Before the server knew of it: what it answers was running after that.
    pub(crate) begun: Instant,
    /// The server was there by then, before it was asked anything.
    pub(crate) connected: Instant,
    /// See [`epoch`](Self::epoch).
    epoch: Arc<AtomicU64>,
    opaque: u32,
}

/// The connection as `memcache-async` may have it for one command: answers of one short line only, because it
/// believes whatever length it is told.
pub(crate) type Lent<'a> = Protocol<Join<Take<&'a mut BufReader<OwnedReadHalf>>, BufWriter<&'a mut Writer>>>;

impl Connection {
    pub(crate) fn new(
        stream: TcpStream,
        begun: Instant,
        max_value_bytes: usize,
        epoch: Arc<AtomicU64>,
        scope: Scope,
    ) -> Self {
        let (reader, writer) = stream.into_split();
        #[cfg(test)]
        let writer = counted::Counted::new(writer);
        Self {
            reader: Reader::new(reader, max_value_bytes),
            writer,
            buffer: Vec::new(),
            scope,
            dialect: Dialect::Meta,
            begun,
            connected: Instant::now(),
            epoch,
            opaque: 0,
        }
    }

    /// Another number after connections to this server that were made anew: compare-and-set ids of a server start
    /// again when it does, so an id is good within one epoch only. Connections that were all there when the first of
    /// them was used are to one server. It has to be asked *before* the command is sent that reads an id.
    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(SeqCst)
    }

    /// The first of `count` numbers for questions, not in use by any before.
    pub(crate) fn opaques(&mut self, count: usize) -> u32 {
        let first = self.opaque;
        // Wrapping is fine: two questions under way are never 2^32 apart.
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.opaque = first.wrapping_add(count);
        first
    }

    /// A key as this server has it.
    pub(crate) fn name<'k>(&self, key: &'k Key) -> Cow<'k, str> {
        self.scope.name(key)
    }

    /// A request without a command yet, for [`exchange`](Self::exchange).
    pub(crate) fn request(&mut self) -> Request {
        let mut request = Request::within(std::mem::take(&mut self.buffer));
        let due = self.scope.due();
        if due > 0 {
            let first = self.opaques(due);
            self.scope.ask(&mut request, first);
        }
        request
    }

    /// Sends `request` and reads what `read` reads, both at once: a server stops taking questions while its answers
    /// wait to be read.
    pub(crate) async fn exchange<R>(
        &mut self,
        request: Request,
        read: impl AsyncFnOnce(&mut Reader) -> Result<R, Fault>,
    ) -> Result<R, Fault> {
        let mut write = pin!(request.send(&mut self.writer));
        let (reader, scope) = (&mut self.reader, &mut self.scope);
        let mut read = pin!(async move {
            scope.hear(reader).await?;
            read(reader).await
        });
        let mut buffer = None;
        let answer = poll_fn(|context| {
            if buffer.is_none()
                && let Poll::Ready(sent) = write.as_mut().poll(context)
            {
                match sent {
                    Ok(sent) => buffer = Some(sent),
                    Err(error) => return Poll::Ready(Err(Fault::Broken(error))),
                }
            }
            match read.as_mut().poll(context) {
                Poll::Ready(Ok(_)) if buffer.is_none() => Poll::Ready(Err(Fault::Strange)),
                other => other,
            }
        })
        .await?;
        self.buffer = buffer.unwrap_or_default();
        Ok(answer)
    }

    /// Lends the connection for one command that is answered by one line.
    pub(crate) fn lend(&mut self) -> Lent<'_> {
        Protocol::new(join(
            (&mut self.reader.stream).take(MAX_LINE as u64),
            BufWriter::new(&mut self.writer),
        ))
    }

    /// Returns when the server closes the connection, or says something that nobody asked for. Cancel safe.
    pub(crate) async fn ended(&mut self) {
        self.reader.ended().await;
    }
}

#[cfg(test)]
mod counted;
