//! What is wrong with a policy: every error of every file, each with a caret and a remedy.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use sekisho_model::Text;

use crate::file::Place;

/// Every error that was found in one run over all files; never empty.
///
/// Itself a [`Diagnostic`] whose related diagnostics are the errors, so that a program can print
/// all of them at once, or each of [`PolicyErrors::reports`] in its own way.
#[derive(Debug, Clone)]
pub struct PolicyErrors(Vec<Report>);

impl PolicyErrors {
    /// The errors, in the order of the files and of the places in them.
    pub fn reports(&self) -> impl Iterator<Item = &dyn Diagnostic> {
        self.0.iter().map(|report| report as &dyn Diagnostic)
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the policy has an error"),
            count => write!(f, "the policy has {count} errors"),
        }
    }
}

impl std::error::Error for PolicyErrors {}

impl Diagnostic for PolicyErrors {
    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.reports()))
    }
}

/// One error or remark: what was found, where, and what to write instead.
#[derive(Debug, Clone)]
pub struct Report {
    code: &'static str,
    severity: Severity,
    message: String,
    help: Option<String>,
    /// Message and remedy in Japanese; of remarks alone.
    ja: Option<Box<[String; 2]>>,
    source: Option<Arc<NamedSource<Arc<str>>>>,
    labels: Vec<LabeledSpan>,
    /// Further places, in other files.
    related: Vec<Report>,
    /// File and offset of the first place.
    order: (usize, usize),
}

impl Report {
    pub(crate) fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            help: None,
            ja: None,
            source: None,
            labels: Vec::new(),
            related: Vec::new(),
            order: (0, 0),
        }
    }

    pub(crate) fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    /// Points at a place. The first place gives the file; one in another file becomes a related
    /// report, since a report shows one file.
    pub(crate) fn at(mut self, place: &Place, label: impl Into<String>) -> Self {
        let same_file = self
            .source
            .as_ref()
            .is_none_or(|source| Arc::ptr_eq(source, &place.file.named));
        if !same_file {
            let label = label.into();
            let other = Self {
                severity: self.severity,
                ..Self::error(self.code, label.clone())
            };
            self.related.push(other.at(place, label));
            return self;
        }
        if self.source.is_none() {
            self.source = Some(Arc::clone(&place.file.named));
            self.order = (place.file.order, place.span.start);
        }
        self.labels
            .push(LabeledSpan::new_with_span(Some(label.into()), place.span.clone()));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same in Japanese.
    pub(crate) fn ja(mut self, message: impl Into<String>, help: impl Into<String>) -> Self {
        self.ja = Some(Box::new([message.into(), help.into()]));
        self
    }

    /// Puts reports in the order of the files and of the places in them.
    pub(crate) fn sort(reports: &mut [Self]) {
        reports.sort_by_key(|report| report.order);
    }

    /// The sentence without place and remedy.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The sentence in both languages; of what is said in English alone, in English.
    #[must_use]
    pub fn text(&self) -> Text {
        let ja = self.ja.as_deref().map_or(&self.message, |[message, _]| message);
        Text::new(ja.as_str(), self.message.as_str())
    }

    /// The remedy likewise.
    #[must_use]
    pub fn remedy(&self) -> Option<Text> {
        let en = self.help.as_ref()?;
        let ja = self.ja.as_deref().map_or(en, |[_, help]| help);
        Some(Text::new(ja.as_str(), en.as_str()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn severity(&self) -> Option<Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty())
            .then(|| Box::new(self.labels.iter().cloned()) as Box<dyn Iterator<Item = _>>)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        (!self.related.is_empty()).then(|| {
            Box::new(self.related.iter().map(|report| report as &dyn Diagnostic))
                as Box<dyn Iterator<Item = _>>
        })
    }
}

/// Collects reports, so that one run finds them all.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    errors: Vec<Report>,
    warnings: Vec<Report>,
}

impl Sink {
    pub(crate) fn push(&mut self, report: Report) {
        if report.severity == Severity::Error {
            self.errors.push(report);
        } else {
            self.warnings.push(report);
        }
    }

    /// Whether no error was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The warnings, or the errors where there are any.
    pub(crate) fn finish(mut self) -> Result<Vec<Report>, PolicyErrors> {
        self.errors.sort_by_key(|report| report.order);
        self.warnings.sort_by_key(|report| report.order);
        if self.errors.is_empty() {
            Ok(self.warnings)
        } else {
            Err(PolicyErrors(self.errors))
        }
    }
}

/// Characters of a value that a message repeats at most.
const MAX_SHOWN: usize = 60;

/// A value of the file as a message repeats it: short, and without control characters.
pub(crate) fn shown(value: &str) -> String {
    let mut text: String = value.chars().take(MAX_SHOWN).flat_map(escaped).collect();
    if value.chars().nth(MAX_SHOWN).is_some() {
        text.push('…');
    }
    text
}

/// A file name as a message shows it: whole, and without control characters.
pub(crate) fn printable_name(name: &str) -> String {
    name.chars().flat_map(escaped).collect()
}

fn escaped(c: char) -> impl Iterator<Item = char> {
    let (escape, plain) = if c.is_control() {
        (Some(c.escape_default()), None)
    } else {
        (None, Some(c))
    };
    escape.into_iter().flatten().chain(plain)
}

/// The candidate that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = word.chars().count();
    if length > MAX_SHOWN {
        return None;
    }
    let near_enough = length.div_ceil(3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= near_enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_word_and_another_word_does_not() {
        let words = ["networks", "vlans", "intra"];

        assert_eq!(nearest("netwroks", words), Some("networks"));
        assert_eq!(nearest("network", words), Some("networks"));
        assert_eq!(nearest("services", words), None);
    }
}
