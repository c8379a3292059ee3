//! The lists of behaviours, of cases and of tests are the same list.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::testing::together::WAITING;

/// Each behaviour that `trait Backend` states, as `method: line`.
fn behaviours() -> Vec<String> {
    let source = include_str!("../../backend/mod.rs");
    let (mut stated, mut pending, mut listing) = (Vec::new(), Vec::<String>::new(), false);
    for line in source.lines().map(str::trim) {
        if let Some(signature) = line.strip_prefix("fn ") {
            let method = signature.split(['<', '(']).next().expect("split gives one part");
            stated.extend(
                pending
                    .drain(..)
                    .map(|behaviour| format!("{method}: {behaviour}")),
            );
            listing = false;
        } else if line == "/// # Behavior" {
            listing = true;
        } else if let (true, Some(behaviour)) = (listing, line.strip_prefix("/// - ")) {
            pending.push(behaviour.to_owned());
        } else if let (true, Some(more)) = (listing, line.strip_prefix("///   ")) {
            let last = pending
                .last_mut()
                .expect("a line before the one that continues it");
            *last += " ";
            *last += more;
        }
    }
    stated
}

/// Each case as `module::name`, with its documentation.
fn cases() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/cases");
    let mut cases = BTreeMap::new();
    for file in fs::read_dir(folder).expect("the folder of the cases") {
        let path = file.expect("an entry").path();
        let module = path
            .file_stem()
            .expect("a name")
            .to_str()
            .expect("UTF-8")
            .to_owned();
        let source = fs::read_to_string(&path).expect("a source file");
        let mut doc = Vec::new();
        for line in source.lines() {
            if let Some(text) = line.strip_prefix("/// ") {
                doc.push(text);
            } else if let Some(signature) = line.strip_prefix("pub async fn ") {
                let name = signature.split('<').next().expect("split gives one part");
                cases.insert(format!("{module}::{name}"), doc.join(" "));
                doc.clear();
            } else {
                doc.clear();
            }
        }
    }
    cases
}

/// Each case that the macro lists, as `module::name`.
fn listed() -> Vec<String> {
    let source = include_str!("../conformance.rs");
    let start = source.find("@$how run_case $fixture;").expect("the first list");
    let end = source
        .find("(@together $run:ident")
        .expect("the end of the lists");
    let (mut listed, mut module) = (Vec::new(), "");
    for line in source[start..end].lines().map(str::trim) {
        let name = line.trim_end_matches([':', ';']);
        if name.is_empty()
            || !name
                .chars()
                .all(|letter| letter.is_ascii_lowercase() || letter == '_')
        {
            continue;
        }
        if line.ends_with(':') {
            module = name;
        } else {
            listed.push(format!("{module}::{name}"));
        }
    }
    listed
}

#[test]
fn every_behaviour_has_one_case_and_every_case_a_behaviour() {
    let mut stated = behaviours();
    let mut proved: Vec<String> = cases().into_values().collect();
    stated.sort_unstable();
    proved.sort_unstable();
    assert!(stated.len() > 100, "only {} behaviours were found", stated.len());
    assert_eq!(stated, proved);
}

#[test]
fn every_case_is_in_the_macro() {
    let mut listed = listed();
    listed.sort_unstable();
    let cases: Vec<String> = cases().into_keys().collect();
    assert_eq!(listed, cases);
}

#[test]
fn no_two_cases_have_one_name() {
    let mut names = BTreeMap::new();
    for case in cases().into_keys() {
        let (module, name) = case.split_once("::").expect("module::name");
        let other = names.insert(name.to_owned(), module.to_owned());
        assert_eq!(other, None, "{name} is in {module} too");
    }
}

#[test]
fn the_cases_that_wait_are_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testing/cases");
    let mut waiting = Vec::new();
    for case in cases().into_keys() {
        let (module, name) = case.split_once("::").expect("module::name");
        let source = fs::read_to_string(folder.join(format!("{module}.rs"))).expect("a source file");
        let (_, body) = source
            .split_once(&format!("fn {name}<"))
            .expect("it was found before");
        let body = body.split("\n}\n").next().expect("split gives one part");
        if body.contains(".outlive(") || body.contains(".pass(") {
            waiting.push(name.to_owned());
        }
    }
    let mut known: Vec<_> = WAITING.to_vec();
    known.sort_unstable();
    waiting.sort_unstable();
    assert_eq!(waiting, known);
}
