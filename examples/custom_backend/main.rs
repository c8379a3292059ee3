//! cargo run --example custom_backend
//!
//! A backend of one's own, over a file: the store is in journal.rs, and what makes a backend of it in backend.rs. It
//! passes the conformance suite, `cargo test --example custom_backend`, with no exception: its `Capabilities` say that it
//! can do everything.

use aiocache::{Cache, Result};

use journal::Journal;

mod backend;
mod journal;

#[tokio::main]
async fn main() -> Result<()> {
    let path = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
    let cache = Cache::builder(Journal::open(path.clone())).build();
    cache.set("city", "Wien").await?;
    cache.increment("visits", 2).await?;
    drop(cache);

    let cache = Cache::builder(Journal::open(path.clone())).build(); // as after a restart
    println!("{:?}", cache.get::<String>("city").await?);
    println!("visits: {}", cache.increment("visits", 1).await?);
    let _gone = std::fs::remove_file(path);
    Ok(())
}

#[cfg(test)]
mod conformance {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use aiocache::testing::Fixture;

    use super::Journal;

    static MADE: AtomicU32 = AtomicU32::new(0);

    /// A file that goes when its case has ended.
    struct Temporary(PathBuf);

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    aiocache::backend_conformance!(async {
        let name = format!(
            "journal-{}-{}",
            std::process::id(),
            MADE.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        Fixture::own(Journal::open(path.clone())).keeping(Temporary(path))
    });
}
