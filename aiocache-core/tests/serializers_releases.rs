//! What one release wrote with Postcard and the next one reads: the right value or an error, never a wrong value.

#![expect(clippy::unwrap_used, reason = "a test stops where a value is missing")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;
use std::sync::Arc;

use aiocache_core::{Codec, ErrorKind, PostcardSerializer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const POSTCARD: PostcardSerializer = PostcardSerializer::new();

mod old {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct User {
        pub(super) id: u32,
        pub(super) admin: u32,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Event {
        Login,
        Move(i8, i8),
        Named { first: u8, last: u8 },
        Of(User),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Id(pub(super) u32);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Marker;
}

/// A type of the next release.
macro_rules! release {
    ($($item:tt)*) => {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        $($item)*
    };
}

fn user() -> old::User {
    old::User { id: 7, admin: 0 }
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(written: &(impl Serialize + ?Sized)) {
    let bytes = POSTCARD.encode(written).unwrap();
    let error = POSTCARD.decode::<T>(&bytes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("another type or version"), "{error}");
}

#[track_caller]
fn read<T: DeserializeOwned + Debug + PartialEq>(written: &(impl Serialize + ?Sized), expected: &T) {
    let bytes = POSTCARD.encode(written).unwrap();
    assert_eq!(&POSTCARD.decode::<T>(&bytes).unwrap(), expected);
}

#[test]
fn a_struct_with_swapped_fields_is_refused() {
    release!(
        struct User {
            admin: u32,
            id: u32,
        }
    );
    refused::<User>(&user());
    refused::<Vec<User>>(&[user()]);
    refused::<Option<User>>(&Some(user()));
    refused::<Result<User, ()>>(&Ok::<_, ()>(user()));
    refused::<(User, u8)>(&(user(), 1u8));
    refused::<Arc<User>>(&Arc::new(user()));
}

#[test]
fn a_struct_with_a_field_more_is_refused() {
    release!(
        struct User {
            id: u32,
            admin: u32,
            #[serde(default)]
            name: String,
        }
    );
    refused::<User>(&user());
}

#[test]
fn a_struct_with_a_field_less_is_refused() {
    release!(
        struct User {
            id: u32,
        }
    );
    refused::<User>(&user());
}

#[test]
fn a_struct_with_a_renamed_field_is_refused() {
    release!(
        struct User {
            id: u32,
            owner: u32,
        }
    );
    refused::<User>(&user());
}

#[test]
fn a_renamed_struct_is_refused_unless_serde_keeps_the_name() {
    release!(
        struct Account {
            id: u32,
            admin: u32,
        }
    );
    refused::<Account>(&user());

    release!(
        #[serde(rename = "User")]
        struct Person {
            id: u32,
            admin: u32,
        }
    );
    read(&user(), &Person { id: 7, admin: 0 });
}

#[test]
fn a_field_that_is_skipped_on_both_sides_is_no_part_of_the_shape() {
    release!(
        struct User {
            id: u32,
            #[serde(skip)]
            cached: u64,
            admin: u32,
        }
    );
    let next = User {
        id: 7,
        cached: 0,
        admin: 0,
    };
    read(&user(), &next);
    read(&next, &user());
}

#[test]
fn a_field_left_out_at_times_is_an_encode_error_when_it_is() {
    release!(
        struct User {
            id: u32,
            #[serde(skip_serializing_if = "Option::is_none")]
            admin: Option<u32>,
        }
    );
    let error = POSTCARD.encode(&User { id: 7, admin: None }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains("leaves out a field"), "{error}");
    let whole = User {
        id: 7,
        admin: Some(1),
    };
    read(&whole, &whole);
}

#[test]
fn flatten_is_an_encode_error() {
    release!(
        struct User {
            id: u32,
            #[serde(flatten)]
            rest: BTreeMap<String, u32>,
        }
    );
    let user = User {
        id: 7,
        rest: BTreeMap::new(),
    };
    let error = POSTCARD.encode(&user).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains("unknown length"), "{error}");
}

fn events() -> [old::Event; 4] {
    [
        old::Event::Login,
        old::Event::Move(1, 2),
        old::Event::Named { first: 1, last: 2 },
        old::Event::Of(user()),
    ]
}

#[test]
fn an_enum_may_get_variants_at_its_end() {
    release!(
        enum Event {
            Login,
            Move(i8, i8),
            Named { first: u8, last: u8 },
            Of(old::User),
            Logout,
        }
    );
    read(&events()[0], &Event::Login);
    read(&events()[1], &Event::Move(1, 2));
    read(&events()[2], &Event::Named { first: 1, last: 2 });
    read(&events()[3], &Event::Of(user()));
    refused::<old::Event>(&Event::Logout);
}

#[test]
fn a_variant_that_was_renamed_or_changed_is_refused() {
    release!(
        enum Event {
            Enter,
            Move(i8, i8, i8),
            Named { last: u8, first: u8 },
            Of(u64),
        }
    );
    for event in events() {
        refused::<Event>(&event);
    }
    let _every_variant = (
        Event::Enter,
        Event::Move(0, 0, 0),
        Event::Named { last: 0, first: 0 },
        Event::Of(0),
    );
}

#[test]
fn variants_in_another_order_are_refused() {
    release!(
        enum Event {
            Move(i8, i8),
            Login,
            Of(old::User),
            Named { first: u8, last: u8 },
        }
    );
    for event in events() {
        refused::<Event>(&event);
    }
    read(&Event::Login, &Event::Login);
}

#[test]
fn a_variant_left_out_before_others_is_refused_and_never_another_variant() {
    release!(
        enum Event {
            Login,
            #[serde(skip)]
            Secret,
            Of(u8),
            More(u8),
        }
    );
    // Serde itself counts the skipped variant when it writes and not when it reads.
    refused::<Event>(&Event::Of(1));
    refused::<Event>(&Event::More(1));
    read(&Event::Login, &Event::Login);
    assert!(POSTCARD.encode(&Event::Secret).is_err());
}

#[test]
fn a_renamed_newtype_or_unit_struct_is_refused() {
    release!(
        struct Key(u32);
    );
    release!(
        struct Sign;
    );
    refused::<Key>(&old::Id(1));
    refused::<u32>(&old::Id(1));
    refused::<old::Id>(&1u32);
    refused::<Sign>(&old::Marker);
    read(&old::Id(1), &old::Id(1));
    read(&old::Marker, &old::Marker);
}

#[test]
fn one_primitive_is_not_another() {
    refused::<u64>(&1u32);
    refused::<i32>(&1u32);
    refused::<u8>(&true);
    refused::<String>(&'a');
    refused::<Vec<u8>>("ab");
    refused::<String>(&vec![97u8]);
    refused::<f64>(&1.0f32);
    refused::<u8>(&Some(1u8));
    refused::<()>(&None::<()>);
    refused::<[u8; 3]>(&[1u8, 2]);
    refused::<(u8, u8)>(&vec![1u8, 2]);
    refused::<Vec<u32>>(&vec![1u64]);
    refused::<BTreeMap<u8, u8>>(&vec![(1u8, 2u8)]);
}

#[test]
fn what_is_written_borrowed_is_read_owned() {
    read("text", &"text".to_owned());
    read("text", &Arc::<str>::from("text"));
    read(&[1u8, 2][..], &vec![1u8, 2]);
    read(&vec![1u8, 2], &BTreeSet::from([1u8, 2]));
    read(&vec![1u8, 2], &VecDeque::from([1u8, 2]));
    read(&[1u8, 2], &(1u8, 2u8));
    read(&Some("text"), &Some("text".to_owned()));
    read(&Box::new(&Arc::new(user())), &user());
    read(&(), &());
    read(&[0u8; 0], &[0u8; 0]);
    read(
        &BTreeMap::from([("a", 1u8)]),
        &BTreeMap::from([("a".to_owned(), 1u8)]),
    );
    read(&Some(Some(vec![Some(user())])), &Some(Some(vec![Some(user())])));
    read(&Some(None::<u8>), &Some(None::<u8>));
    read(&(None::<u8>, 1u8), &(None::<u8>, 1u8));
}

#[test]
fn types_of_the_standard_library_come_back() {
    use std::net::{IpAddr, SocketAddr};
    use std::ops::{Bound, Range};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    fn back<T: Serialize + DeserializeOwned + Debug + PartialEq>(value: &T) {
        read(value, value);
    }
    back(&IpAddr::from([1, 2, 3, 4]));
    back(&SocketAddr::from(([0u8; 16], 80)));
    back(&Duration::from_millis(1_500));
    back(&SystemTime::UNIX_EPOCH);
    back(&Range { start: 1, end: 2 });
    back(&Bound::<u8>::Unbounded);
    back(&Bound::Included(1u8));
    back(&PathBuf::from("a/b"));
    back(&std::num::NonZeroU16::MAX);
    back(&std::num::Wrapping(1u8));
    back(&std::cmp::Reverse(1u8));
    back(&std::ffi::CString::from(c"text"));
    back(&std::marker::PhantomData::<u8>);
    back(&"a".to_owned().into_boxed_str());
    back(&usize::MAX);
    back(&Err::<u8, String>("no".into()));
    back(&'ß');
}

#[test]
fn a_type_that_contains_itself_comes_back_however_deep_its_start_is() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Chain(Option<Box<Self>>);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tree(Vec<Self>);

    let chain = (0..30).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))));
    read(&chain, &chain);
    let tree = (0..30).fold(Tree(vec![]), |tree, _| Tree(vec![tree]));
    read(&tree, &tree);
}

#[test]
fn another_version_is_not_read() {
    let one = PostcardSerializer::new().version(1);
    let two = PostcardSerializer::new().version(2);
    let bytes = one.encode(&user()).unwrap();
    assert_eq!(one.decode::<old::User>(&bytes).unwrap(), user());
    assert_eq!(
        two.decode::<old::User>(&bytes).unwrap_err().kind(),
        ErrorKind::Decode
    );
    assert_eq!(
        POSTCARD.decode::<old::User>(&bytes).unwrap_err().kind(),
        ErrorKind::Decode
    );
    assert_eq!(
        PostcardSerializer::default(),
        PostcardSerializer::new().version(0)
    );
}

#[test]
fn types_that_describe_themselves_differently_are_refused_and_never_wrong() {
    release!(
        struct User {
            #[serde(alias = "key")]
            id: u32,
            admin: u32,
        }
    );
    let next = User { id: 7, admin: 0 };
    refused::<User>(&next);
    release!(
        struct Renamed {
            #[serde(rename(serialize = "other"))]
            id: u32,
        }
    );
    refused::<Renamed>(&Renamed { id: 7 });
}
