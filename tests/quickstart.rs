//! The quickstart does what it says, in memory, in Redis, and with a Redis that is not there.

use std::collections::HashMap;

use aiocache::testing::RedisServer;

use run_example::{Run, run};

#[expect(unreachable_pub, reason = "shared by two test programs")]
mod run_example;

/// A step as it was printed.
#[derive(Debug)]
struct Step {
    name: String,
    micros: f64,
    queries: u64,
    result: String,
}

fn steps(output: &str) -> Vec<Step> {
    output.lines().filter_map(step).collect()
}

/// `name  12.3 ms  1 query  result`, with at least two spaces between.
fn step(line: &str) -> Option<Step> {
    let columns: Vec<&str> = line
        .split("  ")
        .map(str::trim)
        .filter(|column| !column.is_empty())
        .collect();
    let [name, took, queries, result] = columns[..] else {
        return None;
    };
    let (amount, unit) = took.split_once(' ')?;
    let factor = HashMap::from([("µs", 1.0), ("ms", 1e3), ("s", 1e6)])[unit];
    let queries = match queries.split_once(' ')?.0 {
        "no" => 0,
        number => number.parse().ok()?,
    };
    Some(Step {
        name: name.to_owned(),
        micros: amount.parse::<f64>().ok()? * factor,
        queries,
        result: result.to_owned(),
    })
}

fn queries(steps: &[Step], name: &str) -> Vec<u64> {
    let named = steps.iter().filter(|step| step.name.starts_with(name));
    named.map(|step| step.queries).collect()
}

/// What holds with every cache that works.
fn assert_cached(run: &Run) {
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:?}");
    let steps = steps(&run.stdout);

    let calls: Vec<&Step> = steps
        .iter()
        .filter(|step| step.name.starts_with("nearest("))
        .collect();
    for pair in calls.chunks(2) {
        let [cold, hit] = pair else {
            panic!("a call without its second: {pair:?}")
        };
        assert_eq!((cold.queries, hit.queries), (1, 0), "{pair:?}");
        assert!(cold.micros >= 50_000.0, "{pair:?}");
        assert_eq!(cold.result, hit.result);
    }
    assert_eq!(calls.len(), 4);
    assert_eq!(calls[0].result, "MTH X01 MKY"); // the airports next to Key West, by another formula too
    assert_eq!(queries(&steps, "1000 more"), [0]);

    let crowd = steps
        .iter()
        .find(|step| step.name == "1000 callers at once")
        .expect("the step is there");
    assert_eq!(crowd.queries, 1);
    assert!(crowd.result.ends_with("1000 have the answer"), "{crowd:?}");

    let bulk: Vec<&str> = steps
        .iter()
        .filter(|step| step.name.starts_with("airports"))
        .map(|step| &*step.result)
        .collect();
    assert_eq!(
        bulk,
        [
            "2 found, asked for JFK LAX",
            "4 found, asked for ORD SFO",
            "2 found, not asked"
        ]
    );

    assert_eq!(queries(&steps, "count_in"), [0, 1]);
    let peeks: Vec<&str> = steps
        .iter()
        .filter(|step| step.name.starts_with("nearest::peek"))
        .map(|step| &*step.result)
        .collect();
    assert_eq!(peeks, ["it is there", "nothing there", "it is there"]);
    assert_eq!(queries(&steps, "nearest::refresh"), [1]);
}

/// `1009 hits in 2018 reads: a ratio of 0.500`, and the reads of the table below it.
fn assert_ratio(output: &str) {
    let line = output
        .lines()
        .find(|line| line.contains(" hits in "))
        .expect("the ratio is printed");
    let numbers: Vec<f64> = line
        .split([' ', ':'])
        .filter_map(|word| word.parse().ok())
        .collect();
    let [hits, total, ratio] = numbers[..] else {
        panic!("{line}")
    };
    assert!(hits >= 1_000.0 && hits < total, "{line}");
    assert!((hits / total - ratio).abs() <= 0.000_5, "{line}");
}

#[test]
fn in_memory_everything_it_says_is_so() {
    let run = run("quickstart", &[]);
    assert!(
        run.stdout
            .starts_with("aiocache quickstart, with the cache in memory\n"),
        "{run:?}"
    );
    assert_cached(&run);
    assert_ratio(&run.stdout);
}

#[test]
fn in_redis_everything_it_says_is_so_also_the_second_time() {
    let server = RedisServer::start().expect("redis-server starts");
    for _ in 0..2 {
        let run = run("quickstart", &[("REDIS_URL", &server.url())]);
        assert!(
            run.stdout
                .starts_with("aiocache quickstart, with the cache in redis\n"),
            "{run:?}"
        );
        assert_cached(&run);
        assert_ratio(&run.stdout);
    }
}

#[test]
fn without_its_redis_it_says_so_and_works_uncached() {
    let mut server = RedisServer::start().expect("redis-server starts");
    let url = server.url();
    server.kill().expect("it runs");

    let run = run("quickstart", &[("REDIS_URL", &url)]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("The cache fails: clear on redis"), "{run:?}");
    let steps = steps(&run.stdout);
    assert_eq!(queries(&steps, "nearest("), [1, 1, 1, 1]);
    assert_eq!(queries(&steps, "airports("), [1, 1, 1]);
    let results: Vec<&str> = steps
        .iter()
        .filter(|step| step.name.starts_with("nearest("))
        .map(|step| &*step.result)
        .collect();
    assert_eq!(results[0], "MTH X01 MKY");
}

#[test]
fn a_wrong_url_is_told_at_once_without_its_password() {
    for (url, accepted) in [
        ("http://:s3cret@localhost", "redis://"),
        (
            "redis://:s3cret@localhost:99999",
            "redis://[user[:password]@]host",
        ),
    ] {
        let run = run("quickstart", &[("REDIS_URL", url)]);
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:?}");
        assert!(
            run.stderr.starts_with("REDIS_URL: invalid configuration: "),
            "{run:?}"
        );
        assert!(run.stderr.contains(accepted), "{run:?}");
        assert!(!run.stderr.contains("s3cret"), "{run:?}");
    }
}
