//! Asking a sensor: by HTTP on its loopback address, or a data directory through the same API within this
//! process, so that there is one way to read an answer.
//!
//! The client speaks what one request needs of HTTP/1.1 (RFC 9112): it closes the connection after each
//! answer and takes at most [`MOST`] octets of one.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use sekisho_model::summary::Summary;
use sekisho_model::{BlindInterval, Text};
use sekisho_store::Embedded;
use sekisho_web::{AppState, router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt as _;

use crate::cli::terminal::clean;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Octets of an answer.
const MOST: u64 = 16 << 20;
/// Alerts that are asked for: the lines of a tall screen.
const ALERTS: usize = 100;

/// Who is asked.
pub(super) enum Server {
    /// A sensor, by host and port.
    Sensor(String),
    /// A data directory.
    Data {
        name: String,
        app: Router,
        runtime: tokio::runtime::Runtime,
    },
}

/// What was answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) version: String,
    pub(super) summary: Option<Summary>,
    pub(super) alerts: Vec<Alert>,
    pub(super) blind: Vec<BlindInterval>,
}

#[derive(Debug, Deserialize)]
struct Sensor {
    version: String,
    summary: Option<Summary>,
}

#[derive(Debug, Deserialize)]
struct Alerts {
    rows: Vec<Alert>,
}

#[derive(Debug, Deserialize)]
struct Ledger {
    intervals: Vec<BlindInterval>,
}

/// What a line says of an alert.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Alert {
    pub(super) rule: String,
    pub(super) title: Text,
    pub(super) severity: u8,
    pub(super) last_seen: String,
    pub(super) count: u64,
    pub(super) orig: Option<End>,
    pub(super) resp: Option<End>,
}

/// One end of the first flow behind an alert.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct End {
    pub(super) address: String,
}

impl Server {
    pub(super) fn of_url(url: &str) -> anyhow::Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else {
            bail!("{} is no http:// address of a sensor", clean(url));
        };
        let host = rest.strip_suffix('/').unwrap_or(rest);
        if host.is_empty() || host.contains(['/', ' ', '@', '\r', '\n']) {
            bail!(
                "{} is no http:// address of a sensor: host and port alone",
                clean(url)
            );
        }
        let has_port = host
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(Self::Sensor(if has_port {
            host.to_owned()
        } else {
            format!("{host}:80")
        }))
    }

    pub(super) fn of_data(data: &Path) -> anyhow::Result<Self> {
        let store = Embedded::open(data)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self::Data {
            name: data.display().to_string(),
            app: router(AppState {
                store: Arc::new(store),
                policy: None,
            }),
            runtime: runtime.context("cannot start the threads that read the data directory")?,
        })
    }

    /// What a person knows it by.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Sensor(name) | Self::Data { name, .. } => name,
        }
    }

    /// Asks for everything that a screen shows.
    pub(super) fn ask(&self) -> anyhow::Result<Answer> {
        let sensor: Sensor = self.get("/api/v1/sensor")?;
        let alerts: Alerts = self.get(&format!("/api/v1/alerts?limit={ALERTS}"))?;
        let ledger: Ledger = self.get("/api/v1/capture-health")?;
        Ok(Answer {
            version: sensor.version,
            summary: sensor.summary,
            alerts: alerts.rows,
            blind: ledger.intervals,
        })
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        let (status, body) = match self {
            Self::Sensor(host) => {
                fetch(host, path).with_context(|| format!("no answer from http://{}", clean(host)))?
            }
            Self::Data { app, runtime, .. } => runtime.block_on(ask(app.clone(), path))?,
        };
        if status != 200 {
            bail!("{} answers {path} with status {status}", clean(self.name()));
        }
        serde_json::from_slice(&body)
            .with_context(|| format!("{} is no sensor of this version", clean(self.name())))
    }
}

async fn ask(app: Router, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let request = Request::get(path)
        .header("host", "localhost")
        .body(Body::empty())?;
    let response = app.oneshot(request).await.unwrap_or_else(|never| match never {});
    let status = response.status().as_u16();
    let body = response.into_body().collect().await?;
    Ok((status, body.to_bytes().into()))
}

fn fetch(host: &str, path: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let address = host.to_socket_addrs()?.next();
    let address = address.ok_or_else(|| anyhow!("{} has no address", clean(host)))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer)?;
    parse(&answer).ok_or_else(|| anyhow!("the answer is no whole one of HTTP/1.1"))
}

/// The status and the body of an answer that is whole.
fn parse(answer: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = answer.windows(4).position(|octets| octets == b"\r\n\r\n")?;
    let head = std::str::from_utf8(answer.get(..end)?).ok()?;
    let body = answer.get(end.checked_add(4)?..)?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let length: usize = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())?;
    Some((status, body.get(..length)?.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_whole_or_not_at_all() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(parse(whole), Some((200, b"{}".to_vec())));
        for cut in 0..whole.len() {
            assert_eq!(parse(&whole[..cut]), None);
        }
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\n\r\n{}"), None);
        assert_eq!(parse(b"SSH-2.0-OpenSSH\r\n\r\n"), None);
    }

    #[test]
    fn only_plain_addresses_of_http_are_asked() {
        let name = |url| Server::of_url(url).map(|server| server.name().to_owned()).ok();
        assert_eq!(name("http://127.0.0.1:8080/"), Some("127.0.0.1:8080".to_owned()));
        assert_eq!(name("http://localhost"), Some("localhost:80".to_owned()));
        for wrong in [
            "https://localhost",
            "localhost:8080",
            "http://",
            "http://a/b",
            "http://a@b",
            "http://a\r\nb",
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
