//! Text that stays on the stack while it is short.

use std::fmt;

use arrayvec::ArrayString;

/// How many bytes stay on the stack.
pub(crate) const INLINE: usize = 128;

/// Text that grows at its end: up to [`INLINE`] bytes in place, more on the heap.
pub(crate) enum SmallText {
    Inline(ArrayString<INLINE>),
    Heap(String),
}

impl SmallText {
    #[inline]
    pub(crate) fn new() -> Self {
        Self::Inline(ArrayString::new_const())
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Inline(text) => text.as_str(),
            Self::Heap(text) => text.as_str(),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Inline(text) => text.len(),
            Self::Heap(text) => text.len(),
        }
    }

    #[inline]
    pub(crate) fn push_str(&mut self, more: &str) {
        match self {
            Self::Inline(text) => {
                if text.try_push_str(more).is_err() {
                    self.spill(more);
                }
            }
            Self::Heap(text) => text.push_str(more),
        }
    }

    pub(crate) fn push(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    /// Cuts the text to its first `len` bytes; `len` lies between two characters.
    pub(crate) fn truncate(&mut self, len: usize) {
        match self {
            Self::Inline(text) => text.truncate(len),
            Self::Heap(text) => text.truncate(len),
        }
    }

    #[cold]
    fn spill(&mut self, more: &str) {
        let text = self.as_str();
        let mut longer = String::with_capacity((text.len() + more.len()).max(2 * INLINE));
        longer.push_str(text);
        longer.push_str(more);
        *self = Self::Heap(longer);
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
        assert!(matches!(text, SmallText::Inline(_)));

        text.push('y');
        assert!(matches!(text, SmallText::Heap(_)));
        assert_eq!(text.as_str(), format!("{}y", "x".repeat(INLINE)));
        assert_eq!(text.len(), INLINE + 1);
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
