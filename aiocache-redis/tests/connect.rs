//! Connecting: options, credentials, protocols, and what an error says.

mod support;

use std::time::Duration;

use aiocache_core::testing::{FaultProxy, in_time, undisturbed};
use aiocache_core::{Backend, ErrorKind, Reply};
use aiocache_redis::RedisBackend;
use support::fake::Fake;
use support::{PATIENCE, backend, bytes, get, server, server_with, until, url, url_of};

async fn client_line(redis: &RedisBackend) -> String {
    let line = redis.raw(&[b"CLIENT", b"INFO"]).await.expect("asked");
    match line {
        Reply::Text(text) => text,
        Reply::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_without_showing_it() {
    let server = server_with(&["--requirepass", "right-canary"]);
    for (url, protocol) in [(url(&server), 3), (format!("{}?protocol=2", url(&server)), 2)] {
        let none = RedisBackend::connect(&*url).expect("a good URL");
        let wrong = RedisBackend::builder(&*url)
            .password("wrong-canary")
            .build()
            .expect("good options");
        for redis in [none, wrong] {
            let error = redis.ping().await.expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Server, "RESP{protocol}: {error}");
            assert!(!error.is_transient());
            assert!(!format!("{error:?} {redis:?}").contains("canary"));
        }
        let right = RedisBackend::builder(&*url)
            .password("right-canary")
            .build()
            .expect("good options");
        right.ping().await.expect("let in");
    }
    let in_url = format!("redis://:right-canary@127.0.0.1:{}", server.port());
    RedisBackend::connect(in_url)
        .expect("a good URL")
        .ping()
        .await
        .expect("let in");
}

#[tokio::test]
async fn options_reach_the_server() {
    let server = server();
    let redis = RedisBackend::builder(url(&server))
        .database(3)
        .client_name("service-a")
        .build()
        .expect("good options");
    let line = client_line(&redis).await;
    assert!(
        line.contains(" name=service-a ") && line.contains(" db=3 "),
        "{line}"
    );
    redis.write("key", bytes("1"), None).await.expect("written");
    assert_eq!(get(&backend(&server), "key").await.expect("read"), None);
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let builder = || RedisBackend::builder("redis://localhost");
    for refused in [
        builder().deadline(Duration::ZERO),
        builder().connect_timeout(Duration::ZERO),
        builder().client_name("two words"),
        builder().client_name(""),
        builder().username("user"),
        RedisBackend::builder("localhost:6379"),
    ] {
        assert_eq!(
            refused.build().expect_err("refused").kind(),
            ErrorKind::InvalidConfig
        );
    }
}

#[tokio::test]
async fn a_unix_socket_works_like_a_port() {
    let path = std::env::temp_dir().join(format!("aiocache-{}.sock", std::process::id()));
    let text = path.to_str().expect("a path of text");
    let server = server_with(&["--unixsocket", text]);
    let redis = RedisBackend::connect(format!("redis+unix://{text}?db=2")).expect("a good URL");
    redis.write("key", bytes("1"), None).await.expect("written");
    assert!(client_line(&redis).await.contains(" db=2 "));
    drop(server);
    let _ = std::fs::remove_file(path);
}

#[tokio::test]
async fn a_client_made_elsewhere_is_used() {
    let server = server();
    let client = redis::Client::open(format!("{}4", url(&server))).expect("a good URL");
    let redis = RedisBackend::from_client(&client).expect("good settings");
    assert!(client_line(&redis).await.contains(" db=4 "));
}

#[tokio::test]
async fn resp3_is_spoken_and_resp2_where_it_is_refused() {
    let server = server();
    assert!(
        client_line(&backend(&server)).await.contains(" resp=3"),
        "RESP3 by default"
    );
    let plain = RedisBackend::builder(url(&server))
        .resp2()
        .build()
        .expect("good options");
    assert!(client_line(&plain).await.contains(" resp=2"));

    // As servers before version 6 and some proxies are: no HELLO.
    let old = server_with(&["--rename-command", "HELLO", ""]);
    let redis = backend(&old);
    redis.write("key", bytes("1"), None).await.expect("written");
    redis.close().await.expect("closed");
    assert_eq!(get(&redis, "key").await.expect("read"), Some(bytes("1")));
    assert!(client_line(&redis).await.contains(" resp=2"));
}

/// A restart goes on until the data is loaded: from there a server answers the set-up of connections, and no more.
#[tokio::test]
async fn a_server_that_loads_its_data_is_waited_for_as_one_that_refuses_connections() {
    let fake = Fake::start(|connection, words| {
        let answer = match words {
            _ if connection % 3 != 1 => "-LOADING Redis is loading the dataset in memory",
            ["PING"] => "+PONG",
            ["GET", ..] => "$-1",
            _ => ":7",
        };
        Some(format!("{answer}\r\n"))
    })
    .await;
    let proxy = FaultProxy::start(fake.addr).await.expect("a free port");
    let builder = RedisBackend::builder(url_of(proxy.addr())).deadline(PATIENCE);
    let redis = builder.build().expect("good options");
    let restart = async || {
        proxy.cut();
        until("the end of it", || redis.stats().connections == Some(0)).await;
    };
    redis.ping().await.expect("the first works");
    restart().await;
    assert_eq!(redis.increment("key", 1, None).await.expect("waited"), 7);
    restart().await;
    assert_eq!(get(&redis, "key").await.expect("waited"), None);
    assert_eq!(fake.connections(), 7);

    let first = Fake::start(|_, _| Some("-LOADING wait\r\n".to_owned())).await;
    let redis = RedisBackend::connect(first.url()).expect("a good URL");
    let error = get(&redis, "key").await.expect_err("it never worked");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("LOADING wait"), "{error}");
}

#[tokio::test]
async fn a_user_who_may_not_ping_is_served() {
    let server = server();
    let admin = backend(&server);
    let user = [
        &b"ACL"[..],
        b"SETUSER",
        b"app",
        b"on",
        b">s3cret",
        b"~*",
        b"+@all",
        b"-ping",
    ];
    admin.raw(&user).await.expect("set");
    let redis = RedisBackend::builder(url(&server))
        .username("app")
        .password("s3cret")
        .client_name("service-a")
        .build()
        .expect("good options");
    redis.write("key", bytes("1"), None).await.expect("written");
    assert_eq!(redis.ping().await.expect_err("refused").kind(), ErrorKind::Server);
}

#[tokio::test]
async fn nobody_at_the_address_is_unavailable_at_once() {
    undisturbed(async || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("redis://:s3cret@{}", free.local_addr().expect("an address"));
        drop(free);
        let redis = RedisBackend::connect(url).expect("a good URL");
        for _ in 0..50 {
            let start = std::time::Instant::now();
            let error = get(&redis, "key").await.expect_err("nobody there");
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            in_time("an error", start.elapsed(), Duration::from_millis(100))?;
            assert!(error.to_string().contains("127.0.0.1"), "{error}");
            assert!(!format!("{error:?}").contains("s3cret"));
        }
        Ok(())
    })
    .await;
}

#[test]
fn outside_a_runtime_the_error_says_so() {
    let redis = RedisBackend::connect("redis://localhost").expect("a good URL");
    let mut command = std::pin::pin!(redis.ping());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match command.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::InvalidConfig),
        other => panic!("{other:?}"),
    }
}
