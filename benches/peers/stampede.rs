//! A thousand callers of one missing key, before a source of ten connections that answers after a millisecond.

use tokio::runtime::Builder;

use crate::contenders;
use crate::contest::{Contender, order};
use crate::options::Options;
use crate::samples::Sample;
use crate::workload;

pub(crate) const TIME: &str = "stampede: time until all have the value";
pub(crate) const LOADS: &str = "stampede: loads";
pub(crate) const CALLERS: usize = 1_000;
const CONNECTIONS: usize = 10;

/// Every contender that has a String.
pub(crate) fn run(options: &Options) -> Vec<Sample> {
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(CONNECTIONS)
        .build()
        .expect("a runtime starts");
    let contenders = contenders::text();
    workload::set_slow(true);
    let samples = runtime.block_on(rounds(options.rounds(), &contenders));
    workload::set_slow(false);
    samples
}

async fn rounds(rounds: usize, contenders: &[Contender]) -> Vec<Sample> {
    let point = "1,000 callers";
    let sample = |what, unit| {
        let sample = |contender: &Contender| Sample::new(what, point, contender.name(), unit);
        contenders.iter().map(sample).collect::<Vec<_>>()
    };
    let (mut times, mut loads) = (sample(TIME, "µs"), sample(LOADS, ""));
    eprintln!("{TIME}");
    // The first round starts the threads of the source.
    for round in 0..=rounds {
        for turn in order(round, contenders.len()) {
            let before = workload::loads();
            let key = u32::MAX - u32::try_from(round).expect("a few rounds");
            let callers = (0..CALLERS).map(|_| [key].into()).collect();
            let took = contenders[turn].run(callers).await;
            if round > 0 {
                times[turn].push(took.as_secs_f64() * 1e6);
                loads[turn].push((workload::loads() - before) as f64);
            }
        }
    }
    times.append(&mut loads);
    times
}
