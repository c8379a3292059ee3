//! The conformance suite: what every backend has to pass.

use std::time::Duration;

use super::Fixture;
use crate::backend::Backend;
use crate::error::Result;

/// How long a case may take where time is real, so that a command that hangs fails its case.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes one `#[test]` of each case of the conformance suite, in the module where it is called.
///
/// The argument is a future that makes a [`Fixture`](crate::testing::Fixture); each case makes its own. The raw
/// type has to be a [`Sample`](crate::testing::Sample): [`Bytes`](bytes::Bytes), [`Object`](crate::Object) and
/// [`Typed<String>`](crate::Typed) are.
///
/// With `, together` behind it, the cases that wait for time to pass do so side by side when the whole suite runs: for
/// a store that counts in seconds.
///
/// A case for something that the backend's [`Capabilities`](crate::Capabilities) lack prints `skipped: …` and
/// passes.
///
/// ```
/// # #![expect(dead_code, reason = "the tests of a doc test do not run")]
/// mod my_backend {
///     # type MyBackend = aiocache_core::DynBackend;
///     # async fn start() -> MyBackend { unreachable!() }
///     use aiocache_core::testing::Fixture;
///
///     aiocache_core::backend_conformance!(async { Fixture::own(start().await) });
/// }
/// ```
#[cfg(feature = "testing")]
#[macro_export]
macro_rules! backend_conformance {
    ($fixture:expr) => {
        $crate::backend_conformance! { @list each $fixture }
    };
    ($fixture:expr, together) => {
        $crate::backend_conformance! { @list together $fixture }
    };
    (@list $how:ident $fixture:expr) => {
        $crate::backend_conformance! { @$how run_case $fixture;
            reading:
                a_missing_key_is_none
                a_hit_answers_what_f_returns
                an_answer_at_once_is_that_of_a_read
                a_written_value_is_read_as_it_was_written
                control_characters_and_binary_survive
                a_large_value_survives
                a_value_can_be_read_again
                an_expired_value_is_a_miss
                a_read_tells_the_remaining_ttl
                a_read_tells_that_a_value_stays
                a_dropped_read_does_no_harm;
            versions:
                a_read_tells_the_version
                everything_can_be_wanted_at_once
                the_version_stays_between_writes
                another_value_is_another_version
                the_same_value_again_is_another_version
                a_key_made_again_has_another_version;
            reading_many:
                answers_come_in_the_order_of_the_keys
                a_key_asked_twice_is_answered_twice
                no_keys_give_no_answers
                f_gets_the_position_of_the_key
                an_expired_value_leaves_the_others_in_place
                several_reads_tell_what_is_wanted
                a_thousand_keys_are_answered;
            writing:
                a_second_write_replaces_the_value
                values_and_counters_replace_each_other
                an_empty_value_is_a_value
                a_write_leaves_other_keys_alone
                a_dropped_write_does_no_harm;
            lifetimes:
                a_write_replaces_the_ttl
                a_write_without_a_ttl_takes_the_old_one_away
                a_value_is_there_until_its_ttl_has_passed
                a_value_is_gone_after_its_ttl
                each_value_has_its_own_ttl
                a_value_over_an_expired_one_lives
                months_and_years_are_kept
                the_longest_duration_is_a_ttl
                a_ttl_finer_than_the_grain_is_rounded_up;
            keys:
                keys_that_look_alike_are_kept_apart
                every_visible_character_can_be_in_a_key
                any_text_can_be_a_key
                all_of_a_long_key_counts
                a_key_against_the_rule_is_refused;
            writing_many:
                every_pair_can_be_read
                every_pair_has_the_ttl
                pairs_replace_what_was_there
                the_last_value_of_a_key_stays
                no_pairs_do_nothing
                only_the_given_keys_are_deleted
                only_keys_that_were_there_count
                a_key_given_twice_counts_once
                an_expired_key_is_not_counted
                no_keys_delete_nothing
                a_thousand_keys_are_deleted;
            adding:
                an_absent_key_is_added_with_its_ttl
                a_value_added_without_a_ttl_stays
                a_present_key_is_left_as_it_is
                an_expired_key_can_be_added
                a_deleted_key_can_be_added
                an_empty_value_is_present
                a_token_is_read_as_it_was_added;
            deleting:
                a_deleted_key_is_a_miss
                deleting_a_missing_key_is_false
                deleting_an_expired_key_is_false
                a_delete_leaves_other_keys_alone
                a_value_after_a_delete_has_its_own_ttl
                a_key_exists_from_write_to_delete
                an_expired_key_does_not_exist
                an_empty_value_and_a_zero_exist
                asking_does_not_prolong;
            counting:
                a_missing_counter_starts_at_zero
                a_counter_crosses_zero
                a_delta_of_zero_makes_a_counter
                an_increment_keeps_the_ttl
                an_increment_gives_no_ttl
                a_new_counter_takes_the_ttl
                an_expired_counter_starts_anew
                a_written_integer_is_a_counter
                no_integer_is_refused_and_stays
                what_only_looks_like_a_number_is_refused
                overflow_is_refused_and_the_counter_stays
                the_whole_range_can_be_counted
                a_counter_is_read_and_deleted;
            expiring:
                an_existing_key_takes_the_new_ttl
                a_key_without_a_ttl_takes_one
                none_takes_the_ttl_away
                none_for_a_key_without_a_ttl_is_true
                a_missing_key_takes_no_ttl
                an_expired_key_does_not_come_back
                a_new_ttl_leaves_the_value
                the_longest_duration_can_be_given
                nothing_is_left_of_a_missing_key
                nothing_is_left_of_an_expired_key
                a_key_without_a_ttl_never_ends
                what_is_left_gets_less
                a_store_that_cannot_tell_says_so;
            clearing:
                only_keys_with_the_prefix_go
                a_prefix_has_its_case
                pattern_characters_are_literal
                a_prefix_may_be_any_text
                thousands_of_keys_go
                clearing_nothing_is_no_error
                counters_are_cleared
                a_value_after_a_clear_has_its_own_ttl
                a_store_that_cannot_clear_says_so
                nothing_is_left_after_clear_all
                a_value_after_clear_all_has_its_own_ttl;
            comparing:
                a_version_lets_one_write_through
                versions_can_be_chained
                a_key_written_since_is_left_as_it_is
                a_key_deleted_since_stays_absent
                a_key_expired_since_stays_absent
                the_same_value_again_is_refused
                an_increment_counts_as_a_write
                the_new_value_has_the_ttl_of_the_call
                a_store_that_cannot_compare_sets_nothing
                a_version_lets_one_delete_through
                a_key_written_since_stays
                a_key_added_by_another_owner_stays
                a_key_expired_since_is_false
                a_store_that_cannot_compare_deletes_nothing;
            locking:
                a_free_lock_is_taken_for_its_lease
                a_lock_that_is_had_is_refused
                fencing_tokens_rise
                an_owner_releases_its_lock
                another_token_releases_nothing
                a_late_owner_leaves_the_next_one_alone
                a_store_that_cannot_compare_keeps_its_locks
                an_owner_extends_its_lock
                another_token_extends_nothing
                a_lock_that_ran_out_does_not_come_back
                a_store_that_cannot_compare_extends_nothing;
            commands:
                an_unknown_command_is_refused
                no_arguments_are_refused
                a_store_that_is_there_answers
                a_command_after_a_close_works
                closing_twice_is_no_error;
        }
        $crate::backend_conformance! { @each run_concurrent_case $fixture;
            concurrency:
                many_reads_get_their_own_values
                one_of_many_writes_stays
                one_of_many_adds_wins
                one_of_many_deletes_finds_the_key
                many_increments_are_all_counted
                increments_up_and_down_meet
                one_of_many_swaps_wins
                no_update_is_lost
                one_of_many_compared_deletes_wins
                one_of_many_locks_is_let;
        }
    };
    (@together $run:ident $fixture:expr; $($module:ident: $($case:ident)*;)*) => {
        static TOGETHER: $crate::testing::Together = $crate::testing::Together::new(&[
            $($((
                stringify!($case),
                || $crate::testing::$run($fixture, $crate::testing::cases::$module::$case),
            )),*),*
        ]);
        $($(
            #[test]
            fn $case() {
                TOGETHER.run(stringify!($case));
            }
        )*)*
    };
    (@each $run:ident $fixture:expr; $($module:ident: $($case:ident)*;)*) => {
        $($(
            #[test]
            fn $case() {
                $crate::testing::$run($fixture, $crate::testing::cases::$module::$case);
            }
        )*)*
    };
}

/// Runs one case on one thread. The clock of `tokio::time` stands still for a store that follows it, and the case
/// moves it.
///
/// # Panics
/// When the case fails; that is how it tells.
pub fn run_case<B: Backend>(
    fixture: impl Future<Output = Fixture<B>>,
    case: impl AsyncFnOnce(&Fixture<B>) -> Result<()>,
) {
    block_on(&mut tokio::runtime::Builder::new_current_thread(), async {
        let fixture = fixture.await;
        if fixture.stops_the_clock() {
            tokio::time::pause();
            passes(case(&fixture).await);
        } else {
            in_time(case(&fixture)).await;
        }
    });
}

/// Runs one case of [`concurrency`](super::cases::concurrency) on several threads.
///
/// # Panics
/// When the case fails; that is how it tells.
pub fn run_concurrent_case<B: Backend>(
    fixture: impl Future<Output = Fixture<B>>,
    case: impl AsyncFnOnce(&Fixture<B>) -> Result<()>,
) {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    block_on(threads.worker_threads(4), async {
        let fixture = fixture.await;
        in_time(case(&fixture)).await;
    });
}

fn block_on(builder: &mut tokio::runtime::Builder, test: impl Future<Output = ()>) {
    let runtime = builder.enable_all().build().expect("a runtime can be made");
    runtime.block_on(test);
}

async fn in_time(case: impl Future<Output = Result<()>>) {
    match tokio::time::timeout(PATIENCE, case).await {
        Ok(result) => passes(result),
        Err(_) => panic!("the case did not end within {PATIENCE:?}"),
    }
}

fn passes(result: Result<()>) {
    if let Err(error) = result {
        panic!("a command of the case failed: {error}; {error:?}");
    }
}

#[cfg(test)]
mod tests;
