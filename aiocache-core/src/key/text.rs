//! The canonical text of a value: readable, injective for the values of one type, the same in every process and
//! release. `tests/keys_golden.rs` pins it.

use std::fmt::{self, Display, Write};

use serde::ser::{self, Serialize, Serializer};

use super::buf::KeyBuf;
use super::digits;
use super::escape;
use super::list::{Entries, List};
use super::small::SmallText;
use super::view::SORTED;

/// How deep values may nest; a key deeper than this has failed.
const MAX_DEPTH: u8 = 128;

/// Writes one value to the end of a key.
pub(super) struct Text<'a> {
    key: &'a mut KeyBuf,
    depth: u8,
    form: Form,
}

/// What is special about the value at this place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Usual,
    /// A template's field: text stands without its quotes.
    Unquoted,
    /// A set: the elements of the sequence are sorted.
    Sorted,
}

impl<'a> Text<'a> {
    /// For an argument.
    pub(super) fn argument(key: &'a mut KeyBuf) -> Self {
        Self {
            key,
            depth: 0,
            form: Form::Usual,
        }
    }

    /// For a template's field.
    pub(super) fn field(key: &'a mut KeyBuf) -> Self {
        Self {
            key,
            depth: 0,
            form: Form::Unquoted,
        }
    }

    /// Writes `value` inside another at `depth`.
    pub(super) fn nested<T: Serialize + ?Sized>(
        key: &mut KeyBuf,
        depth: u8,
        value: &T,
    ) -> Result<(), Failed> {
        let written = value.serialize(Text {
            key: &mut *key,
            depth,
            form: Form::Usual,
        });
        if written.is_err() {
            // Marked here, since the value around it could swallow the error and go on with half a text.
            key.fail();
        }
        written
    }

    /// One level down, if that is still allowed.
    fn deeper(&self) -> Result<u8, Failed> {
        if self.depth < MAX_DEPTH {
            Ok(self.depth + 1)
        } else {
            Err(Failed)
        }
    }

    fn out(&mut self) -> &mut SmallText {
        self.key.text_mut()
    }

    fn put(mut self, text: &str) -> Result<(), Failed> {
        self.out().push_str(text);
        Ok(())
    }

    fn display(mut self, value: impl Display) -> Result<(), Failed> {
        write!(self.out(), "{value}").map_err(|_| Failed)
    }

    fn text(mut self, text: &str) -> Result<(), Failed> {
        match self.form {
            Form::Unquoted => self.out().push_str(text),
            Form::Usual | Form::Sorted => escape::quote(self.out(), text),
        }
        Ok(())
    }

    /// The name of a variant or a field: bare if it looks like one, else quoted, since `rename` may make it anything.
    pub(super) fn name(key: &mut KeyBuf, name: &str) {
        if is_plain(name) {
            key.text_mut().push_str(name);
        } else {
            escape::quote(key.text_mut(), name);
        }
    }

    fn list(self, open: &'static str, close: &'static str) -> Result<List<'a>, Failed> {
        let depth = self.deeper()?;
        self.key.text_mut().push_str(open);
        Ok(List::new(self.key, depth, close))
    }

    /// `name(value)`.
    fn wrapped<T: Serialize + ?Sized>(self, name: &str, value: &T) -> Result<(), Failed> {
        let depth = self.deeper()?;
        Self::name(self.key, name);
        self.key.text_mut().push_str("(");
        Text::nested(self.key, depth, value)?;
        self.key.text_mut().push_str(")");
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    // Non-ASCII identifiers are quoted like any other text.
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

macro_rules! integer {
    ($($method:ident: $int:ty => $sign:ident),*) => {$(
        #[inline]
        fn $method(mut self, value: $int) -> Result<(), Failed> {
            digits::$sign(self.out(), value.into());
            Ok(())
        }
    )*};
}

macro_rules! float {
    ($($method:ident: $float:ty),*) => {$(
        fn $method(self, value: $float) -> Result<(), Failed> {
            if value.is_finite() {
                self.put(zmij::Buffer::new().format_finite(value))
            } else if value.is_nan() {
                self.display(format_args!("NaN({:x})", value.to_bits()))
            } else {
                self.put(if value > 0.0 { "inf" } else { "-inf" })
            }
        }
    )*};
}

impl<'a> Serializer for Text<'a> {
    type Ok = ();
    type Error = Failed;
    type SerializeSeq = Entries<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = List<'a>;
    type SerializeStructVariant = List<'a>;

    integer!(
        serialize_i8: i8 => signed, serialize_i16: i16 => signed, serialize_i32: i32 => signed,
        serialize_i64: i64 => signed, serialize_u8: u8 => unsigned, serialize_u16: u16 => unsigned,
        serialize_u32: u32 => unsigned, serialize_u64: u64 => unsigned
    );

    fn serialize_i128(self, value: i128) -> Result<(), Failed> {
        self.display(value)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Failed> {
        self.display(value)
    }

    float!(serialize_f32: f32, serialize_f64: f64);

    fn serialize_bool(self, value: bool) -> Result<(), Failed> {
        self.put(if value { "true" } else { "false" })
    }

    fn serialize_char(self, value: char) -> Result<(), Failed> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Failed> {
        self.text(value)
    }

    fn collect_str<T: Display + ?Sized>(mut self, value: &T) -> Result<(), Failed> {
        if self.form == Form::Unquoted {
            return self.display(value);
        }
        self.out().push_str("\"");
        write!(escape::Quoted(self.out()), "{value}").map_err(|_| Failed)?;
        self.put("\"")
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), Failed> {
        escape::hex_bytes(self.out(), value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Failed> {
        self.put("None")
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Failed> {
        self.wrapped("Some", value)
    }

    fn serialize_unit(self) -> Result<(), Failed> {
        self.put("()")
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Failed> {
        self.put("()")
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Failed> {
        Self::name(self.key, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        // A newtype writes nothing, but a recursive one must end too.
        let depth = self.deeper()?;
        let form = if name == SORTED { Form::Sorted } else { self.form };
        value.serialize(Text {
            key: self.key,
            depth,
            form,
        })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Failed> {
        self.wrapped(variant, value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Entries<'a>, Failed> {
        let sorted = self.form == Form::Sorted;
        let list = self.list("[", "]")?;
        Ok(if sorted {
            Entries::sorted(list)
        } else {
            Entries::in_order(list)
        })
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'a>, Failed> {
        self.list("(", ")")
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'a>, Failed> {
        self.list("(", ")")
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, Failed> {
        Self::name(self.key, variant);
        self.list("(", ")")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, Failed> {
        self.list("{", "}").map(Entries::sorted)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<List<'a>, Failed> {
        self.list("{", "}")
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<List<'a>, Failed> {
        Self::name(self.key, variant);
        self.list("{", "}")
    }
}

/// The value refused to be written, or nests too deep; the key is marked as failed, so nobody asks why.
#[derive(Debug)]
pub(super) struct Failed;

impl Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value cannot be written into a key")
    }
}

impl std::error::Error for Failed {}

impl ser::Error for Failed {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}
