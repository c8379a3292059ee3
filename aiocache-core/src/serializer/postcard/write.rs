//! The shape of a value, learnt through `Serialize`.

use serde::ser::{
    Impossible, Serialize, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::shape::{Kind, Shape, Stopped};

/// Describes the value. [`read`](super::read) has to describe its type in the very same words.
pub(super) fn describe<T: Serialize + ?Sized>(value: &T, shape: &mut Shape) {
    // An error ends the description; one of the value's own comes up again when the value is written.
    let (Ok(()) | Err(Stopped)) = value.serialize(Describe { shape });
}

struct Describe<'a> {
    shape: &'a mut Shape,
}

impl Describe<'_> {
    fn leaf(self, kind: Kind) -> Result<(), Stopped> {
        self.shape.kind(kind);
        Ok(())
    }

    fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stopped> {
        self.shape.enter()?;
        value.serialize(Describe { shape: self.shape })
    }

    fn variant(&mut self, name: &str, index: u32, variant: &str, kind: Kind) {
        self.shape.kind(Kind::Enum);
        self.shape.name(name);
        self.shape.number(index);
        self.shape.name(variant);
        self.shape.kind(kind);
    }
}

macro_rules! leaves {
    ($($method:ident($value:ty) => $kind:ident)*) => {$(
        fn $method(self, _: $value) -> Result<(), Stopped> {
            self.leaf(Kind::$kind)
        }
    )*};
}

impl<'a> Serializer for Describe<'a> {
    type Ok = ();
    type Error = Stopped;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Impossible<(), Stopped>;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    leaves! {
        serialize_bool(bool) => Bool
        serialize_i8(i8) => I8
        serialize_i16(i16) => I16
        serialize_i32(i32) => I32
        serialize_i64(i64) => I64
        serialize_i128(i128) => I128
        serialize_u8(u8) => U8
        serialize_u16(u16) => U16
        serialize_u32(u32) => U32
        serialize_u64(u64) => U64
        serialize_u128(u128) => U128
        serialize_f32(f32) => F32
        serialize_f64(f64) => F64
        serialize_char(char) => Char
        serialize_str(&str) => Text
        serialize_bytes(&[u8]) => Bytes
    }

    fn collect_str<T: std::fmt::Display + ?Sized>(self, _: &T) -> Result<(), Stopped> {
        self.leaf(Kind::Text)
    }

    fn serialize_none(self) -> Result<(), Stopped> {
        self.leaf(Kind::None)
    }

    fn serialize_some<T: Serialize + ?Sized>(mut self, value: &T) -> Result<(), Stopped> {
        self.shape.kind(Kind::Some);
        self.inside(value)
    }

    fn serialize_unit(self) -> Result<(), Stopped> {
        self.leaf(Kind::Unit)
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Stopped> {
        self.shape.name(name);
        self.leaf(Kind::UnitStruct)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        self.shape.kind(Kind::Newtype);
        self.shape.name(name);
        self.inside(value)
    }

    fn serialize_unit_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Stopped> {
        self.variant(name, index, variant, Kind::UnitVariant);
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stopped> {
        self.variant(name, index, variant, Kind::NewtypeVariant);
        self.inside(value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Stopped> {
        let empty = len == Some(0);
        self.shape.kind(if empty { Kind::EmptySeq } else { Kind::Seq });
        Ok(self)
    }

    fn serialize_tuple(self, len: usize) -> Result<Self, Stopped> {
        self.shape.kind(Kind::Tuple);
        self.shape.length(len);
        Ok(self)
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self, Stopped> {
        self.shape.kind(Kind::TupleStruct);
        self.shape.name(name);
        self.shape.length(len);
        Ok(self)
    }

    fn serialize_tuple_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self, Stopped> {
        self.variant(name, index, variant, Kind::TupleVariant);
        self.shape.length(len);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Stopped> {
        self.shape.kind(Kind::Map);
        Err(Stopped)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self, Stopped> {
        self.shape.kind(Kind::Struct);
        self.shape.name(name);
        Ok(self)
    }

    fn serialize_struct_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Self, Stopped> {
        self.variant(name, index, variant, Kind::StructVariant);
        Ok(self)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The first item says what the others are.
macro_rules! first_item {
    ($($access:ident::$method:ident)*) => {$(
        impl $access for Describe<'_> {
            type Ok = ();
            type Error = Stopped;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stopped> {
                self.inside(value)?;
                Err(Stopped)
            }

            fn end(self) -> Result<(), Stopped> {
                Ok(())
            }
        }
    )*};
}

first_item! {
    SerializeSeq::serialize_element
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! field_names {
    ($($access:ident)*) => {$(
        impl $access for Describe<'_> {
            type Ok = ();
            type Error = Stopped;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, _: &T) -> Result<(), Stopped> {
                self.shape.name(key);
                Ok(())
            }

            fn skip_field(&mut self, _: &'static str) -> Result<(), Stopped> {
                self.shape.left_out = true;
                Ok(())
            }

            fn end(self) -> Result<(), Stopped> {
                Ok(())
            }
        }
    )*};
}

field_names! {
    SerializeStruct
    SerializeStructVariant
}
