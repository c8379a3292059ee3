//! How characters that would end a part of a key are written inside it.

use std::fmt::{self, Write};

use super::small::SmallText;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes text in double quotes.
pub(super) fn quote(out: &mut SmallText, text: &str) {
    out.push_str("\"");
    quote_part(out, text);
    out.push_str("\"");
}

/// Writes what stands between the quotes; text may come in parts.
fn quote_part(out: &mut SmallText, text: &str) {
    // Printable ASCII is what keys are mostly made of, and needs no look at characters.
    if text
        .bytes()
        .all(|byte| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\')
    {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c == '"' || c == '\\' || c.is_control()) {
        out.push_str(&rest[..at]);
        let mut after = rest[at..].chars();
        if let Some(special) = after.next() {
            quote_special(out, special);
        }
        rest = after.as_str();
    }
    out.push_str(rest);
}

fn quote_special(out: &mut SmallText, special: char) {
    match special {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        control => {
            for c in control.escape_unicode() {
                out.push(c);
            }
        }
    }
}

/// Puts whatever is displayed through it between quotes.
pub(super) struct Quoted<'a>(pub(super) &'a mut SmallText);

impl fmt::Write for Quoted<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        quote_part(self.0, text);
        Ok(())
    }
}

/// Writes bytes as `x"00ff"`.
pub(super) fn hex_bytes(out: &mut SmallText, bytes: &[u8]) {
    out.push_str("x\"");
    for byte in bytes {
        // A SmallText takes every text, so its writing never fails.
        let _ = write!(out, "{byte:02x}");
    }
    out.push_str("\"");
}

/// Percent-escapes what stands from byte `start` on: `%`, control characters and those of `punctuation`.
pub(super) fn escape_from(out: &mut SmallText, start: usize, punctuation: &str) {
    let special = |c: char| c == '%' || c.is_control() || punctuation.contains(c);
    let part = &out.as_str()[start..];
    if !part.contains(special) {
        return;
    }
    let mut plain = SmallText::new();
    plain.push_str(part);
    out.truncate(start);
    let mut rest = plain.as_str();
    while let Some(at) = rest.find(special) {
        out.push_str(&rest[..at]);
        let mut after = rest[at..].chars();
        if let Some(c) = after.next() {
            percent(out, c);
        }
        rest = after.as_str();
    }
    out.push_str(rest);
}

fn percent(out: &mut SmallText, c: char) {
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        out.push_str("%");
        for digit in [byte >> 4, byte & 0xf] {
            out.push(char::from(HEX[usize::from(digit)]));
        }
    }
}

/// A namespace as it stands before the `:` of a stored key: without a `:` of its own, so that two pairs of namespace
/// and key never meet.
pub(crate) fn escape_namespace(namespace: &str) -> String {
    let mut out = SmallText::new();
    push_namespace(&mut out, namespace);
    out.as_str().to_owned()
}

/// Writes a namespace in that form.
pub(super) fn push_namespace(out: &mut SmallText, namespace: &str) {
    let mut rest = namespace;
    while let Some(at) = rest.find(['%', ':']) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        out.push_str(if special.starts_with('%') { "%25" } else { "%3A" });
        rest = &special[1..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_lose_their_colons_and_nothing_else() {
        assert_eq!(escape_namespace("users"), "users");
        assert_eq!(escape_namespace(""), "");
        assert_eq!(escape_namespace("app:users"), "app%3Ausers");
        assert_eq!(escape_namespace("app%3Ausers"), "app%253Ausers");
        assert_eq!(escape_namespace(":%:"), "%3A%25%3A");
        assert_eq!(escape_namespace("größe *?"), "größe *?");
    }

    #[test]
    fn text_that_comes_in_parts_is_quoted_as_one() {
        let mut out = SmallText::new();
        out.push_str("\"");
        for part in ["a", "\"", "b\\", "\u{85}"] {
            let _ = Quoted(&mut out).write_str(part);
        }
        out.push_str("\"");

        let mut whole = SmallText::new();
        quote(&mut whole, "a\"b\\\u{85}");
        assert_eq!(out.as_str(), whole.as_str());
        assert_eq!(out.as_str(), r#""a\"b\\\u{85}""#);
    }

    #[test]
    fn only_the_part_from_the_start_on_is_escaped() {
        let mut out = SmallText::new();
        out.push_str("a:%b:%c\n·");
        escape_from(&mut out, 3, ":·");
        assert_eq!(out.as_str(), "a:%b%3A%25c%0A%C2%B7");
    }
}
