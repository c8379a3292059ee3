//! One connection through a proxy: two lanes, each of which reads, spoils and writes one way.

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Direction, Fault, Setting, Shared};

/// The most bytes that are read at once.
const CHUNK: usize = 16 * 1024;
/// The most chunks on their way, so that a delay costs no throughput and memory stays bounded.
const CHUNKS: usize = 1024;

/// A connection's number and what decides on its fate.
#[derive(Debug)]
pub(super) struct Route {
    number: u64,
    shared: Arc<Shared>,
}

/// Bytes and the time at which they arrive.
type Chunk = (Instant, Vec<u8>);

struct Lane {
    number: u64,
    direction: Direction,
    setting: watch::Receiver<Setting>,
    shared: Arc<Shared>,
}

/// What a fault means for one lane.
#[derive(Clone, Copy, PartialEq)]
enum Effect {
    Pass,
    Delay(Duration),
    Stall,
    Swallow,
    Garble(u64),
}

impl Route {
    pub(super) fn new(number: u64, shared: &Arc<Shared>) -> Self {
        Self {
            number,
            shared: Arc::clone(shared),
        }
    }

    /// Connects to the target and carries bytes until both sides have closed or one of them broke.
    ///
    /// Dropping the future closes both.
    pub(super) async fn carry(self, client: Arc<TcpStream>) -> io::Result<()> {
        let server = Arc::new(TcpStream::connect(self.shared.target).await?);
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;

        let mut tasks = JoinSet::new();
        for (direction, from, to) in [
            (Direction::ToServer, &client, &server),
            (Direction::ToClient, &server, &client),
        ] {
            let (sender, receiver) = mpsc::channel(CHUNKS);
            tasks.spawn(self.lane(direction).read(Arc::clone(from), sender));
            tasks.spawn(self.lane(direction).write(receiver, Arc::clone(to)));
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(())
    }

    fn lane(&self, direction: Direction) -> Lane {
        Lane {
            number: self.number,
            direction,
            setting: self.shared.setting.subscribe(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Lane {
    async fn read(mut self, from: Arc<TcpStream>, queue: mpsc::Sender<Chunk>) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        let mut garbled = 0;
        loop {
            self.wait_until(|effect| effect != Effect::Stall).await?;
            from.readable().await?;
            // The fault may have changed while nothing came.
            let effect = self.effect();
            if effect == Effect::Stall {
                continue;
            }
            let mut bytes = match from.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => buffer[..length].to_vec(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            };
            let mut arrival = Instant::now();
            match effect {
                Effect::Pass | Effect::Stall => {}
                Effect::Delay(delay) => arrival += delay,
                Effect::Swallow => continue,
                Effect::Garble(every) => garble(&mut bytes, every, &mut garbled),
            }
            if queue.send((arrival, bytes)).await.is_err() {
                break; // The writer has failed, and says why.
            }
        }
        self.wait_until(|effect| !matches!(effect, Effect::Stall | Effect::Swallow))
            .await
    }

    async fn write(mut self, mut queue: mpsc::Receiver<Chunk>, to: Arc<TcpStream>) -> io::Result<()> {
        while let Some((arrival, bytes)) = queue.recv().await {
            sleep_until(arrival).await;
            self.wait_until(|effect| effect != Effect::Stall).await?;
            // Before the write: a peer that has the bytes finds them counted.
            self.count(bytes.len());
            self.write_all(&to, &bytes).await?;
        }
        shutdown(&to, Shutdown::Write)
    }

    async fn write_all(&mut self, to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            to.writable().await?;
            self.wait_until(|effect| effect != Effect::Stall).await?;
            match to.try_write(bytes) {
                Ok(length) => bytes = &bytes[length..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn count(&self, bytes: usize) {
        let counter = match self.direction {
            Direction::ToServer => &self.shared.to_server,
            Direction::ToClient | Direction::Both => &self.shared.to_client,
        };
        counter.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    fn effect(&self) -> Effect {
        effect(*self.setting.borrow(), self.number, self.direction)
    }

    async fn wait_until(&mut self, holds: impl Fn(Effect) -> bool) -> io::Result<()> {
        let (number, direction) = (self.number, self.direction);
        let waited = self
            .setting
            .wait_for(|setting| holds(effect(*setting, number, direction)))
            .await;
        waited.map(drop).map_err(io::Error::other)
    }
}

fn effect(setting: Setting, number: u64, direction: Direction) -> Effect {
    let meant = |faulty| faulty == Direction::Both || faulty == direction;
    if number >= setting.below {
        return Effect::Pass;
    }
    match setting.fault {
        Fault::Delay { to_server, .. } if direction == Direction::ToServer => Effect::Delay(to_server),
        Fault::Delay { to_client, .. } => Effect::Delay(to_client),
        Fault::Stall(faulty) if meant(faulty) => Effect::Stall,
        Fault::BlackHole(faulty) if meant(faulty) => Effect::Swallow,
        Fault::Garble {
            direction: faulty,
            every,
        } if meant(faulty) => Effect::Garble(every.max(1)),
        Fault::Pass | Fault::Stall(_) | Fault::BlackHole(_) | Fault::Garble { .. } | Fault::Refuse => {
            Effect::Pass
        }
    }
}

/// Flips every `every`th byte; `seen` counts on from chunk to chunk.
fn garble(bytes: &mut [u8], every: u64, seen: &mut u64) {
    for byte in bytes {
        *seen += 1;
        if seen.is_multiple_of(every) {
            *byte = !*byte;
        }
    }
}

/// Shuts a socket down without owning it, which tokio's stream cannot.
pub(super) fn shutdown(stream: &TcpStream, how: Shutdown) -> io::Result<()> {
    std::net::TcpStream::from(stream.as_fd().try_clone_to_owned()?).shutdown(how)
}
