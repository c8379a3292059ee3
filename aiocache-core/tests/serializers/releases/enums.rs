//! Enums whose variants changed.

use aiocache_core::Codec;
use serde::{Deserialize, Serialize};

use super::{POSTCARD, old, read, refused, user};

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
