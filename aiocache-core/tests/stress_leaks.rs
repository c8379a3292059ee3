//! Calls that go away leave nothing behind.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use aiocache_core::{Policy, SimpleMemoryCache};

#[path = "support/stress.rs"]
mod stress;

use stress::times;

/// Resident memory of this process, where the system tells it.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

// P12. The only test of this program, for memory is counted by process.
#[tokio::test]
async fn calls_cancelled_at_their_first_poll_leave_nothing() {
    let cache = SimpleMemoryCache::new();
    let policy = Policy::new();
    let cancel = |keys: std::ops::Range<u32>| {
        let mut cx = Context::from_waker(Waker::noop());
        for key in keys {
            let load = || std::future::pending::<Result<u32, String>>();
            let mut call = pin!(cache.get_or_load(format!("single {key}"), &policy, load));
            assert!(call.as_mut().poll(&mut cx).is_pending());
            let load = |_| std::future::pending::<Result<BTreeMap<String, u32>, String>>();
            let keys = [format!("single {key}"), format!("bulk {key}")];
            let mut call = pin!(cache.multi_get_or_load(keys, &policy, load));
            assert!(call.as_mut().poll(&mut cx).is_pending());
        }
    };
    cancel(0..1_000);
    let before = resident();
    cancel(1_000..1_000 + times(100_000));
    assert_eq!(cache.loads_under_way(), 0);
    if let (Some(before), Some(after)) = (before, resident()) {
        // 100,000 flights would be more than 40 MB.
        assert!(after < before + 8 * 1_024, "{before} kB, then {after} kB");
    }
}
