//! Values as text.

use std::fmt::{Display, Write};
use std::str::FromStr;

use bytes::Bytes;

use super::{Carried, Carrier, Dump, Load, wrong_type};
use crate::error::{Error, ErrorKind, Result};

/// Stores what implements `Display` as its text and reads it back through `FromStr`.
///
/// A type whose two halves disagree does not come back as it was; that is the type's choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StringSerializer;

impl<T: Display + ?Sized, R: Carrier> Dump<T, R> for StringSerializer {
    fn dump(&self, value: &T) -> Result<R> {
        let mut text = String::new();
        // `to_string` would panic where the type's own Display gives an error.
        write!(text, "{value}").map_err(|_| {
            let written = std::any::type_name::<T>();
            Error::new(ErrorKind::Encode, format!("the Display of {written} refused"))
        })?;
        Ok(R::from_bytes(Bytes::from(text)))
    }
}

impl<T: FromStr, R: Carrier> Load<T, R> for StringSerializer {
    fn load(&self, raw: &R) -> Result<T> {
        match raw.carried() {
            Carried::Bytes(bytes) => {
                let text = std::str::from_utf8(bytes).map_err(|error| {
                    Error::new(ErrorKind::Decode, "the bytes are not UTF-8 text").with_source(error)
                })?;
                parse(text)
            }
            Carried::Integer(integer) => parse(&integer.to_string()),
            Carried::Other(found) => Err(wrong_type::<T>(found)),
        }
    }
}

fn parse<T: FromStr>(text: &str) -> Result<T> {
    // The parser's own error may quote the value, so it is left out.
    let wanted = std::any::type_name::<T>();
    text.parse()
        .map_err(|_| Error::new(ErrorKind::Decode, format!("the text is not a {wanted}")))
}
