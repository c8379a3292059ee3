//! Bytes by chance: whatever they are, nothing panics.

use std::collections::{BTreeMap, HashMap};

use aiocache_core::{Codec, JsonSerializer, MsgPackSerializer};
use proptest::prelude::*;

use crate::{Any, Chain, Nest, POSTCARD, Rich, Tree, Web, postcard, rich};

fn reads_anything(codec: &impl Codec, bytes: &[u8]) {
    macro_rules! as_each {
        ($($ty:ty),*) => {$(drop(codec.decode::<$ty>(bytes));)*};
    }
    as_each!(u8, i64, i128, f64, bool, char, (), String, Option<u8>, Vec<()>, Vec<Vec<u8>>, HashMap<u8, String>);
    as_each!(Nest, Tree, Chain, Web, Any, Rich, (u8, String), [u16; 3], Result<u8, String>, std::net::IpAddr);
}

fn damaged(value: &Rich, codec: &impl Codec, changes: &[(prop::sample::Index, u8)]) {
    let mut bytes = codec.encode(value).unwrap();
    for (index, byte) in changes {
        let index = index.index(bytes.len());
        bytes[index] = *byte;
    }
    drop(codec.decode::<Rich>(&bytes));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        reads_anything(&JsonSerializer, &bytes);
        reads_anything(&MsgPackSerializer, &bytes);
        reads_anything(&POSTCARD, &bytes);
    }

    #[test]
    fn random_payloads_behind_the_right_header_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(POSTCARD.decode::<Rich>(&postcard(&rich(), &bytes)));
        drop(POSTCARD.decode::<Tree>(&postcard(&Tree { children: vec![] }, &bytes)));
        drop(POSTCARD.decode::<Web>(&postcard(&Web { links: BTreeMap::new() }, &bytes)));
        drop(POSTCARD.decode::<Vec<Vec<u8>>>(&postcard(&[[0u8].as_slice()][..], &bytes)));
        drop(POSTCARD.decode::<HashMap<String, i128>>(&postcard(&HashMap::<String, i128>::new(), &bytes)));
    }

    #[test]
    fn values_with_changed_bytes_never_panic(changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..6)) {
        damaged(&rich(), &JsonSerializer, &changes);
        damaged(&rich(), &MsgPackSerializer, &changes);
        damaged(&rich(), &POSTCARD, &changes);
    }
}
