//! The timeout holds where failed writes are repeated, whatever deadlines the store has.

use std::time::Duration;

use aiocache_core::{Cache, ErrorKind, RecoverySettings};
use tokio::time::{Instant, timeout};

use crate::slow::{Slow, Way};

const WRITE: Duration = Duration::from_millis(100);
const SECOND: Duration = Duration::from_secs(1);

/// Each repeat is within the deadline, and all of them together are not within the timeout.
#[tokio::test(start_paused = true)]
async fn a_read_that_repeats_many_keys_first_is_timed() {
    let store: Slow = Slow {
        write: Way::new(WRITE, Duration::ZERO),
        deadline: Some(WRITE * 2),
        ..Slow::default()
    };
    let settings = RecoverySettings::new().pause(SECOND * 3600);
    let cache = Cache::builder(store)
        .recover(settings)
        .timeout(SECOND * 2)
        .build();
    let keys: Vec<String> = (0..500).map(|key| key.to_string()).collect();
    for key in &keys {
        let set = cache.set(key, &1);
        timeout(Duration::ZERO, set).await.expect_err("it takes longer");
    }
    assert_eq!(cache.stats().writes_queued, 500);
    let start = Instant::now();
    let read = cache.multi_get::<i32>(&keys).await;
    assert_eq!(read.expect_err("it takes 3.2 s").kind(), ErrorKind::Timeout);
    let took = start.elapsed().as_millis();
    assert!((2000..2100).contains(&took), "{took} ms");
}
