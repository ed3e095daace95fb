//! Writing to a terminal: colours only where there is one, and no control characters from outside.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};

use sekisho_export::is_hostile;

use super::outcome::Outcome;

/// Whether standard error is a terminal that wants colours (`NO_COLOR` is respected).
pub(crate) fn stderr_has_colour() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Writes a line to standard error. A closed standard error is nobody listening.
pub(crate) fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Says why a command was refused, with every cause.
pub(crate) fn say_error(error: &anyhow::Error) -> Outcome {
    let mut text = format!("error: {error}");
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // Many errors already carry their cause in their own words.
        if !text.contains(&cause) {
            let _ = write!(text, ": {cause}");
        }
    }
    say(&text);
    Outcome::Refused
}

/// Makes control characters visible, so that a name from a file or the network cannot move the
/// cursor, change colours or hide text. The marks of bidirectional text are among them.
pub(crate) fn clean(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut out, c| {
            if is_hostile(c) {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            } else {
                out.push(c);
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_made_visible() {
        assert_eq!(
            clean("a\u{1b}[31mb\n\u{202e}業務\u{61c}\u{2028}\u{2029}\u{9b}"),
            "a\\u{1b}[31mb\\u{a}\\u{202e}業務\\u{61c}\\u{2028}\\u{2029}\\u{9b}"
        );
    }
}
