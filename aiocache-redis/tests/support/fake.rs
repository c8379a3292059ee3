//! A server of a few lines, for what a real one does too seldom.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Error, Result};
use tokio::net::{TcpListener, TcpStream};

/// It ends with the runtime of its test.
pub(crate) struct Fake {
    pub(crate) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Fake {
    /// `answer` gets the number of the connection, from 1, and the words of each command but those that set up a
    /// connection; the connection is closed if it gives nothing.
    pub(crate) async fn start(
        answer: impl Fn(usize, &[&str]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let connections = Arc::<AtomicUsize>::default();
        let (count, answer) = (Arc::clone(&connections), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (number, answer) = (count.fetch_add(1, SeqCst) + 1, Arc::clone(&answer));
                tokio::spawn(serve(client, move |words| answer(number, words)));
            }
        });
        Self { addr, connections }
    }

    pub(crate) fn url(&self) -> String {
        super::url_of(self.addr)
    }

    /// How many connections were made.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

async fn serve(client: TcpStream, answer: impl Fn(&[&str]) -> Option<String>) -> Result<()> {
    let mut client = BufReader::new(client);
    loop {
        let words = command(&mut client).await?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = match words[0] {
            "HELLO" | "CLIENT" => Some("+OK\r\n".to_owned()),
            _ => answer(&words),
        };
        let Some(said) = said else { return Ok(()) };
        client.write_all(said.as_bytes()).await?;
    }
}

async fn command(client: &mut BufReader<TcpStream>) -> Result<Vec<String>> {
    let mut words = Vec::new();
    for _ in 0..number(client).await? {
        let mut word = vec![0; number(client).await? + 2];
        client.read_exact(&mut word).await?;
        word.truncate(word.len() - 2);
        words.push(String::from_utf8(word).map_err(Error::other)?);
    }
    Ok(words)
}

/// The number of a line that begins with a mark.
async fn number(client: &mut BufReader<TcpStream>) -> Result<usize> {
    let mut line = String::new();
    client.read_line(&mut line).await?;
    let number = line.get(1..).unwrap_or_default().trim_end().parse();
    number.map_err(Error::other)
}
