//! Servers that answer with anything.

mod support;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aiocache_core::testing::{Direction, Fault, in_time_beyond, undisturbed};
use aiocache_core::{Backend, ErrorKind};
use aiocache_memcached::MemcachedBackend;
use support::{bytes, get, proxy, server};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const DEADLINE: Duration = Duration::from_millis(300);

/// A server that knows the meta commands and answers every other line with `answer`.
async fn liar(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                // It ends when the client has had enough.
                drop(lie(stream, &answer).await);
            });
        }
    });
    address
}

async fn lie(stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let answer = if line == "mn\r\n" { b"MN\r\n" } else { answer };
        stream.write_all(answer).await?;
        line.clear();
    }
    Ok(())
}

fn over(address: SocketAddr) -> MemcachedBackend {
    MemcachedBackend::builder()
        .server(address.to_string())
        .deadline(DEADLINE)
        .build()
        .expect("good options")
}

/// The most memory that this process has had, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or_default()
}

#[tokio::test]
async fn every_lie_is_an_error_soon_and_costs_no_memory() {
    undisturbed(async || {
        let before = peak();
        let mut answers: Vec<Vec<u8>> = [
            "VA 18446744073709551615 O0\r\n",
            "VA 18446744073709551616 O0\r\n",
            "VA 1099511627776 O0\r\n",
            "VA 1048064 O0\r\nshort",
            "VA -1 O0\r\n",
            "VA 3 O0\r\nabcde\r\n",
            "VA 3 O999\r\nabc\r\n",
            "VA 3\r\nabc\r\n",
            "HD O0\r\n",
            "HD O999\r\n",
            "EN\r\n",
            "EN O1\r\n",
            "EN O0\n",
            "END\r\n",
            "STORED\r\n",
            "VALUE k 0 1\r\na\r\nEND\r\n",
            "\r\n",
            "ERROR\r\n",
            "CLIENT_ERROR k is bad\r\n",
            "SERVER_ERROR k is busy\r\n",
            "\0\0\0\0\r\n",
        ]
        .map(|answer| answer.as_bytes().to_vec())
        .to_vec();
        answers.push(vec![b'a'; 8 << 20]);
        answers.push([b"VA 1048064 O0".as_slice(), &[b' '; 4096], b"\r\n"].concat());
        answers.push(vec![0xff; 100]);
        for answer in answers {
            let shown = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
            let memcached = over(liar(answer).await);
            for round in 0..3 {
                let start = Instant::now();
                let error = get(&memcached, "secret-key").await.expect_err(&shown);
                in_time_beyond(&shown, start.elapsed(), DEADLINE, 2 * DEADLINE)?;
                assert!(!format!("{error} {error:?}").contains("secret"), "{error}");
                if round == 0 {
                    let known = [
                        ErrorKind::Server,
                        ErrorKind::ValueTooLarge,
                        ErrorKind::Timeout,
                        ErrorKind::Unavailable,
                    ];
                    assert!(known.contains(&error.kind()), "{shown}: {error}");
                }
            }
            let error = memcached.write("k", bytes("1"), None).await.err();
            let error = error.or(memcached.increment("k", 1, None).await.err());
            assert!(error.is_some() || shown.starts_with("HD O"), "{shown}");
        }
        let grown = peak() - before;
        println!("peak memory grew by {grown} KiB");
        assert!(grown < 64 << 10, "{grown} KiB");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_to_nobody_ends_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let memcached = MemcachedBackend::builder()
        .server(listener.local_addr().expect("bound").to_string())
        .pool_size(1)
        .build()
        .expect("good options");
    let asked = tokio::spawn(async move { get(&memcached, "key").await.map(|read| (read, memcached)) });
    let (mut first, _) = listener.accept().await.expect("connected");
    let mut question = [0; 64];
    let expect = async |stream: &mut TcpStream, question: &mut [u8], start: &[u8]| {
        let read = stream.read(question).await.expect("read");
        assert!(question[..read].starts_with(start), "{:?}", &question[..read]);
    };
    expect(&mut first, &mut question, b"mn\r\n").await;
    first.write_all(b"MN\r\n").await.expect("sent");
    expect(&mut first, &mut question, b"mg key v O0\r\n").await;
    first.write_all(b"EN O0\r\n").await.expect("sent");
    let (read, memcached) = asked.await.expect("no panic").expect("an answer");
    assert_eq!(read, None);
    // The answer to a question that nobody asks, with the number that the next one would have.
    first.write_all(b"VA 4 O1\r\nEVIL\r\n").await.expect("sent");
    tokio::time::sleep(Duration::from_millis(50)).await;
    let asked = tokio::spawn(async move { get(&memcached, "key").await });
    let (mut second, _) = listener.accept().await.expect("a new connection");
    expect(&mut second, &mut question, b"mn\r\n").await;
    second.write_all(b"MN\r\n").await.expect("sent");
    expect(&mut second, &mut question, b"mg key v O0\r\n").await;
    second.write_all(b"VA 4 O0\r\ngood\r\n").await.expect("sent");
    assert_eq!(
        asked.await.expect("no panic").expect("an answer"),
        Some(bytes("good"))
    );
}

#[tokio::test]
async fn garbled_answers_are_errors_and_never_hang() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let memcached = MemcachedBackend::connect(url).expect("a good URL");
        memcached
            .write("key", bytes("value"), None)
            .await
            .expect("written");
        let mut errors = 0;
        for every in 1..60 {
            proxy.set(Fault::Garble {
                direction: Direction::ToClient,
                every,
            });
            let start = Instant::now();
            errors += usize::from(get(&memcached, "key").await.is_err());
            errors += usize::from(memcached.write("other", bytes("1"), None).await.is_err());
            in_time_beyond(
                "two commands",
                start.elapsed(),
                Duration::from_secs(1),
                Duration::from_millis(1500),
            )?;
        }
        println!("{errors} errors of 118");
        assert!(errors > 20, "{errors}");
        proxy.set(Fault::Pass);
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(
            get(&memcached, "key").await.expect("back in step"),
            Some(bytes("value"))
        );
        Ok(())
    })
    .await;
}
