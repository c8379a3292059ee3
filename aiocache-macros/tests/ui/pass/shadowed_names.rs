//! Generated code means the same in a module that has other things by the names it uses.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types)]

mod core {}
mod std {}
mod aiocache_core {}
struct Option;
struct Result;
struct Some;
struct None;
struct Ok;
struct Err;
struct String;
struct Vec;
struct Box;
trait Clone {}
trait Iterator {}
trait AsRef {}

type Text = ::std::result::Result<::std::string::String, ::std::string::String>;
static CACHE: ::std::sync::LazyLock<::aiocache_core::SimpleMemoryCache> =
    ::std::sync::LazyLock::new(::aiocache_core::SimpleMemoryCache::new);

#[::aiocache_macros::cached(cache = CACHE, ttl = 60, skip_if = |text| text.is_empty(), namespace = "n")]
async fn load(id: u64, (a, b): (u8, u8)) -> Text {
    Text::Ok(::std::format!("{id}{a}{b}"))
}

struct Users;

impl Users {
    #[::aiocache_macros::cached(cache = CACHE, skip(self))]
    async fn load(&self, id: u64) -> Text {
        Text::Ok(::std::format!("{id}"))
    }
}

fn main() {
    let _ = (load(1, (2, 3)), load::key(&1, &(2, 3)), load::refresh(1, (2, 3)), Users.load(1));
}
