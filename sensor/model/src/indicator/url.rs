//! URLs: a host, a port and a path.
//!
//! The scheme `https` says that nobody on the way sees the path. User names, fragments and the usual
//! port of a scheme are dropped (RFC 3986 section 6.2.3); the path keeps its letters as they are.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use super::{ValueError, normal_name};

/// Octets of a URL that an indicator may hold.
pub const MAX_URL: usize = 2048;

/// A host with a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    /// Whether it is asked for under TLS.
    pub is_tls: bool,
    /// A name in its normal form, or an address; without brackets.
    pub host: Box<str>,
    /// The port where it is not the usual one.
    pub port: Option<u16>,
    /// From the first `/` on, query included; at least `/`.
    pub path: Box<str>,
}

impl Url {
    /// `http://host:port/path`; without a scheme it is taken as HTTP.
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        if text.len() > MAX_URL {
            return Err(ValueError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "https" | "wss" => true,
            "http" | "ws" => false,
            _ => return Err(ValueError::Url),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).ok_or(ValueError::Url)?;
        let authority = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = split_port(authority)?;
        let usual = if is_tls { 443 } else { 80 };
        let path = path.split('#').next().unwrap_or_default();
        if path.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(ValueError::Url);
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Ok(Self {
            is_tls,
            host,
            port: port.filter(|port| *port != usual),
            path: [slash, path].concat().into(),
        })
    }

    /// Whether it names a host and no part of it.
    #[must_use]
    pub fn is_whole_host(&self) -> bool {
        &*self.path == "/"
    }

    /// Whether a request for `path` is one for it: the same path, or one below it.
    ///
    /// Below is what goes on behind a whole segment (`/a` means `/a/b` and `/a?x`, not `/ab`) or a whole
    /// parameter (`/a?x=1` means `/a?x=1&y=2`).
    #[must_use]
    pub fn means_path(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(&*self.path) else {
            return false;
        };
        let next = rest.bytes().next();
        if self.path.contains('?') {
            return matches!(next, None | Some(b'&' | b'#'));
        }
        self.path.ends_with('/') || matches!(next, None | Some(b'/' | b'?' | b'#'))
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]", self.host)?;
        } else {
            write!(f, "{scheme}://{}", self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str(&self.path)
    }
}

fn split_port(authority: &str) -> Result<(Box<str>, Option<u16>), ValueError> {
    let (host, port): (Box<str>, &str) = if let Some(rest) = authority.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(ValueError::Url)?;
        let address: Ipv6Addr = address.parse().map_err(|_| ValueError::Address)?;
        (address.to_string().into(), port)
    } else {
        let at = authority.find(':').unwrap_or(authority.len());
        let (host, port) = authority.split_at_checked(at).ok_or(ValueError::Url)?;
        (host_of(host)?, port)
    };
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        None => return Err(ValueError::Url),
        Some("") => None,
        Some(port) => {
            let is_number = port.bytes().all(|octet| octet.is_ascii_digit());
            let number = port.parse::<u16>().ok().filter(|port| is_number && *port > 0);
            Some(number.ok_or(ValueError::Port)?)
        }
    };
    Ok((host, port))
}

fn host_of(host: &str) -> Result<Box<str>, ValueError> {
    if host.is_empty() {
        return Err(ValueError::Url);
    }
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string().into()),
        Err(_) => normal_name(host).map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<String, ValueError> {
        Url::parse(text).map(|url| url.to_string())
    }

    #[test]
    fn a_url_is_kept_without_what_does_not_tell_it_from_others() {
        // RFC 3986 section 6.2.3: these four are equivalent.
        for same in [
            "http://example.com",
            "http://example.com/",
            "http://example.com:/",
            "http://example.com:80/",
        ] {
            assert_eq!(written(same).as_deref(), Ok("http://example.com/"));
        }
        assert_eq!(
            written("HTTPS://user:pass@Evil.Example:443/A/b?C#frag").as_deref(),
            Ok("https://evil.example/A/b?C")
        );
        assert_eq!(
            written("evil.example:8080/x").as_deref(),
            Ok("http://evil.example:8080/x")
        );
        assert_eq!(
            written("http://evil.example?x").as_deref(),
            Ok("http://evil.example/?x")
        );
    }

    #[test]
    fn what_has_no_host_or_another_scheme_is_no_url() {
        for wrong in [
            "http://",
            "http:///x",
            "ftp://evil.example/",
            "http://[::1",
            "http://a b/",
            "http://x.y/a b",
        ] {
            assert!(written(wrong).is_err(), "{wrong}");
        }
        assert_eq!(written("http://evil.example:70000/"), Err(ValueError::Port));
    }

    #[test]
    fn a_path_means_itself_and_what_is_below_it() {
        let cases: [(&str, &[&str], &[&str]); 4] = [
            (
                "http://x.y/a",
                &["/a", "/a/b", "/a?x", "/a#f"],
                &["/ab", "/", "/A", "/b/a"],
            ),
            ("http://x.y/a/", &["/a/", "/a/b", "/a/?x"], &["/a", "/ab"]),
            (
                "http://x.y/a?x=1",
                &["/a?x=1", "/a?x=1&y=2"],
                &["/a?x=12", "/a", "/a?y=2&x=1"],
            ),
            ("http://x.y/", &["/", "/anything?x"], &["", "*"]),
        ];
        for (url, means, means_not) in cases {
            let url = Url::parse(url).unwrap();
            assert!(means.iter().all(|path| url.means_path(path)), "{url}");
            assert!(!means_not.iter().any(|path| url.means_path(path)), "{url}");
        }
    }
}
