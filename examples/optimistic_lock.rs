//! cargo run --example optimistic_lock
//!
//! Ten sellers, eight tickets: a write over a change is refused, and who is refused looks again.

use aiocache::{ErrorKind, MemoryBackend, OptimisticLock, Result, SimpleMemoryCache};

/// Sells a ticket, if there is one left.
async fn sell(tickets: &OptimisticLock<MemoryBackend>) -> Result<bool> {
    loop {
        let (left, snapshot) = tickets.read::<u32>().await?;
        let Some(rest) = left.unwrap_or_default().checked_sub(1) else {
            return Ok(false);
        };
        tokio::task::yield_now().await; // the others read the same number
        match snapshot.cas(&rest).await {
            Err(error) if error.kind() == ErrorKind::OptimisticLock => {}
            done => return done.map(|()| true),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let cache = SimpleMemoryCache::new();
    cache.set("tickets", &8_u32).await?;
    let tickets = OptimisticLock::new(&cache, "tickets");

    let first = tickets.acquire().await?;
    println!("sold: {}", sell(&tickets).await?);
    println!("{}", first.cas(&100_u32).await.expect_err("it changed"));

    let sellers: Vec<_> = (0..10)
        .map(|_| {
            let tickets = tickets.clone();
            tokio::spawn(async move { sell(&tickets).await })
        })
        .collect();
    let mut sold = 0;
    for seller in sellers {
        sold += u32::from(seller.await.expect("no panic")?);
    }
    println!("sold: {sold}, left: {:?}", cache.get::<u32>("tickets").await?);
    Ok(())
}
