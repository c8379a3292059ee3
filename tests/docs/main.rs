//! What the documents name is there.

mod fences;
mod links;
mod markdown;
mod measured;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below a folder of the workspace, without what is built.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("it can be listed").path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name == "target" || name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden {
            files(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn with_extension(extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(root(), &mut found);
    found.retain(|path| path.extension().is_some_and(|found| found == extension));
    found
}

#[test]
fn no_document_has_what_a_merge_left_in_it() {
    for document in with_extension("md") {
        let text = read(&document);
        let left = text
            .lines()
            .find(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "));
        assert_eq!(left, None, "{}", document.display());
    }
}

#[test]
fn every_test_that_the_guide_names_is_there() {
    let page = read(&root().join("docs/reliability.md"));
    let start = page
        .find("What holds for decorated functions")
        .expect("the list is there");
    let list = page[start..]
        .split("## What was measured")
        .next()
        .expect("split gives one part at least");
    let sources: String = with_extension("rs").iter().map(|path| read(path)).collect();
    let mut names = 0;
    for name in list.split('`').skip(1).step_by(2) {
        if name.contains('/') {
            assert!(root().join(name).is_file(), "{name}");
        } else if name.contains('_') && !name.contains('[') {
            assert!(sources.contains(&format!("fn {name}() {{")), "{name}");
        } else {
            continue;
        }
        names += 1;
    }
    assert!(names >= 15, "only {names} names found");
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let rooms = [
        "aiocache-",
        "benches/",
        "docs/",
        "examples/",
        "scripts/",
        "src/",
        "tests/",
    ];
    let mut names = 0;
    let documents = with_extension("md");
    for document in documents.iter().filter(|path| !path.ends_with("CHANGELOG.md")) {
        for name in read(document).split('`').skip(1).step_by(2) {
            let is_path = name.contains('/') && !name.contains(char::is_whitespace);
            // `aiocache-name` stands for a crate that is to come, `name.rs` for a file.
            if !is_path || !rooms.iter().any(|room| name.starts_with(room)) || name.contains("name") {
                continue;
            }
            names += 1;
            assert!(root().join(name).exists(), "{} names {name}", document.display());
        }
    }
    assert!(names >= 60, "only {names} names found");
}

#[test]
fn every_option_is_in_the_documentation_of_its_attribute_and_those_of_cached_in_the_guide() {
    let of_cached = ["ALL", "STORING", "STORING_ONE", "LOADING", "LOADING_ONE"];
    let of_put = ["ALL", "STORING", "STORING_ONE"];
    // These two say in which options they differ from `#[cached]`.
    let of_multi = ["STORING_ONE", "LOADING_ONE", "&[MultiCached]"];
    let pages = [
        ("aiocache-macros/src/docs/cached.md", &of_cached[..], 25),
        ("docs/decorators.md", &of_cached, 25),
        ("aiocache-macros/src/docs/cache_put.md", &of_put, 10),
        (
            "aiocache-macros/src/docs/cache_evict.md",
            &["ALL", "&[CacheEvict]"],
            8,
        ),
        ("aiocache-macros/src/docs/multi_cached.md", &of_multi, 5),
        (
            "aiocache-macros/src/docs/cached_stampede.md",
            &["&[CachedStampede]"],
            1,
        ),
    ];
    let options = options();
    for (path, takers, at_least) in pages {
        let page = read(&root().join(path));
        let taken = options.iter().filter(|(_, taker)| takers.contains(&&**taker));
        let names: Vec<&String> = taken.map(|(name, _)| name).collect();
        assert!(names.len() >= at_least, "{path}: {names:?}");
        for name in names {
            let said = ["`", " =", "("]
                .iter()
                .any(|end| page.contains(&format!("`{name}{end}")));
            assert!(said, "{path} does not have {name}");
        }
    }
}

/// The names of the macros' options, and who takes each, as their table has it.
fn options() -> Vec<(String, String)> {
    let source = read(&root().join("aiocache-macros/src/attribute.rs"));
    let rows = source.lines().filter_map(|line| {
        let row = line.trim().strip_prefix("(\"")?.strip_suffix("),")?;
        let (name, taker) = row.split_once("\", ")?;
        Some((name.to_owned(), taker.to_owned()))
    });
    rows.collect()
}

#[test]
fn every_kind_of_error_is_in_the_guide() {
    let source = read(&root().join("aiocache-core/src/error.rs"));
    let kinds = source
        .split("pub enum ErrorKind {")
        .nth(1)
        .and_then(|rest| rest.split("\n}").next())
        .expect("the kinds are there");
    let page = read(&root().join("docs/caches.md"));
    let names = kinds.lines().filter_map(|line| line.trim().strip_suffix(','));
    let mut found = 0;
    for name in names.filter(|name| !name.starts_with("///")) {
        found += 1;
        assert!(
            page.contains(&format!("`{name}`")),
            "docs/caches.md does not have {name}"
        );
    }
    assert!(found >= 15, "only {found} kinds found");
}
