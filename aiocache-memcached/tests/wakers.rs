//! Tasks that panic when they are woken: what a connection does for others goes on.

mod support;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use aiocache_core::{Backend, Cache};
use aiocache_memcached::MemcachedBackend;
use support::{backend, server};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(10);

/// A task that stops for ever when it is woken.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("on purpose");
    }
}

/// Polls once, for a task that panics when it is woken.
fn poll(future: std::pin::Pin<&mut impl Future>) {
    let waker = Waker::from(Arc::new(Panics));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
}

async fn until_it_answers(memcached: &MemcachedBackend) {
    let answered = async {
        while memcached.ping().await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, answered).await.expect("it answers again");
}

/// Shakes hands and answers pings; if it `is_broken`, closes at the first instead.
async fn serve(client: TcpStream, is_broken: bool) {
    let (reader, mut writer) = client.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = if line == "mn" {
            "MN\r\n"
        } else {
            "VERSION 1.6.0\r\n"
        };
        if is_broken && line != "mn" {
            return;
        }
        writer
            .write_all(answer.as_bytes())
            .await
            .expect("the client is there");
    }
}

#[tokio::test]
async fn one_that_is_told_of_a_broken_connection_takes_no_place_from_others() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let builder = MemcachedBackend::builder().server(listener.local_addr().expect("bound").to_string());
    let memcached = builder
        .pool_size(1)
        .deadline(PATIENCE)
        .build()
        .expect("good options");
    let mut ping = pin!(memcached.ping());
    poll(ping.as_mut());
    let (client, _) = listener.accept().await.expect("a connection");
    serve(client, true).await;
    let serving = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            serve(client, false).await;
        }
    });
    until_it_answers(&memcached).await;
    assert_eq!(memcached.stats().connections, Some(1));
    serving.abort();
}

#[tokio::test]
async fn one_that_is_answered_costs_others_no_connection() {
    let server = server();
    let memcached = backend(&server);
    until_it_answers(&memcached).await;
    for _ in 0..4 {
        let mut ping = pin!(memcached.ping());
        poll(ping.as_mut());
        // By then it was woken: one connection after the other is asked.
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(memcached.stats().connections, Some(4));
    until_it_answers(&memcached).await;
}

#[tokio::test]
async fn one_that_hears_of_a_new_connection_keeps_no_command_from_going_over_it() {
    let mut server = server();
    let memcached = backend(&server);
    let cache = Cache::builder(memcached.clone()).build();
    let mut events = cache.events();
    until_it_answers(&memcached).await;
    let mut next = Box::pin(events.next());
    server.restart().expect("the server obeys");
    poll(next.as_mut());
    until_it_answers(&memcached).await;
    timeout(PATIENCE, async {
        while cache.stats().reconnects < 4 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("all of them are told");
}
