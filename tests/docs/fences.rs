//! Code in documents: nothing in it is passed over by the compiler.

use std::path::{Path, PathBuf};

use crate::{read, root, with_extension};

/// A code block, with what stands behind its first backticks and its place.
struct Fence {
    language: String,
    code: Vec<String>,
    page: PathBuf,
    /// The last file in backticks above it.
    source: Option<String>,
}

fn fences(page: &Path) -> Vec<Fence> {
    let mut fences = Vec::new();
    let mut open: Option<Fence> = None;
    let mut source = None;
    for line in read(page).lines() {
        let mark = line.trim_start().strip_prefix("```");
        match (&mut open, mark) {
            (Some(fence), None) => fence.code.push(line.to_owned()),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (None, Some(language)) => {
                open = Some(Fence {
                    language: language.to_owned(),
                    code: Vec::new(),
                    page: page.to_owned(),
                    source: source.clone(),
                });
            }
            (None, None) => {
                let names = line.split('`').skip(1).step_by(2);
                let last = names.filter(|name| name.ends_with(".rs")).last();
                source = last.map(str::to_owned).or(source);
            }
        }
    }
    fences
}

fn all() -> Vec<Fence> {
    with_extension("md")
        .iter()
        .flat_map(|page| fences(page))
        .collect()
}

/// `ignore` is not compiled at all, and what is below `cfg(test)` only parsed: the tests of documents have no such cfg.
#[test]
fn no_snippet_is_hidden_from_the_compiler() {
    let mut snippets = 0;
    for fence in all() {
        let page = fence.page.display();
        assert!(!fence.language.contains("ignore"), "{page}: {}", fence.language);
        let hidden = fence.code.iter().find(|line| line.contains("cfg(test)"));
        assert_eq!(hidden, None, "{page}");
        snippets += usize::from(fence.language.starts_with("rust"));
    }
    assert!(snippets >= 40, "only {snippets} snippets found");
}

/// What needs a crate that the snippets have not is marked `rs`, and stands as it is in an example that is compiled.
#[test]
fn what_is_quoted_is_in_the_file_named_above_it() {
    let quoted: Vec<Fence> = all().into_iter().filter(|fence| fence.language == "rs").collect();
    assert!(!quoted.is_empty(), "no quotation found");
    for fence in quoted {
        let page = fence.page.display();
        let source = fence
            .source
            .unwrap_or_else(|| panic!("{page}: no file is named above a quotation"));
        let quotation = flush_left(fence.code.iter().map(String::as_str));
        let found = flush_left(read(&root().join(&source)).lines()).contains(&quotation);
        assert!(found, "{page}: {source} has no\n{quotation}");
    }
}

/// Lines without their indentation, which is another one in a function than in a quotation.
fn flush_left<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    lines.map(|line| format!("{}\n", line.trim())).collect()
}
