//! A cached `None` is told from every value.

use aiocache_core::{
    Carrier, Codec, Dump, JsonSerializer, MsgPackSerializer, NoneForm, Object, PostcardSerializer,
};
use bytes::Bytes;

use crate::{Rich, rich};

fn none_has_a_form_of_its_own<R: Carrier>(codec: &(impl Codec + NoneForm<R>)) {
    let none = codec.dump_none().unwrap();
    assert!(codec.is_none(&none));
    for other in [
        codec.dump(&rich()).unwrap(),
        codec.dump("").unwrap(),
        codec.dump("null").unwrap(),
        codec.dump(&0).unwrap(),
        codec.dump(&false).unwrap(),
        codec.dump(&Vec::<u8>::new()).unwrap(),
        codec.dump(&Some(0)).unwrap(),
        R::from_integer(0),
    ] {
        assert!(!codec.is_none(&other));
    }
}

#[test]
fn none_is_told_from_every_other_value() {
    none_has_a_form_of_its_own::<Bytes>(&JsonSerializer);
    none_has_a_form_of_its_own::<Object>(&JsonSerializer);
    none_has_a_form_of_its_own::<Bytes>(&MsgPackSerializer);
    none_has_a_form_of_its_own::<Object>(&MsgPackSerializer);
    none_has_a_form_of_its_own::<Bytes>(&PostcardSerializer::new());
    none_has_a_form_of_its_own::<Object>(&PostcardSerializer::new());
}

#[test]
fn the_form_of_none_is_read_as_none_of_any_type() {
    fn check(codec: &impl Codec) {
        let none: Bytes = codec.dump_none().unwrap();
        assert_eq!(codec.decode::<Option<Rich>>(&none).unwrap(), None);
        assert_eq!(codec.decode::<Option<u8>>(&none).unwrap(), None);
        assert!(codec.decode::<Rich>(&none).is_err());
    }
    check(&JsonSerializer);
    check(&MsgPackSerializer);
    check(&PostcardSerializer::new());
}
