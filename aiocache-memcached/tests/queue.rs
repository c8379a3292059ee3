//! Connections that are lost while commands wait for one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use aiocache_core::testing::{in_time, undisturbed};
use aiocache_core::{Backend, ErrorKind};
use aiocache_memcached::{MemcachedBackend, MemcachedBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::spawn;
use tokio::time::sleep;

async fn listen() -> (TcpListener, MemcachedBuilder) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("bound").to_string();
    (listener, MemcachedBackend::builder().server(addr))
}

/// A client and what it asks.
struct Client {
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            lines: BufReader::new(reader).lines(),
            writer,
        }
    }

    /// False if the client has gone.
    async fn is_asked(&mut self) -> bool {
        matches!(self.lines.next_line().await, Ok(Some(_)))
    }

    async fn answer(&mut self, line: &str) {
        self.writer
            .write_all(line.as_bytes())
            .await
            .expect("the client is there");
    }

    async fn shake_hands(&mut self) {
        assert!(self.is_asked().await);
        self.answer("MN\r\n").await;
    }

    /// Answers one ping.
    async fn answer_ping(&mut self) {
        assert!(self.is_asked().await);
        self.answer("VERSION 1.6.0\r\n").await;
    }
}

#[tokio::test]
async fn a_full_queue_is_minded_by_one_task_however_often_connections_are_lost() {
    const PINGS: usize = 100;
    let (listener, builder) = listen().await;
    let options = builder.pool_size(1).deadline(Duration::from_secs(20));
    let memcached = options.build().expect("good options");
    let (waiting, most, lost) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let serving = spawn({
        let (waiting, most, lost) = (Arc::clone(&waiting), Arc::clone(&most), Arc::clone(&lost));
        async move {
            // Each connection answers one command and is lost with the next.
            while let Ok((stream, _)) = listener.accept().await {
                let mut client = Client::new(stream);
                client.shake_hands().await;
                client.answer_ping().await;
                if client.is_asked().await {
                    lost.fetch_add(1, SeqCst);
                }
                let tasks = Handle::current().metrics().num_alive_tasks();
                most.fetch_max(tasks - waiting.load(SeqCst), SeqCst);
            }
        }
    });
    let pings: Vec<_> = (0..PINGS)
        .map(|_| {
            waiting.fetch_add(1, SeqCst);
            let (memcached, waiting) = (memcached.clone(), Arc::clone(&waiting));
            spawn(async move {
                let pinged = memcached.ping().await;
                // In the poll that ends this task.
                waiting.fetch_sub(1, SeqCst);
                pinged
            })
        })
        .collect();
    for ping in pings {
        ping.await.expect("no panic").expect("answered");
    }
    serving.abort();
    assert!(lost.load(SeqCst) >= PINGS / 2, "{} lost", lost.load(SeqCst));
    // The server, a connection, what makes the next one, and one that minds the queue.
    assert!(most.load(SeqCst) <= 6, "{} tasks", most.load(SeqCst));
}

/// One is lost while a command waits, and then the other one with a command that is due before that.
#[tokio::test]
async fn a_command_that_waits_anew_ends_with_its_deadline_also_where_others_have_longer() {
    undisturbed(async || {
        let (listener, builder) = listen().await;
        let deadline = Duration::from_millis(600);
        let options = builder
            .pool_size(2)
            .deadline(deadline)
            .connect_timeout(Duration::from_secs(20));
        let memcached = options.build().expect("good options");
        let ping = || {
            let memcached = memcached.clone();
            spawn(async move { memcached.ping().await })
        };
        let first = ping();
        let mut clients = Vec::new();
        for _ in 0..2 {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut client = Client::new(stream);
            client.shake_hands().await;
            clients.push(client);
        }
        let mut clients = clients.into_iter();
        let (mut one, mut other) = (clients.next().expect("two"), clients.next().expect("two"));
        let asked = tokio::select! {
            asked = one.is_asked() => asked,
            asked = other.is_asked() => {
                std::mem::swap(&mut one, &mut other);
                asked
            }
        };
        assert!(asked);
        one.answer("VERSION 1.6.0\r\n").await;
        first.await.expect("no panic").expect("answered");

        let start = Instant::now();
        let early = ping();
        tokio::select! {
            asked = one.is_asked() => assert!(asked),
            asked = other.is_asked() => {
                std::mem::swap(&mut one, &mut other);
                assert!(asked);
            }
        }
        let counted = spawn({
            let memcached = memcached.clone();
            async move { memcached.increment("counter", 1, None).await }
        });
        assert!(other.is_asked().await);
        sleep(deadline * 2 / 3).await;
        let late = ping();
        sleep(Duration::from_millis(10)).await;
        // Nobody shakes hands with what is made instead.
        drop(other);
        let error = counted.await.expect("no panic").expect_err("lost");
        assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
        drop(one);
        let error = early.await.expect("no panic").expect_err("no connection");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let took = start.elapsed();
        late.await.expect("no panic").expect_err("no connection");
        assert!(took >= deadline, "{took:?}");
        in_time("the end of the first to wait", took, deadline * 3 / 2)
    })
    .await;
}
