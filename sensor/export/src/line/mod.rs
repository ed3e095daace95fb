//! A line of JSON, written pair by pair into octets that are used again for every line.
//!
//! The shape of a line stands in the code as it stands in the line: [`object!`] and [`pairs!`] take
//! keys and values as JSON writes them, and a key with `?` is left out where there is no value. Keys
//! are literals that need no escape, so a pair is one copy and one number or string, without
//! formatting and without a copy in between.
//!
//! Numbers and strings are the same octets that `serde_json` gives, with what a terminal would act on
//! escaped too ([`crate::is_hostile`]).

mod address;
mod number;
mod text;
mod time;
mod value;

pub(crate) use value::{Value, Word};

/// Octets in which lines gather.
#[derive(Debug, Default)]
pub(crate) struct Line {
    octets: Vec<u8>,
    /// The day whose date was written last.
    date: time::Date,
}

impl Line {
    /// Room for `capacity` octets.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            octets: Vec::with_capacity(capacity),
            date: time::Date::default(),
        }
    }

    /// What has gathered.
    pub(crate) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Forgets what has gathered; the room stays.
    pub(crate) fn clear(&mut self) {
        self.octets.clear();
    }

    /// Octets that are JSON as they are.
    #[inline]
    pub(crate) fn raw(&mut self, json: &str) {
        self.octets.extend_from_slice(json.as_bytes());
    }

    /// The same of a whole line that was written before.
    pub(crate) fn octets_of_json(&mut self, line: &[u8]) {
        self.octets.extend_from_slice(line);
    }

    /// A key that is not known beforehand, after another pair.
    pub(crate) fn key(&mut self, key: &'static str) {
        self.raw(",\"");
        self.raw(key);
        self.raw("\":");
    }

    /// A list of values.
    pub(crate) fn list<V: Value>(&mut self, values: impl IntoIterator<Item = V>) {
        let mut between = "[";
        for value in values {
            self.raw(between);
            value.write(self);
            between = ",";
        }
        self.raw(if between == "[" { "[]" } else { "]" });
    }
}

/// Writes an object: `object!(line; "first": 1, "second"?: None::<u64>,)`. The first key is always there.
macro_rules! object {
    ($line:ident; $first:literal: $value:expr, $($rest:tt)*) => {
        $crate::line::begin!($line; $first: $value, $($rest)*);
        $line.raw("}");
    };
}

/// Writes an object that more pairs follow: it is not closed.
macro_rules! begin {
    ($line:ident; $first:literal: $value:expr, $($rest:tt)*) => {
        $line.raw(concat!("{\"", $first, "\":"));
        $crate::line::Value::write($value, $line);
        $crate::line::pairs!($line; $($rest)*);
    };
}

/// Writes pairs that follow others; `..write` writes some whose keys are not fixed.
macro_rules! pairs {
    ($line:ident;) => {};
    ($line:ident; $key:literal: $value:expr, $($rest:tt)*) => {
        $line.raw(concat!(",\"", $key, "\":"));
        $crate::line::Value::write($value, $line);
        $crate::line::pairs!($line; $($rest)*);
    };
    ($line:ident; ..$pairs:expr, $($rest:tt)*) => {
        ($pairs)($line);
        $crate::line::pairs!($line; $($rest)*);
    };
    ($line:ident; $key:literal?: $value:expr, $($rest:tt)*) => {
        if let Some(value) = $value {
            $line.raw(concat!(",\"", $key, "\":"));
            $crate::line::Value::write(value, $line);
        }
        $crate::line::pairs!($line; $($rest)*);
    };
}

pub(crate) use {begin, object, pairs};

#[cfg(test)]
pub(crate) fn written(value: impl Value) -> String {
    let mut line = Line::default();
    value.write(&mut line);
    String::from_utf8(line.octets).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_value_is_left_out_and_the_rest_is_in_order() {
        let object = |line: &mut Line| {
            object!(line;
                "a": 1_u64,
                "b"?: None::<u64>,
                "c"?: Some("x"),
                "d": |line: &mut Line| line.list([1_u64, 2]),
                "e": |line: &mut Line| line.list([0_u64; 0]),
            );
        };

        assert_eq!(written(object), r#"{"a":1,"c":"x","d":[1,2],"e":[]}"#);
    }
}
