//! cargo run --example get_or_load
//!
//! What the attributes do, as a call: for keys and loads that are known only at run time.

use std::collections::BTreeMap;
use std::num::ParseIntError;

use aiocache::{Policy, SimpleMemoryCache, Ttl};

#[tokio::main]
async fn main() -> Result<(), ParseIntError> {
    let cache = SimpleMemoryCache::new();
    let policy = Policy::new().ttl(Ttl::seconds(60)).share_error::<ParseIntError>();

    // One value: the load runs on a miss, and borrows what it likes.
    for text in ["42", "42"] {
        let load = || async {
            println!("  parsing {text}");
            text.parse::<u32>()
        };
        println!(
            "{}",
            cache.get_or_load(format!("number:{text}"), &policy, load).await?
        );
    }

    // Five callers at once: one load.
    let slow = || async {
        println!("  a slow load");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        "7".parse::<u32>()
    };
    let one = || cache.get_or_load("slow", &policy, slow);
    println!("{:?}", tokio::try_join!(one(), one(), one(), one(), one())?);

    // Many values: the load is given the missing keys.
    let lengths = |missing: Vec<&'static str>| async move {
        println!("  measuring {missing:?}");
        Ok(missing.into_iter().map(|word| (word, word.len())).collect())
    };
    for words in [vec!["a", "bb"], vec!["a", "bb", "ccc"]] {
        let found: BTreeMap<&str, usize> = cache.multi_get_or_load(words, &policy, lengths).await?;
        println!("{found:?}");
    }
    Ok(())
}
