//! `/metrics`: the last run in the text format of Prometheus.
//!
//! Source: Prometheus, "Exposition formats", text-based format version 0.0.4.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sekisho_model::summary::Summary;
use sekisho_model::{BlindKind, FrameBucket};

use super::sensor::class_word;
use crate::error::ApiError;
use crate::query::{NoQuery, Params};
use crate::state::App;

/// Routes of this resource.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/metrics", get(metrics))
}

/// Shows the counters of the last run.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "sensor",
    responses((status = 200, description = "The answer", body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(
    State(app): State<App>,
    Params(NoQuery {}): Params<NoQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let summary = app.ask(|store| store.summary()).await?;
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, content_type)], text(summary.as_ref())))
}

fn text(summary: Option<&Summary>) -> String {
    let mut page = Page::default();
    page.metric("sekisho_build_info", "gauge", "Version of the program.");
    page.sample("sekisho_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    let Some(summary) = summary else {
        return page.0;
    };
    for (name, help, value) in [
        ("sekisho_packets_total", "Packets read.", summary.packets),
        (
            "sekisho_frame_octets_total",
            "Octets of those packets on the wire.",
            summary.frame_octets,
        ),
        ("sekisho_flows_total", "Flows seen.", summary.flows),
        (
            "sekisho_flow_records_total",
            "Flow records written.",
            summary.flow_records,
        ),
    ] {
        page.metric(name, "counter", help);
        page.sample(name, &[], value);
    }
    page.metric("sekisho_alerts_total", "counter", "Alerts raised, by severity.");
    for severity in sekisho_model::Severity::ALL {
        let number = severity.number().to_string();
        let alerts = summary.alerts.by_severity.get(&number).copied().unwrap_or(0);
        page.sample("sekisho_alerts_total", &[("severity", &number)], alerts);
    }
    page.metric("sekisho_frames_total", "counter", "Frames by where they ended.");
    for bucket in FrameBucket::ALL {
        let labels = [("bucket", bucket.id()), ("class", class_word(bucket.class()))];
        let frames = summary.frames.get(bucket.id()).copied().unwrap_or(0);
        page.sample("sekisho_frames_total", &labels, frames);
    }
    page.metric("sekisho_losses_total", "counter", "Losses by cause.");
    for (cause, losses) in &summary.losses {
        page.sample("sekisho_losses_total", &[("cause", cause)], *losses);
    }
    page.metric(
        "sekisho_blind_seconds_total",
        "counter",
        "Seconds in which the sensor did not see, by kind.",
    );
    for kind in BlindKind::ALL {
        let blind = summary.health.blind.get(kind.name());
        let seconds = blind.map_or(0.0, |totals| totals.seconds);
        page.sample_of("sekisho_blind_seconds_total", &[("kind", kind.name())], &seconds);
    }
    let findings = summary.health.mirror.as_ref();
    page.metric(
        "sekisho_mirror_findings",
        "gauge",
        "What is wrong with the mirror now.",
    );
    let findings = findings.map_or(0, |mirror| mirror.findings.len());
    page.sample_of("sekisho_mirror_findings", &[], &findings);
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.sample_of(name, labels, &value);
    }

    fn sample_of(&mut self, name: &str, labels: &[(&str, &str)], value: &dyn std::fmt::Display) {
        self.0.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let before = if index == 0 { '{' } else { ',' };
            let text = text
                .replace('\\', r"\\")
                .replace('"', "\\\"")
                .replace('\n', r"\n");
            let _ = write!(self.0, "{before}{label}=\"{text}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_label_values_stay_inside_their_quotes() {
        let mut summary = Summary::default();
        summary.losses.insert("a\"} 1\nevil 2\\".to_owned(), 3);

        let text = text(Some(&summary));

        assert!(
            text.contains("sekisho_losses_total{cause=\"a\\\"} 1\\nevil 2\\\\\"} 3\n"),
            "{text}"
        );
    }

    #[test]
    fn without_a_run_there_is_still_the_version() {
        let expected = concat!(
            "sekisho_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1\n"
        );

        assert!(text(None).ends_with(expected));
    }
}
