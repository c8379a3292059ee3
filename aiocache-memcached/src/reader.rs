//! What comes from the server, with a bound on everything.

use std::io;

use bytes::Bytes;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::tcp::OwnedReadHalf;

use crate::error::{Fault, fatal, too_large};

/// The longest line of an answer: a key, and the flags that were asked for.
pub(crate) const MAX_LINE: usize = 1024;

/// A connection's way in.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) stream: BufReader<OwnedReadHalf>,
    line: Vec<u8>,
    max_value_bytes: usize,
}

impl Reader {
    pub(crate) fn new(stream: OwnedReadHalf, max_value_bytes: usize) -> Self {
        Self {
            stream: BufReader::new(stream),
            line: Vec::new(),
            max_value_bytes,
        }
    }

    /// The next line, without its end.
    pub(crate) async fn line(&mut self) -> Result<&[u8], Fault> {
        self.line.clear();
        loop {
            let buffer = self.stream.fill_buf().await?;
            if buffer.is_empty() {
                return Err(Fault::Broken(io::ErrorKind::UnexpectedEof.into()));
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            self.line.extend_from_slice(&buffer[..taken]);
            self.stream.consume(taken);
            if self.line.len() > MAX_LINE {
                return Err(Fault::Strange);
            }
            if end.is_some() {
                return self.line.strip_suffix(b"\r\n").ok_or(Fault::Strange);
            }
        }
    }

    /// The next line, where it is not one of the errors after which a connection is out of step.
    pub(crate) async fn answer(&mut self) -> Result<&[u8], Fault> {
        let line = self.line().await?;
        fatal(line).map_or(Ok(line), Err)
    }

    /// A value of `size` bytes and the end of its line. Nothing is allocated for a size over the limit.
    pub(crate) async fn value(&mut self, size: usize) -> Result<Bytes, Fault> {
        if size > self.max_value_bytes {
            return Err(too_large(self.max_value_bytes));
        }
        if let Some((value, rest)) = self.stream.buffer().split_at_checked(size)
            && rest.len() >= 2
        {
            let value = rest.starts_with(b"\r\n").then(|| Bytes::copy_from_slice(value));
            self.stream.consume(size + 2);
            return value.ok_or(Fault::Strange);
        }
        let mut value = Vec::with_capacity(size);
        let read = (&mut self.stream)
            .take(size as u64)
            .read_to_end(&mut value)
            .await?;
        let mut end = [0; 2];
        self.stream.read_exact(&mut end).await?;
        if read != size || end != *b"\r\n" {
            return Err(Fault::Strange);
        }
        Ok(value.into())
    }

    /// Returns when the server closes the connection, or says something that nobody asked for. Cancel safe.
    pub(crate) async fn ended(&mut self) {
        // Whatever it is, the connection is over.
        drop(self.stream.fill_buf().await);
    }
}
