//! Building a key allocates nothing while the key is up to 128 bytes long.
#![expect(unsafe_code, reason = "only a global allocator sees every allocation")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hint::black_box;

use aiocache_core::KeyBuf;
use serde::Serialize;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // A thread that is going away counts no more.
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as above.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// How often building a key allocates, and how long it is.
fn allocations(write: impl FnOnce(&mut KeyBuf)) -> (usize, usize) {
    let before = ALLOCATIONS.get();
    let mut key = KeyBuf::with_prefix("users:");
    key.__name::<Counting>();
    key.__open();
    write(&mut key);
    key.__end();
    let key = black_box(&key);
    assert!(!key.is_failed());
    (ALLOCATIONS.get() - before, key.as_str().len())
}

#[derive(Serialize)]
struct Query<'a> {
    id: u64,
    text: &'a str,
    exact: bool,
    weight: f64,
}

#[test]
fn typical_keys_allocate_nothing() {
    let none = |write: &dyn Fn(&mut KeyBuf)| {
        let (count, len) = allocations(write);
        assert_eq!(count, 0);
        assert!((25..=128).contains(&len), "{len} bytes");
    };
    none(&|key| key.__arg(&u64::MAX));
    none(&|key| {
        key.__arg("a \"name\"\n");
        key.__arg(&77_u32);
    });
    none(&|key| {
        key.__arg(&Query {
            id: 1,
            text: "a b",
            exact: true,
            weight: -0.25,
        })
    });
    none(&|key| key.__field("a:b%c", ":"));
    none(&|key| key.__arg(&std::net::Ipv4Addr::LOCALHOST));
    none(&|key| key.__arg(&f64::NAN));
}

#[test]
fn maps_and_sets_allocate_nothing() {
    let hashed: HashMap<u32, u32> = (0..8).map(|n| (n * 37, n)).collect();
    let ordered: BTreeMap<u32, u32> = (0..8).map(|n| (n * 37, n)).collect();
    let set: HashSet<u8> = (0..30).collect();
    for (count, len) in [
        allocations(|key| key.__arg(&hashed)),
        allocations(|key| key.__arg(&ordered)),
        allocations(|key| key.__arg(&*key.__of(&set).__view())),
    ] {
        assert_eq!(count, 0);
        assert!(len <= 128, "{len} bytes");
    }
}

#[test]
fn a_longer_key_allocates_once() {
    // 34 bytes stand around the text and its quotes.
    let (fits, spills) = ("x".repeat(92), "x".repeat(93));
    assert_eq!(allocations(|key| key.__arg(fits.as_str())), (0, 128));
    assert_eq!(allocations(|key| key.__arg(spills.as_str())), (1, 129));
}
