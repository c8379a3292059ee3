//! Bytes that were right once, or are for another reader.

use aiocache_core::{Codec, JsonSerializer, MsgPackSerializer};

use crate::{HEADER, MIB, POSTCARD, Rich, rich, timed};

/// Reads every truncation and every flip of one bit. How many flips were read as another value is for the reader of
/// the output: without a checksum there are some.
pub(crate) fn damaged_bytes() {
    fn damage(name: &str, codec: &impl Codec) {
        let whole = codec.encode(&rich()).unwrap();
        for end in 0..whole.len() {
            assert!(
                codec.decode::<Rich>(&whole[..end]).is_err(),
                "{name}: {end} bytes were enough"
            );
        }
        let mut read = 0;
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            read += usize::from(timed::<Rich>(codec, &flipped).is_ok());
        }
        println!("{name}: {read} of {} bit flips are read", whole.len() * 8);
    }
    damage("json", &JsonSerializer);
    damage("msgpack", &MsgPackSerializer);
    damage("postcard", &POSTCARD);
    let header = POSTCARD.encode(&rich()).unwrap();
    for bit in 0..HEADER * 8 {
        let mut flipped = header.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            POSTCARD.decode::<Rich>(&flipped).is_err(),
            "bit {bit} of the header is not looked at"
        );
    }
}

pub(crate) fn values_of_others() {
    let others = [
        JsonSerializer.encode(&rich()).unwrap(),
        MsgPackSerializer.encode(&rich()).unwrap(),
        POSTCARD.encode(&rich()).unwrap(),
        b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.".to_vec(),
        b"0c1e5f7e-lock-token".to_vec(),
        b"42".to_vec(),
        vec![],
        vec![0xc1],
        vec![0xff; MIB],
        vec![0; MIB],
    ];
    for (index, bytes) in others.iter().enumerate() {
        assert_eq!(
            timed::<Rich>(&JsonSerializer, bytes).is_ok(),
            index == 0,
            "{index}"
        );
        assert_eq!(
            timed::<Rich>(&MsgPackSerializer, bytes).is_ok(),
            index == 1,
            "{index}"
        );
        assert_eq!(timed::<Rich>(&POSTCARD, bytes).is_ok(), index == 2, "{index}");
    }
}
