//! Connections that are lost while commands are sent or wait for one.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use aiocache_core::testing::{in_time, undisturbed, while_awake};
use aiocache_core::{Backend, ErrorKind};
use aiocache_memcached::{MemcachedBackend, MemcachedBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::spawn;
use tokio::time::{sleep, timeout};

/// How long a client may take that does what it should.
const PATIENCE: Duration = Duration::from_secs(20);

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
        let line = timeout(PATIENCE, self.lines.next_line()).await;
        matches!(line.expect("the client asks something or goes"), Ok(Some(_)))
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

async fn accept(listener: &TcpListener) -> Client {
    let accepted = timeout(PATIENCE, listener.accept()).await;
    let (stream, _) = accepted.expect("the client connects").expect("a connection");
    Client::new(stream)
}

/// The next connection, which answers a ping.
async fn next_that_answers(listener: &TcpListener) -> Client {
    let mut client = accept(listener).await;
    client.shake_hands().await;
    client.answer_ping().await;
    client
}

/// Both connections of a pool of two. The first was asked something.
async fn two_of_whom_one_is_asked(listener: &TcpListener) -> (Client, Client) {
    let (mut one, mut other) = (accept(listener).await, accept(listener).await);
    one.shake_hands().await;
    other.shake_hands().await;
    asked_first(one, other).await
}

/// The same two, the one that is asked before the other.
async fn asked_first(mut one: Client, mut other: Client) -> (Client, Client) {
    tokio::select! {
        asked = one.is_asked() => assert!(asked),
        asked = other.is_asked() => {
            std::mem::swap(&mut one, &mut other);
            assert!(asked);
        }
    }
    (one, other)
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
        let (mut one, other) = two_of_whom_one_is_asked(&listener).await;
        one.answer("VERSION 1.6.0\r\n").await;
        first.await.expect("no panic").expect("answered");

        let start = Instant::now();
        let early = ping();
        let (one, mut other) = asked_first(one, other).await;
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

/// As a server ends: its connections break one after another, and what is sent again meets one that is about to.
#[tokio::test]
async fn what_breaks_with_every_connection_of_a_server_is_sent_over_one_made_after_it() {
    let (listener, builder) = listen().await;
    let memcached = builder.pool_size(2).deadline(Duration::from_secs(10)).build();
    let memcached = memcached.expect("good options");
    let ping = || {
        let memcached = memcached.clone();
        spawn(async move { memcached.ping().await })
    };
    let first = ping();
    let (mut one, other) = two_of_whom_one_is_asked(&listener).await;
    one.answer("VERSION 1.6.0\r\n").await;
    first.await.expect("no panic").expect("answered");

    let second = ping();
    let (one, mut other) = asked_first(one, other).await;
    drop(one);
    assert!(other.is_asked().await);
    drop(other);
    let _third = next_that_answers(&listener).await;
    second.await.expect("no panic").expect("sent over the third");
}

#[tokio::test]
async fn what_breaks_with_a_connection_made_after_the_first_broke_is_not_sent_again() {
    let (listener, builder) = listen().await;
    let memcached = builder.pool_size(1).deadline(Duration::from_secs(10)).build();
    let memcached = memcached.expect("good options");
    let pings = spawn(async move { (memcached.ping().await, memcached.ping().await) });
    let mut client = next_that_answers(&listener).await;
    assert!(client.is_asked().await);
    drop(client);
    let mut client = accept(&listener).await;
    client.shake_hands().await;
    assert!(client.is_asked().await);
    drop(client);
    let (first, second) = pings.await.expect("no panic");
    first.expect("answered");
    let error = second.expect_err("broken twice");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.to_string().contains("before the answer"), "{error}");
}

/// Waits until the client has seen that so many connections are open.
async fn until_open(memcached: &MemcachedBackend, connections: u64) {
    let told = async {
        while memcached.stats().connections != Some(connections) {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, told).await.expect("the client sees it");
}

/// A client that was answered, and that makes its connection anew without being told to: the second one.
async fn reconnected(listener: &TcpListener, memcached: &MemcachedBackend) -> Client {
    let first = spawn({
        let memcached = memcached.clone();
        async move { memcached.ping().await }
    });
    let mut client = accept(listener).await;
    client.shake_hands().await;
    client.answer_ping().await;
    first.await.expect("no panic").expect("answered");
    drop(client);
    let mut client = accept(listener).await;
    client.shake_hands().await;
    client
}

/// What becomes of a ping while the next connection answers one.
async fn ping_over_the_next(
    listener: &TcpListener,
    memcached: &MemcachedBackend,
) -> aiocache_core::Result<()> {
    let mut ping = pin!(memcached.ping());
    tokio::select! {
        _client = next_that_answers(listener) => ping.await,
        early = &mut ping => early,
    }
}

/// As a server that restarts twice does.
#[tokio::test]
async fn a_connection_that_is_lost_before_it_was_used_costs_the_next_command_nothing() {
    let (listener, builder) = listen().await;
    let memcached = builder.pool_size(1).deadline(PATIENCE).build();
    let memcached = memcached.expect("good options");
    let client = reconnected(&listener, &memcached).await;
    drop(client);
    until_open(&memcached, 0).await;
    let pinged = ping_over_the_next(&listener, &memcached).await;
    pinged.expect("answered over the third");
}

#[tokio::test]
async fn what_breaks_with_a_connection_that_had_no_answer_yet_is_sent_over_the_next() {
    let (listener, builder) = listen().await;
    let memcached = builder.pool_size(1).deadline(PATIENCE).build();
    let memcached = memcached.expect("good options");
    let mut client = reconnected(&listener, &memcached).await;
    let ping = spawn(async move { memcached.ping().await });
    assert!(client.is_asked().await);
    drop(client);
    let _third = next_that_answers(&listener).await;
    ping.await.expect("no panic").expect("answered over the third");
}

/// As a server does that closes what is idle, or that restarts while nobody asks anything.
#[tokio::test]
async fn a_connection_that_was_never_used_and_is_old_costs_nothing_when_it_ends() {
    undisturbed(async || {
        let (listener, builder) = listen().await;
        let deadline = Duration::from_millis(400);
        let memcached = builder.pool_size(1).deadline(deadline).build();
        let memcached = memcached.expect("good options");
        let client = reconnected(&listener, &memcached).await;
        // Commands do not wait because of the first loss any more.
        sleep(deadline).await;
        drop(client);
        until_open(&memcached, 0).await;
        let early = timeout(Duration::from_millis(20), listener.accept()).await;
        assert!(early.is_err(), "nobody asked for it");
        let pinged = ping_over_the_next(&listener, &memcached).await;
        let what = format!("answered over the third: {pinged:?}");
        while_awake(&what, pinged.is_ok(), Duration::from_millis(100))
    })
    .await;
}

#[tokio::test]
async fn a_server_that_drops_what_it_accepts_is_left_alone_more_and_more() {
    let (listener, builder) = listen().await;
    let deadline = Duration::from_millis(400);
    let memcached = builder.pool_size(1).deadline(deadline).build();
    let memcached = memcached.expect("good options");
    let client = reconnected(&listener, &memcached).await;
    let made = Arc::<AtomicUsize>::default();
    let dropping = spawn({
        let made = Arc::clone(&made);
        async move {
            drop(client);
            loop {
                accept(&listener).await.shake_hands().await;
                made.fetch_add(1, SeqCst);
            }
        }
    });
    let asking = async {
        loop {
            let _lost = memcached.ping().await;
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(deadline, asking).await.expect_err("it never ends");
    // After 25 ms at least, 50, and then 100 each time.
    let made = made.load(SeqCst);
    assert!((2..10).contains(&made), "{made} connections");
    assert!(!dropping.is_finished(), "it drops each");
    dropping.abort();
}

/// As a server does that closes what is idle: one after another, for they were used at different times.
#[tokio::test]
async fn connections_that_nobody_uses_are_not_made_anew_for_ever() {
    let (listener, builder) = listen().await;
    let memcached = builder.pool_size(2).deadline(PATIENCE).build();
    let memcached = memcached.expect("good options");
    let ping = async || memcached.ping().await.expect("answered");
    let serving = async {
        let (mut one, other) = two_of_whom_one_is_asked(&listener).await;
        one.answer("VERSION 1.6.0\r\n").await;
        (one, other)
    };
    let (_, (used, unused)) = tokio::join!(ping(), serving);
    drop(unused);
    until_open(&memcached, 1).await;
    let early = timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(early.is_err(), "nobody asked for it");
    drop(used);
    // One was used, so it is likely that they will be: both are made anew, once.
    let (mut one, mut other) = (accept(&listener).await, accept(&listener).await);
    tokio::join!(one.shake_hands(), other.shake_hands());
    until_open(&memcached, 2).await;
    for (client, left) in [(one, 1), (other, 0)] {
        drop(client);
        until_open(&memcached, left).await;
        let early = timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(early.is_err(), "nobody asked for it");
    }
}

/// As a proxy does whose other half has no room: one connection works, and the others are dropped.
#[tokio::test]
async fn a_connection_that_works_hides_no_server_that_drops_the_others() {
    let (listener, builder) = listen().await;
    let memcached = builder.pool_size(2).deadline(PATIENCE).build();
    let memcached = memcached.expect("good options");
    let made = Arc::<AtomicUsize>::default();
    let serving = spawn({
        let made = Arc::clone(&made);
        async move {
            let (mut one, other) = two_of_whom_one_is_asked(&listener).await;
            one.answer("VERSION 1.6.0\r\n").await;
            drop(other);
            let dropping = async {
                loop {
                    accept(&listener).await.shake_hands().await;
                    made.fetch_add(1, SeqCst);
                }
            };
            let answering = async {
                loop {
                    one.answer_ping().await;
                }
            };
            tokio::join!(dropping, answering);
        }
    });
    let asking = async {
        loop {
            memcached.ping().await.expect("answered by the one that works");
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_millis(400), asking)
        .await
        .expect_err("it never ends");
    // After 25 ms at least, 50, and then 100 each time.
    let made = made.load(SeqCst);
    assert!(made < 10, "{made} connections");
    assert!(!serving.is_finished(), "it drops each");
    serving.abort();
}

/// As with a server that is at its limit.
#[tokio::test]
async fn a_connection_that_is_never_made_holds_back_none_that_is() {
    undisturbed(async || {
        let (listener, builder) = listen().await;
        let options = builder
            .pool_size(2)
            .deadline(Duration::from_secs(2))
            .connect_timeout(PATIENCE);
        let memcached = options.build().expect("good options");
        let ping = spawn({
            let memcached = memcached.clone();
            async move { memcached.ping().await }
        });
        let (mut one, mut other) = (accept(&listener).await, accept(&listener).await);
        one.shake_hands().await;
        let start = Instant::now();
        assert!(one.is_asked().await);
        in_time("sending the ping", start.elapsed(), Duration::from_secs(1))?;
        one.answer("VERSION 1.6.0\r\n").await;
        ping.await.expect("no panic").expect("answered over the one");
        assert_eq!(memcached.stats().connections, Some(1));
        other.shake_hands().await;
        until_open(&memcached, 2).await;
        Ok(())
    })
    .await;
}
