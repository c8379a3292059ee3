//! What can be wrong with a store.

/// One way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// No value ever ends.
    IgnoresTtl,
    /// A write leaves the ttl that was there.
    KeepsOldTtl,
    /// Expired values are there.
    ReadsExpired,
    /// Several keys are answered in their sorted order.
    AnswersInOrderOfTheStore,
    /// Misses have no place in the answers.
    LeavesOutMisses,
    /// Add looks, then writes.
    AddsInTwoSteps,
    /// Add takes an expired key for present.
    AddsOverExpiredNever,
    /// A refused add changes the ttl.
    AddChangesTtl,
    /// A star in a prefix matches everything.
    ClearsByPattern,
    /// Clear drops the separator at the end.
    ClearsWithoutTheLastCharacter,
    /// Clear stops after the first thousand keys.
    ClearsOnePage,
    /// An increment gives a counter a new ttl.
    IncrementResetsTtl,
    /// A counter goes from the largest to the smallest number.
    IncrementWraps,
    /// Increment reads, then writes.
    IncrementInTwoSteps,
    /// Text counts as 0.
    IncrementTakesTextForZero,
    /// `None` does not take a ttl away.
    ExpireNeverPersists,
    /// Expire makes a missing key.
    ExpireMakesKeys,
    /// Keys that were not there count.
    CountsAbsentDeletes,
    /// A key given twice counts twice.
    CountsTwiceGiven,
    /// Any version lets a write through.
    IgnoresVersion,
    /// Versions begin again when a key does.
    NumbersByKey,
    /// A swap writes a key that is gone.
    SwapMakesKeys,
    /// A swap writes no ttl.
    SwapDropsTtl,
    /// Any version lets a delete through.
    DeletesAnyVersion,
    /// The first value of a key given twice stays.
    FirstOfAPairStays,
    /// Several writes have no ttl.
    PairsHaveNoTtl,
    /// Keys end after 128 characters.
    CutsLongKeys,
    /// Keys have no case.
    IgnoresCase,
    /// A ttl of more than 30 days ends at once.
    RefusesLongTtls,
    /// Less than a millisecond is for ever.
    RoundsTtlsDown,
    /// What is left is what was written.
    TellsTheWholeTtl,
    /// Expired keys exist.
    ExistsWhenExpired,
    /// A key goes when the first ttl it had ends.
    TimersOfKeys,
    /// A closed store does not open again.
    StaysClosed,
    /// Every raw command works.
    KnowsEveryCommand,
}
