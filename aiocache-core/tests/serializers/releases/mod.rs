//! What one release wrote with Postcard and the next one reads: the right value or an error, never a wrong value.

use std::fmt::Debug;

use aiocache_core::{Codec, ErrorKind, PostcardSerializer};
use serde::Serialize;
use serde::de::DeserializeOwned;

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

mod enums;
mod structs;
mod types;

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
