//! Loads without a runtime, and in one that stands still.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aiocache_core::{Cache, Policy, SimpleMemoryCache};
use tokio::time::{sleep, timeout};

use crate::slow::Way;
use crate::{MOMENT, remote, value};

/// Polls a future on this thread, without any runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Thread(std::thread::Thread);

    impl Wake for Thread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Thread(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// A caller that had to wait asked for a timer where there is none.
#[test]
fn callers_share_a_load_outside_every_runtime() {
    let cache: SimpleMemoryCache = Cache::new();
    let starts = AtomicU32::new(0);
    let call = || {
        let load = || {
            starts.fetch_add(1, Ordering::SeqCst);
            let mut turns = 0;
            std::future::poll_fn(move |cx| {
                std::thread::sleep(Duration::from_millis(5));
                turns += 1;
                cx.waker().wake_by_ref();
                if turns < 10 {
                    Poll::Pending
                } else {
                    Poll::Ready(Ok::<_, String>(1_u32))
                }
            })
        };
        block_on(cache.get_or_load("k", &Policy::new(), load))
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
        for caller in callers {
            assert_eq!(caller.join().expect("no panic"), Ok(1));
        }
    });
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}

/// A delete waited for a store whose runtime nobody drove, until it timed out; `clear`, which has no timeout, for ever.
#[test]
fn a_store_in_a_runtime_that_stands_still_holds_nobody_up_and_leaves_nothing_behind() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().expect("a runtime")
    };
    let still = runtime();
    let cache = remote(Way::default(), Way::new(MOMENT * 5, Duration::ZERO));
    let namespaced = cache.with_namespace("n");
    let policy = Policy::new();
    for (cache, key) in [(&*cache, "k"), (&namespaced, "k")] {
        let call = cache.get_or_load(key, &policy, || async { Ok::<_, String>(1_u32) });
        let cut = still.block_on(async { timeout(MOMENT, call).await });
        assert!(cut.is_err(), "dropped while it stores");
    }
    let limit = Duration::from_secs(4);
    runtime().block_on(async {
        timeout(limit, cache.delete("k"))
            .await
            .expect("no deadlock")
            .expect("memory answers");
        timeout(limit, namespaced.clear())
            .await
            .expect("no deadlock")
            .expect("memory answers");
    });
    still.block_on(async {
        sleep(MOMENT * 30).await;
        assert_eq!(value(&cache, "k").await, None);
        assert_eq!(value(&namespaced, "k").await, None);
    });
}
