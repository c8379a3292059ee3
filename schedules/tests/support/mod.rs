//! How a test is run under many schedules.

use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, Runner};

/// How many schedules each test sees.
const SCHEDULES: usize = 10_000;

/// Runs a test once for each schedule. A failure prints the schedule, for `shuttle::replay`.
pub(crate) fn explore(test: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    // Unoptimised futures do not fit in the default of 32 KiB.
    config.stack_size = 1 << 20;
    Runner::new(RandomScheduler::new(SCHEDULES), config).run(test);
}
