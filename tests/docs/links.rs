//! Links between documents, read as files, as a book and as rustdoc.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use crate::markdown::Document;
use crate::{root, with_extension};

/// What is taken from the repository's own documents, with the page's name or path as the label.
const SOURCES: &str = "https://docs.rs/crate/aiocache/latest/source/";

fn documents() -> Vec<Document> {
    with_extension("md")
        .iter()
        .map(|path| Document::read(path))
        .collect()
}

/// The pages of the guide.
fn pages() -> Vec<Document> {
    let mut pages = documents();
    pages.retain(|page| {
        page.path.parent() == Some(&root().join("docs")) && !page.path.ends_with("SUMMARY.md")
    });
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    pages
}

fn stem(page: &Document) -> &str {
    let stem = page.path.file_stem().and_then(|stem| stem.to_str());
    stem.expect("the pages have plain names")
}

fn is_relative(target: &str) -> bool {
    !target.contains("://") && !target.starts_with("data:") && !target.starts_with("crate::")
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut links = 0;
    for document in documents() {
        for target in document.targets().filter(|target| is_relative(target)) {
            links += 1;
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let folder = document.path.parent().expect("a file is in a folder");
            let path = if file.is_empty() {
                document.path.clone()
            } else {
                folder.join(file)
            };
            assert!(path.exists(), "{} links to {target}", document.path.display());
            if !fragment.is_empty() {
                let found = Document::read(&path)
                    .anchors
                    .iter()
                    .any(|anchor| anchor == fragment);
                assert!(found, "{} links to {target}", document.path.display());
            }
        }
    }
    assert!(links >= 60, "only {links} links found");
}

#[test]
fn every_reference_is_defined_and_every_definition_used() {
    for document in pages().iter().chain([&Document::read(&root().join("README.md"))]) {
        let used: BTreeSet<&String> = document.references.iter().collect();
        let defined: BTreeSet<&String> = document.definitions.keys().collect();
        assert_eq!(used, defined, "{}", document.path.display());
    }
}

/// A link in parentheses cannot be led elsewhere in rustdoc, where there are no files.
#[test]
fn pages_link_to_pages_by_reference() {
    let readme = Document::read(&root().join("README.md"));
    for page in pages().iter().chain([&readme]) {
        let path = page.path.display();
        for target in page.inline.iter().filter(|target| is_relative(target)) {
            assert!(
                target.starts_with('#'),
                "{path}: write [text][{target}] and, at the end, [{target}]: {target}"
            );
        }
        for (label, target) in &page.definitions {
            assert_eq!(label, target, "{path}: the label of a link is its target");
        }
    }
    for page in pages() {
        for target in page.definitions.values().filter(|target| is_relative(target)) {
            let outside = target.contains("..");
            assert!(!outside, "{}: {target} is not in the book", page.path.display());
        }
    }
}

#[test]
fn every_page_is_in_the_book_and_in_rustdoc() {
    let summary = Document::read(&root().join("docs/SUMMARY.md"));
    let modules = fs::read_to_string(root().join("src/guide/mod.rs")).expect("the guide's module is there");
    let pages = pages();
    assert!(pages.len() >= 18, "only {} pages found", pages.len());
    for page in &pages {
        let (stem, name) = (stem(page), stem(page).replace('-', "_"));
        let listed = summary
            .inline
            .iter()
            .filter(|target| **target == format!("{stem}.md"));
        assert_eq!(listed.count(), 1, "docs/SUMMARY.md lists {stem}.md once");
        let module = format!("    {name} = \"../../docs/{stem}.md\",\n");
        assert!(modules.contains(&module), "src/guide/mod.rs has no {name}");
        let front = modules.contains(&format!("[{name}]")) || modules.contains(&format!("]({name})"));
        assert!(
            front,
            "the front page of src/guide/mod.rs does not lead to {name}"
        );
    }
    assert_eq!(summary.inline.len(), pages.len());
}

#[test]
fn every_page_of_a_feature_says_where_to_read_on() {
    let without = ["design", "performance", "wire"];
    for page in pages().iter().filter(|page| !without.contains(&stem(page))) {
        let leads_on = page.text.contains("\n## See also\n");
        assert!(leads_on, "{} has no \"See also\"", page.path.display());
    }
}

/// `UPDATE_SNAPSHOTS=1 cargo test --test docs` writes both files.
#[test]
fn rustdoc_has_a_place_for_every_link_and_every_picture() {
    let pages = pages();
    let stems: Vec<&str> = pages.iter().map(stem).collect();
    let readme = Document::read(&root().join("README.md"));
    let mut links = String::new();
    let mut pictures = String::new();
    let all = pages.iter().chain([&readme]);
    let labels: BTreeSet<&String> = all.clone().flat_map(|page| page.definitions.keys()).collect();
    for label in labels.into_iter().filter(|label| is_relative(label)) {
        let in_docs = label.strip_prefix("docs/").unwrap_or(label);
        if label.ends_with(".svg") {
            let picture =
                fs::read_to_string(root().join("docs").join(in_docs)).expect("the picture is there");
            let _ = writeln!(
                pictures,
                "[{label}]: data:image/svg+xml,{}",
                percent_encoded(&picture)
            );
        } else {
            let _ = writeln!(links, "[{label}]: {}", place(in_docs, &stems));
        }
    }
    assert_current("src/guide/links.md", &links);
    assert_current("src/guide/pictures.md", &pictures);
}

/// Where rustdoc has what a path leads to: a page in its module, other files where their source is shown.
fn place(path: &str, pages: &[&str]) -> String {
    let (file, fragment) = path
        .split_once('#')
        .map_or((path, ""), |(file, rest)| (file, rest));
    let hash = if fragment.is_empty() { "" } else { "#" };
    match file.strip_suffix(".md").filter(|stem| pages.contains(stem)) {
        Some(stem) => format!("crate::guide::{}{hash}{fragment}", stem.replace('-', "_")),
        None => format!("{SOURCES}{path}"),
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.trim().bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'/'
            | b':'
            | b'='
            | b','
            | b';' => {
                encoded.push(char::from(byte));
            }
            _ => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}

#[track_caller]
fn assert_current(path: &str, expected: &str) {
    let path = root().join(Path::new(path));
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, expected).expect("it can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let advice = "is out of date: UPDATE_SNAPSHOTS=1 cargo test --test docs";
    assert!(found == expected, "{} {advice}", path.display());
}
