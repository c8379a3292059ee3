//! As much of Markdown as the documents use: headings, links, and what is code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A document, taken apart.
pub(crate) struct Document {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// What `#…` behind its name can lead to.
    pub(crate) anchors: Vec<String>,
    /// The targets of `[text](target)`.
    pub(crate) inline: Vec<String>,
    /// The labels of `[text][label]`.
    pub(crate) references: Vec<String>,
    /// The targets of `[label]: target`, by label.
    pub(crate) definitions: BTreeMap<String, String>,
}

impl Document {
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut document = Self {
            path: path.to_owned(),
            anchors: Vec::new(),
            inline: Vec::new(),
            references: Vec::new(),
            definitions: BTreeMap::new(),
            text,
        };
        let mut fenced = false;
        for line in document.text.clone().lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                document.take_in(line);
            }
        }
        assert!(!fenced, "{}: a code block does not end", path.display());
        document
    }

    fn take_in(&mut self, line: &str) {
        if let Some(heading) = line
            .strip_prefix('#')
            .map(|rest| rest.trim_start_matches('#'))
            .and_then(|rest| rest.strip_prefix(' '))
        {
            self.anchors.push(anchor(heading));
        } else if let Some((label, target)) = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) {
            self.definitions
                .insert(label.to_owned(), target.trim().to_owned());
        } else {
            let prose = without_code(line);
            self.inline
                .extend(between(&prose, "](", ')').map(|target| target.trim().to_owned()));
            self.references
                .extend(between(&prose, "][", ']').map(str::to_owned));
        }
    }

    /// Every target of a link, wherever it is written.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &str> {
        self.inline
            .iter()
            .chain(self.definitions.values())
            .map(String::as_str)
    }
}

/// The anchor of a heading, as GitHub, mdBook and rustdoc make it.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|char| match char {
            ' ' => Some('-'),
            '-' | '_' => Some(char),
            _ if char.is_alphanumeric() => Some(char),
            _ => None,
        })
        .collect()
}

/// A line without what stands in backticks, whose brackets are no links.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn between<'t>(text: &'t str, start: &'t str, end: char) -> impl Iterator<Item = &'t str> {
    text.split(start)
        .skip(1)
        .map(move |rest| rest.split(end).next().unwrap_or_default())
}
