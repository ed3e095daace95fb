//! Reads lists: plain text, CSV, Zeek's intelligence files, STIX 2.1 and MISP.
//!
//! Every reader goes through its input once and keeps nothing of it: a line, or one object, at a time.
//! What is wrong with one line or object is counted and costs no other; what is wrong with the JSON of
//! a whole file refuses the file.

mod csv;
mod json;
mod kinds;
mod lines;
mod misp;
mod pattern;
mod plain;
mod stix;
mod text;

use std::io::{self, BufRead};
use std::sync::Arc;

use ipnet::IpNet;
use sekisho_model::Timestamp;
use sekisho_model::indicator::{Indicator, Kind, Value, ValueError};

pub use json::MAX_STRING;
pub use lines::MAX_LINE;
pub use text::instant;

use super::report::{PassedOver, count};
use super::{Added, Defaults, Remark, Report, suffix};

/// How a list is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One value a line, words behind `#` are a note; hosts files and `||name^` too.
    Plain,
    /// Columns with a header, or a column of values.
    Csv,
    /// Zeek's intelligence framework: columns between tabs under `#fields`.
    Zeek,
    /// A STIX 2.1 bundle, or objects of one.
    Stix,
    /// A MISP event, or events.
    Misp,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 5] = [Self::Plain, Self::Csv, Self::Zeek, Self::Stix, Self::Misp];

    /// The word in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Csv => "csv",
            Self::Zeek => "zeek",
            Self::Stix => "stix",
            Self::Misp => "misp",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == text)
    }

    /// The format of a file, by its ending and its first octets.
    #[must_use]
    pub fn guess(name: &str, begin: &[u8]) -> Self {
        let begin = begin.strip_prefix(b"\xef\xbb\xbf").unwrap_or(begin);
        let begin = begin.trim_ascii_start();
        let ending = name
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("csv") => Self::Csv,
            Some("json" | "stix") => Self::Stix,
            Some("misp") => Self::Misp,
            _ if begin.starts_with(b"#fields\t") => Self::Zeek,
            _ if begin.starts_with(b"{") => Self::Stix,
            _ => Self::Plain,
        }
    }
}

/// How one list is read.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whom alerts name.
    pub source: Arc<str>,
    /// Of which kind its values are, where all are of one.
    pub kind: Option<Kind>,
    /// What holds where the list says nothing.
    pub defaults: Defaults,
    /// The time at which expired indicators are counted.
    pub now: Option<Timestamp>,
}

/// Why a list could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The system says why.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is no JSON.
    #[error("it is no well-formed JSON: {0}")]
    Json(serde_json::Error),
}

/// Reads a list and gives on its indicators, one by one; `give` says what became of each.
///
/// # Errors
///
/// The input cannot be read, or is to be JSON and is none. What was given on before is to be thrown
/// away then.
pub fn read(
    format: Format,
    input: &mut dyn BufRead,
    settings: &Settings,
    give: &mut dyn FnMut(Indicator) -> Added,
) -> Result<Report, ReadError> {
    let mut taker = Taker {
        settings,
        give,
        report: Report::default(),
    };
    match format {
        Format::Plain => plain::read(input, &mut taker)?,
        Format::Csv => csv::read(input, csv::Separator::Comma, &mut taker)?,
        Format::Zeek => csv::read(input, csv::Separator::Tab, &mut taker)?,
        Format::Stix | Format::Misp => json::read(input, &mut taker)?,
    }
    Ok(taker.report)
}

/// A value as a list says it.
#[derive(Debug, Clone, Copy, Default)]
struct Said<'a> {
    line: u64,
    text: &'a str,
    /// Its kind, where the list says it.
    kind: Option<Kind>,
    /// Its port, where that stands apart.
    port: Option<u16>,
    confidence: Option<u8>,
    expires: Option<Timestamp>,
    note: &'a str,
}

/// Takes what a list says.
struct Taker<'a> {
    settings: &'a Settings,
    give: &'a mut dyn FnMut(Indicator) -> Added,
    report: Report,
}

impl Taker<'_> {
    fn take(&mut self, said: &Said<'_>) {
        match value_of(said, said.kind.or(self.settings.kind)) {
            Ok(value) => self.keep(said, value),
            Err(what) => self.report.bad(said.line, what, said.text),
        }
    }

    fn keep(&mut self, said: &Said<'_>, mut value: Value) {
        let remark = match &mut value {
            Value::Domain(domain) => match suffix::check(domain) {
                Ok(remark) => remark,
                Err(what) => return self.report.bad(said.line, what, said.text),
            },
            Value::Address { network, .. } => remark_on(*network),
            _ => None,
        };
        let defaults = &self.settings.defaults;
        let kind = value.kind();
        let indicator = Indicator {
            value,
            source: Arc::clone(&self.settings.source),
            line: said.line,
            confidence: said.confidence.unwrap_or(defaults.confidence),
            expires: said.expires.or(defaults.expires),
            note: if said.note.is_empty() {
                defaults.note.clone()
            } else {
                said.note.into()
            },
        };
        let is_over = self.settings.now.is_some_and(|now| !indicator.holds_at(now));
        match (self.give)(indicator) {
            Added::New => {
                count(self.report.taken.entry(kind).or_default());
                self.report.expired = self.report.expired.saturating_add(u64::from(is_over));
                if let Some(remark) = remark {
                    self.report.remark(said.line, remark, said.text);
                }
            }
            Added::Duplicate => count(&mut self.report.duplicates),
            Added::Full => count(&mut self.report.full),
        }
    }
}

fn value_of(said: &Said<'_>, kind: Option<Kind>) -> Result<Value, ValueError> {
    let text = text::ascii(said.text, kind);
    let value = match kind {
        Some(kind) => Value::parse(kind, &text)?,
        None => Value::guess(&text)?,
    };
    Ok(match (value, said.port) {
        (Value::Address { network, port: None }, port) => Value::Address { network, port },
        (value, _) => value,
    })
}

fn remark_on(network: IpNet) -> Option<Remark> {
    let is_wide = match network {
        IpNet::V4(network) => network.prefix_len() < 16,
        IpNet::V6(network) => network.prefix_len() < 32,
    };
    if is_wide {
        return Some(Remark::WideNetwork);
    }
    is_private(network.addr()).then_some(Remark::PrivateAddress)
}

/// Whether an address is of a private network (RFC 1918, RFC 4193) or of a link.
pub(super) fn is_private(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        std::net::IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests;
