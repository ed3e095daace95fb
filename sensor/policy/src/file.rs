//! A file's text with its name, and places in it, for messages that point at them.

use std::ops::Range;
use std::sync::Arc;

use miette::NamedSource;

use crate::Source;
use crate::error::{Report, printable_name};

/// A file whose text is known to be UTF-8; cheap to clone.
#[derive(Clone)]
pub(crate) struct File {
    /// Position among the files, which is also the order of error messages.
    pub(crate) order: usize,
    /// Name as it was given.
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    /// Name and text as messages show them: octet for octet as long as `text`, and printable.
    pub(crate) named: Arc<NamedSource<Arc<str>>>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({:?})", self.name)
    }
}

impl File {
    /// Checks the encoding. A byte order mark is dropped, so that offsets are those of the text.
    pub(crate) fn decode(source: &Source, order: usize) -> Result<Self, Box<Report>> {
        let octets = source.text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&source.text);
        match std::str::from_utf8(octets) {
            Ok(text) => Ok(Self::new(&source.name, text, order)),
            Err(error) => {
                // The valid beginning is the same text, so the offset holds in the lossy one too.
                let file = Self::new(&source.name, &String::from_utf8_lossy(octets), order);
                Err(encoding_report(&source.name, octets, error.valid_up_to(), file))
            }
        }
    }

    fn new(name: &str, text: &str, order: usize) -> Self {
        Self {
            order,
            name: Arc::from(name),
            text: Arc::from(text),
            named: Arc::new(NamedSource::new(printable_name(name), Arc::from(printable(text)))),
        }
    }

    pub(crate) fn place(&self, span: Range<usize>) -> Place {
        Place {
            file: self.clone(),
            span,
        }
    }
}

/// The text with other characters of the same length in place of those that steer a terminal.
fn printable(text: &str) -> String {
    let mut characters = text.chars().peekable();
    let mut printable = String::with_capacity(text.len());
    while let Some(c) = characters.next() {
        let line_end = c == '\r' && characters.peek() == Some(&'\n');
        printable.push(match c {
            '\n' | '\t' => c,
            _ if !c.is_control() || line_end => c,
            _ if c.len_utf8() == 1 => '?',
            _ => '\u{b7}',
        });
    }
    printable
}

fn encoding_report(name: &str, octets: &[u8], offset: usize, file: File) -> Box<Report> {
    let octet = octets.get(offset).copied().unwrap_or_default();
    let line = octets
        .iter()
        .take(offset)
        .filter(|octet| **octet == b'\n')
        .count()
        .saturating_add(1);
    let help = if octets.starts_with(&[0xff, 0xfe]) || octets.starts_with(&[0xfe, 0xff]) {
        "the file is UTF-16; save it as UTF-8"
    } else {
        "save the file as UTF-8; a Shift_JIS file is converted by `iconv -f CP932 -t UTF-8`"
    };
    let report = Report::error(
        "policy::encoding",
        format!(
            "`{}` is not UTF-8: octet 0x{octet:02x} at offset {offset}, line {line}",
            printable_name(name)
        ),
    )
    .at(
        &Place {
            file,
            span: offset..offset,
        },
        "not UTF-8 from here on",
    )
    .help(help);
    Box::new(report)
}

/// Where a key or a value stands.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) file: File,
    /// Octets of the text.
    pub(crate) span: Range<usize>,
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_messages_show_is_printable_and_as_long_as_the_text() {
        let text = "a\u{1b}[31m\r\nb\rc\u{9b}\t業\u{7f}";

        let shown = printable(text);

        assert_eq!(shown, "a?[31m\r\nb?c\u{b7}\t業?");
        assert_eq!(shown.len(), text.len());
    }
}
