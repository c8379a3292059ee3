//! Many tasks at once, on several threads.

use std::sync::Arc;

use tokio::sync::Barrier;

use super::{Backend, Fixture, LONG, Result, Sample};
use crate::backend::{Locked, Raw, Want};

const TASKS: u32 = 32;

/// Runs `work` in many tasks that begin at the same time, and gives their answers.
async fn at_once<B, T, F>(store: &Fixture<B>, work: impl Fn(Fixture<B>, u32) -> F) -> Result<Vec<T>>
where
    B: Backend<Raw: Sample>,
    T: Send + 'static,
    F: Future<Output = Result<T>> + Send + 'static,
{
    let start = Arc::new(Barrier::new(TASKS as usize));
    let tasks: Vec<_> = (0..TASKS)
        .map(|n| {
            let (start, work) = (Arc::clone(&start), work(store.clone(), n));
            tokio::spawn(async move {
                start.wait().await;
                work.await
            })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.expect("the task does not panic")?);
    }
    Ok(answers)
}

fn winners(answers: &[bool]) -> usize {
    answers.iter().filter(|won| **won).count()
}

/// read: of many reads at once, each gets the value of its own key
pub async fn many_reads_get_their_own_values<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys: Arc<[String]> = store.keys(TASKS).into();
    for (n, key) in (0u32..).zip(keys.iter()) {
        store.put(key, n, Some(LONG)).await?;
    }
    let answers = at_once(store, |store, n| {
        let keys = Arc::clone(&keys);
        async move {
            let mut own = 0;
            for step in 0..50 {
                let wanted = (n + step) % TASKS;
                own += u32::from(store.number(&keys[wanted as usize]).await? == Some(wanted));
            }
            Ok(own)
        }
    })
    .await?;
    assert_eq!(answers, vec![50; TASKS as usize]);
    Ok(())
}

/// write: of many writes at once, one whole value stays
pub async fn one_of_many_writes_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("contended");
    let name = key.clone();
    at_once(store, |store, n| {
        let key = name.clone();
        async move { store.put(&key, n, None).await }
    })
    .await?;
    let number = store.number(&key).await?;
    assert!(number.is_some_and(|n| n < TASKS), "{number:?}");
    Ok(())
}

/// add: of many adds at once, one wins, and its value is the one that is there
pub async fn one_of_many_adds_wins<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    for key in &store.keys(10) {
        let answers = at_once(store, |store, n| {
            let key = key.clone();
            async move { store.add(&key, store.value(n), Some(LONG)).await }
        })
        .await?;
        let won: Vec<_> = (0u32..).zip(&answers).filter(|(_, won)| **won).collect();
        let [(winner, _)] = won[..] else {
            panic!("{} adds won", won.len());
        };
        assert_eq!(store.number(key).await?, Some(winner));
    }
    Ok(())
}

/// delete: of many deletes at once, one finds the key
pub async fn one_of_many_deletes_finds_the_key<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    for key in &store.keys(10) {
        store.put(key, 1, None).await?;
        let answers = at_once(store, |store, _| {
            let key = key.clone();
            async move { store.delete(&key).await }
        })
        .await?;
        assert_eq!(winners(&answers), 1);
    }
    Ok(())
}

/// increment: many increments at once are all counted, and no two have the same answer
pub async fn many_increments_are_all_counted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    const EACH: i64 = 10;
    let key = store.key("counter");
    let name = key.clone();
    let answers = at_once(store, |store, _| {
        let key = name.clone();
        async move {
            let mut seen = Vec::new();
            for _ in 0..EACH {
                seen.push(store.increment(&key, 1, Some(LONG)).await?);
            }
            Ok(seen)
        }
    })
    .await?;
    let mut seen: Vec<i64> = answers.into_iter().flatten().collect();
    seen.sort_unstable();
    let all: Vec<i64> = (1..=EACH * i64::from(TASKS)).collect();
    assert_eq!(seen, all);
    Ok(())
}

/// increment: increments above and below 0 at once end where they have to
pub async fn increments_up_and_down_meet<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("swing");
    let name = key.clone();
    at_once(store, |store, n| {
        let key = name.clone();
        let delta = if n.is_multiple_of(2) { 3 } else { -5 };
        async move {
            for _ in 0..5 {
                store.increment(&key, delta, None).await?;
            }
            Ok(())
        }
    })
    .await?;
    let expected = i64::from(TASKS / 2) * 5 * (3 - 5);
    assert_eq!(store.increment(&key, 0, None).await?, expected);
    Ok(())
}

/// compare_and_set: of many with one version at once, one wins
pub async fn one_of_many_swaps_wins<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    for key in &store.keys(10) {
        store.put(key, 1000, None).await?;
        let version = store.version(key).await?;
        let answers = at_once(store, |store, n| {
            let (key, version) = (key.clone(), version.clone());
            async move { store.compare_and_set(&key, store.value(n), None, &version).await }
        })
        .await?;
        assert_eq!(winners(&answers), 1);
    }
    Ok(())
}

/// compare_and_set: nothing is lost when many read, compare and try again
pub async fn no_update_is_lost<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("balance");
    let name = key.clone();
    store.write(&key, B::Raw::from_integer(0), None).await?;
    at_once(store, |store, _| {
        let key = name.clone();
        async move {
            for _ in 0..3 {
                while !add_one(&store, &key).await? {
                    tokio::task::yield_now().await;
                }
            }
            Ok(())
        }
    })
    .await?;
    assert_eq!(store.increment(&key, 0, None).await?, i64::from(3 * TASKS));
    Ok(())
}

/// Adds one to an integer by reading it and swapping it; false if another was faster.
async fn add_one<B: Backend<Raw: Sample>>(store: &Fixture<B>, key: &str) -> Result<bool> {
    let read = |entry: crate::Entry<'_, B::Raw>| (entry.raw.integer(), entry.version);
    let (integer, version) = store
        .read(key, Want::VERSION, read)
        .await?
        .expect("the key is never deleted");
    let next = B::Raw::from_integer(integer.expect("an integer") + 1);
    let version = version.expect("a version, as it was wanted");
    // Gives another task the chance to write in between.
    tokio::task::yield_now().await;
    store.compare_and_set(key, next, None, &version).await
}

/// compare_and_delete: of many with one version at once, one wins
pub async fn one_of_many_compared_deletes_wins<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    for key in &store.keys(10) {
        store.put(key, 1, None).await?;
        let version = store.version(key).await?;
        let answers = at_once(store, |store, _| {
            let (key, version) = (key.clone(), version.clone());
            async move { store.compare_and_delete(&key, &version).await }
        })
        .await?;
        assert_eq!(winners(&answers), 1);
    }
    Ok(())
}

/// lock: of many that lock at once, one is let
pub async fn one_of_many_locks_is_let<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    for key in &store.keys(10) {
        let answers = at_once(store, |store, n| {
            let key = key.clone();
            async move {
                let locked = store.lock(&key, &format!("owner-{n}"), LONG).await?;
                Ok(locked != Locked::Refused)
            }
        })
        .await?;
        assert_eq!(winners(&answers), 1);
    }
    Ok(())
}
