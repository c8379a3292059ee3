//! Loading policies in memory, on a paused clock: what is served while the source fails or is slow, and how often it is
//! asked.

mod background;
mod failures;
mod timeouts;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::{Background, Cache, Policy, SimpleMemoryCache, Source, Ttl, observe};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A ttl of a minute, and a grace of an hour.
const PATIENT: Policy = Policy::new().const_ttl(Ttl::seconds(60)).grace(HOUR);

/// The same, and nobody waits longer than a second for what is there.
const QUICK: Policy<Background> = PATIENT.soft_timeout(SECOND);

/// A source that gives the number of its calls, fails on demand, and takes its time.
#[derive(Default)]
struct Origin {
    calls: AtomicU32,
    fails: AtomicU32,
    takes: AtomicU32,
}

impl Origin {
    fn calls(&self) -> u32 {
        self.calls.load(SeqCst)
    }

    fn fails(&self, fails: bool) {
        self.fails.store(u32::from(fails), SeqCst);
    }

    fn takes(&self, time: Duration) {
        self.takes
            .store(u32::try_from(time.as_millis()).expect("a short time"), SeqCst);
    }

    async fn ask(self: Arc<Self>) -> Result<u32, String> {
        let number = self.calls.fetch_add(1, SeqCst) + 1;
        let takes = self.takes.load(SeqCst);
        if takes > 0 {
            sleep(Duration::from_millis(takes.into())).await;
        }
        if self.fails.load(SeqCst) == 1 {
            return Err("down".to_owned());
        }
        Ok(number)
    }
}

type Shared = (Arc<SimpleMemoryCache>, Arc<Origin>);

fn shared() -> Shared {
    (Arc::new(Cache::new()), Arc::default())
}

/// One call, and where its value came from.
async fn ask((cache, source): &Shared, policy: &Policy) -> (Result<u32, String>, Source) {
    observe(cache.get_or_load("k", policy, || Arc::clone(source).ask())).await
}

async fn ask_quickly((cache, source): &Shared) -> (Result<u32, String>, Source) {
    observe(cache.get_or_load("k", &QUICK, || Arc::clone(source).ask())).await
}
