//! Entries of a map or a set in the order of their text.

use arrayvec::ArrayVec;

use super::small::SmallText;

/// As many entries as fit into a text on the stack (one byte and a comma each), so that only longer texts allocate.
const NEAR: usize = super::small::INLINE / 2;

/// Where the entries written so far begin in the text.
pub(super) enum Starts {
    /// All of them near the beginning of the text.
    Near(ArrayVec<u8, NEAR>),
    Far(Vec<usize>),
}

impl Starts {
    pub(super) fn new() -> Self {
        Self::Near(ArrayVec::new_const())
    }

    pub(super) fn push(&mut self, start: usize) {
        match self {
            Self::Near(near) => match u8::try_from(start) {
                Ok(start) if !near.is_full() => near.push(start),
                _ => {
                    let mut far: Vec<usize> = near.iter().copied().map(usize::from).collect();
                    far.push(start);
                    *self = Self::Far(far);
                }
            },
            Self::Far(far) => far.push(start),
        }
    }

    /// Puts the entries, which end with the text and have a comma between them, in order.
    pub(super) fn sort(&self, out: &mut SmallText) {
        match self {
            Self::Near(near) => {
                let starts = near.iter().copied().map(usize::from);
                let mut spans: ArrayVec<Span, NEAR> = spans(starts, out.len()).collect();
                arrange(out, &mut spans);
            }
            Self::Far(far) => {
                let mut spans: Vec<Span> = spans(far.iter().copied(), out.len()).collect();
                arrange(out, &mut spans);
            }
        }
    }
}

/// From the first byte of an entry to the one after its last.
type Span = (usize, usize);

fn spans(starts: impl Iterator<Item = usize> + Clone, end: usize) -> impl Iterator<Item = Span> {
    // Before every start but the first stands a comma, which is part of no entry.
    let ends = starts.clone().skip(1).map(|start| start - 1).chain([end]);
    starts.zip(ends)
}

fn arrange(out: &mut SmallText, spans: &mut [Span]) {
    let text = out.as_str();
    let entry = |&(start, end): &Span| &text[start..end];
    let Some(&(first, _)) = spans.first() else { return };
    if spans.is_sorted_by(|a, b| entry(a) <= entry(b)) {
        return;
    }
    // Equal entries are the same text, so it does not matter which comes first.
    spans.sort_unstable_by(|a, b| entry(a).cmp(entry(b)));

    let mut sorted = SmallText::new();
    for (at, span) in spans.iter().enumerate() {
        if at > 0 {
            sorted.push_str(",");
        }
        sorted.push_str(entry(span));
    }
    out.truncate(first);
    out.push_str(sorted.as_str());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(before: &str, entries: &[String]) -> String {
        let mut out = SmallText::new();
        out.push_str(before);
        let mut starts = Starts::new();
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                out.push_str(",");
            }
            starts.push(out.len());
            out.push_str(entry);
        }
        starts.sort(&mut out);
        out.as_str().to_owned()
    }

    #[test]
    fn entries_are_sorted_at_every_length_of_text_and_list() {
        for before in ["{", &"x".repeat(100), &"x".repeat(300)] {
            for count in [0, 1, 2, 3, 10, NEAR, NEAR + 1, 1000] {
                let mut entries: Vec<String> =
                    (0..count).map(|n| format!("{}:{n}", n * 7919 % 1009)).collect();
                let found = sorted(before, &entries);
                entries.sort();
                assert_eq!(found, format!("{before}{}", entries.join(",")));
            }
        }
    }

    #[test]
    fn equal_entries_are_kept() {
        let entries = ["b", "a", "b", "a"].map(String::from);
        assert_eq!(sorted("[", &entries), "[a,a,b,b");
    }
}
