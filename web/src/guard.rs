//! What every request passes before a handler sees it, and what every answer carries.
//!
//! The dashboard has no accounts yet, so a web page of another origin must not reach it through the
//! browser of the person who uses it. The `Host` check ends DNS rebinding: a name of the attacker
//! that resolves to 127.0.0.1 is still a name of the attacker.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::ApiError;

/// Octets of path and query together.
pub(crate) const MAX_URI_OCTETS: usize = 16 * 1024;

const SECURITY_HEADERS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
             connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// The middleware: refuses what is not meant for us, and marks every answer.
pub(crate) async fn guard(request: Request, next: Next) -> Response {
    let mut response = match check(&request) {
        Ok(()) => next.run(request).await,
        Err(error) => error.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        headers.insert(name, value);
    }
    // What may be kept says so itself; only assets do.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    if response.status() == axum::http::StatusCode::METHOD_NOT_ALLOWED {
        let allow = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().entry(header::ALLOW).or_insert(allow);
    }
    response
}

fn check(request: &Request) -> Result<(), ApiError> {
    if !is_for_loopback(request.uri(), request.headers()) {
        return Err(ApiError::ForbiddenHost);
    }
    match *request.method() {
        Method::GET | Method::HEAD => {}
        Method::POST if is_posted(request.uri().path()) => check_post(request.headers())?,
        _ => return Err(ApiError::MethodNotAllowed),
    }
    let octets = request
        .uri()
        .path_and_query()
        .map_or(0, |text| text.as_str().len());
    if octets > MAX_URI_OCTETS {
        return Err(ApiError::UriTooLong {
            limit: MAX_URI_OCTETS,
        });
    }
    Ok(())
}

/// The resources that are asked for with a body.
fn is_posted(path: &str) -> bool {
    let is_end = |rest: &str| rest.ends_with("/end") && rest.matches('/').count() == 1;
    matches!(
        path,
        "/api/v1/hunt"
            | "/api/v1/exceptions"
            | "/api/v1/exceptions/preview"
            | "/api/v1/sanctions"
            | "/api/v1/sanctions/preview"
    ) || path.strip_prefix("/api/v1/exceptions/").is_some_and(is_end)
}

/// What changes something must come from our own page or from a program: a page of another site cannot
/// send JSON without asking first, which is refused, and a browser says where a request comes from.
fn check_post(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = |origin: &str| {
        let authority = origin.strip_prefix("http://");
        authority.is_some() && authority == text(header::HOST)
    };
    if text(header::ORIGIN).is_some_and(|origin| !is_own(origin)) {
        return Err(ApiError::ForbiddenOrigin);
    }
    let site = text(HeaderName::from_static("sec-fetch-site"));
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return Err(ApiError::ForbiddenOrigin);
    }
    let media = text(header::CONTENT_TYPE).and_then(|media| media.split(';').next());
    if media.is_none_or(|media| !media.trim().eq_ignore_ascii_case("application/json")) {
        return Err(ApiError::NotJson);
    }
    Ok(())
}

/// Whether every place that names the host names this machine's loopback, and there is one.
fn is_for_loopback(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut named = headers
        .get_all(header::HOST)
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .chain(uri.authority().map(axum::http::uri::Authority::as_str))
        .peekable();
    named.peek().is_some() && named.all(is_loopback)
}

fn is_loopback(host_and_port: &str) -> bool {
    let (host, port) = match host_and_port.rsplit_once(':') {
        // In `[::1]` the last colon belongs to the address.
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (host_and_port, "0"),
    };
    if port.parse::<u16>().is_err() {
        return false;
    }
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let address = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(v6) => v6.parse().map(IpAddr::V6),
        None => host.parse().map(IpAddr::V4),
    };
    address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_names_and_addresses_pass_with_any_port() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1",
            "127.9.8.7:1",
            "[::1]",
            "[::1]:65535",
        ] {
            assert!(is_loopback(host), "{host}");
        }
    }

    #[test]
    fn every_other_host_is_refused() {
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:80",
            "user@localhost",
            "localhost@evil.example",
            "0.0.0.0",
            "10.0.0.1:8080",
            "[::2]",
            "[::ffff:127.0.0.1]",
            "::1",
            "localhost:",
            "localhost:99999",
            "localhost:80:80",
            "127.1",
            "2130706433",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn only_our_own_page_or_a_program_may_post() {
        let check = |pairs: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            for (name, value) in pairs {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            check_post(&headers).is_ok()
        };
        let json = ("content-type", "application/json");

        assert!(check(&[json]));
        assert!(check(&[
            json,
            ("origin", "http://127.0.0.1:8080"),
            ("sec-fetch-site", "same-origin")
        ]));
        for wrong in [
            &[][..],
            &[("content-type", "text/plain")],
            &[json, ("origin", "null")],
            &[json, ("origin", "http://evil.example")],
            &[json, ("origin", "http://127.0.0.1:9090")],
            &[json, ("origin", "https://127.0.0.1:8080")],
            &[json, ("sec-fetch-site", "cross-site")],
            &[json, ("sec-fetch-site", "same-site")],
        ] {
            assert!(!check(wrong), "{wrong:?}");
        }
        assert!(is_posted("/api/v1/exceptions/3/end") && !is_posted("/api/v1/exceptions/3/4/end"));
        assert!(!is_posted("/api/v1/alerts") && !is_posted("/"));
    }

    #[test]
    fn a_request_that_names_two_hosts_needs_both_to_be_loopback() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        let own = Uri::from_static("/");
        let foreign = Uri::from_static("http://evil.example/");

        assert!(is_for_loopback(&own, &headers));
        assert!(!is_for_loopback(&foreign, &headers));
        headers.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!is_for_loopback(&own, &headers));
        assert!(!is_for_loopback(&own, &HeaderMap::new()));
    }
}
