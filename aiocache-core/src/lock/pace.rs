//! How often a store is asked again, and the randomness of tokens.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_millis(100);

/// Pauses that grow, each with a random part, so that processes which began to wait together do not ask together.
#[derive(Debug)]
pub(crate) struct Pace(Duration);

impl Pace {
    pub(crate) const fn new() -> Self {
        Self(FIRST)
    }

    /// The next pause: between half of it and all of it.
    pub(crate) fn next(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (2 * pause).min(LONGEST);
        let half = pause / 2;
        let share = u32::try_from(random() % 1024).expect("less than 1024");
        half + half * share / 1024
    }
}

/// The token of an owner: 128 random bits as text, which every client of the store can compare.
pub(super) fn token() -> Box<str> {
    format!("{:016x}{:016x}", random(), random()).into()
}

/// Random bits: std seeds its hashers from the operating system, and each one differently.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pauses_grow_to_a_tenth_of_a_second_and_differ() {
        let mut pace = Pace::new();
        assert!((FIRST / 2..=FIRST).contains(&pace.next()));
        let late: HashSet<Duration> = (0..20).map(|_| pace.next()).skip(5).collect();
        assert!(late.iter().all(|pause| (LONGEST / 2..=LONGEST).contains(pause)));
        assert!(late.len() > 5, "{late:?}");
    }

    #[test]
    fn no_two_tokens_are_alike_on_any_thread() {
        let many = || (0..1000).map(|_| token()).collect::<Vec<_>>();
        let other = std::thread::spawn(many).join().expect("no panic");
        let all: HashSet<Box<str>> = many().into_iter().chain(other).collect();
        assert_eq!(all.len(), 2000);
        assert!(all.iter().all(|token| token.len() == 32));
    }
}
