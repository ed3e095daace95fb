//! Which kind of indicator a text looks like.

use std::borrow::Cow;
use std::net::IpAddr;

use super::{Kind, ValueError, is_ja4};

/// The text without the marks that keep people from clicking on it: `hxxp`, `[.]`, `(.)`, `[dot]`,
/// `[:]`, `[://]`.
#[must_use]
pub fn armed(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for (from, to) in [
        ("[.]", "."),
        ("(.)", "."),
        ("[dot]", "."),
        ("[://]", "://"),
        ("[:]", ":"),
    ] {
        if text.contains(from) {
            text = Cow::Owned(text.replace(from, to));
        }
    }
    let is_marked = text
        .split_at_checked(4)
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("hxxp"));
    if is_marked && let Some(rest) = text.get(4..) {
        text = Cow::Owned(["http", rest].concat());
    }
    text
}

pub(super) fn kind_of(text: &str) -> Result<Kind, ValueError> {
    let text = armed(text.trim());
    if text.is_empty() {
        return Err(ValueError::Empty);
    }
    if is_ja4(&text.to_ascii_lowercase()) {
        return Ok(Kind::Ja4);
    }
    if let Some(kind) = digest(&text) {
        return Ok(kind);
    }
    if text.contains("://") {
        return Ok(Kind::Url);
    }
    let (host, path) = text
        .split_once('/')
        .map_or((&*text, None), |(host, path)| (host, Some(path)));
    if is_address(host) {
        let is_length = path.is_none_or(|path| path.len() <= 3 && path.bytes().all(|o| o.is_ascii_digit()));
        return Ok(match path {
            Some(path) if !is_length || path.is_empty() => Kind::Url,
            Some(_) => Kind::Network,
            None => Kind::Address,
        });
    }
    if path.is_some() {
        return Ok(Kind::Url);
    }
    if text.contains(char::is_whitespace) || !text.contains('.') && !text.starts_with('=') {
        return Err(ValueError::Unknown);
    }
    let is_with_port = text
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    Ok(if is_with_port { Kind::Url } else { Kind::Domain })
}

fn digest(text: &str) -> Option<Kind> {
    let digits = text.bytes().filter(|octet| *octet != b':').count();
    let kind = match digits {
        32 => Kind::Ja3,
        40 => Kind::CertificateSha1,
        64 => Kind::CertificateSha256,
        _ => return None,
    };
    let is_hex = text
        .bytes()
        .all(|octet| octet == b':' || octet.is_ascii_hexdigit());
    // The address 2001:db8:... of eight groups has 32 digits too.
    (is_hex && text.parse::<IpAddr>().is_err()).then_some(kind)
}

/// Whether it is an address, with or without a port, or has the look of one that is wrong.
fn is_address(text: &str) -> bool {
    let numbers = text
        .bytes()
        .all(|octet| octet.is_ascii_digit() || octet == b'.' || octet == b':');
    text.starts_with('[') || text.parse::<IpAddr>().is_ok() || numbers && text.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_look() {
        let looks = [
            ("2001:0db8:0001:0002:0003:0004:0005:0006", Kind::Address),
            ("203.0.113.300", Kind::Address),
            ("203.0.113.7/32", Kind::Network),
            ("203.0.113.7/gate.php", Kind::Url),
            ("203.0.113.7:80/x", Kind::Url),
            ("evil.example/gate.php", Kind::Url),
            ("evil.example:8080", Kind::Url),
            (".evil.example", Kind::Domain),
            ("=com", Kind::Domain),
        ];

        for (text, kind) in looks {
            assert_eq!(kind_of(text), Ok(kind), "{text}");
        }
        assert_eq!(kind_of("some words"), Err(ValueError::Unknown));
        assert_eq!(kind_of("word"), Err(ValueError::Unknown));
    }

    #[test]
    fn the_marks_of_reports_are_taken_off() {
        assert_eq!(
            armed("hxxps[://]evil[.]example(.)net[:]80"),
            "https://evil.example.net:80"
        );
        assert_eq!(armed("hXXp://evil[dot]example"), "http://evil.example");
        assert_eq!(armed("業務"), "業務");
    }
}
