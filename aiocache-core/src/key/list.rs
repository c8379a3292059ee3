//! Values made of values: sequences, tuples, structs and maps.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::buf::KeyBuf;
use super::sorted::Starts;
use super::text::{Failed, Text};

/// Parts in a given order, with a comma between them.
pub(super) struct List<'a> {
    key: &'a mut KeyBuf,
    depth: u8,
    empty: bool,
    close: &'static str,
}

impl<'a> List<'a> {
    /// A list whose opening bracket is written.
    pub(super) fn new(key: &'a mut KeyBuf, depth: u8, close: &'static str) -> Self {
        Self {
            key,
            depth,
            empty: true,
            close,
        }
    }

    #[inline]
    fn comma(&mut self) {
        if !std::mem::take(&mut self.empty) {
            self.key.text_mut().push_str(",");
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        Text::nested(self.key, self.depth, value)
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.comma();
        self.value(value)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Failed> {
        self.comma();
        Text::name(self.key, name);
        self.key.text_mut().push_str(":");
        self.value(value)
    }

    fn close(self) {
        self.key.text_mut().push_str(self.close);
    }
}

macro_rules! list {
    ($($kind:ident::$method:ident => $via:ident($($name:ident)?)),*) => {$(
        impl $kind for List<'_> {
            type Ok = ();
            type Error = Failed;

            fn $method<T: Serialize + ?Sized>(
                &mut self,
                $($name: &'static str,)?
                value: &T,
            ) -> Result<(), Failed> {
                self.$via($($name,)? value)
            }

            fn end(self) -> Result<(), Failed> {
                self.close();
                Ok(())
            }
        }
    )*};
}

list!(
    SerializeTuple::serialize_element => part(),
    SerializeTupleStruct::serialize_field => part(),
    SerializeTupleVariant::serialize_field => part(),
    SerializeStruct::serialize_field => field(name),
    SerializeStructVariant::serialize_field => field(name)
);

/// Entries of a sequence as they come, or of a map or set in the order of their text.
pub(super) struct Entries<'a> {
    list: List<'a>,
    starts: Option<Starts>,
}

impl<'a> Entries<'a> {
    pub(super) fn in_order(list: List<'a>) -> Self {
        Self { list, starts: None }
    }

    pub(super) fn sorted(list: List<'a>) -> Self {
        Self {
            list,
            starts: Some(Starts::new()),
        }
    }

    fn entry<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.list.comma();
        if let Some(starts) = &mut self.starts {
            starts.push(self.list.key.text_mut().len());
        }
        self.list.value(value)
    }

    fn close(self) {
        if let Some(starts) = &self.starts {
            starts.sort(self.list.key.text_mut());
        }
        self.list.close();
    }
}

impl SerializeSeq for Entries<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.entry(value)
    }

    fn end(self) -> Result<(), Failed> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = Failed;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Failed> {
        self.entry(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Failed> {
        self.list.key.text_mut().push_str(":");
        self.list.value(value)
    }

    fn end(self) -> Result<(), Failed> {
        self.close();
        Ok(())
    }
}
