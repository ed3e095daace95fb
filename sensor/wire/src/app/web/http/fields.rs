//! Header fields: the few that are kept, found in a line.
//!
//! Source: RFC 9110 section 5, RFC 9112 section 5; `X-Forwarded-For` is a convention of proxies.

use std::borrow::Cow;

use super::super::lines::trim;

/// A header field that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Host,
    UserAgent,
    Referer,
    ForwardedFor,
    Via,
    Authorization,
    ProxyAuthorization,
    ContentType,
    ContentLength,
    TransferEncoding,
    Upgrade,
    Cookie,
    Server,
    Location,
    Challenge,
}

const NAMES: &[(&[u8], Field)] = &[
    (b"host", Field::Host),
    (b"user-agent", Field::UserAgent),
    (b"content-length", Field::ContentLength),
    (b"content-type", Field::ContentType),
    (b"server", Field::Server),
    (b"transfer-encoding", Field::TransferEncoding),
    (b"referer", Field::Referer),
    (b"cookie", Field::Cookie),
    (b"set-cookie", Field::Cookie),
    (b"location", Field::Location),
    (b"authorization", Field::Authorization),
    (b"proxy-authorization", Field::ProxyAuthorization),
    (b"www-authenticate", Field::Challenge),
    (b"proxy-authenticate", Field::Challenge),
    (b"x-forwarded-for", Field::ForwardedFor),
    (b"via", Field::Via),
    (b"upgrade", Field::Upgrade),
];

/// Name and value of a header line; none where it has no colon.
pub(super) fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = line.iter().position(|octet| *octet == b':')?;
    let (name, value) = line.split_at_checked(at)?;
    Some((trim(name), trim(value.get(1..).unwrap_or_default())))
}

/// The field that a name stands for.
pub(super) fn find(name: &[u8]) -> Option<Field> {
    NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, field)| *field)
}

/// Host and port of a `Host` value or an authority. An IPv6 address keeps its brackets.
pub(super) fn host_and_port(authority: &[u8]) -> (&[u8], Option<u16>) {
    let authority = authority
        .iter()
        .rposition(|octet| *octet == b'@')
        .and_then(|at| authority.get(at.saturating_add(1)..))
        .unwrap_or(authority);
    let colon = authority.iter().rposition(|octet| *octet == b':');
    let is_address = authority.starts_with(b"[");
    let port = colon
        .filter(|at| !is_address || authority.get(at.wrapping_sub(1)) == Some(&b']'))
        .filter(|at| is_address || !authority.get(..*at).unwrap_or_default().contains(&b':'))
        .and_then(|at| authority.split_at_checked(at));
    match port {
        Some((host, port)) => {
            let port = std::str::from_utf8(port.get(1..).unwrap_or_default());
            (trim(host), port.ok().and_then(|port| port.trim().parse().ok()))
        }
        None => (authority, None),
    }
}

/// The authority of an absolute URL, and what follows it.
pub(super) fn authority(url: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = url
        .iter()
        .take(16)
        .position(|octet| !octet.is_ascii_alphanumeric())?;
    if !url.get(at..)?.starts_with(b"://") {
        return None;
    }
    let rest = url.get(at.saturating_add(3)..)?;
    let end = rest
        .iter()
        .position(|octet| matches!(octet, b'/' | b'?' | b'#'))
        .unwrap_or(rest.len());
    rest.split_at_checked(end)
}

/// A URL, or the authority that `CONNECT` names, without account, query and fragment.
pub(super) fn without_secrets(url: &[u8]) -> Cow<'_, [u8]> {
    let end = url.iter().position(|octet| matches!(octet, b'?' | b'#'));
    let url = end.and_then(|end| url.get(..end)).unwrap_or(url);
    let first = url.iter().position(|octet| *octet == b'/').unwrap_or(url.len());
    let has_scheme = first == 0 || url.get(first.wrapping_sub(1)) == Some(&b':');
    let (scheme, rest) = match url.get(first..) {
        Some(rest) if rest.starts_with(b"//") && has_scheme => url.split_at(first.saturating_add(2)),
        _ => (&[][..], url),
    };
    let end = rest.iter().position(|octet| *octet == b'/').unwrap_or(rest.len());
    let at = rest.iter().take(end).rposition(|octet| *octet == b'@');
    let host = at.map_or(0, |at| at.saturating_add(1));
    if host == 0 {
        return url.into();
    }
    let rest = rest.get(host..).unwrap_or_default();
    if scheme.is_empty() {
        return rest.into();
    }
    [scheme, rest].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_told_from_an_address() {
        assert_eq!(host_and_port(b"a.example:8080"), (&b"a.example"[..], Some(8080)));
        assert_eq!(
            host_and_port(b"[2001:db8::1]:80"),
            (&b"[2001:db8::1]"[..], Some(80))
        );
        assert_eq!(host_and_port(b"[2001:db8::1]"), (&b"[2001:db8::1]"[..], None));
        assert_eq!(host_and_port(b"2001:db8::1"), (&b"2001:db8::1"[..], None));
        assert_eq!(host_and_port(b"user:pass@a.example"), (&b"a.example"[..], None));
    }

    #[test]
    fn names_are_found_in_any_case_and_with_blanks() {
        let (name, value) = split(b"HoSt :  a.example ").unwrap();

        assert_eq!((find(name), value), (Some(Field::Host), &b"a.example"[..]));
        assert_eq!(split(b"no colon"), None);
    }

    #[test]
    fn the_authority_of_a_url_ends_with_its_path() {
        assert_eq!(
            authority(b"http://a.example/b?c"),
            Some((&b"a.example"[..], &b"/b?c"[..]))
        );
        assert_eq!(authority(b"/b?u=http://x/"), None);
    }

    #[test]
    fn a_url_keeps_neither_account_nor_query_nor_fragment() {
        for (url, kept) in [
            ("/x?token=SECRET&password=hunter2", "/x"),
            ("/x#access_token=SECRET", "/x"),
            ("/a@b/c?d", "/a@b/c"),
            ("http://bob:hunter2@a.example:80/x?y", "http://a.example:80/x"),
            ("http://bob:hunter2@a.example?y", "http://a.example"),
            ("svn+ssh://bob:hun@ter2@a.example/", "svn+ssh://a.example/"),
            ("//bob:hunter2@a.example/x", "//a.example/x"),
            ("bob:hunter2@host.example:443", "host.example:443"),
            ("[2001:db8::1]:443", "[2001:db8::1]:443"),
            ("/x/http://a@b/", "/x/http://a@b/"),
            ("*", "*"),
        ] {
            assert_eq!(&*without_secrets(url.as_bytes()), kept.as_bytes(), "{url}");
        }
    }
}
