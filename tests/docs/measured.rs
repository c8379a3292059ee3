//! The table of what was measured names the tests that measure it.

use std::fs;
use std::path::PathBuf;

use crate::{files, read, root, with_extension};

/// The sources of a test program of a package: a file, or a folder of them.
fn sources(package: &str, program: &str) -> Vec<PathBuf> {
    let tests = root().join(package).join("tests");
    let mut found = Vec::new();
    if tests.join(program).join("main.rs").is_file() {
        files(&tests.join(program), &mut found);
    }
    found.extend(Some(tests.join(format!("{program}.rs"))).filter(|path| path.is_file()));
    found
}

/// The packages that can hold the tests of a row, by the store it is about.
fn packages(store: &str) -> [&'static str; 2] {
    match store.split([' ', '*']).next() {
        Some("Redis" | "sentinels") => ["aiocache-redis", ""],
        Some("memcached") => ["aiocache-memcached", ""],
        Some("memory") => ["aiocache-core", ""],
        Some("both") => ["aiocache-redis", "aiocache-memcached"],
        _ => panic!("no package has tests of {store}"),
    }
}

fn is_row(line: &str) -> bool {
    let promise = line.strip_prefix("| P");
    promise.is_some_and(|number| number.starts_with(|char: char| char.is_ascii_digit()))
}

#[test]
fn every_measured_row_names_the_test_that_measures_it() {
    let mut rows = 0;
    for page in with_extension("md") {
        for row in read(&page).lines().filter(|line| is_row(line)) {
            let columns: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
            let [_, store, .., test] = columns.as_slice() else {
                panic!("not a row of the table: {row}");
            };
            let mut names = test.split('`').skip(1).step_by(2);
            let program = names.next().unwrap_or_else(|| panic!("no test is named: {row}"));
            let mut found: Vec<PathBuf> = packages(store)
                .iter()
                .flat_map(|package| sources(package, program))
                .collect();
            assert!(!found.is_empty(), "no test program {program}: {row}");
            for prefix in names {
                found.retain(|path| {
                    fs::read_to_string(path).is_ok_and(|source| source.contains(&format!("fn {prefix}")))
                });
                assert!(!found.is_empty(), "{program} has no test {prefix}…: {row}");
            }
            rows += 1;
        }
    }
    assert!(rows >= 40, "only {rows} rows found");
}
