//! P21, as a decorated function meets it: whatever bytes stand under its key, the call gives what the load gives.

use std::collections::BTreeMap;

use aiocache_core::{
    Backend, Bytes, Cache, Codec, JsonSerializer, MemoryBackend, MsgPackSerializer, Policy,
    PostcardSerializer, Want,
};
use serde::{Deserialize, Serialize};

/// Text, numbers, nesting and a map, so that most damage shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Account {
    name: String,
    limit: u32,
    open: bool,
    parent: Option<Box<Account>>,
    tags: BTreeMap<String, Vec<i64>>,
}

fn account() -> Account {
    let parent = Account {
        name: "root".to_owned(),
        limit: 1,
        open: true,
        parent: None,
        tags: BTreeMap::new(),
    };
    let tags = BTreeMap::from([("a".to_owned(), vec![1, -2]), ("b".to_owned(), Vec::new())]);
    Account {
        name: "Ada".to_owned(),
        limit: 1_000,
        open: false,
        parent: Some(Box::new(parent)),
        tags,
    }
}

/// Bytes that are no account, and bytes that hurt who reads them without limits.
fn poison(good: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![
        Vec::new(),
        vec![0xff; 64],
        b"null".to_vec(),
        b"[[[[[[[[".repeat(10_000),
        b"{\"parent\":".repeat(10_000),
        vec![0x91; 1_000_000],
        vec![0x01; 1_000_000],
        vec![0xdd, 0xff, 0xff, 0xff, 0xff],
        vec![0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ];
    all.extend((0..good.len()).map(|length| good[..length].to_vec()));
    all.push([good, b"x"].concat());
    all
}

/// Meets every poison and every flipped bit; gives how many flips still read as an account.
async fn meet<C: Codec + Copy>(codec: C) -> usize {
    let cache = Cache::builder(MemoryBackend::<Bytes>::new())
        .serializer(codec)
        .build();
    let store = cache.backend();
    let good = codec.encode(&account()).expect("an account");
    let loaded = Account {
        name: "loaded".to_owned(),
        ..account()
    };
    let policy = Policy::new();
    for bytes in poison(&good) {
        store
            .write("k", bytes.clone().into(), None)
            .await
            .expect("written");
        let failed = cache
            .get_or_load("k", &policy, || async { Err::<Account, _>("down") })
            .await;
        assert_eq!(failed, Err("down"), "{} bytes read as an account", bytes.len());
        assert!(
            !cache.exists("k").await.expect("memory answers"),
            "what does not decode is removed"
        );
        store.write("k", bytes.into(), None).await.expect("written");
        let load = || async { Ok::<_, &str>(loaded.clone()) };
        assert_eq!(cache.get_or_load("k", &policy, load).await, Ok(loaded.clone()));
        let stored = store
            .read("k", Want::VALUE, |entry| codec.decode::<Account>(entry.raw))
            .await;
        assert_eq!(
            stored.expect("memory answers").expect("stored").ok(),
            Some(loaded.clone())
        );
    }
    let mut read = 0;
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        store.write("k", flipped.into(), None).await.expect("written");
        let load = || async { Ok::<_, &str>(loaded.clone()) };
        let met = cache
            .get_or_load("k", &policy, load)
            .await
            .expect("the load does not fail");
        read += usize::from(met != loaded);
    }
    println!(
        "{} of {} flipped bits read as another account",
        read,
        good.len() * 8
    );
    read
}

#[tokio::test]
async fn poisoned_json_is_a_miss() {
    assert!(
        meet(JsonSerializer).await > 0,
        "JSON has no checksum: some flips are other letters"
    );
}

#[tokio::test]
async fn poisoned_msgpack_is_a_miss() {
    assert!(meet(MsgPackSerializer).await > 0, "nor has MsgPack");
}

#[tokio::test]
async fn poisoned_postcard_is_a_miss() {
    assert!(
        meet(PostcardSerializer::new()).await > 0,
        "nor has Postcard, behind its header"
    );
}
