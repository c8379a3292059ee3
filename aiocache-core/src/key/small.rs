//! Text that stays on the stack while it is short.

use std::fmt;

use arrayvec::ArrayString;

/// How many bytes stay on the stack.
pub(crate) const INLINE: usize = 128;

/// Text that grows at its end: up to [`INLINE`] bytes in place, more on the heap.
///
/// Keys are built in many small steps, so a step that fits costs one comparison: what is too long is looked for only
/// where a step does not fit.
pub(crate) struct SmallText {
    /// Full as soon as the text is on the heap, so that every step then comes past [`spill`](Self::spill).
    inline: ArrayString<INLINE>,
    /// All of the text once it is too long.
    heap: Option<String>,
}

impl SmallText {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            inline: ArrayString::new_const(),
            heap: None,
        }
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match &self.heap {
            None => self.inline.as_str(),
            Some(text) => text,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.as_str().len()
    }

    #[inline]
    pub(crate) fn push_str(&mut self, more: &str) {
        if self.inline.try_push_str(more).is_err() {
            self.spill(more);
        }
    }

    pub(crate) fn push(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    /// Cuts the text to its first `len` bytes; `len` lies between two characters.
    pub(crate) fn truncate(&mut self, len: usize) {
        match &mut self.heap {
            None => self.inline.truncate(len),
            Some(text) => text.truncate(len),
        }
    }

    #[cold]
    fn spill(&mut self, more: &str) {
        let inline = &mut self.inline;
        let text = self.heap.get_or_insert_with(|| {
            let mut text = String::with_capacity((inline.len() + more.len()).max(2 * INLINE));
            text.push_str(inline);
            while inline.try_push('.').is_ok() {}
            text
        });
        text.push_str(more);
    }
}

impl fmt::Write for SmallText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_moves_to_the_heap_at_the_first_byte_too_many() {
        let mut text = SmallText::new();
        text.push_str(&"x".repeat(INLINE));
        assert!(text.heap.is_none());

        text.push('y');
        assert!(text.heap.is_some());
        assert_eq!(text.as_str(), format!("{}y", "x".repeat(INLINE)));
        assert_eq!(text.len(), INLINE + 1);
    }

    #[test]
    fn short_text_behind_a_long_one_follows_it_to_the_heap() {
        let mut text = SmallText::new();
        for part in ["x", &"y".repeat(INLINE), "z", ""] {
            text.push_str(part);
        }
        assert_eq!(text.as_str(), format!("x{}z", "y".repeat(INLINE)));
    }

    #[test]
    fn text_is_cut_on_the_stack_and_on_the_heap() {
        for len in [INLINE, 2 * INLINE] {
            let mut text = SmallText::new();
            text.push_str(&"x".repeat(len));
            text.truncate(3);
            assert_eq!(text.as_str(), "xxx");
        }
    }
}
