//! Scenarios by the clock of the wall are repeated when the machine stood still, and only then.
#![cfg(unix)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, id};
use std::time::{Duration, Instant};

use aiocache_core::testing::{Missed, in_time, undisturbed, undisturbed_blocking, while_awake};

const BOUND: Duration = Duration::from_millis(200);

/// Lets this whole process stand still for longer than a bound, and gives how long that took.
fn stand_still() -> Duration {
    let start = Instant::now();
    let script = "kill -STOP $1; sleep 0.3; kill -CONT $1";
    let process = id().to_string();
    let mut other = Command::new("sh")
        .args(["-c", script, "sh", &process])
        .spawn()
        .expect("a shell");
    other.wait().expect("it ends");
    start.elapsed()
}

/// How often it ran, and what it ended with if that was a panic.
fn run(mut scenario: impl FnMut(u32) -> Result<(), Missed>) -> (u32, Option<String>) {
    let mut runs = 0;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        undisturbed_blocking(|| {
            runs += 1;
            scenario(runs)
        });
    }));
    let told = ended
        .err()
        .map(|panic| *panic.downcast::<String>().expect("a text"));
    (runs, told)
}

#[test]
fn what_is_in_time_runs_once() {
    assert_eq!(run(|_| in_time("it", BOUND, BOUND)), (1, None));
    assert_eq!(run(|_| while_awake("it is had", true, BOUND)), (1, None));
}

#[test]
fn a_bound_missed_without_a_stall_fails_at_once() {
    let (runs, told) = run(|_| in_time("it", BOUND * 1000, BOUND));
    let told = told.expect("failed");
    assert_eq!(runs, 1);
    assert!(
        told.starts_with("it took 200s, more than 200ms; the machine did not stand still for long enough"),
        "{told}"
    );
}

#[test]
fn a_bound_missed_by_more_than_a_stall_fails_at_once() {
    let (runs, told) = run(|_| in_time("it", stand_still() + BOUND * 100, BOUND));
    assert_eq!((runs, told.is_some()), (1, true));
}

#[test]
fn a_bound_missed_in_a_stall_is_tried_again() {
    let ended = run(|run| match run {
        1 => in_time("it", stand_still(), BOUND),
        _ => Ok(()),
    });
    assert_eq!(ended, (2, None));
}

#[tokio::test]
async fn so_is_one_of_a_scenario_with_a_runtime() {
    let mut runs = 0;
    undisturbed(async || {
        runs += 1;
        tokio::time::sleep(BOUND / 10).await;
        match runs {
            1 => in_time("it", stand_still(), BOUND),
            _ => Ok(()),
        }
    })
    .await;
    assert_eq!(runs, 2);
}

#[test]
fn three_stalls_say_that_it_is_the_machine() {
    let (runs, told) = run(|_| in_time("it", stand_still(), BOUND));
    let told = told.expect("failed");
    assert_eq!(runs, 3);
    assert!(told.contains("stood still in each of 3 runs"), "{told}");
    assert!(told.ends_with("try a machine with less to do"), "{told}");
}

#[test]
fn a_wrong_result_is_excused_by_a_longer_stall_than_it_rests_on_alone() {
    let wrong = |longest: Duration| {
        run(move |run| {
            stand_still();
            while_awake("it is had", run > 1, longest)
        })
    };
    assert_eq!(wrong(BOUND), (2, None));
    let (runs, told) = wrong(BOUND * 100);
    assert_eq!((runs, told.is_some()), (1, true));
}

#[test]
#[should_panic(expected = "wrong")]
fn a_panic_is_never_excused() {
    undisturbed_blocking(|| {
        stand_still();
        panic!("wrong")
    });
}
