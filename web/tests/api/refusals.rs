//! Everything that is refused, and how it is said.

use std::fs;

use axum::http::{Method, Request, StatusCode};
use serde_json::Value;

use crate::site::{Site, encoded};

#[tokio::test]
async fn unknown_keys_are_refused_on_every_resource() {
    let site = Site::new();
    for resource in [
        "/api/v1/overview",
        "/api/v1/alerts",
        "/api/v1/alerts/104",
        "/api/v1/flows",
        "/api/v1/flows/1007",
        "/api/v1/fields",
        "/api/v1/hosts",
        "/api/v1/hosts/3",
        "/api/v1/complete",
        "/api/v1/exceptions",
        "/api/v1/policy",
        "/api/v1/sensor",
        "/api/v1/capture-health",
        "/api/v1/openapi.json",
        "/healthz",
        "/metrics",
    ] {
        let uri = format!("{resource}?nonsense=1");

        let error = site.refusal(&uri, StatusCode::BAD_REQUEST).await;

        assert_eq!(error["code"], "bad_request", "{uri}");
        assert!(
            error["message"].as_str().unwrap().contains("nonsense"),
            "{uri}: {error}"
        );
    }
}

#[tokio::test]
async fn wrong_values_are_named() {
    let site = Site::new();
    let long = "a".repeat(1025);
    for (uri, word) in [
        ("/api/v1/flows?limit=0", "limit must be 1 to 500"),
        ("/api/v1/flows?limit=501", "limit must be 1 to 500"),
        ("/api/v1/flows?limit=many", "limit"),
        ("/api/v1/flows?limit=-1", "limit"),
        ("/api/v1/flows?limit=1&limit=2", "limit"),
        ("/api/v1/alerts?limit=501", "limit must be 1 to 500"),
        ("/api/v1/overview?buckets=0", "buckets must be 1 to 500"),
        ("/api/v1/overview?buckets=99999999999999999999", "buckets"),
        ("/api/v1/flows?since=yesterday", "RFC 3339"),
        ("/api/v1/flows?since=2026-11-02T09:00:00+09:00", "%2B"),
        ("/api/v1/alerts?until=2026-13-01T00:00:00Z", "RFC 3339"),
        (
            "/api/v1/flows?since=2026-11-02T02:00:00Z&until=2026-11-02T01:00:00Z",
            "must be before",
        ),
        ("/api/v1/alerts?severity=0", "severity"),
        ("/api/v1/alerts?severity=high", "severity"),
        ("/api/v1/alerts?address=10.0.0.0/8", "address"),
        ("/api/v1/alerts?address=office", "address"),
        ("/api/v1/flows?cursor=nonsense", "cursor"),
        ("/api/v1/alerts?cursor=nonsense", "cursor"),
        ("/api/v1/alerts?suppressed=yes", "left, only or shown"),
        ("/api/v1/alerts?exception=first", "exception"),
        ("/api/v1/alerts?lookback=perhaps", "lookback"),
        ("/api/v1/hosts?limit=501", "limit must be 1 to 500"),
        ("/api/v1/hosts?cursor=nonsense", "cursor"),
        ("/api/v1/hosts?cursor=18446744073709551615", "cursor"),
        ("/api/v1/hosts?standing=lost", "known, unknown or retired"),
        ("/api/v1/hosts?key=printer", "IP address or MAC address"),
        ("/api/v1/hosts?key=10.0.0.0/8", "IP address or MAC address"),
        ("/api/v1/hosts?since=2026-11-02T00:00:00Z", "since"),
        ("/api/v1/hosts/first", "must end in a number"),
        (&format!("/api/v1/hosts?text={long}"), "1024"),
        ("/api/v1/alerts/first", "must end in a number"),
        ("/api/v1/alerts/%FF", "UTF-8"),
        ("/api/v1/flows/-1", "must end in a number"),
        ("/api/v1/flows/99999999999999999999", "must end in a number"),
        ("/api/v1/complete?text=a&cursor=2", "cursor"),
        ("/api/v1/complete?text=%E9%96%A2&cursor=1", "cursor"),
        (&format!("/api/v1/alerts?text={long}"), "1024"),
    ] {
        let error = site.refusal(uri, StatusCode::BAD_REQUEST).await;

        assert_eq!(error["code"], "bad_request", "{uri}");
        assert!(
            error["message"].as_str().unwrap().contains(word),
            "{uri}: {error}"
        );
        assert_eq!(error.get("at"), None, "{uri}");
    }
}

#[tokio::test]
async fn a_wrong_filter_says_where_and_what_instead() {
    let site = Site::new();
    for resource in ["flows", "overview"] {
        let uri = format!(
            "/api/v1/{resource}?filter={}",
            encoded("resp.port == 22 and orig.adress == 10.0.0.1")
        );

        let error = site.refusal(&uri, StatusCode::BAD_REQUEST).await;

        assert_eq!(error["code"], "bad_request");
        assert_eq!(error["at"], 20);
        assert_eq!(error["len"], 11);
        assert!(
            error["help"].as_str().unwrap().contains("orig.address"),
            "{error}"
        );
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn filters_that_are_too_long_or_too_deep_are_refused() {
    let site = Site::new();
    let long = format!("orig.zone == \"{}\"", "a".repeat(4096));
    let deep = format!("{}flow_id == 1{}", "(".repeat(1000), ")".repeat(1000));
    for filter in [long, deep] {
        let error = site
            .refusal(
                &format!("/api/v1/flows?filter={}", encoded(&filter)),
                StatusCode::BAD_REQUEST,
            )
            .await;

        assert!(error["message"].is_string());
    }
    let text = "a".repeat(4097);
    site.refusal(&format!("/api/v1/complete?text={text}"), StatusCode::BAD_REQUEST)
        .await;
    let error = site
        .refusal(
            &format!("/api/v1/flows?filter={}", "a".repeat(20_000)),
            StatusCode::URI_TOO_LONG,
        )
        .await;
    assert_eq!(error["code"], "uri_too_long");
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let site = Site::new();
    let hour = site.data().join("flows/date=2026-11-02/hour=00");
    let file = fs::read_dir(hour).unwrap().next().unwrap().unwrap().path();
    fs::write(&file, b"PAR1 and nothing else").unwrap();

    let error = site
        .refusal("/api/v1/flows", StatusCode::INTERNAL_SERVER_ERROR)
        .await;

    assert_eq!(error["code"], "store");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(file.to_str().unwrap()), "{message}");
}

#[tokio::test]
async fn requests_for_another_host_are_refused_everywhere() {
    let site = Site::new();
    for path in ["/", "/api/v1/flows", "/healthz", "/metrics", "/nothing"] {
        for host in [
            "evil.example",
            "evil.example:8080",
            "10.0.0.1",
            "localhost.evil.example",
            "",
        ] {
            let answer = site.send(Request::get(path).header("host", host)).await;

            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{host}{path}");
            let body: Value = serde_json::from_str(&answer.text).unwrap();
            assert_eq!(body["error"]["code"], "forbidden_host");
        }
        let nameless = site.send(Request::get(path)).await;
        assert_eq!(nameless.status, StatusCode::FORBIDDEN, "{path}");
    }
    for host in ["localhost", "127.0.0.1:8080", "[::1]:9", "LocalHost:1"] {
        let answer = site.send(Request::get("/healthz").header("host", host)).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn nothing_but_get_and_head_is_served() {
    let site = Site::new();
    for path in ["/", "/api/v1/alerts", "/api/v1/nothing", "/healthz"] {
        for method in [
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
            Method::OPTIONS,
            Method::TRACE,
        ] {
            let request = Request::builder()
                .method(&method)
                .uri(path)
                .header("host", "localhost");
            let answer = site.send(request).await;

            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers["allow"], "GET, HEAD");
        }
    }
    let head = site
        .send(Request::head("/api/v1/alerts").header("host", "localhost"))
        .await;
    assert_eq!(head.status, StatusCode::OK);
    assert_eq!(head.text, "");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let site = Site::new();
    for (uri, host) in [
        ("/", "localhost"),
        ("/api/v1/overview", "localhost"),
        ("/api/v1/flows?limit=0", "localhost"),
        ("/api/v1/nothing", "localhost"),
        ("/nothing", "localhost"),
        ("/healthz", "localhost"),
        ("/metrics", "localhost"),
        ("/", "evil.example"),
    ] {
        let answer = site.send(Request::get(uri).header("host", host)).await;

        assert_eq!(
            answer.headers["content-security-policy"],
            "default-src 'self'; img-src 'self' data:; style-src 'self'; script-src 'self'; \
             connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            "{uri}"
        );
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{uri}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{uri}");
        assert_eq!(
            answer.headers["cross-origin-opener-policy"], "same-origin",
            "{uri}"
        );
        assert!(answer.headers.contains_key("cache-control"), "{uri}");
    }
    let post = site.send(Request::post("/").header("host", "localhost")).await;
    assert_eq!(post.headers["x-content-type-options"], "nosniff");
}
