//! Cases that wait for time to pass, side by side: one after another they take minutes where a store counts in seconds.

use std::collections::HashMap;
use std::panic::resume_unwind;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};

/// The cases that wait where time is real.
pub(super) const WAITING: [&str; 45] = [
    "an_absent_key_is_added_with_its_ttl",
    "a_present_key_is_left_as_it_is",
    "an_expired_key_can_be_added",
    "a_value_after_a_clear_has_its_own_ttl",
    "a_value_after_clear_all_has_its_own_ttl",
    "a_key_written_since_is_left_as_it_is",
    "a_key_expired_since_stays_absent",
    "the_new_value_has_the_ttl_of_the_call",
    "a_key_expired_since_is_false",
    "an_increment_keeps_the_ttl",
    "an_increment_gives_no_ttl",
    "a_new_counter_takes_the_ttl",
    "an_expired_counter_starts_anew",
    "deleting_an_expired_key_is_false",
    "a_value_after_a_delete_has_its_own_ttl",
    "an_expired_key_does_not_exist",
    "asking_does_not_prolong",
    "an_existing_key_takes_the_new_ttl",
    "a_key_without_a_ttl_takes_one",
    "none_takes_the_ttl_away",
    "an_expired_key_does_not_come_back",
    "the_longest_duration_can_be_given",
    "nothing_is_left_of_an_expired_key",
    "what_is_left_gets_less",
    "a_write_replaces_the_ttl",
    "a_write_without_a_ttl_takes_the_old_one_away",
    "a_value_is_there_until_its_ttl_has_passed",
    "a_value_is_gone_after_its_ttl",
    "each_value_has_its_own_ttl",
    "a_value_over_an_expired_one_lives",
    "months_and_years_are_kept",
    "the_longest_duration_is_a_ttl",
    "a_ttl_finer_than_the_grain_is_rounded_up",
    "an_expired_value_is_a_miss",
    "an_expired_value_leaves_the_others_in_place",
    "every_pair_has_the_ttl",
    "pairs_replace_what_was_there",
    "an_expired_key_is_not_counted",
    "a_free_lock_is_taken_for_its_lease",
    "a_late_owner_leaves_the_next_one_alone",
    "a_lock_that_is_had_is_refused",
    "a_lock_that_ran_out_does_not_come_back",
    "an_owner_extends_its_lock",
    "another_token_extends_nothing",
    "fencing_tokens_rise",
];

/// Arguments of a test program that neither pick tests nor ask for one at a time.
const HARMLESS: [&str; 5] = ["--nocapture", "--no-capture", "--show-output", "--quiet", "-q"];

/// The cases of one suite, of which those that wait wait together.
#[derive(Debug)]
pub struct Together {
    cases: &'static [(&'static str, fn())],
    running: OnceLock<Mutex<HashMap<&'static str, JoinHandle<()>>>>,
}

impl Together {
    /// A suite of these cases, by their names.
    #[must_use]
    pub const fn new(cases: &'static [(&'static str, fn())]) -> Self {
        Self {
            cases,
            running: OnceLock::new(),
        }
    }

    /// Runs a case to its end. The first that waits starts all that do, unless the command line picks tests.
    ///
    /// # Panics
    /// When the case fails; that is how it tells.
    pub fn run(&self, name: &str) {
        if WAITING.contains(&name) && runs_all() {
            let running = self.running.get_or_init(|| Mutex::new(self.start()));
            let case = running
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(name);
            return finish(case.expect("each case has one test"));
        }
        let case = self.cases.iter().find(|(case, _)| *case == name);
        (case.expect("a case of the suite").1)();
    }

    fn start(&self) -> HashMap<&'static str, JoinHandle<()>> {
        let waiting = self.cases.iter().filter(|(name, _)| WAITING.contains(name));
        waiting
            .map(|&(name, case)| {
                let thread = thread::Builder::new().name(name.to_owned()).spawn(case);
                (name, thread.expect("a thread can be made"))
            })
            .collect()
    }
}

fn finish(case: JoinHandle<()>) {
    if let Err(panic) = case.join() {
        resume_unwind(panic);
    }
}

fn runs_all() -> bool {
    let one_by_one = std::env::var_os("RUST_TEST_THREADS").is_some_and(|threads| threads == "1");
    !one_by_one
        && std::env::args()
            .skip(1)
            .all(|argument| HARMLESS.contains(&argument.as_str()))
}
