//! Lengths without what they announce.

use std::collections::{HashMap, HashSet};

use aiocache_core::MsgPackSerializer;

use crate::{Any, POSTCARD, postcard, refused};

const TOO_MANY: &str = "more items than it has bytes";
const TOO_SHORT: &str = "ends too early";
/// 2^40 as Postcard writes a length.
const HUGE: &[u8] = &[0x80, 0x80, 0x80, 0x80, 0x80, 0x20];

pub(crate) fn lengths_that_are_not_there() {
    refused::<String>(&POSTCARD, &postcard(&"", HUGE), TOO_SHORT);
    refused::<Vec<u8>>(&POSTCARD, &postcard(&[0u8][..], HUGE), "");
    refused::<Vec<[u64; 32]>>(&POSTCARD, &postcard(&[[0u64; 32]][..], HUGE), "");
    refused::<HashMap<u64, u64>>(&POSTCARD, &postcard(&HashMap::from([(0u64, 0u64)]), HUGE), "");
    refused::<Vec<u8>>(&POSTCARD, &postcard(&[0u8][..], &[0xff; 9]), "");
    for length in [
        &b"\xdb\xff\xff\xff\xff"[..],
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ] {
        refused::<String>(&MsgPackSerializer, length, "");
        refused::<Vec<u8>>(&MsgPackSerializer, length, "");
        refused::<Any>(&MsgPackSerializer, length, "");
    }
    refused::<Vec<u8>>(&MsgPackSerializer, b"\xdd\xff\xff\xff\xff\x01", TOO_SHORT);
    refused::<Vec<[u64; 32]>>(&MsgPackSerializer, b"\xdd\xff\xff\xff\xff", TOO_SHORT);
    refused::<HashMap<u64, u64>>(&MsgPackSerializer, b"\xdf\xff\xff\xff\xff", TOO_SHORT);
    // Each level of nesting claims as much as it can.
    refused::<Vec<Vec<Vec<Vec<u8>>>>>(&MsgPackSerializer, &b"\xdd\xff\xff\xff\xff".repeat(4), TOO_SHORT);
}

pub(crate) fn items_that_take_no_bytes() {
    refused::<Vec<()>>(&POSTCARD, &postcard(&[()][..], HUGE), TOO_MANY);
    refused::<HashMap<(), ()>>(&POSTCARD, &postcard(&HashMap::from([((), ())]), HUGE), TOO_MANY);
    refused::<HashSet<[(); 2]>>(&POSTCARD, &postcard(&[[(); 2]][..], HUGE), TOO_MANY);
    refused::<Vec<std::marker::PhantomData<u8>>>(
        &POSTCARD,
        &postcard(&[std::marker::PhantomData::<u8>][..], HUGE),
        TOO_MANY,
    );
    let inner = [&[1][..], HUGE].concat();
    refused::<Vec<Vec<()>>>(&POSTCARD, &postcard(&[[()].as_slice()][..], &inner), TOO_MANY);
    refused::<Vec<()>>(&MsgPackSerializer, b"\xdd\xff\xff\xff\xff", TOO_SHORT);
}
