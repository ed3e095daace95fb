//! STIX patterns that one value can stand for.
//!
//! Taken are comparisons for equality (`=`, `IN`, `ISSUBSET` of a network) that `OR` joins, inside and
//! between observations. Whatever asks for more, two things together (`AND`, `FOLLOWEDBY`), an order or
//! a time (`WITHIN`, `REPEATS`, `START`), likeness (`LIKE`, `MATCHES`) or absence (`NOT`), is left out
//! as a whole: a part of it alone would find what nobody warned of.
//!
//! Source: STIX Version 2.1 (OASIS), section 9.

use std::iter::Peekable;
use std::str::CharIndices;

use sekisho_model::indicator::Kind;

/// Values that one pattern may have.
const MAX_VALUES: usize = 10_000;

/// Why a pattern gives no values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It asks for more than one value says.
    Combined,
    /// It is no pattern.
    Malformed,
}

/// A value of a pattern; without a kind it is one that traffic does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PatternValue {
    pub(super) kind: Option<Kind>,
    pub(super) text: String,
}

/// The values of a pattern.
pub(super) fn values(pattern: &str) -> Result<Vec<PatternValue>, Refusal> {
    let mut tokens = Tokens {
        text: pattern,
        rest: pattern.char_indices().peekable(),
    };
    let mut values = Vec::new();
    let (mut depth, mut is_open, mut wants_more) = (0_usize, false, true);
    loop {
        let Some(token) = tokens.next()? else {
            return if is_open || wants_more || depth > 0 {
                Err(Refusal::Malformed)
            } else {
                Ok(values)
            };
        };
        match token {
            Token::Mark('[') if !is_open && wants_more => is_open = true,
            Token::Mark(']') if is_open && !wants_more => is_open = false,
            Token::Mark('(') if wants_more => depth = depth.saturating_add(1),
            Token::Mark(')') if !wants_more => depth = depth.checked_sub(1).ok_or(Refusal::Malformed)?,
            Token::Word("OR") if !wants_more => wants_more = true,
            Token::Word(word) if wants_more && is_open && word.contains(':') => {
                comparison(kind_of(word), &mut tokens, &mut values)?;
                wants_more = false;
            }
            Token::Word("AND" | "FOLLOWEDBY" | "WITHIN" | "REPEATS" | "START" | "NOT") => {
                return Err(Refusal::Combined);
            }
            _ => return Err(Refusal::Malformed),
        }
    }
}

/// What follows the path of a comparison.
fn comparison(
    kind: Option<Kind>,
    tokens: &mut Tokens<'_>,
    values: &mut Vec<PatternValue>,
) -> Result<(), Refusal> {
    let mut put = |text| {
        values.push(PatternValue { kind, text });
        if values.len() > MAX_VALUES {
            Err(Refusal::Malformed)
        } else {
            Ok(())
        }
    };
    match tokens.next()? {
        Some(Token::Mark('=') | Token::Word("ISSUBSET")) => match tokens.next()? {
            Some(Token::Text(text)) => put(text),
            Some(Token::Word(word)) => put(word.to_owned()),
            _ => Err(Refusal::Malformed),
        },
        Some(Token::Word("IN")) => {
            if tokens.next()? != Some(Token::Mark('(')) {
                return Err(Refusal::Malformed);
            }
            loop {
                match tokens.next()? {
                    Some(Token::Text(text)) => put(text)?,
                    Some(Token::Word(word)) => put(word.to_owned())?,
                    _ => return Err(Refusal::Malformed),
                }
                match tokens.next()? {
                    Some(Token::Mark(',')) => {}
                    Some(Token::Mark(')')) => return Ok(()),
                    _ => return Err(Refusal::Malformed),
                }
            }
        }
        Some(Token::Mark('!' | '<' | '>')) | Some(Token::Word(_)) => Err(Refusal::Combined),
        _ => Err(Refusal::Malformed),
    }
}

/// The kind of value under an object path.
fn kind_of(path: &str) -> Option<Kind> {
    let path: String = path
        .chars()
        .filter(|letter| !matches!(letter, '\'' | '"'))
        .collect();
    let path = path.to_ascii_lowercase();
    Some(match path.as_str() {
        "ipv4-addr:value"
        | "ipv6-addr:value"
        | "network-traffic:dst_ref.value"
        | "network-traffic:src_ref.value" => Kind::Address,
        "domain-name:value" => Kind::Domain,
        "url:value" => Kind::Url,
        "x509-certificate:hashes.sha-1" | "x509-certificate:hashes.sha1" => Kind::CertificateSha1,
        "x509-certificate:hashes.sha-256" | "x509-certificate:hashes.sha256" => Kind::CertificateSha256,
        "network-traffic:extensions.http-request-ext.request_header.user-agent" => Kind::UserAgent,
        path if path.starts_with("network-traffic:") || path.starts_with("x-") => {
            match path
                .rsplit(['.', ':', '_'])
                .find(|part| *part != "hash" && *part != "value")
            {
                Some("ja3") => Kind::Ja3,
                Some("ja4") => Kind::Ja4,
                _ => return None,
            }
        }
        _ => return None,
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Token<'a> {
    Mark(char),
    Word(&'a str),
    Text(String),
}

struct Tokens<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, Refusal> {
        while self.rest.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
        let Some(&(begin, letter)) = self.rest.peek() else {
            return Ok(None);
        };
        if letter == '\'' {
            self.rest.next();
            return self.quoted().map(|text| Some(Token::Text(text)));
        }
        if is_mark(letter) {
            self.rest.next();
            return Ok(Some(Token::Mark(letter)));
        }
        Ok(Some(Token::Word(self.word(begin)?)))
    }

    /// The rest of a string; a backslash takes the next letter as it is.
    fn quoted(&mut self) -> Result<String, Refusal> {
        let mut text = String::new();
        loop {
            match self.rest.next() {
                Some((_, '\'')) => return Ok(text),
                Some((_, '\\')) => text.push(self.rest.next().ok_or(Refusal::Malformed)?.1),
                Some((_, letter)) => text.push(letter),
                None => return Err(Refusal::Malformed),
            }
        }
    }

    /// A word, or an object path with quoted parts and steps in brackets.
    fn word(&mut self, begin: usize) -> Result<&'a str, Refusal> {
        let mut brackets = 0_usize;
        let end = loop {
            let Some(&(at, letter)) = self.rest.peek() else {
                break self.text.len();
            };
            let so_far = self.text.get(begin..at).unwrap_or_default();
            match letter {
                '\'' => {
                    self.rest.next();
                    self.quoted()?;
                    continue;
                }
                '[' if so_far.contains(':') => brackets = brackets.saturating_add(1),
                ']' if brackets > 0 => brackets = brackets.saturating_sub(1),
                letter if brackets == 0 && (letter.is_whitespace() || is_mark(letter)) => break at,
                _ => {}
            }
            self.rest.next();
        };
        self.text.get(begin..end).ok_or(Refusal::Malformed)
    }
}

const fn is_mark(letter: char) -> bool {
    matches!(letter, '[' | ']' | '(' | ')' | '=' | ',' | '!' | '<' | '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str) -> Result<Vec<(Option<Kind>, String)>, Refusal> {
        let values = values(pattern)?;
        Ok(values.into_iter().map(|value| (value.kind, value.text)).collect())
    }

    #[test]
    fn values_that_or_joins_are_taken() {
        assert_eq!(
            read(
                "[ipv4-addr:value = '198.51.100.1/32' OR domain-name:value='evil.example'] OR [url:value = 'http://x.example/it\\'s']"
            ),
            Ok(vec![
                (Some(Kind::Address), "198.51.100.1/32".to_owned()),
                (Some(Kind::Domain), "evil.example".to_owned()),
                (Some(Kind::Url), "http://x.example/it's".to_owned()),
            ])
        );
        assert_eq!(
            read("([ipv4-addr:value ISSUBSET '198.51.100.0/24' OR (domain-name:value IN ('a.example', 'b.example'))])")
                .map(|values| values.len()),
            Ok(3)
        );
        assert_eq!(
            read("[x509-certificate:hashes.'SHA-256' = 'ab']"),
            Ok(vec![(Some(Kind::CertificateSha256), "ab".to_owned())])
        );
        let agent =
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'Evil/1.0']";
        assert_eq!(
            read(agent),
            Ok(vec![(Some(Kind::UserAgent), "Evil/1.0".to_owned())])
        );
        assert_eq!(
            read("[file:hashes.'MD5' = 'cd']"),
            Ok(vec![(None, "cd".to_owned())])
        );
    }

    #[test]
    fn what_asks_for_more_than_a_value_is_left_out_as_a_whole() {
        // The last four are of the examples of STIX 2.1 section 9.8.
        for pattern in [
            "[ipv4-addr:value = '198.51.100.1' AND network-traffic:dst_port = 443]",
            "[domain-name:value LIKE '%.example']",
            "[domain-name:value != 'a.example']",
            "[domain-name:value NOT = 'a.example']",
            "[file:hashes.MD5 = '79054025255fb1a26e4bc422aef54eb4'] FOLLOWEDBY [windows-registry-key:key = 'x']",
            "[network-traffic:dst_ref.type = 'domain-name' AND network-traffic:dst_ref.value = 'example.com'] REPEATS 5 TIMES WITHIN 1800 SECONDS",
            "[email-message:sender_ref.value MATCHES '.+\\\\@example\\\\.com$' AND email-message:body_multipart[*].body_raw_ref.name MATCHES '^Final Report.+\\\\.exe$']",
            "[ipv4-addr:value = '198.51.100.1' OR ipv4-addr:value = '203.0.113.33'] FOLLOWEDBY [domain-name:value = 'example.com'] WITHIN 600 SECONDS",
        ] {
            assert_eq!(read(pattern), Err(Refusal::Combined), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in [
            "",
            "[",
            "[]",
            "x",
            "[a:b = 'c'",
            "[a:b = 'c]",
            "[a:b = ]",
            "[a:b 'c']",
            "[a:b = 'c'] OR",
            "[a:b IN ('c']",
            ")",
            "[a:b = 'c'] [d:e = 'f']",
        ] {
            assert_eq!(read(pattern), Err(Refusal::Malformed), "{pattern}");
        }
    }
}
