//! One value a line.
//!
//! `#`, `;` and `//` begin lines that say nothing. Behind a value stands a note, after white space. Two
//! usual forms are read too: hosts files (`0.0.0.0 name`) and blocking lists (`||name^`).

use std::io::{self, BufRead};

use sekisho_model::indicator::{Kind, ValueError};

use super::{Said, Taker, lines};

/// Addresses that stand before names in hosts files.
const NOWHERE: [&str; 5] = ["0.0.0.0", "127.0.0.1", "::", "::1", "255.255.255.255"];

pub(super) fn read(input: &mut dyn BufRead, taker: &mut Taker<'_>) -> io::Result<()> {
    let lines = lines::for_each(input, |line, text, is_cut| {
        let text = text.trim();
        let says_nothing = ["#", ";", "//", "!"].iter().any(|mark| text.starts_with(mark));
        if text.is_empty() || says_nothing {
            return;
        }
        if is_cut {
            return taker.report.bad(line, ValueError::TooLong, text);
        }
        // A user agent may hold anything.
        if taker.settings.kind == Some(Kind::UserAgent) {
            return taker.take(&Said {
                line,
                text,
                ..Said::default()
            });
        }
        let (text, note) = split(text);
        let is_name_for = NOWHERE.contains(&text) && !note.is_empty();
        let (text, note) = if is_name_for { split(note) } else { (text, note) };
        let is_host_itself = is_name_for && !text.contains('.');
        if is_host_itself {
            return;
        }
        let blocked = text.strip_prefix("||").and_then(|rest| rest.strip_suffix('^'));
        taker.take(&Said {
            line,
            text: blocked.unwrap_or(text),
            note: note.trim_start_matches(['#', ';', ' ', '\t']),
            ..Said::default()
        });
    })?;
    taker.report.lines = lines;
    Ok(())
}

/// The first word, and the rest.
fn split(text: &str) -> (&str, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim())
}
