//! What can stand after a key.

use std::net::IpAddr;

use sekisho_model::app::{Fact, Facts, Group};
use sekisho_model::{MacAddress, Text, Timestamp};

use super::text::notable;
use super::{Line, object};

/// A value that writes itself.
pub(crate) trait Value {
    /// Writes the value.
    fn write(self, line: &mut Line);
}

/// A word of a fixed list of ours, without anything to escape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word(pub(crate) &'static str);

impl Value for Word {
    #[inline]
    fn write(self, line: &mut Line) {
        line.raw("\"");
        line.raw(self.0);
        line.raw("\"");
    }
}

impl Value for &str {
    #[inline]
    fn write(self, line: &mut Line) {
        line.text(self);
    }
}

impl Value for bool {
    #[inline]
    fn write(self, line: &mut Line) {
        // Each a copy of a known length.
        if self {
            line.raw("true");
        } else {
            line.raw("false");
        }
    }
}

/// Small numbers are written as large ones are.
macro_rules! numbers {
    ($($kind:ty)*) => {
        $(impl Value for $kind {
            #[inline]
            fn write(self, line: &mut Line) {
                line.number(u64::from(self));
            }
        })*
    };
}
numbers!(u8 u16 u32 u64);

impl Value for f64 {
    fn write(self, line: &mut Line) {
        line.real(self);
    }
}

impl Value for Timestamp {
    fn write(self, line: &mut Line) {
        line.raw("\"");
        line.time(self);
        line.raw("\"");
    }
}

impl Value for IpAddr {
    fn write(self, line: &mut Line) {
        line.raw("\"");
        line.address(self);
        line.raw("\"");
    }
}

impl Value for MacAddress {
    fn write(self, line: &mut Line) {
        line.raw("\"");
        line.mac(self);
        line.raw("\"");
    }
}

impl Value for &Text {
    fn write(self, line: &mut Line) {
        let Text { ja, en } = self;
        object!(line; "ja": ja.as_str(), "en": en.as_str(),);
    }
}

/// The words of all facts stand together: mostly one look says that nothing in them needs an escape.
impl Value for &Facts {
    fn write(self, line: &mut Line) {
        let is_plain = notable(self.words().as_bytes()).is_none();
        group(line, self.all(), is_plain);
    }
}

fn group(line: &mut Line, facts: Group<'_>, is_plain: bool) {
    let mut between = "{\"";
    for (key, one) in facts.iter() {
        line.raw(between);
        line.raw(key);
        line.raw("\":");
        fact(line, one, is_plain);
        between = ",\"";
    }
    line.raw(if between == "{\"" { "{}" } else { "}" });
}

fn fact(line: &mut Line, fact: Fact<'_>, is_plain: bool) {
    match fact {
        Fact::Text(text) if is_plain => line.plain_text(text),
        Fact::Text(text) => line.text(text),
        Fact::Number(number) => line.number(number),
        Fact::Real(number) => line.real(number),
        Fact::Flag(flag) => flag.write(line),
        Fact::Time(time) => time.write(line),
        Fact::List(facts) => {
            line.list(
                facts
                    .iter()
                    .map(|one| move |line: &mut Line| self::fact(line, one, is_plain)),
            );
        }
        Fact::Group(facts) => group(line, facts, is_plain),
    }
}

/// A part of a line that is written by code.
impl<F: FnOnce(&mut Line)> Value for F {
    #[inline]
    fn write(self, line: &mut Line) {
        self(line);
    }
}

#[cfg(test)]
mod tests {
    use crate::line::written;

    use super::*;

    #[test]
    fn facts_are_the_object_that_they_are_for_everyone_else() {
        let mut inner = Facts::new();
        inner.put("empty", Facts::new()).put("words", "a\"\u{202e}業務");
        let mut facts = Facts::new();
        facts
            .put("number", u64::MAX)
            .put("real", 0.25)
            .put("flag", true)
            .put("time", Timestamp::from_nanos(1_795_398_805_280_000_999))
            .put("none", Vec::<u8>::new())
            .put("list", vec![inner.clone(), inner]);
        let mut expected = Vec::new();
        crate::write_line(&mut expected, &facts).unwrap();

        assert_eq!(written(&facts) + "\n", String::from_utf8(expected).unwrap());
    }
}
