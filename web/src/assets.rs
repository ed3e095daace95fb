//! The user interface, embedded in the binary.
//!
//! Answers come from the list of embedded files by exact name, never from the file system, so that
//! no path leads out of it. Files under `assets/` have a hash of their content in their name and
//! may be kept for ever; everything else is asked for again and answered by its hash (`ETag`).

use std::borrow::Cow;
use std::fmt::Write as _;

use axum::body::Body;
use axum::http::header::{self, HeaderValue};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::ApiError;

/// What `cargo xtask ui` built; empty where it was not run.
#[derive(RustEmbed)]
#[folder = "ui/dist"]
#[allow_missing = true]
struct Ui;

/// Stands in for the dashboard that was not built, and says how to build it.
const PLACEHOLDER: &str = include_str!("placeholder.html");

/// Answers every path that no resource has.
pub(crate) async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return ApiError::NotFound("such resource").into_response();
    }
    let path = if path.is_empty() { "index.html" } else { path };
    match Ui::get(path) {
        Some(file) => answer(path, file, &headers),
        None if path == "index.html" => {
            let headers = [
                (header::CONTENT_TYPE, content_type(path)),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            (headers, PLACEHOLDER).into_response()
        }
        None => not_found(),
    }
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = etag(&file.metadata.sha256_hash());
    let known = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|tag| tag.trim().trim_start_matches("W/") == etag || tag.trim() == "*");
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match file.data {
            Cow::Borrowed(octets) => Body::from(octets),
            Cow::Owned(octets) => Body::from(octets),
        };
        ([(header::CONTENT_TYPE, content_type(path))], body).into_response()
    };
    let caching = if path.starts_with("assets/") {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// A path that is not there is not the dashboard: a mistyped address must not look like a page.
fn not_found() -> Response {
    let text = "404: このアドレスには何もありません。/ を開いてください。\n\
                404: there is nothing at this address. Open / instead.\n";
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::NOT_FOUND, headers, text).into_response()
}

/// The first half of the hash is long enough to tell files apart.
fn etag(sha256: &[u8; 32]) -> String {
    let mut tag = String::from("\"");
    for octet in sha256.iter().take(16) {
        // Writing to a string cannot fail.
        let _ = write!(tag, "{octet:02x}");
    }
    tag.push('"');
    tag
}

/// The kinds of file that a Vite build holds.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use rust_embed::Metadata;

    use super::*;

    fn file() -> EmbeddedFile {
        EmbeddedFile {
            data: Cow::Borrowed(b"let zone = 1;"),
            metadata: Metadata::__rust_embed_new([7; 32], None, None),
        }
    }

    #[test]
    fn hashed_assets_may_be_kept_for_ever_and_pages_are_asked_for_again() {
        let asset = answer("assets/index-4f2a.js", file(), &HeaderMap::new());
        let page = answer("index.html", file(), &HeaderMap::new());

        assert_eq!(
            asset.headers()[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(
            asset.headers()[header::CONTENT_TYPE],
            "text/javascript; charset=utf-8"
        );
        assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(page.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
    }

    #[test]
    fn a_file_that_the_browser_has_is_not_sent_again() {
        let first = answer("index.html", file(), &HeaderMap::new());
        let mut request = HeaderMap::new();
        request.insert(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone());

        let second = answer("index.html", file(), &request);

        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(second.headers()[header::ETAG], first.headers()[header::ETAG]);
    }

    #[test]
    fn there_is_always_a_first_page() {
        assert!(Ui::get("index.html").is_some());
    }
}
