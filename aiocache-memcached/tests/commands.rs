//! What memcached does in ways of its own: counters, raw commands, logging in, sizes.

mod support;

use std::time::Duration;

use aiocache_core::testing::{Answer, Memcached, Server, Software};
use aiocache_core::{Backend, ErrorKind, Remaining, Reply, Want};
use aiocache_memcached::MemcachedBackend;
use support::{backend, bytes, get, patient, server};

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_increments_at_once_are_all_counted_on_every_path() {
    let server = server();
    // Two backends, as two processes: each has its own connections.
    let backends = [patient(&server), patient(&server)];
    let task = |task: usize| {
        let memcached = backends[task % 2].clone();
        tokio::spawn(async move {
            let mut answers = Vec::new();
            for _ in 0..100 {
                answers.push(memcached.increment("counter", 1, HOUR).await.expect("counted"));
            }
            answers
        })
    };
    // From below 0 to above it: by compare-and-set, and then by the server's own arithmetic.
    backends[0]
        .write("counter", bytes("-3200"), HOUR)
        .await
        .expect("written");
    let start = std::time::Instant::now();
    let mut answers = Vec::new();
    for task in (0..64).map(task).collect::<Vec<_>>() {
        answers.extend(task.await.expect("no panic"));
    }
    println!("6400 increments in {:?}", start.elapsed());
    answers.sort_unstable();
    assert!(answers.into_iter().eq(-3199..=3200), "each answer once");
    let left = backends[0].ttl("counter").await.expect("ttl");
    let Remaining::For(left) = left else {
        panic!("{left:?}")
    };
    assert!(
        left > Duration::from_secs(3500) && left <= Duration::from_secs(3601),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_counter_is_plain_decimal_text_of_any_length() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .write("counter", bytes("1000"), HOUR)
        .await
        .expect("written");
    for (delta, text) in [
        (-1, "999"),
        (1, "1000"),
        (-1, "999"),
        (-990, "9"),
        (-9, "0"),
        (-1, "-1"),
        (2, "1"),
        (i64::MAX - 1, "9223372036854775807"),
        (-i64::MAX, "0"),
        (i64::MIN, "-9223372036854775808"),
    ] {
        let sum = memcached
            .increment("counter", delta, None)
            .await
            .expect("counted");
        assert_eq!(sum.to_string(), text);
        assert_eq!(
            get(&memcached, "counter").await.expect("read"),
            Some(bytes(text)),
            "no padding"
        );
        let left = memcached.ttl("counter").await.expect("ttl");
        assert!(
            matches!(left, Remaining::For(left) if left > Duration::from_secs(3590)),
            "{left:?}"
        );
    }
}

#[tokio::test]
async fn raw_answers_have_the_form_of_the_command() {
    let server = server();
    let memcached = backend(&server);
    let raw = async |line: &str| {
        let words: Vec<_> = line.split(' ').map(str::as_bytes).collect();
        memcached.raw(&words).await
    };
    let text = |text: &str| Reply::Text(text.to_owned());
    let value = |text: &str| Reply::Bytes(bytes(text));
    memcached.write("a", bytes("41"), None).await.expect("written");
    for (line, reply) in [
        ("version", text("VERSION 1.6.18")),
        ("mn", text("MN")),
        ("mg a v", value("41")),
        (
            "mg a v t s2",
            Reply::List(vec![value("41"), text("t-1"), text("s2")]),
        ),
        ("mg a", text("HD")),
        ("mg missing v", Reply::Nil),
        ("get a missing", Reply::Map(vec![(value("a"), value("41"))])),
        ("incr a 1", Reply::Integer(42)),
        ("incr missing 1", Reply::Nil),
        ("touch a 100", text("TOUCHED")),
        ("delete a", text("DELETED")),
        ("md a", Reply::Nil),
        ("verbosity 0", text("OK")),
        ("flush_all", text("OK")),
        ("stats reset", text("RESET")),
    ] {
        let answer = raw(line).await.unwrap_or_else(|error| panic!("{line}: {error}"));
        if line == "version" {
            assert!(answer.as_str().is_some_and(|text| text.starts_with("VERSION ")));
        } else {
            assert_eq!(answer, reply, "{line}");
        }
    }
    let Reply::Map(statistics) = raw("stats").await.expect("asked") else {
        panic!("no map")
    };
    assert!(
        statistics
            .iter()
            .any(|(name, _)| name.as_str() == Some("curr_items"))
    );
    assert_eq!(
        raw("incr a x").await.expect_err("no number").kind(),
        ErrorKind::Server
    );
    memcached.ping().await.expect("the next command works");
}

#[tokio::test]
async fn a_value_over_the_limit_is_neither_sent_nor_taken() {
    let server = server();
    let small = MemcachedBackend::builder()
        .server(server.url())
        .max_value_bytes(10)
        .build()
        .expect("good options");
    let kind = |error: aiocache_core::Error| error.kind();
    small
        .write("key", bytes([b'x'; 10]), None)
        .await
        .expect("as large as it may be");
    let large = bytes([b'x'; 11]);
    let refused = small.write("key", large.clone(), None).await.map_err(kind);
    assert_eq!(refused, Err(ErrorKind::ValueTooLarge));
    assert_eq!(
        get(&small, "key").await.expect("read"),
        Some(bytes([b'x'; 10])),
        "still there"
    );
    backend(&server).write("key", large, None).await.expect("written");
    assert_eq!(
        get(&small, "key").await.map_err(kind),
        Err(ErrorKind::ValueTooLarge)
    );
    small.ping().await.expect("the next command works");
}

#[tokio::test]
async fn a_namespace_cannot_be_cleared_and_says_so() {
    let server = server();
    let cache = aiocache_memcached::MemcachedCache::builder(backend(&server))
        .namespace("n")
        .build();
    cache.set("key", "kept").await.expect("written");
    let error = cache.clear().await.expect_err("unsupported");
    assert_eq!(
        (error.kind(), error.backend()),
        (ErrorKind::Unsupported, Some("memcached"))
    );
    assert!(error.to_string().contains("clear_all"), "{error}");
    assert_eq!(
        cache.get::<String>("key").await.expect("read").as_deref(),
        Some("kept")
    );
    assert_eq!(cache.increment("visits", -2).await.expect("counted"), -2);
    assert_eq!(cache.get::<i64>("visits").await.expect("read"), Some(-2));
}

/// memcached with a file of user names and passwords.
#[derive(Debug)]
struct WithLogin;

impl Software for WithLogin {
    const PROGRAM: &'static str = Memcached::PROGRAM;

    fn arguments(port: u16) -> Vec<String> {
        Memcached::arguments(port)
    }

    fn question(_: &[String]) -> Vec<u8> {
        b"set a 0 0 10\r\nada sesame\r\n"
            .to_vec()
            .into_iter()
            .chain(*b"stats\r\nquit\r\n")
            .collect()
    }

    fn answer(text: &str, pid: u32) -> Answer {
        Memcached::answer(text, pid)
    }

    fn url(port: u16, arguments: &[String]) -> String {
        Memcached::url(port, arguments)
    }
}

#[tokio::test]
async fn a_server_that_wants_a_login_gets_it() {
    let file = std::env::temp_dir().join(format!("aiocache-login-{}", std::process::id()));
    std::fs::write(&file, "ada:sesame\n").expect("a file");
    let server = Server::<WithLogin>::builder()
        .arg("-Y", file.display().to_string())
        .start();
    std::fs::remove_file(&file).expect("removed");
    let server = server.expect("memcached starts");
    let over = |login: Option<(&str, &str)>| {
        let builder = MemcachedBackend::builder().server(server.url());
        let builder = match login {
            Some((username, password)) => builder.login(username, password),
            None => builder,
        };
        assert!(!format!("{builder:?}").contains("sesame"));
        builder.build().expect("good options")
    };
    let known = over(Some(("ada", "sesame")));
    known.write("key", bytes("1"), None).await.expect("written");
    let url = format!("memcached://ada:%73esame@{}", server.addr());
    let by_url = MemcachedBackend::connect(url).expect("a good URL");
    assert_eq!(get(&by_url, "key").await.expect("read"), Some(bytes("1")));
    assert!(!format!("{by_url:?}").contains("sesame"));
    for stranger in [over(None), over(Some(("ada", "5e5ame")))] {
        let error = get(&stranger, "key").await.expect_err("not let in");
        assert_eq!(error.kind(), ErrorKind::Server);
        assert!(error.to_string().contains("password"), "{error}");
        assert!(!format!("{error} {error:?}").contains("5e5ame"));
    }
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let good = || MemcachedBackend::builder().server("localhost");
    for (builder, what) in [
        (MemcachedBackend::builder(), "no server"),
        (good().server("LOCALHOST:11211"), "twice"),
        (good().pool_size(0), "pool_size"),
        (good().deadline(Duration::ZERO), "deadline"),
        (good().connect_timeout(Duration::ZERO), "connect_timeout"),
        (good().login("", "s3cret"), "user name"),
        (good().login("a b", "s3cret"), "user name"),
        (good().login("a", "s3cret\r\nflush_all"), "password"),
        (good().login("a", "s3cret s3cret"), "password"),
    ] {
        let error = builder.build().expect_err(what);
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(what), "{error}");
        assert!(!format!("{error:?}").contains("s3cret"));
    }
    assert!(
        MemcachedBackend::connect("localhost").is_err(),
        "connect takes a URL"
    );
    good().deadline(Duration::MAX).build().expect("as good as none");
}

#[tokio::test]
async fn reading_many_tells_versions_that_can_be_compared() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .write_many(vec![("a", bytes("1")), ("b", bytes("2"))], HOUR)
        .await
        .expect("written");
    let read = memcached
        .read_many(&["a", "b"], Want::VERSION, |_, entry| entry.version)
        .await;
    let versions: Vec<_> = read
        .expect("read")
        .into_iter()
        .map(|version| version.flatten().expect("one"))
        .collect();
    let set = async |key: &str, at: usize| {
        memcached
            .compare_and_set(key, bytes("3"), None, &versions[at])
            .await
            .expect("compared")
    };
    assert!(!set("a", 1).await, "the version of another key");
    assert!(set("a", 0).await);
    assert!(set("b", 1).await);
}
