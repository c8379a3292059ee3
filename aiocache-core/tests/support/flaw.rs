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
    /// A delete takes nothing away.
    DeleteKeepsKeys,
    /// Deletes look, then delete.
    DeletesInTwoSteps,
    /// An empty value is not kept.
    EmptyIsMissing,
    /// White space at the end of a value is lost.
    TrimsValues,
    /// Bytes that are no text become an empty value.
    TakesTextOnly,
    /// A value ends after 64 KiB.
    CutsValues,
    /// A write leaves what is there.
    WritesOnlyOnce,
    /// A counter does not go below 0.
    CountersStopAtZero,
    /// A write of the same value is no write.
    SameValueSameVersion,
    /// Each read has a version of its own.
    VersionOfEveryRead,
    /// Reads hand no version over.
    TellsNoVersion,
    /// A space in a key becomes an underscore.
    KeysHaveNoSpaces,
    /// A read takes the value away.
    ReadsOnlyOnce,
    /// The answer to a read that was dropped is given to the next one.
    AnswersTheReadBefore,
    /// Only the first 500 of many keys are served.
    LimitsBatches,
    /// No keys are an error.
    RefusesEmptyBatches,
    /// `None` is false for a key without a ttl.
    PersistsOnlyMortals,
    /// A value lives half its ttl.
    EndsEarly,
    /// A value without a ttl gets one.
    GivesEveryoneATtl,
    /// A missing key has no ttl.
    MissingNeverEnds,
    /// A second close is an error.
    ClosesOnce,
    /// Any token releases a lock.
    UnlocksAnyToken,
    /// Any token extends a lock.
    ExtendsAnyToken,
    /// An extended lock is taken if it is gone.
    ExtendMakesLocks,
    /// An extended lock keeps its lease.
    ExtendKeepsTheLease,
    /// An owner gets its lock again.
    LocksAgainForItsOwner,
    /// Fencing tokens begin again.
    FencingBeginsAgain,
    /// Nothing is released.
    UnlocksNothing,
}
