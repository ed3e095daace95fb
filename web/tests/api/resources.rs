//! Everything that is no list.

use axum::http::StatusCode;
use sekisho_model::FrameBucket;
use sekisho_model::fields::FIELDS;
use sekisho_model::limits::LIMITS;
use serde_json::{Value, json};

use crate::site::{ALERTS, FLOWS, HOSTILE, Site, encoded};

#[tokio::test]
async fn the_overview_adds_up() {
    let site = Site::new();

    let overview = site.json("/api/v1/overview?buckets=10").await;

    assert_eq!(overview["span"]["first"], "2026-11-02T00:00:00.000000+00:00");
    assert_eq!(overview["span"]["last"], "2026-11-02T04:59:01.000000+00:00");
    let series = overview["series"].as_array().unwrap();
    assert!((1..=11).contains(&series.len()), "{}", series.len());
    let sum = |verdict: &str| -> u64 {
        let flows = series
            .iter()
            .map(|point| point[verdict]["flows"].as_u64().unwrap());
        flows.sum()
    };
    let flows = overview["totals"]["flows"].as_u64().unwrap();
    assert_eq!(sum("allowed") + sum("denied") + sum("unknown"), flows);
    let cells = overview["zones"].as_array().unwrap().iter();
    let cells: u64 = cells
        .flat_map(|cell| ["allowed", "denied", "unknown"].map(|verdict| &cell[verdict]["flows"]))
        .map(|flows| flows.as_u64().unwrap())
        .sum();
    assert_eq!(cells, flows);
    assert_eq!(overview["talkers"][0]["address"], "10.40.2.10");
    assert_eq!(overview["talkers"].as_array().unwrap().len(), 10);
    assert_eq!(overview["alerts"]["total"], ALERTS);
    assert_eq!(overview["alerts"]["by_severity"], json!({ "1": 5, "2": 20 }));
    assert_eq!(overview["alerts"]["by_rule"], json!({ "PATH-DENY": ALERTS }));
}

#[tokio::test]
async fn the_overview_follows_range_and_filter() {
    let site = Site::new();

    let filter = encoded("verdict == denied");
    let uri =
        format!("/api/v1/overview?since=2026-11-02T01:00:00Z&until=2026-11-02T02:00:00Z&filter={filter}");
    let overview = site.json(&uri).await;

    assert_eq!(overview["totals"]["flows"], 20);
    assert_eq!(overview["since"], "2026-11-02T01:00:00.000000+00:00");
    assert_eq!(overview["until"], "2026-11-02T02:00:00.000000+00:00");
    assert_eq!(overview["alerts"]["total"], 5);
}

#[tokio::test]
async fn an_alert_names_the_flows_behind_it() {
    let site = Site::new();

    let alert = site.json("/api/v1/alerts/104").await;

    assert_eq!(alert["id"], 104);
    assert_eq!(alert["severity"], 1);
    assert_eq!(alert["category"], "policy_violation");
    assert_eq!(alert["title"]["ja"], "許可されていない通信");
    assert_eq!(alert["orig"]["zone"], "office");
    assert_eq!(alert["explanation"]["nearest_path"], "PATH-0001");
    assert_eq!(alert["attack"], json!(["T1021"]));
    let filter = alert["flows_filter"].as_str().unwrap();
    let flows = site
        .json(&format!("/api/v1/flows?filter={}", encoded(filter)))
        .await;
    let rows = flows["rows"].as_array().unwrap();
    assert!(
        rows.iter().any(|row| row["flow_id"] == alert["flow_id"]),
        "{filter}"
    );
    for row in rows {
        assert_eq!(row["orig_address"], alert["orig"]["address"]);
        assert_eq!(row["resp_address"], alert["resp"]["address"]);
        assert_eq!(row["resp_port"], alert["resp"]["port"]);
        assert_eq!(row["rule"], "PATH-DENY");
    }
}

#[tokio::test]
async fn a_flow_has_all_its_records_oldest_first() {
    let site = Site::new();

    let flow = site.json("/api/v1/flows/1007").await;

    let parts: Vec<_> = flow["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["part"])
        .collect();
    assert_eq!(parts, [0, 1]);
}

#[tokio::test]
async fn a_device_has_its_evidence_and_its_line_of_the_register() {
    let site = Site::new();

    let known = site.json("/api/v1/hosts/1").await;
    let unknown = site.json("/api/v1/hosts/3").await;

    assert_eq!(known["standing"], "known");
    assert_eq!(known["register"]["name"], "総務課プリンター");
    assert_eq!(known["mac"], "52:54:00:00:00:01");
    assert_eq!(
        known["addresses"],
        json!([{
            "value": "10.40.1.1", "from": "arp", "count": 4,
            "first": "2026-11-02T00:01:00.000000+00:00", "last": "2026-11-02T00:01:10.000000+00:00"
        }])
    );
    assert_eq!(known["offers"][0]["port"], 9100);
    assert_eq!(unknown["standing"], "unknown");
    assert_eq!(unknown["register"], Value::Null);
    assert_eq!(unknown["names"][0]["value"], HOSTILE);
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let site = Site::new();
    for uri in [
        "/api/v1/alerts/99",
        "/api/v1/flows/99",
        "/api/v1/hosts/99",
        "/api/v1/nothing",
        "/api",
        "/api/v2/flows",
    ] {
        let error = site.refusal(uri, StatusCode::NOT_FOUND).await;

        assert_eq!(error["code"], "not_found", "{uri}");
    }
}

#[tokio::test]
async fn every_field_is_listed_with_both_labels() {
    let site = Site::new();

    let fields = site.json("/api/v1/fields").await;

    assert_eq!(fields.as_array().unwrap().len(), FIELDS.len());
    assert!(fields.as_array().unwrap().contains(&json!({
        "name": "orig.address",
        "column": "orig_address",
        "kind": "address",
        "label": { "ja": "発信元アドレス", "en": "Originator address" }
    })));
}

#[tokio::test]
async fn completion_knows_fields_and_values() {
    let site = Site::new();
    let texts = |suggestions: Value| -> Vec<String> {
        let texts = suggestions
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["text"].as_str().unwrap().to_owned());
        texts.collect()
    };

    let fields = texts(site.json("/api/v1/complete?text=orig.ad&cursor=7").await);
    let values = texts(
        site.json(&format!("/api/v1/complete?text={}", encoded("verdict == ")))
            .await,
    );
    let at_start = texts(site.json("/api/v1/complete").await);

    assert!(fields.contains(&"orig.address".to_owned()), "{fields:?}");
    assert!(values.contains(&"denied".to_owned()), "{values:?}");
    assert!(at_start.contains(&"resp.port".to_owned()), "{at_start:?}");
}

#[tokio::test]
async fn expressions_may_name_what_the_policy_of_the_last_run_declares() {
    let site = Site::new();
    let ask = |text: &str| format!("/api/v1/flows?filter={}&limit=1", encoded(text));

    let by_zone = site.json(&ask("resp.zone == server")).await;
    let by_fact = site.json(&ask("resp.zone.classification >= 3")).await;
    let zones = site
        .json(&format!("/api/v1/complete?text={}", encoded("resp.zone == ")))
        .await;

    assert!(by_zone["total"].as_u64().unwrap() > 0);
    assert_eq!(by_fact["total"], by_zone["total"]);
    assert!(
        zones
            .as_array()
            .unwrap()
            .iter()
            .any(|zone| zone["text"] == "office"),
        "{zones}"
    );
    // Records may carry zones of policies that were, so that no zone is a mistake.
    assert_eq!(site.json(&ask("resp.zone == closed-long-ago")).await["total"], 0);
    assert_eq!(Site::empty().json(&ask("resp.zone == server")).await["total"], 0);
}

#[tokio::test]
async fn the_policy_is_the_one_of_the_last_run() {
    let policy = Site::new().json("/api/v1/policy").await;
    let none = Site::empty().json("/api/v1/policy").await;

    assert_eq!(policy["zones"][0]["id"], "office");
    assert_eq!(policy["paths"][0]["id"], "PATH-0001");
    assert_eq!(policy["hash"].as_str().unwrap().len(), 64);
    assert_eq!(policy["since"], policy["versions"][0]["since"]);
    assert_eq!(policy["versions"][0]["runs"], 1);
    assert!(policy["since"].is_string());
    assert_eq!((&none["hash"], &none["since"]), (&json!(""), &json!(null)));
    assert_eq!(none["name"], "");
    assert_eq!(none["zones"], json!([]));
}

#[tokio::test]
async fn the_sensor_joins_tables_and_counts() {
    let sensor = Site::new().json("/api/v1/sensor").await;

    assert_eq!(sensor["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(sensor["summary"]["input"]["damaged"], 1);
    let buckets = sensor["buckets"].as_array().unwrap();
    assert_eq!(buckets.len(), FrameBucket::ALL.len());
    assert!(buckets.contains(&json!({
        "id": "ip_truncated",
        "class": "dropped",
        "label": { "ja": "IPヘッダー途切れ", "en": "IP header cut off" },
        "frames": 2
    })));
    let frames: u64 = buckets
        .iter()
        .map(|bucket| bucket["frames"].as_u64().unwrap())
        .sum();
    assert_eq!(frames, sensor["summary"]["packets"]);
    let limits = sensor["limits"].as_array().unwrap();
    assert_eq!(limits.len(), LIMITS.len());
    assert_eq!(limits[0]["id"], "flows");
    assert_eq!(limits[0]["value"], 1_048_576);
    assert_eq!(limits[0]["met"], 4);
    assert_eq!(limits[1]["met"], 0);
}

#[tokio::test]
async fn blind_intervals_are_shown_as_far_as_they_lie_in_the_range() {
    let site = Site::new();

    let all = site.json("/api/v1/capture-health").await;
    let from = all["intervals"][1]["from"].as_str().unwrap().replace('+', "%2B");
    let later = from.replace(":00.0", ":30.0");
    let part = site
        .json(&format!(
            "/api/v1/capture-health?since={later}&until=2099-01-01T00:00:00Z"
        ))
        .await;

    assert_eq!(
        all["totals"]["silence"],
        json!({ "intervals": 2, "seconds": 90.0 })
    );
    assert_eq!(all["intervals"][0]["figures"]["usual_ms"], 900);
    assert_eq!(
        part["totals"]["silence"],
        json!({ "intervals": 2, "seconds": 60.0 })
    );
    assert_eq!(all["kinds"].as_array().unwrap().len(), 7);
    let sensor = site.json("/api/v1/sensor").await;
    assert_eq!(
        sensor["summary"]["health"]["mirror"]["findings"][0]["id"],
        "duplicates"
    );
    let metrics = site.get("/metrics").await.text;
    assert!(
        metrics.contains("sekisho_blind_seconds_total{kind=\"silence\"} 90\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_empty_data_directory_is_answered_with_zeros() {
    let site = Site::empty();

    let overview = site.json("/api/v1/overview").await;
    let sensor = site.json("/api/v1/sensor").await;

    assert_eq!(overview["span"], Value::Null);
    assert_eq!(
        overview["totals"],
        json!({ "flows": 0, "packets": 0, "octets": 0 })
    );
    assert_eq!(overview["alerts"]["total"], 0);
    assert_eq!(sensor["summary"], Value::Null);
    for list in ["flows", "alerts", "hosts"] {
        let page = site.json(&format!("/api/v1/{list}")).await;
        assert_eq!(page, json!({ "rows": [], "next": null, "total": 0 }));
    }
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let site = Site::new();

    let health = site.json("/healthz").await;
    let metrics = site.get("/metrics").await;

    assert_eq!(health, json!({ "status": "ok" }));
    assert_eq!(
        metrics.headers["content-type"],
        "text/plain; version=0.0.4; charset=utf-8"
    );
    for line in [
        "sekisho_packets_total 310",
        "sekisho_frame_octets_total 22940",
        "sekisho_alerts_total{severity=\"1\"} 5",
        "sekisho_alerts_total{severity=\"4\"} 0",
        "sekisho_frames_total{bucket=\"arp\",class=\"processed\"} 7",
        "sekisho_losses_total{cause=\"flows_evicted\"} 4",
    ] {
        assert!(
            metrics.text.lines().any(|found| found == line),
            "{line}\n{}",
            metrics.text
        );
    }
    assert!(metrics.text.contains(&format!("sekisho_flows_total {FLOWS}\n")));
}
