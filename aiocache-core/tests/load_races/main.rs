//! The load engine where things meet at the wrong moment: each test is a race that was lost once.

mod bulk;
mod hooks;
mod nested;
mod order;
mod parting;
mod patience;
mod runtimes;
#[path = "../support/slow.rs"]
mod slow;
mod wakers;

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{Backend, Cache};
use tokio::sync::oneshot;

use slow::{Slow, Way};

const MOMENT: Duration = Duration::from_millis(10);

type SlowCache = Cache<Slow>;

fn remote(read: Way, write: Way) -> Arc<SlowCache> {
    let backend = Slow {
        read,
        write,
        ..Slow::default()
    };
    Arc::new(Cache::builder(backend).build())
}

async fn value<B: Backend>(cache: &Cache<B>, key: &str) -> Option<u32>
where
    B::Serializer: aiocache_core::Load<u32, B::Raw>,
{
    cache.get(key).await.expect("the store answers")
}

/// A load that ends when it is told to, with what it is told.
async fn told(answer: oneshot::Receiver<u32>) -> Result<u32, String> {
    answer.await.map_err(|_| "nobody told".to_owned())
}
