//! P14 of `docs/reliability.md`: one load per key among processes. The processes are this test program, started again
//! with what to do in its environment.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use aiocache::testing::{MemcachedServer, RedisServer, in_time, undisturbed_blocking, while_awake};
use aiocache::{AnyCache, cached_stampede, connect};
use tokio::time::sleep;

/// The URL of the store, for a process that works.
const STORE: &str = "AIOCACHE_TEST_STORE";
const PROCESSES: usize = 4;
const CALLERS: usize = 10;
const LEASE: Duration = Duration::from_secs(1);
/// Longer than the lease, which has to be renewed.
const LOAD: Duration = Duration::from_millis(2500);
/// How late a renewed lock, a look at it and a busy machine may be.
const SLACK: Duration = Duration::from_secs(1);

static CACHE: LazyLock<AnyCache> = LazyLock::new(|| {
    let url = std::env::var(STORE).expect("only a process that works comes here");
    connect(&url).expect("a good URL")
});

#[cached_stampede(cache = CACHE, key = "p14:{round}", lease = 1)]
async fn load(round: u32) -> Option<String> {
    eprintln!("P14 run");
    sleep(LOAD).await;
    Some(format!("value of round {round}"))
}

/// Not a test of its own: what the processes run. For each round that they are told, they call from many tasks.
#[test]
fn a_process_does_what_it_is_told() {
    if std::env::var_os(STORE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async { CACHE.ping().await.expect("the store is there") });
    eprintln!("P14 ready");
    for line in std::io::stdin().lines() {
        let round = line.expect("the test writes lines").parse().expect("a number");
        runtime.block_on(async {
            let calls: Vec<_> = (0..CALLERS).map(|_| tokio::spawn(load(round))).collect();
            for call in calls {
                let value = call.await.expect("no panic").expect("a value");
                assert_eq!(value, format!("value of round {round}"));
            }
        });
        eprintln!("P14 done");
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Ready,
    Run,
    Done,
}

/// What a process said, which, and when.
type Heard = (usize, Said, Instant);

struct Processes {
    children: Vec<Child>,
    heard: Receiver<Heard>,
}

impl Processes {
    fn start(url: &str) -> Self {
        let (say, heard) = channel();
        let start = |number| {
            let program = std::env::current_exe().expect("this program");
            let mut child = Command::new(program)
                .args(["--exact", "a_process_does_what_it_is_told", "--nocapture"])
                .env(STORE, url)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("this program starts again");
            listen(&mut child, number, say.clone());
            child
        };
        let mut processes = Self {
            children: (0..PROCESSES).map(start).collect(),
            heard,
        };
        for _ in 0..PROCESSES {
            assert_eq!(processes.next().1, Said::Ready);
        }
        processes
    }

    fn tell(&mut self, round: u32) {
        for child in &mut self.children {
            let stdin = child.stdin.as_mut().expect("piped");
            // One that was killed does not read any more.
            let _told = writeln!(stdin, "{round}");
        }
    }

    fn next(&mut self) -> Heard {
        let heard = self.heard.recv_timeout(Duration::from_secs(30));
        heard.expect("the processes go on")
    }

    /// What is said until so many are done: who ran the function and when, and when the last one was done.
    fn until_done(&mut self, mut processes: usize) -> (Vec<(usize, Instant)>, Instant) {
        let mut runs = Vec::new();
        loop {
            match self.next() {
                (number, Said::Run, at) => runs.push((number, at)),
                (_, Said::Done, at) => {
                    processes -= 1;
                    if processes == 0 {
                        return (runs, at);
                    }
                }
                (_, Said::Ready, _) => panic!("a process is ready twice"),
            }
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _killed = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn listen(child: &mut Child, number: usize, say: Sender<Heard>) {
    let lines = BufReader::new(child.stderr.take().expect("piped")).lines();
    thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let said = match line.strip_prefix("P14 ") {
                Some("ready") => Said::Ready,
                Some("run") => Said::Run,
                Some("done") => Said::Done,
                _ => {
                    println!("process {number}: {line}");
                    continue;
                }
            };
            if say.send((number, said, Instant::now())).is_err() {
                return;
            }
        }
    });
}

fn rounds(short: u32, heavy: u32) -> u32 {
    if std::env::var_os("AIOCACHE_STRESS").is_some() {
        heavy
    } else {
        short
    }
}

/// Each round is a key that nobody has.
fn one_of_the_processes_loads(store: &str, url: &str) {
    let (rounds, mut next) = (rounds(1, 10), 0..);
    undisturbed_blocking(|| {
        let mut processes = Processes::start(url);
        let (mut starts, mut slowest) = (0, Duration::ZERO);
        for round in next.by_ref().take(rounds as usize) {
            let begin = Instant::now();
            processes.tell(round);
            let (runs, end) = processes.until_done(PROCESSES);
            starts += runs.len();
            slowest = slowest.max(end - begin);
        }
        println!(
            "P14 {store}: {rounds} rounds of {PROCESSES} processes with {CALLERS} callers, lease {LEASE:?}, load {LOAD:?}: \
             starts {starts}, slowest round {slowest:?}"
        );
        // Renewed a third of a lease ago at most, it lasts for the rest of it.
        while_awake("one load a round", starts == rounds as usize, LEASE * 2 / 3)?;
        in_time("the slowest round", slowest, LOAD + SLACK)
    });
}

/// The lock of a dead process lasts as long as the store keeps it.
fn a_dead_process_costs_one_lease(store: &str, url: &str, kept: Duration) {
    let (rounds, mut next) = (rounds(1, 5), 100..);
    undisturbed_blocking(|| {
        let (mut starts, mut latest) = (0, Duration::ZERO);
        for round in next.by_ref().take(rounds as usize) {
            let mut processes = Processes::start(url);
            processes.tell(round);
            let (leader, said, _) = processes.next();
            assert_eq!(said, Said::Run);
            // Until it has renewed its lock.
            thread::sleep(LEASE / 2);
            processes.children[leader].kill().expect("it runs");
            let killed = Instant::now();
            let (runs, _) = processes.until_done(PROCESSES - 1);
            starts += 1 + runs.len();
            let (heir, began) = runs[0];
            assert_ne!(heir, leader);
            latest = latest.max(began - killed);
        }
        println!(
            "P14 {store}: kill -9 of the process that loads, {rounds} times: starts {starts}, latest {latest:?} after"
        );
        while_awake("two loads a round", starts == 2 * rounds as usize, LEASE * 2 / 3)?;
        in_time("the second load", latest, kept + SLACK)
    });
}

#[test]
fn one_of_the_processes_loads_with_redis() {
    let server = RedisServer::start().expect("redis-server starts");
    one_of_the_processes_loads("redis", &server.url());
}

#[test]
fn one_of_the_processes_loads_with_memcached() {
    let server = MemcachedServer::start().expect("memcached starts");
    one_of_the_processes_loads("memcached", &server.url());
}

#[test]
fn a_dead_process_costs_one_lease_with_redis() {
    let server = RedisServer::start().expect("redis-server starts");
    a_dead_process_costs_one_lease("redis", &server.url(), LEASE);
}

/// memcached keeps a lock for two seconds more, lest it drop one too early.
#[test]
fn a_dead_process_costs_one_lease_with_memcached() {
    let server = MemcachedServer::start().expect("memcached starts");
    a_dead_process_costs_one_lease("memcached", &server.url(), LEASE + Duration::from_secs(2));
}
