//! JSON of any size, object by object: STIX 2.1 bundles and MISP events.
//!
//! One visitor goes down the few keys under which indicators stand and passes over all others, so that
//! neither a bundle nor an event is ever held. A string is held while it is read, so its length has a
//! limit.
//!
//! Source: STIX Version 2.1 (OASIS), sections 4.7 and 8; MISP core format, sections 2.2 to 2.5.

use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use super::{ReadError, Taker, misp, stix};

/// Octets of one string.
pub const MAX_STRING: usize = 1 << 20;

pub(super) fn read(input: &mut dyn BufRead, taker: &mut Taker<'_>) -> Result<(), ReadError> {
    // A byte order mark is no JSON (RFC 8259 section 8.1), and some programs write one.
    if input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let guarded = io::BufReader::new(Guarded {
        input,
        string: None,
        is_escaped: false,
    });
    let mut json = serde_json::Deserializer::from_reader(guarded);
    let walk = Walk {
        taker,
        event: String::new(),
    };
    let mut walk = walk;
    (&mut walk)
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| match error.is_io() {
            true => ReadError::Io(error.into()),
            false => ReadError::Json(error),
        })
}

/// Goes down an input.
struct Walk<'w, 't> {
    taker: &'w mut Taker<'t>,
    /// What the event at hand is about.
    event: String,
}

/// What an object of an input says, as far as indicators need it.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Number among the objects that may be indicators.
    pub(super) number: u64,
    pub(super) kind: String,
    pub(super) pattern: Option<String>,
    pub(super) pattern_type: String,
    pub(super) value: Option<String>,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) comment: String,
    pub(super) valid_until: String,
    pub(super) confidence: Option<u8>,
    pub(super) is_revoked: bool,
    pub(super) is_for_detection: Option<bool>,
}

/// Keys that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Objects stand below it.
    Down,
    /// What an event is about.
    Info,
    Kind,
    Pattern,
    PatternType,
    Value,
    Name,
    Description,
    Comment,
    ValidUntil,
    Confidence,
    Revoked,
    ForDetection,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl Visitor<'_> for Keys {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(match key {
                    "objects" | "Event" | "response" | "Attribute" | "Object" => Key::Down,
                    "info" => Key::Info,
                    "type" => Key::Kind,
                    "pattern" => Key::Pattern,
                    "pattern_type" => Key::PatternType,
                    "value" => Key::Value,
                    "name" => Key::Name,
                    "description" => Key::Description,
                    "comment" => Key::Comment,
                    "valid_until" => Key::ValidUntil,
                    "confidence" => Key::Confidence,
                    "revoked" | "deleted" => Key::Revoked,
                    "to_ids" => Key::ForDetection,
                    _ => Key::Other,
                })
            }
        }
        deserializer.deserialize_str(Keys)
    }
}

impl<'de> DeserializeSeed<'de> for &mut Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a STIX bundle or a MISP event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut object = Object::default();
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
                Key::Down => map.next_value_seed(&mut *self)?,
                Key::Info => self.event = words(map.next_value()?),
                Key::Kind => object.kind = words(map.next_value()?),
                Key::Pattern => object.pattern = Some(words(map.next_value()?)),
                Key::PatternType => object.pattern_type = words(map.next_value()?),
                Key::Value => object.value = Some(words(map.next_value()?)),
                Key::Name => object.name = words(map.next_value()?),
                Key::Description => object.description = words(map.next_value()?),
                Key::Comment => object.comment = words(map.next_value()?),
                Key::ValidUntil => object.valid_until = words(map.next_value()?),
                Key::Confidence => {
                    let number = map.next_value::<Json>()?.as_u64();
                    object.confidence = number.and_then(|number| u8::try_from(number.min(100)).ok());
                }
                Key::Revoked => object.is_revoked = is_true(&map.next_value()?),
                Key::ForDetection => object.is_for_detection = Some(is_true(&map.next_value()?)),
            }
        }
        let lines = &mut self.taker.report.lines;
        if object.kind == "indicator" && object.pattern.is_some() {
            *lines = lines.saturating_add(1);
            object.number = *lines;
            stix::take(&object, self.taker);
        } else if object.value.is_some() && !object.kind.is_empty() {
            *lines = lines.saturating_add(1);
            object.number = *lines;
            misp::take(&object, &self.event, self.taker);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(&mut *self)?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn words(json: Json) -> String {
    match json {
        Json::String(words) => words,
        _ => String::new(),
    }
}

/// MISP writes truth as such, as a number or as words.
fn is_true(json: &Json) -> bool {
    matches!(json, Json::Bool(true)) || json.as_u64() == Some(1) || json.as_str() == Some("1")
}

/// Refuses strings that are too long before they are held.
struct Guarded<R> {
    input: R,
    /// Octets of the string at hand.
    string: Option<usize>,
    is_escaped: bool,
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        for octet in buffer.get(..read).unwrap_or_default() {
            match (&mut self.string, *octet) {
                (None, b'"') => self.string = Some(0),
                (None, _) => {}
                (Some(_), _) if self.is_escaped => self.is_escaped = false,
                (Some(_), b'\\') => self.is_escaped = true,
                (Some(_), b'"') => self.string = None,
                (Some(length), _) => {
                    *length = length.saturating_add(1);
                    if *length > MAX_STRING {
                        let why = format!("a string is longer than {MAX_STRING} octets");
                        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                    }
                }
            }
        }
        Ok(read)
    }
}
