//! Commands on their way out: one write, however many they are.

use std::io::{self, IoSlice};

use bytes::Bytes;
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Values up to this size are copied beside their command; larger ones are handed over where they are.
const COPIED: usize = 16 << 10;
/// A buffer that grew beyond this is not kept for the next request.
const KEPT: usize = 64 << 10;

/// Commands that go out in one piece.
#[derive(Debug, Default)]
pub(crate) struct Request {
    parts: Vec<Bytes>,
    last: Vec<u8>,
}

impl Request {
    /// An empty one that writes into `buffer`.
    pub(crate) fn within(mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self {
            parts: Vec::new(),
            last: buffer,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) -> &mut Self {
        self.last.extend_from_slice(bytes);
        self
    }

    /// A flag or a word with a number: ` O7`.
    pub(crate) fn number(&mut self, before: &str, number: impl std::fmt::Display) -> &mut Self {
        use std::io::Write;
        write!(self.last, "{before}{number}").expect("a Vec takes every write");
        self
    }

    pub(crate) fn end_line(&mut self) {
        self.push(b"\r\n");
    }

    /// A data block with its end.
    pub(crate) fn data(&mut self, value: &Bytes) {
        if value.len() > COPIED {
            self.parts.push(std::mem::take(&mut self.last).into());
            self.parts.push(value.clone());
        } else {
            self.push(value);
        }
        self.end_line();
    }

    /// Sends all of it by one write, or as few as the stream takes. Gives the buffer back.
    pub(crate) async fn send(self, stream: &mut (impl AsyncWrite + Unpin)) -> io::Result<Vec<u8>> {
        if self.parts.is_empty() {
            stream.write_all(&self.last).await?;
        } else {
            let mut slices: Vec<_> = self.parts.iter().map(|part| IoSlice::new(part)).collect();
            slices.push(IoSlice::new(&self.last));
            write_all(stream, &mut slices).await?;
        }
        let is_kept = self.last.capacity() <= KEPT;
        Ok(if is_kept { self.last } else { Vec::new() })
    }
}

async fn write_all(stream: &mut (impl AsyncWrite + Unpin), mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !slices.is_empty() {
        let written = stream.write_vectored(slices).await?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        IoSlice::advance_slices(&mut slices, written);
    }
    Ok(())
}
