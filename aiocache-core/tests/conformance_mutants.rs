//! The suite is worth something: a store that is right passes it, and each of these wrong ones fails the cases that
//! are there for it.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use aiocache_core::testing::{Fixture, cases, run_case, run_concurrent_case};
use bytes::Bytes;
use support::flaw::Flaw;
use support::reference::Reference;

/// Makes a test for each flaw: the cases named fail on a store with it, and pass on one without.
macro_rules! caught {
    ($($test:ident: $flaw:ident by $($module:ident::$case:ident),+;)*) => {$(
        #[test]
        fn $test() {
            $(
                let passes = |store: Reference<Bytes>| {
                    let fixture = async { Fixture::own(store) };
                    catch_unwind(AssertUnwindSafe(|| caught!(@$module fixture, cases::$module::$case))).is_ok()
                };
                let case = stringify!($case);
                assert!(passes(Reference::right()), "{case} fails on a store that is right");
                assert!(!passes(Reference::wrong(Flaw::$flaw)), "{case} passes");
            )+
        }
    )*};
    (@concurrency $fixture:ident, $case:path) => { run_concurrent_case($fixture, $case) };
    (@$module:ident $fixture:ident, $case:path) => { run_case($fixture, $case) };
}

caught! {
    ignores_ttl_is_caught: IgnoresTtl by
        reading::an_expired_value_is_a_miss,
        lifetimes::a_value_is_gone_after_its_ttl;
    keeps_old_ttl_is_caught: KeepsOldTtl by
        lifetimes::a_write_replaces_the_ttl,
        lifetimes::a_write_without_a_ttl_takes_the_old_one_away;
    reads_expired_is_caught: ReadsExpired by
        reading::an_expired_value_is_a_miss,
        reading_many::an_expired_value_leaves_the_others_in_place,
        deleting::deleting_an_expired_key_is_false;
    answers_in_order_of_the_store_is_caught: AnswersInOrderOfTheStore by
        reading_many::answers_come_in_the_order_of_the_keys;
    leaves_out_misses_is_caught: LeavesOutMisses by
        reading_many::answers_come_in_the_order_of_the_keys;
    adds_in_two_steps_is_caught: AddsInTwoSteps by
        concurrency::one_of_many_adds_wins;
    adds_over_expired_never_is_caught: AddsOverExpiredNever by
        adding::an_expired_key_can_be_added;
    add_changes_ttl_is_caught: AddChangesTtl by
        adding::a_present_key_is_left_as_it_is;
    clears_by_pattern_is_caught: ClearsByPattern by
        clearing::pattern_characters_are_literal;
    clears_without_the_last_character_is_caught: ClearsWithoutTheLastCharacter by
        clearing::only_keys_with_the_prefix_go;
    clears_one_page_is_caught: ClearsOnePage by
        clearing::thousands_of_keys_go;
    increment_resets_ttl_is_caught: IncrementResetsTtl by
        counting::an_increment_keeps_the_ttl,
        counting::an_increment_gives_no_ttl;
    increment_wraps_is_caught: IncrementWraps by
        counting::overflow_is_refused_and_the_counter_stays;
    increment_in_two_steps_is_caught: IncrementInTwoSteps by
        concurrency::many_increments_are_all_counted,
        concurrency::increments_up_and_down_meet;
    increment_takes_text_for_zero_is_caught: IncrementTakesTextForZero by
        counting::no_integer_is_refused_and_stays,
        counting::what_only_looks_like_a_number_is_refused;
    expire_never_persists_is_caught: ExpireNeverPersists by
        expiring::none_takes_the_ttl_away;
    expire_makes_keys_is_caught: ExpireMakesKeys by
        expiring::a_missing_key_takes_no_ttl;
    counts_absent_deletes_is_caught: CountsAbsentDeletes by
        writing_many::only_keys_that_were_there_count;
    counts_twice_given_is_caught: CountsTwiceGiven by
        writing_many::a_key_given_twice_counts_once;
    ignores_version_is_caught: IgnoresVersion by
        comparing::a_version_lets_one_write_through,
        comparing::a_key_written_since_is_left_as_it_is,
        concurrency::no_update_is_lost;
    numbers_by_key_is_caught: NumbersByKey by
        versions::a_key_made_again_has_another_version,
        comparing::the_same_value_again_is_refused,
        comparing::a_key_added_by_another_owner_stays;
    swap_makes_keys_is_caught: SwapMakesKeys by
        comparing::a_key_deleted_since_stays_absent,
        comparing::a_key_expired_since_stays_absent;
    swap_drops_ttl_is_caught: SwapDropsTtl by
        comparing::the_new_value_has_the_ttl_of_the_call;
    deletes_any_version_is_caught: DeletesAnyVersion by
        comparing::a_key_written_since_stays,
        comparing::a_key_added_by_another_owner_stays;
    first_of_a_pair_stays_is_caught: FirstOfAPairStays by
        writing_many::the_last_value_of_a_key_stays;
    pairs_have_no_ttl_is_caught: PairsHaveNoTtl by
        writing_many::every_pair_has_the_ttl;
    cuts_long_keys_is_caught: CutsLongKeys by
        keys::all_of_a_long_key_counts;
    ignores_case_is_caught: IgnoresCase by
        keys::keys_that_look_alike_are_kept_apart,
        clearing::a_prefix_has_its_case;
    refuses_long_ttls_is_caught: RefusesLongTtls by
        lifetimes::months_and_years_are_kept;
    rounds_ttls_down_is_caught: RoundsTtlsDown by
        lifetimes::a_ttl_finer_than_the_grain_is_rounded_up;
    tells_the_whole_ttl_is_caught: TellsTheWholeTtl by
        expiring::what_is_left_gets_less;
    exists_when_expired_is_caught: ExistsWhenExpired by
        deleting::an_expired_key_does_not_exist;
    timers_of_keys_is_caught: TimersOfKeys by
        clearing::a_value_after_a_clear_has_its_own_ttl,
        deleting::a_value_after_a_delete_has_its_own_ttl,
        lifetimes::a_write_replaces_the_ttl;
    stays_closed_is_caught: StaysClosed by
        commands::a_command_after_a_close_works;
    knows_every_command_is_caught: KnowsEveryCommand by
        commands::an_unknown_command_is_refused;
    delete_keeps_keys_is_caught: DeleteKeepsKeys by
        deleting::a_deleted_key_is_a_miss,
        deleting::deleting_a_missing_key_is_false,
        deleting::a_key_exists_from_write_to_delete,
        adding::a_deleted_key_can_be_added,
        counting::a_counter_is_read_and_deleted;
    deletes_in_two_steps_is_caught: DeletesInTwoSteps by
        concurrency::one_of_many_deletes_finds_the_key,
        concurrency::one_of_many_compared_deletes_wins;
    empty_is_missing_is_caught: EmptyIsMissing by
        writing::an_empty_value_is_a_value,
        adding::an_empty_value_is_present,
        deleting::an_empty_value_and_a_zero_exist;
    trims_values_is_caught: TrimsValues by
        reading::control_characters_and_binary_survive;
    takes_text_only_is_caught: TakesTextOnly by
        reading::control_characters_and_binary_survive;
    cuts_values_is_caught: CutsValues by
        reading::a_large_value_survives;
    writes_only_once_is_caught: WritesOnlyOnce by
        writing::a_second_write_replaces_the_value,
        writing::values_and_counters_replace_each_other,
        versions::another_value_is_another_version;
    counters_stop_at_zero_is_caught: CountersStopAtZero by
        counting::a_missing_counter_starts_at_zero,
        counting::a_counter_crosses_zero,
        counting::a_written_integer_is_a_counter,
        counting::the_whole_range_can_be_counted;
    same_value_same_version_is_caught: SameValueSameVersion by
        versions::the_same_value_again_is_another_version,
        comparing::the_same_value_again_is_refused;
    version_of_every_read_is_caught: VersionOfEveryRead by
        versions::the_version_stays_between_writes;
    tells_no_version_is_caught: TellsNoVersion by
        versions::a_read_tells_the_version,
        versions::everything_can_be_wanted_at_once;
    keys_have_no_spaces_is_caught: KeysHaveNoSpaces by
        keys::any_text_can_be_a_key,
        clearing::a_prefix_may_be_any_text;
    reads_only_once_is_caught: ReadsOnlyOnce by
        reading::a_value_can_be_read_again;
    answers_the_read_before_is_caught: AnswersTheReadBefore by
        reading::a_dropped_read_does_no_harm,
        concurrency::many_reads_get_their_own_values;
    limits_batches_is_caught: LimitsBatches by
        reading_many::a_thousand_keys_are_answered,
        writing_many::a_thousand_keys_are_deleted;
    refuses_empty_batches_is_caught: RefusesEmptyBatches by
        reading_many::no_keys_give_no_answers,
        writing_many::no_pairs_do_nothing,
        writing_many::no_keys_delete_nothing;
    persists_only_mortals_is_caught: PersistsOnlyMortals by
        expiring::none_for_a_key_without_a_ttl_is_true;
    ends_early_is_caught: EndsEarly by
        lifetimes::a_value_is_there_until_its_ttl_has_passed;
    gives_everyone_a_ttl_is_caught: GivesEveryoneATtl by
        adding::a_value_added_without_a_ttl_stays,
        reading::a_read_tells_that_a_value_stays;
    missing_never_ends_is_caught: MissingNeverEnds by
        expiring::nothing_is_left_of_a_missing_key;
    closes_once_is_caught: ClosesOnce by
        commands::closing_twice_is_no_error;
    locks_that_do_not_end_are_caught: IgnoresTtl by
        locking::a_free_lock_is_taken_for_its_lease,
        locking::a_late_owner_leaves_the_next_one_alone;
    locks_in_two_steps_are_caught: AddsInTwoSteps by
        concurrency::one_of_many_locks_is_let;
    a_refusal_that_extends_is_caught: AddChangesTtl by
        locking::a_lock_that_is_had_is_refused;
    unlocks_any_token_is_caught: UnlocksAnyToken by
        locking::another_token_releases_nothing,
        locking::a_late_owner_leaves_the_next_one_alone;
    unlocks_nothing_is_caught: UnlocksNothing by
        locking::an_owner_releases_its_lock;
    extends_any_token_is_caught: ExtendsAnyToken by
        locking::another_token_extends_nothing;
    extend_makes_locks_is_caught: ExtendMakesLocks by
        locking::a_lock_that_ran_out_does_not_come_back;
    extend_keeps_the_lease_is_caught: ExtendKeepsTheLease by
        locking::an_owner_extends_its_lock;
    locks_again_for_its_owner_is_caught: LocksAgainForItsOwner by
        locking::a_lock_that_is_had_is_refused;
    fencing_begins_again_is_caught: FencingBeginsAgain by
        locking::fencing_tokens_rise;
}

mod a_store_that_is_right {
    use aiocache_core::testing::Fixture;
    use bytes::Bytes;

    use super::support::reference::Reference;

    aiocache_core::backend_conformance!(async { Fixture::own(Reference::<Bytes>::right()) });
}

mod a_store_that_can_do_little {
    use aiocache_core::testing::Fixture;
    use bytes::Bytes;

    use super::support::reference::Reference;

    aiocache_core::backend_conformance!(async { Fixture::own(Reference::<Bytes>::poor()) });
}
