//! Values in values in values.

use std::collections::BTreeMap;

use aiocache_core::{Codec, JsonSerializer, Load, MsgPackSerializer, Object, Raw};

use crate::{Any, Chain, MIB, Nest, POSTCARD, Tree, Web, postcard, refused};

const TOO_DEEP: &str = "nests too deep";

/// Deep enough to have the fingerprint of any deeper one.
fn nest(around: fn(Box<Nest>) -> Nest) -> Nest {
    (0..10).fold(Nest::Leaf, |inner, _| around(Box::new(inner)))
}

pub(crate) fn nested_enums() {
    refused::<Nest>(&POSTCARD, &postcard(&nest(Nest::In), &vec![1; MIB]), TOO_DEEP);
    let pairs = nest(|inner| Nest::Pair(inner, 0));
    refused::<Nest>(&POSTCARD, &postcard(&pairs, &vec![2; MIB]), TOO_DEEP);
    let named = nest(|inner| Nest::Named { inner });
    refused::<Nest>(&POSTCARD, &postcard(&named, &vec![3; MIB]), TOO_DEEP);
    refused::<Nest>(&MsgPackSerializer, &b"\x81\xa2In".repeat(MIB / 4), TOO_DEEP);
    refused::<Nest>(&MsgPackSerializer, &b"\x81\x01".repeat(MIB / 2), TOO_DEEP);
    refused::<Nest>(&MsgPackSerializer, &b"\x81\xa4Pair\x92".repeat(MIB / 7), TOO_DEEP);
    refused::<Nest>(
        &MsgPackSerializer,
        &b"\x81\xa5Named\x81\xa5inner".repeat(MIB / 14),
        TOO_DEEP,
    );
    refused::<Nest>(
        &JsonSerializer,
        &br#"{"In":"#.repeat(MIB / 6),
        "not JSON, or nests too deep",
    );
}

pub(crate) fn nested_structs() {
    let tree = Tree { children: vec![] };
    refused::<Tree>(&POSTCARD, &postcard(&tree, &vec![1; MIB]), TOO_DEEP);
    refused::<Tree>(
        &MsgPackSerializer,
        &b"\x81\xa8children\x91".repeat(MIB / 11),
        TOO_DEEP,
    );
    refused::<Tree>(&MsgPackSerializer, &b"\x91".repeat(MIB), TOO_DEEP);
    refused::<Tree>(
        &JsonSerializer,
        &br#"{"children":["#.repeat(MIB / 13),
        "not JSON, or nests too deep",
    );
    refused::<Tree>(&JsonSerializer, &b"[".repeat(MIB), "not JSON, or nests too deep");
}

pub(crate) fn nested_maps_and_options() {
    let web = Web {
        links: BTreeMap::new(),
    };
    refused::<Web>(&POSTCARD, &postcard(&web, &vec![1; MIB]), TOO_DEEP);
    refused::<Web>(
        &MsgPackSerializer,
        &b"\x81\xa5links\x81\x01".repeat(MIB / 9),
        TOO_DEEP,
    );
    let chain = (0..9).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))));
    refused::<Chain>(&POSTCARD, &postcard(&chain, &vec![1; MIB]), TOO_DEEP);
    // No byte is read on the way down.
    refused::<Chain>(&MsgPackSerializer, b"\x01", TOO_DEEP);
    // What may be a counter, and the counters of a store in memory.
    refused::<Chain>(&MsgPackSerializer, b"1", TOO_DEEP);
    refused::<Chain>(&POSTCARD, b"1", "");
    let counter = Object::from_integer(1);
    for serializer in [
        &MsgPackSerializer as &dyn Load<Chain, Object>,
        &JsonSerializer,
        &POSTCARD,
    ] {
        let error = serializer.load(&counter).expect_err("poison was read");
        assert!(error.to_string().contains("a counter"), "{error}");
    }
    refused::<Chain>(&JsonSerializer, b"1", TOO_DEEP);
}

pub(crate) fn nested_values_that_no_one_wants() {
    // An unknown field and an untagged enum read whatever is there, of any depth.
    let unknown = [&b"\x81\xa1x"[..], &b"\x91".repeat(MIB)].concat();
    refused::<Tree>(&MsgPackSerializer, &unknown, TOO_DEEP);
    refused::<Any>(&MsgPackSerializer, &b"\x91".repeat(MIB), TOO_DEEP);
    refused::<Any>(&JsonSerializer, &b"[".repeat(MIB), "not JSON, or nests too deep");
    refused::<Nest>(&MsgPackSerializer, &b"\xc7\x00\x01".repeat(MIB / 3), "");
}

pub(crate) fn as_deep_as_allowed() {
    fn check(codec: &impl Codec, levels: usize) {
        let tree =
            |levels| (0..levels).fold(Tree { children: vec![] }, |tree, _| Tree { children: vec![tree] });
        let bytes = codec.encode(&tree(levels)).unwrap();
        assert_eq!(codec.decode::<Tree>(&bytes).unwrap(), tree(levels));
        let bytes = codec.encode(&tree(levels + 1)).unwrap();
        assert!(codec.decode::<Tree>(&bytes).is_err());
    }
    // A Tree is two levels: the struct and its sequence.
    check(&MsgPackSerializer, 63);
    check(&POSTCARD, 63);
    check(&JsonSerializer, 62);
}
