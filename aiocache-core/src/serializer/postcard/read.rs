//! The shape of a type, learnt through `Deserialize`.

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, SeqAccess, VariantAccess,
    Visitor,
};

use super::shape::{Kind, Shape, Stopped};

/// Describes what the type makes of the payload: the payload only says what is at hand of an `Option`, a sequence
/// or an enum. [`write`](super::write) describes values in the same words.
pub(super) fn describe<T: DeserializeOwned>(payload: &[u8], shape: &mut Shape) {
    // An error ends the description; a damaged payload is refused when it is read.
    let (Ok(_) | Err(Stopped)) = T::deserialize(Describe { shape, payload });
}

struct Describe<'a, 'p> {
    shape: &'a mut Shape,
    payload: &'p [u8],
}

impl Describe<'_, '_> {
    fn leaf<T>(self, kind: Kind) -> Result<T, Stopped> {
        self.shape.kind(kind);
        Err(Stopped)
    }

    fn take_number<T: DeserializeOwned>(&mut self) -> Result<T, Stopped> {
        let (number, rest) = postcard::take_from_bytes(self.payload).map_err(|_| Stopped)?;
        self.payload = rest;
        Ok(number)
    }

    fn first_item<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Stopped> {
        visitor.visit_seq(First(Some(self)))
    }

    fn fields<T>(self, fields: &[&str]) -> Result<T, Stopped> {
        for field in fields {
            self.shape.name(field);
        }
        Err(Stopped)
    }
}

macro_rules! leaves {
    ($($method:ident => $kind:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
            self.leaf(Kind::$kind)
        }
    )*};
}

/// What postcard cannot read.
macro_rules! never {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Stopped> {
            Err(Stopped)
        }
    )*};
}

impl<'de> Deserializer<'de> for Describe<'_, '_> {
    type Error = Stopped;

    leaves! {
        deserialize_bool => Bool
        deserialize_i8 => I8
        deserialize_i16 => I16
        deserialize_i32 => I32
        deserialize_i64 => I64
        deserialize_i128 => I128
        deserialize_u8 => U8
        deserialize_u16 => U16
        deserialize_u32 => U32
        deserialize_u64 => U64
        deserialize_u128 => U128
        deserialize_f32 => F32
        deserialize_f64 => F64
        deserialize_char => Char
        deserialize_str => Text
        deserialize_string => Text
        deserialize_bytes => Bytes
        deserialize_byte_buf => Bytes
        deserialize_unit => Unit
        deserialize_map => Map
    }

    never! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        if self.take_number::<u8>()? == 0 {
            return self.leaf(Kind::None);
        }
        self.shape.kind(Kind::Some);
        self.shape.enter()?;
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, name: &'static str, _: V) -> Result<V::Value, Stopped> {
        self.shape.name(name);
        self.leaf(Kind::UnitStruct)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.shape.kind(Kind::Newtype);
        self.shape.name(name);
        self.shape.enter()?;
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Stopped> {
        if self.take_number::<u64>()? == 0 {
            return self.leaf(Kind::EmptySeq);
        }
        self.shape.kind(Kind::Seq);
        self.first_item(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        self.shape.kind(Kind::Tuple);
        self.shape.length(len);
        self.first_item(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        self.shape.kind(Kind::TupleStruct);
        self.shape.name(name);
        self.shape.length(len);
        self.first_item(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stopped> {
        self.shape.kind(Kind::Struct);
        self.shape.name(name);
        self.fields(fields)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stopped> {
        let index: u32 = self.take_number()?;
        let variant = usize::try_from(index).ok().and_then(|index| variants.get(index));
        self.shape.kind(Kind::Enum);
        self.shape.name(name);
        self.shape.number(index);
        self.shape.name(variant.ok_or(Stopped)?);
        visitor.visit_enum(Variant { inside: self, index })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

struct First<'a, 'p>(Option<Describe<'a, 'p>>);

impl<'de> SeqAccess<'de> for First<'_, '_> {
    type Error = Stopped;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Stopped> {
        let inside = self.0.take().ok_or(Stopped)?;
        inside.shape.enter()?;
        seed.deserialize(inside).map(Some)
    }
}

struct Variant<'a, 'p> {
    inside: Describe<'a, 'p>,
    index: u32,
}

impl<'de, 'a, 'p> EnumAccess<'de> for Variant<'a, 'p> {
    type Error = Stopped;
    type Variant = Describe<'a, 'p>;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self::Variant), Stopped> {
        let index: U32Deserializer<Stopped> = self.index.into_deserializer();
        Ok((seed.deserialize(index)?, self.inside))
    }
}

impl<'de> VariantAccess<'de> for Describe<'_, '_> {
    type Error = Stopped;

    fn unit_variant(self) -> Result<(), Stopped> {
        self.leaf(Kind::UnitVariant)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Stopped> {
        self.shape.kind(Kind::NewtypeVariant);
        self.shape.enter()?;
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Stopped> {
        self.shape.kind(Kind::TupleVariant);
        self.shape.length(len);
        self.first_item(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Stopped> {
        self.shape.kind(Kind::StructVariant);
        self.fields(fields)
    }
}
