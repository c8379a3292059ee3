//! temp
mod support;
use support::{flaw::Flaw, reference::Reference};
mod real {
    use super::support::reference::Reference;
    use aiocache_core::testing::Fixture;
    use bytes::Bytes;
    aiocache_core::backend_conformance!(async { Fixture::shared(Reference::<Bytes>::right()).real_time() });
}
fn flaw() -> Option<Flaw> {
    let n = std::env::var("FLAW").unwrap_or_default();
    ALL.iter().copied().find(|f| format!("{f:?}") == n)
}
mod wrong {
    use super::support::reference::Reference;
    use aiocache_core::testing::Fixture;
    use bytes::Bytes;
    aiocache_core::backend_conformance!(async {
        Fixture::own(match super::flaw() {
            Some(f) => Reference::<Bytes>::wrong(f),
            None => Reference::right(),
        })
    });
}
const ALL: &[Flaw] = &[
    Flaw::IgnoresTtl,
    Flaw::KeepsOldTtl,
    Flaw::ReadsExpired,
    Flaw::AnswersInOrderOfTheStore,
    Flaw::LeavesOutMisses,
    Flaw::AddsInTwoSteps,
    Flaw::AddsOverExpiredNever,
    Flaw::AddChangesTtl,
    Flaw::ClearsByPattern,
    Flaw::ClearsWithoutTheLastCharacter,
    Flaw::ClearsOnePage,
    Flaw::IncrementResetsTtl,
    Flaw::IncrementWraps,
    Flaw::IncrementInTwoSteps,
    Flaw::IncrementTakesTextForZero,
    Flaw::ExpireNeverPersists,
    Flaw::ExpireMakesKeys,
    Flaw::CountsAbsentDeletes,
    Flaw::CountsTwiceGiven,
    Flaw::IgnoresVersion,
    Flaw::NumbersByKey,
    Flaw::SwapMakesKeys,
    Flaw::SwapDropsTtl,
    Flaw::DeletesAnyVersion,
    Flaw::FirstOfAPairStays,
    Flaw::PairsHaveNoTtl,
    Flaw::CutsLongKeys,
    Flaw::IgnoresCase,
    Flaw::RefusesLongTtls,
    Flaw::RoundsTtlsDown,
    Flaw::TellsTheWholeTtl,
    Flaw::ExistsWhenExpired,
    Flaw::TimersOfKeys,
    Flaw::StaysClosed,
    Flaw::KnowsEveryCommand,
];
