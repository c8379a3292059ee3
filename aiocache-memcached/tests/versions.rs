//! Versions of a counter: memcached may hand a value over with the id of the next one.

mod support;

use std::time::Duration;

use aiocache_core::{Backend, Raw, Want};
use aiocache_memcached::MemcachedBackend;
use bytes::Bytes;
use support::{backend, bytes, scaled, server};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A server that answers the first reading of a key with the value before an increment and the id after it, and those
/// after it as `then` says.
async fn torn(then: &'static str) -> MemcachedBackend {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // It ends with its client.
            tokio::spawn(async move { drop(answer(stream, then).await) });
        }
    });
    let builder = MemcachedBackend::builder().server(address.to_string());
    builder.pool_size(1).build().expect("good options")
}

async fn answer(stream: TcpStream, then: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut line, mut readings) = (String::new(), 0);
    while stream.read_line(&mut line).await? > 0 {
        let opaque = line.trim_end().rsplit(' ').next().unwrap_or_default().to_owned();
        let answer = match line.split(' ').next() {
            Some("mn\r\n") => "MN\r\n".to_owned(),
            Some("mg") if readings == 0 => format!("VA 1 c10 {opaque}\r\n1\r\n"),
            Some("mg") => then.replace("OPAQUE", &opaque),
            // A compare-and-set with the id that is there would be let through.
            _ => {
                stream.read_line(&mut line).await?;
                format!("HD {opaque}\r\n")
            }
        };
        readings += usize::from(line.starts_with("mg"));
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

#[tokio::test]
async fn a_value_with_the_id_of_the_next_one_compares_with_nothing() {
    for (then, same) in [
        ("VA 1 c10 OPAQUE\r\n1\r\n", true),
        ("VA 1 c10 OPAQUE\r\n2\r\n", false),
        ("VA 1 c11 OPAQUE\r\n1\r\n", false),
        ("EN OPAQUE\r\n", false),
    ] {
        let memcached = torn(then).await;
        let version = memcached
            .read("counter", Want::VERSION, |entry| entry.version)
            .await;
        let version = version.expect("read").flatten().expect("a version");
        let set = memcached
            .compare_and_set("counter", bytes("5"), None, &version)
            .await;
        assert_eq!(set.expect("compared"), same, "{then:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_increment_is_lost_to_a_compare_and_set() {
    let rounds = scaled(200, 50_000);
    let server = server();
    let memcached = MemcachedBackend::builder()
        .server(server.url())
        .pool_size(16)
        .deadline(Duration::from_secs(5))
        .build()
        .expect("good options");
    // Long enough that one more never makes it longer: memcached then counts in place where nobody reads.
    const START: i64 = 1_000_000_000;
    memcached
        .increment("counter", START, None)
        .await
        .expect("counted");
    let counting: Vec<_> = (0..8)
        .map(|_| {
            let memcached = memcached.clone();
            tokio::spawn(async move {
                for _ in 0..rounds {
                    memcached.increment("counter", 1, None).await.expect("counted");
                }
                i64::try_from(rounds).expect("a number of rounds")
            })
        })
        .collect();
    let comparing: Vec<_> = (0..8)
        .map(|_| {
            let memcached = memcached.clone();
            tokio::spawn(async move {
                let mut swapped = 0;
                for _ in 0..rounds {
                    let read = memcached.read("counter", Want::VERSION, |entry| {
                        (entry.raw.integer().expect("a counter"), entry.version)
                    });
                    let (value, version) = read.await.expect("read").expect("there");
                    let raw = Bytes::from_integer(value + 1);
                    let version = version.expect("a version");
                    let set = memcached.compare_and_set("counter", raw, None, &version).await;
                    swapped += i64::from(set.expect("compared"));
                }
                swapped
            })
        })
        .collect();
    let (mut counted, mut swapped) = (0, 0);
    for task in counting {
        counted += task.await.expect("no panic");
    }
    for task in comparing {
        swapped += task.await.expect("no panic");
    }
    let counter = backend(&server).increment("counter", 0, None).await;
    let lost = START + counted + swapped - counter.expect("counted");
    println!("P9: {counted} increments and {swapped} compare-and-sets of one counter, lost {lost}");
    assert_eq!(lost, 0);
    assert!(swapped > 0);
}
