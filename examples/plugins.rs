//! cargo run --example plugins
//!
//! Hooks around every command: the two that come with aiocache, and one of your own.

use std::time::Duration;

use aiocache::{
    Command, CommandName, Error, HitMissRatioPlugin, MemoryBackend, Outcome, Plugin, SimpleMemoryCache,
    TimingPlugin,
};

/// Says what is read, and whether it was there. All other hooks keep their default, which is to do nothing.
struct Chatty;

impl Plugin for Chatty {
    async fn pre_get(&self, command: &Command<'_>) {
        println!("  get {} …", command.key.unwrap_or_default());
    }

    async fn post_get(&self, _: &Command<'_>, outcome: &Outcome<'_>, _took: Duration) {
        match outcome {
            Outcome::Read { hits: 0 } => println!("  … is not there"),
            Outcome::Read { .. } => println!("  … is there"),
            other => println!("  … {other:?}"),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    // Clones of a plugin share what they count: one goes into the cache, the other one is read.
    let (ratio, timing) = (HitMissRatioPlugin::new(), TimingPlugin::new());
    let cache = SimpleMemoryCache::builder(MemoryBackend::new())
        .plugin(ratio.clone())
        .plugin(timing.clone())
        .plugin(Chatty)
        .build();

    cache.set("a", &1).await?;
    cache.get::<i32>("a").await?;
    cache.get::<i32>("b").await?;
    cache.multi_get::<i32>(["a", "b", "c"]).await?; // counted key by key

    let counted = ratio.snapshot();
    println!(
        "{} of {} reads were hits: {:.2}",
        counted.hits,
        counted.total,
        counted.ratio()
    );
    for (command, timing) in timing.snapshot() {
        println!("{command}: {} times, {:?} on average", timing.count, timing.avg());
    }
    assert_eq!(timing.snapshot()[&CommandName::Get].count, 2);
    Ok(())
}
