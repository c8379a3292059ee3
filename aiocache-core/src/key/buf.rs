//! A key built from a call's arguments, on the stack.

use std::any::type_name;
use std::fmt::{self, Display, Write};

use super::escape;
use super::fit;
use super::small::SmallText;
use super::text::Text;
use super::view::Of;
use super::{Key, KeyArg};
use crate::backend::KeyRule;

/// A key being built, or built: up to 128 bytes on the stack, more on the heap.
///
/// Generated code builds it where it lives and passes it by reference, as moving it costs more than building it.
pub struct KeyBuf {
    text: SmallText,
    /// How many bytes the namespace and its `:` take at the beginning.
    prefix: u32,
    /// No argument has been written since the bracket was opened.
    open: bool,
    /// A part could not be written, so that two calls may have the same text.
    failed: bool,
}

impl KeyBuf {
    /// A key with nothing in it.
    #[inline]
    pub(crate) const fn new() -> Self {
        Self {
            text: SmallText::new(),
            prefix: 0,
            open: false,
            failed: false,
        }
    }

    /// A key that starts with a namespace and its `:`, as they stand in the store, or with nothing.
    #[doc(hidden)]
    #[must_use]
    pub fn with_prefix(prefix: &str) -> Self {
        let mut key = Self::new();
        key.begin(prefix);
        key
    }

    /// Writes a namespace and its `:` to the beginning of a key, as they stand in the store, or nothing.
    #[inline]
    pub(crate) fn begin(&mut self, prefix: &str) {
        if !prefix.is_empty() {
            self.text.push_str(prefix);
            self.end_prefix();
        }
    }

    /// A key that starts with a namespace, escaped as it stands in the store, and its `:`; with nothing if the
    /// namespace is empty.
    pub(crate) fn with_namespace(namespace: &str) -> Self {
        let mut key = Self::new();
        if !namespace.is_empty() {
            escape::push_namespace(&mut key.text, namespace);
            key.text.push(':');
            key.end_prefix();
        }
        key
    }

    /// The whole key, as it is stored.
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        self.text.as_str()
    }

    /// The namespace as it stands in the store, without its `:`; empty if there is none.
    pub(crate) fn namespace(&self) -> &str {
        let prefix = self.prefix();
        prefix.strip_suffix(':').unwrap_or(prefix)
    }

    /// The namespace as it stands in the store, with its `:`; empty if there is none.
    pub(crate) fn prefix(&self) -> &str {
        &self.as_str()[..self.prefix_len()]
    }

    /// The key without its namespace.
    pub(crate) fn bare(&self) -> &str {
        &self.as_str()[self.prefix_len()..]
    }

    /// Whether a part could not be written: such a key must not reach a store, as others may have the same text.
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn is_failed(&self) -> bool {
        self.failed
    }

    /// Writes another key behind the namespace.
    pub(crate) fn replace_bare(&mut self, bare: &str) {
        self.text.truncate(self.prefix_len());
        self.text.push_str(bare);
    }

    /// Writes another key in place of the whole one; it has no namespace.
    pub(crate) fn set_text(&mut self, whole: &str) {
        self.text.truncate(0);
        self.text.push_str(whole);
        self.prefix = 0;
    }

    /// Replaces a key that a store cannot hold, as [`fit_key`](super::fit_key) does; returns whether it did.
    ///
    /// The namespace goes through the same replacement. One that does not fit into the readable bytes is cut, and the
    /// key then says that it has none.
    pub(crate) fn fit(&mut self, rule: KeyRule) -> bool {
        let Some(fitting) = fit::replacement(self.as_str(), rule) else {
            return false;
        };
        self.text = fitting;
        if self.prefix_len() > fit::readable(rule) {
            self.prefix = 0;
        }
        true
    }

    /// Makes all that was written so far the prefix.
    #[inline]
    fn end_prefix(&mut self) {
        match u32::try_from(self.text.len()) {
            Ok(len) => self.prefix = len,
            Err(_) => self.failed = true,
        }
    }

    pub(super) fn text_mut(&mut self) -> &mut SmallText {
        &mut self.text
    }

    pub(super) fn fail(&mut self) {
        self.failed = true;
    }

    fn prefix_len(&self) -> usize {
        // A prefix whose length is no u32 was never counted.
        usize::try_from(self.prefix).unwrap_or(usize::MAX)
    }
}

/// What generated code writes a key with, in the order of the text.
impl KeyBuf {
    /// The path of the function, by the name of its marker type.
    #[doc(hidden)]
    #[inline]
    pub fn __name<M: ?Sized>(&mut self) {
        self.text.push_str(path::<M>());
    }

    /// The same for a function without a receiver that is called `name` in `module`.
    ///
    /// Functions of one name in different blocks of one function have markers of one name too. Where the name says
    /// that there is a function around, `fingerprint` tells them apart.
    #[doc(hidden)]
    #[inline]
    pub fn __name_of<M: ?Sized>(&mut self, module: &str, name: &str, fingerprint: u32) {
        let path = path::<M>();
        self.text.push_str(path);
        if path.len() != module.len() + "::".len() + name.len() {
            self.__const(format_args!("{fingerprint:08x}"));
        }
    }

    /// A type that the function is generic over, `Self` included.
    #[doc(hidden)]
    #[inline]
    pub fn __generic<T: ?Sized>(&mut self) {
        self.text.push_str("<");
        self.text.push_str(type_name::<T>());
        self.text.push_str(">");
    }

    /// A constant that the function is generic over.
    #[doc(hidden)]
    pub fn __const(&mut self, value: impl Display) {
        self.failed |= write!(self.text, "<{value}>").is_err();
    }

    /// The version the function's author gave its results.
    #[doc(hidden)]
    pub fn __version(&mut self, version: u32) {
        self.failed |= write!(self.text, "@{version}").is_err();
    }

    /// Begins the arguments.
    #[doc(hidden)]
    #[inline]
    pub fn __open(&mut self) {
        self.text.push_str("(");
        self.open = true;
    }

    /// Asks for the view of an argument that belongs into a key: `&*key.__of(&value).__view()`.
    #[doc(hidden)]
    #[must_use]
    #[inline]
    pub fn __of<'a, T: ?Sized>(&self, value: &'a T) -> Of<'a, T> {
        Of::new(value)
    }

    /// An argument.
    #[doc(hidden)]
    #[inline]
    pub fn __arg<T: KeyArg + ?Sized>(&mut self, value: &T) {
        if !std::mem::take(&mut self.open) {
            self.text.push_str(",");
        }
        if value.serialize(Text::argument(self)).is_err() {
            self.failed = true;
        }
    }

    /// Ends the arguments.
    #[doc(hidden)]
    #[inline]
    pub fn __end(&mut self) {
        self.text.push_str(")");
    }

    /// A template's own text.
    #[doc(hidden)]
    #[inline]
    pub fn __text(&mut self, literal: &str) {
        self.text.push_str(literal);
    }

    /// A template's field, in which the punctuation of the template's own text is escaped.
    #[doc(hidden)]
    pub fn __field<T: KeyArg + ?Sized>(&mut self, value: &T, punctuation: &'static str) {
        let start = self.text.len();
        if value.serialize(Text::field(self)).is_err() {
            self.failed = true;
        }
        escape::escape_from(&mut self.text, start, punctuation);
    }

    /// The key that the user's key builder made.
    #[doc(hidden)]
    pub fn __built<'k>(&mut self, key: impl Into<Key<'k>>) {
        self.text.push_str(key.into().as_str());
    }
}

/// The path of a function whose marker type is `M`.
#[inline]
fn path<M: ?Sized>() -> &'static str {
    let name = type_name::<M>();
    let name = name.strip_suffix("::__Here").unwrap_or(name);
    // A marker inside an async body stands in that body's own closure.
    name.strip_suffix("::{{closure}}").unwrap_or(name)
}

impl fmt::Debug for KeyBuf {
    /// Shows the length only: a key can hold personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyBuf({} bytes)", self.text.len())
    }
}

#[cfg(test)]
mod tests;
