//! Each example runs, and prints what is written in `examples/output`.

use std::fs;
use std::path::{Path, PathBuf};

use aiocache::testing::{MemcachedServer, RedisServer};

use run_example::run;
use written::{difference, matches};

#[expect(unreachable_pub, reason = "shared by two test programs")]
mod run_example;
#[expect(unreachable_pub, reason = "a module of a test program")]
mod written;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Names and sources of all examples.
fn examples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder()).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let source = if path.is_dir() {
            path.join("main.rs")
        } else {
            path.clone()
        };
        if source.exists() && source.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().and_then(|name| name.to_str());
            found.push((name.expect("a plain name").to_owned(), read(&source)));
        }
    }
    found.sort();
    assert!(found.len() >= 19, "only {} examples found", found.len());
    found
}

/// Runs an example, and compares what it prints with the first of these files that is there, or else with the last.
fn compare(name: &str, environment: &[(&str, &str)], files: &[String]) -> Option<String> {
    let mut files = files.iter().map(|file| folder().join("output").join(file));
    let last = files.next_back().expect("a file at least");
    let file = files.find(|file| file.exists()).unwrap_or(last);
    let run = run(name, environment);
    if (run.code, run.stderr.as_str()) != (Some(0), "") {
        return Some(format!("{name}: {run:#?}"));
    }
    let difference = difference(&file, &run.stdout)?;
    Some(format!("{difference}\nof\n{}", run.stdout))
}

/// Those that know a variable, run with it: where they print something else then, it is in `NAME.SERVER.txt`.
fn compare_all(variable: &str, server: &str, url: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, source) in examples() {
        if source.contains(variable) {
            let files = [format!("{name}.{server}.txt"), format!("{name}.txt")];
            wrong.extend(compare(&name, &[(variable, url)], &files));
        }
    }
    wrong
}

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn without_a_server_each_prints_what_is_written() {
    let wrong: Vec<String> = examples()
        .iter()
        .filter_map(|(name, _)| compare(name, &[], &[format!("{name}.txt")]))
        .collect();
    assert_none(&wrong);
}

#[test]
fn with_redis_those_that_know_it_print_what_is_written() {
    let server = RedisServer::start().expect("redis-server starts");
    assert_none(&compare_all("REDIS_URL", "redis", &server.url()));
}

#[test]
fn with_memcached_those_that_know_it_print_what_is_written() {
    let server = MemcachedServer::start().expect("memcached starts");
    assert_none(&compare_all("MEMCACHED_URL", "memcached", &server.url()));
}

#[test]
fn each_says_how_to_run_it_and_is_in_the_index() {
    let index = read(&folder().join("README.md"));
    for (name, source) in examples() {
        let command = format!("cargo run --example {name}");
        assert!(
            source.starts_with(&format!("//! {command}\n")),
            "{name}: its first line"
        );
        assert!(
            index.contains(&format!("`{command}`")),
            "{command} is not in examples/README.md"
        );
    }
}

#[test]
fn no_output_is_left_of_an_example_that_is_gone() {
    let names: Vec<String> = examples().into_iter().map(|(name, _)| name).collect();
    for entry in fs::read_dir(folder().join("output")).expect("the folder is there") {
        let file = entry.expect("it can be listed").file_name();
        let file = file.to_str().expect("a plain name");
        let name = file.split('.').next().unwrap_or_default();
        assert!(names.iter().any(|found| found == name), "{file}");
    }
}

#[test]
fn a_mark_stands_for_a_number_or_a_time_and_for_nothing_else() {
    let same = [
        ("<number> hits in <time>", "1.5 hits in 3.2 ms"),
        ("For(<time>)", "For(59.99s)"),
        ("get <time> <time>", "get 12µs 7 ns"),
    ];
    for (written, found) in same {
        assert!(matches(written, found), "{written:?}, {found:?}");
    }
    let different = [
        ("a", "b"),
        ("<number> hits", "no hits"),
        ("<number> hits", "1 hit"),
        ("in <time>", "in 3"),
        ("in <time>", "in 3 msec"),
        ("in <time>", "in 1.2.3 s"),
    ];
    for (written, found) in different {
        assert!(!matches(written, found), "{written:?}, {found:?}");
    }
}
