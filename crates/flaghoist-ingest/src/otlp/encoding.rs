//! The two encodings of OTLP/HTTP, as ways from a message to the messages in it. Nothing is decoded before it is asked for,
//! so a body takes no memory beside itself.

use crate::json;
use crate::observation::{Dropped, RECORD_MAX_BYTES, Unreadable};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

/// A field of a message: its number in Protocol Buffers, its name in JSON.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: &'static str,
}

/// A message that can be read from either encoding.
pub(super) trait Readable: prost::Message + Default + DeserializeOwned {}

impl<M: prost::Message + Default + DeserializeOwned> Readable for M {}

/// An encoded message.
pub(super) trait Encoded<'a>: Copy {
    /// Hands over the messages of a repeated field in their order, until `take` fails.
    fn each(
        self,
        field: Field,
        take: &mut dyn FnMut(Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable>;

    /// The message of a field that is not repeated.
    fn one(self, field: Field) -> Result<Option<Self>, Unreadable>;

    /// Decodes it, at last.
    fn read<M: Readable>(self) -> Result<M, Dropped>;
}

/// A message in JSON.
#[derive(Clone, Copy)]
pub(super) struct Json<'a>(&'a RawValue);

impl<'a> Json<'a> {
    /// The message that a body is.
    pub(super) fn of(body: &'a [u8]) -> Result<Self, Unreadable> {
        json::object(body).map(Self)
    }
}

impl<'a> Encoded<'a> for Json<'a> {
    fn each(
        self,
        field: Field,
        take: &mut dyn FnMut(Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        match json::member(self.0, field.name)? {
            Some(list) => json::each_element(field.name, list, &mut |element| take(Self(element))),
            None => Ok(()),
        }
    }

    fn one(self, field: Field) -> Result<Option<Self>, Unreadable> {
        Ok(json::member(self.0, field.name)?.map(Self))
    }

    fn read<M: Readable>(self) -> Result<M, Dropped> {
        json::record(self.0)
    }
}

/// A message of Protocol Buffers. Source of the format:
/// <https://protobuf.dev/programming-guides/encoding/>.
#[derive(Clone, Copy)]
pub(super) struct Protobuf<'a> {
    bytes: &'a [u8],
    /// Bytes of the body before it.
    at_bytes: usize,
}

/// A field as it stands in a message: its number, and what it holds if it has a length.
struct WireField<'a> {
    number: u64,
    embedded: Option<Protobuf<'a>>,
}

impl<'a> Protobuf<'a> {
    /// The message that a body is. Empty bodies are empty messages.
    pub(super) fn of(body: &'a [u8]) -> Self {
        Self { bytes: body, at_bytes: 0 }
    }

    /// Takes the first field off.
    fn next_field(&mut self) -> Result<Option<WireField<'a>>, Unreadable> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        let key = self.next_varint()?;
        let number = key >> 3;
        let embedded = match key & 7 {
            0 => {
                self.next_varint()?;
                None
            }
            1 => {
                self.next_bytes(8)?;
                None
            }
            2 => {
                let length = self.next_varint()?;
                Some(self.next_bytes(length)?)
            }
            5 => {
                self.next_bytes(4)?;
                None
            }
            _ => return Err(self.broken("a field is of a type that OTLP has not")),
        };
        if number == 0 {
            return Err(self.broken("a field has the number 0"));
        }
        Ok(Some(WireField { number, embedded }))
    }

    /// Takes off an integer of seven bits a byte, the least significant ones first.
    fn next_varint(&mut self) -> Result<u64, Unreadable> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.next_bytes(1)?.bytes[0]);
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.broken("an integer has more than 64 bits"))
    }

    fn next_bytes(&mut self, length: u64) -> Result<Self, Unreadable> {
        let split = usize::try_from(length).ok().and_then(|length| self.bytes.split_at_checked(length));
        let Some((bytes, rest)) = split else {
            return Err(self.broken("it ends within a field"));
        };
        let taken = Self { bytes, at_bytes: self.at_bytes };
        *self = Self { bytes: rest, at_bytes: self.at_bytes + bytes.len() };
        Ok(taken)
    }

    fn broken(&self, reason: &'static str) -> Unreadable {
        Unreadable::Protobuf { reason, at_bytes: self.at_bytes }
    }
}

impl<'a> Encoded<'a> for Protobuf<'a> {
    fn each(
        mut self,
        field: Field,
        take: &mut dyn FnMut(Self) -> Result<(), Unreadable>,
    ) -> Result<(), Unreadable> {
        while let Some(WireField { number, embedded }) = self.next_field()? {
            if let Some(message) = embedded
                && number == u64::from(field.number)
            {
                take(message)?;
            }
        }
        Ok(())
    }

    fn one(self, field: Field) -> Result<Option<Self>, Unreadable> {
        let mut last = None;
        self.each(field, &mut |message| {
            last = Some(message);
            Ok(())
        })?;
        Ok(last)
    }

    fn read<M: Readable>(self) -> Result<M, Dropped> {
        if self.bytes.len() > RECORD_MAX_BYTES {
            return Err(Dropped::TooLarge);
        }
        M::decode(self.bytes).map_err(|_| Dropped::Malformed)
    }
}
