//! Regular expressions of `matches`: linear in the text, and limited in size, depth and number.

use regex::{Regex, RegexBuilder};

use crate::ast::Literal;
use crate::error::Fault;

/// Octets that a compiled pattern may take.
const SIZE_LIMIT: usize = 1 << 20;

/// Groups and repetitions that may stand inside each other.
const NEST_LIMIT: u32 = 50;

/// Patterns of one expression.
pub(crate) const MAX_PATTERNS: usize = 16;

/// Compiles a pattern, or says why not.
pub(crate) fn compile(value: &Literal) -> Result<Regex, Fault> {
    RegexBuilder::new(&value.text)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT)
        .nest_limit(NEST_LIMIT)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(limit) => Fault::new(
                value.span,
                format!("the pattern takes more than {limit} octets when it is compiled"),
                "too big",
            )
            .help("repeat less, and use `[0-9A-Za-z]` in place of `\\w`, which is every letter there is"),
            error => {
                let reason = error.to_string();
                let reason = reason.lines().last().unwrap_or_default();
                let reason = reason.trim_start_matches("error: ");
                Fault::new(
                    value.span,
                    format!("the pattern is refused: {reason}"),
                    "this pattern",
                )
                .help("a pattern is a regular expression, such as \"^S.*F$\"")
            }
        })
}

#[cfg(test)]
mod tests {
    use crate::Filter;

    fn refused(text: &str) -> String {
        Filter::parse(text).unwrap_err().message
    }

    #[test]
    fn a_pattern_that_grows_to_megabytes_is_refused_with_its_reason() {
        assert_eq!(
            refused(r#"server_name matches "(a{999}){999}""#),
            "the pattern takes more than 1048576 octets when it is compiled"
        );
        assert_eq!(
            refused(&format!(r#"server_name matches "{}""#, "a".repeat(1 << 20))),
            "the expression has 1048598 octets, the most is 4096"
        );
    }

    #[test]
    fn a_pattern_that_nests_too_deep_is_refused() {
        let text = format!(r#"server_name matches "{}a{}""#, "(".repeat(60), ")".repeat(60));

        assert!(refused(&text).contains("nest"), "{}", refused(&text));
    }

    #[test]
    fn an_expression_has_sixteen_patterns_at_most() {
        let text = |count: usize| vec![r#"server_name matches "a""#; count].join(" or ");

        assert!(Filter::parse(&text(16)).is_ok());
        assert_eq!(refused(&text(17)), "the expression has more than 16 patterns");
    }
}
