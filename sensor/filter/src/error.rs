//! What is wrong with an expression, where, and what to write instead.

use std::fmt::Display;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use crate::ast::Span;

/// An expression that was refused.
///
/// As a [`Diagnostic`] it draws the expression with a caret under the place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FilterError {
    /// What is wrong, in one sentence.
    pub message: String,
    /// Octet of the expression at which the wrong part starts.
    pub at: usize,
    /// Octets of the wrong part; 0 where something is missing.
    pub len: usize,
    /// What to write instead.
    pub help: Option<String>,
    /// Two or three words for the caret.
    pub label: String,
    /// The expression; cut where it is longer than the limit.
    pub expression: String,
}

impl FilterError {
    pub(crate) fn new(text: &str, fault: Fault) -> Self {
        let mut end = text.len().min(crate::MAX_LEN);
        while !text.is_char_boundary(end) {
            end = end.saturating_sub(1);
        }
        let at = fault.span.at.min(end);
        Self {
            message: fault.message,
            at,
            len: fault.span.len.min(end.saturating_sub(at)),
            help: fault.help,
            label: fault.label.to_owned(),
            expression: text.get(..end).unwrap_or_default().to_owned(),
        }
    }
}

impl Diagnostic for FilterError {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        Some(Box::new("filter"))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.expression)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new(Some(self.label.clone()), self.at, self.len);
        Some(Box::new(std::iter::once(label)))
    }
}

/// A mistake before the expression's text is attached to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    message: String,
    label: &'static str,
    span: Span,
    help: Option<String>,
}

impl Fault {
    pub(crate) fn new(span: Span, message: impl Into<String>, label: &'static str) -> Self {
        Self {
            message: message.into(),
            label,
            span,
            help: None,
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn help_maybe(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }
}

/// An error as a terminal shows it.
#[cfg(test)]
pub(crate) fn rendered(error: &FilterError) -> String {
    let mut out = String::new();
    miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut out, error)
        .unwrap();
    out
}

#[cfg(test)]
mod tests {
    use super::rendered;
    use crate::Filter;

    #[test]
    fn each_mistake_is_drawn_with_its_place_and_its_remedy() {
        let mistakes = [
            ("empty", ""),
            ("unknown_field", r#"orig.adress == 10.0.0.1 and resp.port == 443"#),
            ("wrong_type", r#"resp.port == "office""#),
            ("missing_quote", r#"orig.zone == "office and resp.port == 443"#),
            ("unbalanced_open", "(resp.port == 443 or resp.port == 80"),
            ("unbalanced_within", "(resp.port == 443 resp.port == 80)"),
            ("unbalanced_close", "resp.port == 443)"),
            ("bad_network", "orig.address == 10.1.2.0/40"),
            ("host_bits", "orig.address == 10.1.2.3/8"),
            ("lone_word", "office"),
            ("lone_field", "vlan and resp.port == 443"),
            ("single_equals", "resp.port = 443"),
            ("operator_of_other_type", "orig.address contains 10"),
            ("closed_set", "verdict == alowed"),
            ("missing_value", "resp.port =="),
            ("missing_or", "resp.port == 80 resp.port == 443"),
            ("bad_pattern", r#"history matches "S(h""#),
            ("time_without_offset", r#"start >= "2026-11-02T09:00:00""#),
            ("japanese", r#"orig.zone == "総務課" and 宛先 == 1"#),
        ];

        for (name, text) in mistakes {
            let error = Filter::parse(text).unwrap_err();
            insta::assert_snapshot!(name, rendered(&error), text);
        }
    }

    #[test]
    fn the_place_is_counted_in_octets() {
        let error = Filter::parse("orig.zone == 総務課 and prot == 1").unwrap_err();

        assert_eq!((error.at, error.len), (27, 4));
    }
}
