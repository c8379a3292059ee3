//! The public interface of each crate, read from its sources and compared with what is written down of it, so that no
//! change of it goes unseen. `UPDATE_SNAPSHOTS=1 cargo test --test api` writes it down anew.
//!
//! It has what a user can name: items with their public parts, and the traits they implement. What a macro of our own
//! makes is there as its call. Hidden items are left out: only generated code of the same version meets them.

mod exports;
mod print;
mod sources;

use std::fs;
use std::path::Path;

use sources::Sources;

const CRATES: [(&str, &str); 5] = [
    ("aiocache", "src"),
    ("aiocache-core", "aiocache-core/src"),
    ("aiocache-macros", "aiocache-macros/src"),
    ("aiocache-memcached", "aiocache-memcached/src"),
    ("aiocache-redis", "aiocache-redis/src"),
];

/// The interface of a crate as text: an item and what is implemented for it, by its path, in the order of the paths.
fn interface(name: &str, folder: &Path) -> String {
    let sources = Sources::read(folder);
    let exports = exports::of(&sources);
    let mut parts = print::items(&name.replace('-', "_"), &exports);
    parts.extend(print::macro_calls(&sources));
    print::implementations(&sources, &exports, &mut parts);
    let parts = parts
        .into_iter()
        .map(|(path, texts)| format!("# {path}\n{}", texts.concat()));
    parts.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_public_interface_is_the_one_that_is_written_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut changed = Vec::new();
    for (name, folder) in CRATES {
        let (found, file) = (
            interface(name, &root.join(folder)),
            root.join("tests/api").join(name).with_extension("txt"),
        );
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&file, &found).expect("the snapshot can be written");
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        let line = found
            .lines()
            .zip(written.lines())
            .position(|(found, written)| found != written);
        if found != written {
            let line = line.unwrap_or_else(|| found.lines().count().min(written.lines().count()));
            let near = |text: &str| {
                text.lines()
                    .skip(line.saturating_sub(2))
                    .take(5)
                    .collect::<Vec<_>>()
                    .join("\n    ")
            };
            changed.push(format!(
                "{name}, line {}:\n  found:\n    {}\n  written:\n    {}",
                line + 1,
                near(&found),
                near(&written)
            ));
        }
    }
    assert!(
        changed.is_empty(),
        "the public interface changed. If it was meant to, write it down with UPDATE_SNAPSHOTS=1, and say in CHANGELOG.md \
         what callers have to do.\n{}",
        changed.join("\n")
    );
}
