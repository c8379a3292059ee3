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
    use aiocache::{Backend, Bytes};

    use super::Journal;

    static MADE: AtomicU32 = AtomicU32::new(0);

    /// A file that goes when its case has ended.
    struct Temporary(PathBuf);

    impl Drop for Temporary {
        fn drop(&mut self) {
            let _gone = std::fs::remove_file(&self.0);
        }
    }

    fn temporary() -> Temporary {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("journal-{}-{number}", std::process::id());
        Temporary(std::env::temp_dir().join(name))
    }

    aiocache::backend_conformance!(async {
        let file = temporary();
        Fixture::own(Journal::open(file.0.clone())).keeping(file)
    });

    #[tokio::test]
    async fn what_is_written_after_a_line_that_a_crash_cut_off_comes_back() {
        let file = temporary();
        std::fs::write(&file.0, r#"["old",{"value":[49],"en"#).expect("a directory to write to");
        let before = Journal::open(file.0.clone());
        before
            .write("new", Bytes::from_static(b"1"), None)
            .await
            .expect("written");
        let after = Journal::open(file.0.clone());
        assert!(after.exists("new").await.expect("read"));
        assert!(!after.exists("old").await.expect("read"));
    }
}
