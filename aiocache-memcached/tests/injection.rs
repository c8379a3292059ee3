//! No key and no value can be taken for a command.

mod support;

use std::time::Duration;

use aiocache_core::{Backend, ErrorKind, NullSerializer, Want};
use aiocache_memcached::{MemcachedBackend, MemcachedCache};
use bytes::Bytes;
use support::random::Random;
use support::{backend, bytes, get, scaled, server};

const SENTINEL: &str = "sentinel";

async fn is_untouched(memcached: &MemcachedBackend, after: &str) {
    let read = get(memcached, SENTINEL).await.expect("read");
    assert_eq!(read, Some(bytes("untouched")), "after {after:?}");
}

fn attacks() -> Vec<String> {
    let mut attacks: Vec<String> = [
        "x\r\nset sentinel 0 0 4 noreply\r\nEVIL\r\nget y",
        "z noreply\r\nflush_all",
        "sentinel noreply",
        "a b",
        "a\tb",
        "a\nflush_all",
        "a\r",
        "a\0b",
        "\u{7f}",
        "caf\u{e9}",
        "",
        " ",
        "\r\n",
    ]
    .map(str::to_owned)
    .to_vec();
    attacks.extend([251, 300, 2048, 5000].map(|length| "k".repeat(length)));
    attacks
}

#[tokio::test]
async fn a_key_that_could_be_a_command_is_refused_everywhere() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .write(SENTINEL, bytes("untouched"), None)
        .await
        .expect("written");
    let version = memcached
        .read(SENTINEL, Want::VERSION, |entry| entry.version)
        .await;
    let version = version.expect("read").flatten().expect("a version");
    // A value that is a command, for the case that a key ended the line early.
    let value = bytes("set sentinel 0 0 5 noreply\r\nPWNED\r\nflush_all");
    for key in &attacks() {
        let kinds = [
            memcached.write(key, value.clone(), None).await.err(),
            memcached
                .write_many(vec![("good", value.clone()), (key, value.clone())], None)
                .await
                .err(),
            memcached.add(key, value.clone(), None).await.err(),
            get(&memcached, key).await.err(),
            memcached
                .read_many(&["good", key], Want::VALUE, |_, _| ())
                .await
                .err(),
            memcached.delete(key).await.err(),
            memcached.delete_many(&["good", key]).await.err(),
            memcached.exists(key).await.err(),
            memcached.increment(key, 1, None).await.err(),
            memcached.expire(key, None).await.err(),
            memcached.ttl(key).await.err(),
            memcached
                .compare_and_set(key, value.clone(), None, &version)
                .await
                .err(),
            memcached.compare_and_delete(key, &version).await.err(),
        ]
        .map(|error| error.map(|error| error.kind()));
        assert_eq!(kinds, [Some(ErrorKind::InvalidKey); 13], "{key:?}");
        is_untouched(&memcached, key).await;
    }
    assert_eq!(
        get(&memcached, "good").await.expect("read"),
        None,
        "nothing of a refused command is done"
    );
}

#[tokio::test]
async fn an_argument_of_raw_is_never_another_command() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .write(SENTINEL, bytes("untouched"), None)
        .await
        .expect("written");
    for attack in attacks() {
        let arguments: [&[&[u8]]; 3] = [
            &[b"get", attack.as_bytes()],
            &[b"delete", b"other", attack.as_bytes()],
            &[attack.as_bytes()],
        ];
        for arguments in arguments {
            drop(memcached.raw(arguments).await);
            is_untouched(&memcached, &attack).await;
        }
    }
    drop(
        memcached
            .raw(&[b"ms", b"k", b"10"])
            .await
            .expect_err("has a data block"),
    );
    drop(
        memcached
            .raw(&[b"mg", b"k", b"v", b"q"])
            .await
            .expect_err("has no answer"),
    );
    is_untouched(&memcached, "raw").await;
}

/// A key or value made of pieces that mean something to the protocol.
fn arbitrary(random: &mut Random) -> Vec<u8> {
    const PIECES: [&[u8]; 16] = [
        b"sentinel",
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\0",
        b"\x7f",
        b"\xff\xfe",
        b"noreply",
        b"flush_all",
        b"set sentinel 0 0 1",
        b"END",
        b"VA 3",
        b"a",
        b"0",
        b"\xc3\xa9",
    ];
    let mut bytes = Vec::new();
    for _ in 0..random.below(8) {
        let piece = random.pick(&PIECES);
        let times = if random.below(20) == 0 {
            random.below(300)
        } else {
            1
        };
        (0..times).for_each(|_| bytes.extend_from_slice(piece));
    }
    bytes
}

#[tokio::test]
async fn arbitrary_keys_and_values_leave_others_alone() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .write(SENTINEL, bytes("untouched"), None)
        .await
        .expect("written");
    let mut random = Random::new(7);
    let (mut refused, mut kept) = (0, 0);
    let rounds = scaled(10_000, 100_000);
    for round in 0..rounds {
        let (key, value) = (arbitrary(&mut random), Bytes::from(arbitrary(&mut random)));
        let key = String::from_utf8_lossy(&key).into_owned();
        if key == SENTINEL {
            continue;
        }
        match memcached.write(&key, value.clone(), None).await {
            Ok(()) => {
                kept += 1;
                assert_eq!(get(&memcached, &key).await.expect("read"), Some(value), "{key:?}");
                assert!(
                    memcached
                        .expire(&key, Some(Duration::from_secs(9)))
                        .await
                        .expect("touched")
                );
                assert!(memcached.delete(&key).await.expect("deleted"), "{key:?}");
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind(), ErrorKind::InvalidKey, "{key:?}");
            }
        }
        if round % 50 == 0 {
            is_untouched(&memcached, &key).await;
        }
    }
    is_untouched(&memcached, "all").await;
    println!("P3: {rounds} arbitrary keys and values: {kept} kept, {refused} refused, others changed 0");
    assert!(kept > 500 && refused > 500, "{kept} kept, {refused} refused");
}

#[tokio::test]
async fn a_cache_takes_any_key_and_keeps_them_apart() {
    let server = server();
    let memcached = backend(&server);
    memcached
        .write(SENTINEL, bytes("untouched"), None)
        .await
        .expect("written");
    let cache: MemcachedCache<NullSerializer> = MemcachedCache::builder(memcached.clone())
        .serializer(NullSerializer)
        .namespace("n")
        .build();
    let mut random = Random::new(11);
    let mut keys = attacks();
    keys.extend((0..1000).map(|_| String::from_utf8_lossy(&arbitrary(&mut random)).into_owned()));
    keys.sort();
    keys.dedup();
    for key in &keys {
        cache
            .set(key, key)
            .await
            .unwrap_or_else(|error| panic!("{key:?}: {error}"));
        is_untouched(&memcached, key).await;
    }
    for key in &keys {
        assert_eq!(cache.get::<String>(key).await.expect("read").as_ref(), Some(key));
        assert!(cache.exists(key).await.expect("exists"));
    }
    let read = cache.multi_get::<String>(&keys).await.expect("read");
    assert!(
        read.iter()
            .zip(&keys)
            .all(|(read, key)| read.as_ref() == Some(key))
    );
    for key in &keys {
        assert_eq!(cache.delete(key).await.expect("deleted"), 1, "{key:?}");
    }
    is_untouched(&memcached, "all").await;
}
