//! Structs whose fields or names changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use aiocache_core::{Codec, ErrorKind};
use serde::{Deserialize, Serialize};

use super::{POSTCARD, old, read, refused, user};

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
