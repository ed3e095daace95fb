//! Start lines: request line and status line.
//!
//! Source: RFC 9112 sections 3 and 4; `ICY` is the status line of SHOUTcast. Read leniently, as
//! analysts' tools do: any number of blanks, blanks in the target, any token as method.

use super::super::lines::{trim, word};

/// A start line.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum StartLine<'a> {
    Request {
        method: &'a [u8],
        target: &'a [u8],
        /// `HTTP/1.1`; empty where the line was cut before it, or says none.
        version: &'a [u8],
    },
    Response {
        version: &'a [u8],
        status: u16,
    },
}

/// Octets of the longest method that is believed.
const MAX_METHOD: usize = 32;

/// Methods that no other protocol of text lines has: a target of HTTP's form behind one is enough.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"PATCH",
    b"TRACE",
    b"PROPFIND",
];

/// Whether octets may be, or begin, a start line.
pub(in super::super) fn may_begin(octets: &[u8]) -> bool {
    if is_prefix(octets, b"HTTP/") || is_prefix(octets, b"ICY ") {
        return true;
    }
    let head = octets.get(..MAX_METHOD).unwrap_or(octets);
    let end = head
        .iter()
        .position(|octet| !is_method_octet(*octet))
        .unwrap_or(head.len());
    if !head.first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    match head.get(end) {
        None => octets.len() < MAX_METHOD,
        Some(b' ' | b'\t') => octets
            .get(end.saturating_add(1))
            .is_none_or(|octet| *octet >= b' '),
        Some(_) => false,
    }
}

/// Whether the first octets are unmistakably those of a message, although its first line may have no
/// end yet.
pub(in super::super) fn is_sure(octets: &[u8]) -> bool {
    if let Some([major, b'.', minor, ..]) = octets.strip_prefix(b"HTTP/") {
        return *major == b'1' && minor.is_ascii_digit();
    }
    if let Some(digits) = octets.strip_prefix(b"ICY ") {
        return digits.len() >= 3 && digits.iter().take(3).all(u8::is_ascii_digit);
    }
    METHODS.iter().any(|method| {
        octets
            .strip_prefix(*method)
            .and_then(|rest| rest.strip_prefix(b" "))
            .is_some_and(|target| target.starts_with(b"/") || target.starts_with(b"http"))
    })
}

/// Reads a line; `is_cut` where its end is missing.
pub(in super::super) fn parse(line: &[u8], is_cut: bool) -> Option<StartLine<'_>> {
    if line.starts_with(b"HTTP/") || line.starts_with(b"ICY ") {
        let (version, rest) = word(line);
        let (status, _) = word(rest);
        let status = std::str::from_utf8(status).ok()?.parse().ok()?;
        return (100..1000)
            .contains(&status)
            .then_some(StartLine::Response { version, status });
    }
    if !may_begin(line) {
        return None;
    }
    let (method, rest) = word(line);
    if rest.is_empty() || method.len() > MAX_METHOD {
        return None;
    }
    let last = rest
        .iter()
        .rposition(|octet| matches!(octet, b' ' | b'\t'))
        .and_then(|at| rest.split_at_checked(at))
        .map(|(target, version)| (trim(target), trim(version)));
    match last {
        // The version that the end of the octets cut in two is no part of the target.
        Some((target, version)) if is_cut && is_torn(version) => Some(StartLine::Request {
            method,
            target,
            version: &[],
        }),
        Some((target, version)) if is_version(version) => Some(StartLine::Request {
            method,
            target,
            version,
        }),
        // HTTP/0.9 says no version (RFC 1945 section 4.1), nor do scanners that forget a blank.
        _ if is_sure(line) && (is_cut || last.is_none() && rest.starts_with(b"/")) => {
            Some(StartLine::Request {
                method,
                target: rest,
                version: &[],
            })
        }
        _ => None,
    }
}

/// Whether this is the beginning of a version and not one.
fn is_torn(octets: &[u8]) -> bool {
    octets.len() < b"HTTP/1.1".len() && (b"HTTP/".starts_with(octets) || is_version(octets))
}

fn is_version(octets: &[u8]) -> bool {
    octets.len() <= 16
        && octets
            .strip_prefix(b"HTTP/")
            .and_then(<[u8]>::first)
            .is_some_and(u8::is_ascii_digit)
}

/// Whether `octets` begin with `word`, or `word` with them.
fn is_prefix(octets: &[u8], word: &[u8]) -> bool {
    octets.iter().zip(word).all(|(left, right)| left == right) && !octets.is_empty()
}

const fn is_method_octet(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_leniently_as_peers_send_them() {
        let request = |line: &'static str| match parse(line.as_bytes(), false) {
            Some(StartLine::Request { method, target, .. }) => Some((
                std::str::from_utf8(method).unwrap(),
                std::str::from_utf8(target).unwrap(),
            )),
            _ => None,
        };
        assert_eq!(request("GET / HTTP/1.1"), Some(("GET", "/")));
        assert_eq!(
            request("VERSION-CONTROL /a b  HTTP/1.0 "),
            Some(("VERSION-CONTROL", "/a b"))
        );
        assert_eq!(request("OPTIONS * HTTP/1.1"), Some(("OPTIONS", "*")));
        for line in [
            "OPTIONS * RTSP/1.0",
            "INVITE sip:a@b SIP/2.0",
            "GET key",
            "USER anonymous",
            "\x16\x03\x01",
        ] {
            assert_eq!(request(line), None, "{line}");
        }
    }

    #[test]
    fn status_lines_need_no_reason() {
        let status = |line: &[u8]| match parse(line, false) {
            Some(StartLine::Response { status, .. }) => Some(status),
            _ => None,
        };
        assert_eq!(status(b"HTTP/1.1 404"), Some(404));
        assert_eq!(status(b"ICY 200 OK"), Some(200));
        assert_eq!(status(b"HTTP/1.1 OK"), None);
    }

    #[test]
    fn a_few_octets_are_enough() {
        for octets in ["GET /", "HTTP/1.1", "ICY 200", "POST /x", "PUT http"] {
            assert!(is_sure(octets.as_bytes()), "{octets}");
        }
        for octets in ["GET k", "HTTP/2.0", "RTSP/1.0", "OPTIONS *", "ICY abc"] {
            assert!(!is_sure(octets.as_bytes()), "{octets}");
        }
    }
}
