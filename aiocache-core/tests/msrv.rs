//! The promise of `rust-version`: no older compiler builds the dependencies, and none of them needs a newer one.

use std::collections::{HashMap, HashSet};
use std::process::Command;

use serde_json::Value;

/// Major and minor version.
type Rust = (u32, u32);

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version=1",
            "--locked",
            "--all-features",
            "--manifest-path",
        ])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .output()
        .expect("cargo runs this test");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo writes JSON")
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .expect("cargo metadata documents this field as a string")
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .expect("cargo metadata documents this field as a list")
}

fn rust_version(package: &Value) -> Option<Rust> {
    let version = package["rust_version"].as_str()?;
    let mut parts = version
        .split('.')
        .map(|part| part.parse().expect("a rust-version is made of numbers"));
    Some((parts.next()?, parts.next().unwrap_or(0)))
}

/// The packages that a user of these members compiles: all that they need but for their own tests.
fn compiled<'m>(metadata: &'m Value, members: &[&'m str]) -> HashSet<&'m str> {
    let nodes = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| (text(&node["id"]), node));
    let nodes: HashMap<&str, &Value> = nodes.collect();
    let mut found = HashSet::new();
    let mut open = members.to_vec();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            let needed = list(&nodes[id]["deps"]).iter();
            let needed =
                needed.filter(|dep| list(&dep["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev"));
            open.extend(needed.map(|dep| text(&dep["pkg"])));
        }
    }
    found
}

#[test]
fn the_rust_version_is_the_highest_among_the_dependencies() {
    let metadata = metadata();
    let members: Vec<&str> = list(&metadata["workspace_default_members"])
        .iter()
        .map(text)
        .collect();
    let compiled = compiled(&metadata, &members);
    let (ours, theirs): (Vec<&Value>, Vec<&Value>) = list(&metadata["packages"])
        .iter()
        .filter(|package| compiled.contains(text(&package["id"])))
        .partition(|package| members.contains(&text(&package["id"])));

    let highest = theirs
        .iter()
        .filter_map(|package| Some((rust_version(package)?, text(&package["name"]))))
        .max();
    let (highest, name) = highest.expect("some dependency names its rust-version");
    for package in ours {
        let promised = rust_version(package);
        assert_eq!(
            promised,
            Some(highest),
            "{} against {name}",
            text(&package["name"])
        );
    }
}
