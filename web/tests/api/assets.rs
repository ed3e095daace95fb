//! The embedded user interface.

use axum::http::StatusCode;

use crate::site::Site;

#[tokio::test]
async fn the_first_page_is_there_without_a_built_dashboard_too() {
    let page = Site::empty().get("/").await;

    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.headers["cache-control"], "no-cache");
    assert!(page.text.starts_with("<!doctype html>"), "{}", page.text);
    // The content security policy forbids both.
    assert!(!page.text.contains("<style") && !page.text.contains("style="));
    assert!(
        !page
            .text
            .split("<script")
            .skip(1)
            .any(|tag| !tag.contains("src="))
    );
}

#[tokio::test]
async fn what_the_first_page_asks_for_is_there_and_may_be_kept() {
    let site = Site::empty();
    let page = site.get("/").await.text;

    // None where the page is the one that says how to build the dashboard.
    for quoted in page.split('"').filter(|text| text.starts_with("./assets/")) {
        let path = quoted.trim_start_matches('.');
        let asset = site.get(path).await;

        assert_eq!(asset.status, StatusCode::OK, "{path}");
        assert_eq!(
            asset.headers["cache-control"], "public, max-age=31536000, immutable",
            "{path}"
        );
        assert_ne!(
            asset.headers["content-type"], "application/octet-stream",
            "{path}"
        );
    }
}

#[tokio::test]
async fn no_path_leads_out_of_the_embedded_files() {
    let site = Site::empty();
    for path in [
        "/nothing",
        "/overview",
        "/assets/",
        "/assets/../index.html",
        "/assets/../../Cargo.toml",
        "/../../../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..\\..\\Cargo.toml",
        "/assets//etc/passwd",
        "//etc/passwd",
        "/%00",
        "/index.html%00.js",
        "/.env",
    ] {
        let Ok(uri) = path.parse::<axum::http::Uri>() else {
            continue;
        };

        let answer = site.get(&uri.to_string()).await;

        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            answer.headers["content-type"], "text/plain; charset=utf-8",
            "{path}"
        );
        assert!(
            !answer.text.contains("root:") && !answer.text.contains("[package]"),
            "{path}"
        );
    }
}
