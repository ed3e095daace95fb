//! Lists: order, pages, ranges, filters.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::site::{ALERTS, FLOWS, HOSTILE, HOSTS, Site, encoded};

/// Every row of a list, page by page, and the number of pages.
async fn all_pages(site: &Site, uri: &str) -> (Vec<Value>, usize) {
    let mut rows = Vec::new();
    let mut page = site.json(uri).await;
    let mut pages = 1;
    let total = page["total"].as_u64().unwrap();
    loop {
        assert_eq!(page["total"].as_u64().unwrap(), total);
        rows.extend(page["rows"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next"].as_str() else { break };
        page = site.json(&format!("{uri}&cursor={}", encoded(next))).await;
        pages += 1;
        assert!(pages < 1000, "pages end");
    }
    assert_eq!(rows.len() as u64, total);
    (rows, pages)
}

#[tokio::test]
async fn cursors_lead_through_every_flow_once_newest_first() {
    let site = Site::new();

    let (rows, pages) = all_pages(&site, "/api/v1/flows?limit=40").await;

    assert_eq!(rows.len() as u64, FLOWS + 1);
    assert_eq!(pages, 8);
    let keys: Vec<_> = rows
        .iter()
        .map(|row| {
            let start = row["start"].as_str().unwrap().to_owned();
            (
                start,
                row["flow_id"].as_u64().unwrap(),
                row["part"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(keys.is_sorted_by(|a, b| a > b));
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
}

#[tokio::test]
async fn cursors_lead_through_every_alert_once_newest_first() {
    let site = Site::new();

    let (rows, pages) = all_pages(&site, "/api/v1/alerts?limit=10").await;

    assert_eq!(pages, 3);
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (100..100 + ALERTS).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_has_100_rows_where_no_limit_is_given() {
    let site = Site::new();

    let page = site.json("/api/v1/flows").await;

    assert_eq!(page["rows"].as_array().unwrap().len(), 100);
    assert!(page["next"].is_string());
}

#[tokio::test]
async fn flows_are_found_by_expression_and_by_time() {
    let site = Site::new();
    let filter = encoded("verdict == denied and orig.address == 10.40.1.0/24");

    let denied = site.json(&format!("/api/v1/flows?filter={filter}")).await;
    let hour = site
        .json("/api/v1/flows?since=2026-11-02T10:00:00%2B09:00&until=2026-11-02T02:00:00Z&limit=500")
        .await;
    let without = site.json("/api/v1/flows?filter=&since=&until=").await;

    assert_eq!(denied["total"], FLOWS / 3);
    assert!(
        denied["rows"]
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["verdict"] == "denied")
    );
    assert_eq!(hour["total"], 60);
    assert_eq!(without["total"], FLOWS + 1);
}

#[tokio::test]
async fn a_flow_row_has_every_column_and_null_where_there_is_nothing() {
    let site = Site::new();

    let page = site.json("/api/v1/flows?limit=1").await;

    let row = &page["rows"][0];
    assert_eq!(
        row.as_object().unwrap().len(),
        sekisho_model::fields::FIELDS.len()
    );
    assert_eq!(row["start"], "2026-11-02T04:59:00.000000+00:00");
    assert_eq!(row["orig_address"], "10.40.1.20");
    assert_eq!(row["orig_mac"], "52:54:00:00:00:14");
    assert_eq!(row["resp_mac"], Value::Null);
    assert_eq!(row["duration"], 1.0);
}

#[tokio::test]
async fn alerts_are_found_by_each_key() {
    let site = Site::new();
    for (query, expected) in [
        ("severity=1", 5),
        ("severity=1,2", ALERTS),
        ("severity=3,4", 0),
        ("rule=PATH-DENY", ALERTS),
        ("rule=NONE", 0),
        ("orig_zone=office&resp_zone=server", ALERTS),
        ("orig_zone=server", 0),
        ("address=10.40.2.10", ALERTS),
        ("address=10.40.1.1", 5),
        ("address=192.0.2.1", 0),
        ("text=observed%2024", 1),
        ("text=6(3)%E3%82%A4", ALERTS),
        ("since=2026-11-02T04:40:00Z", 1),
        ("until=2026-11-02T00:05:00Z", 1),
    ] {
        let page = site.json(&format!("/api/v1/alerts?{query}")).await;

        assert_eq!(page["total"], expected, "{query}");
    }
}

#[tokio::test]
async fn cursors_lead_through_every_device_once_last_seen_first() {
    let site = Site::new();

    let (rows, pages) = all_pages(&site, "/api/v1/hosts?limit=5").await;

    assert_eq!(pages, 3);
    let ids: Vec<_> = rows.iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=HOSTS).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn devices_are_found_by_each_key() {
    let site = Site::new();
    for (query, expected) in [
        ("standing=known", 1),
        ("standing=retired", 1),
        ("standing=unknown", HOSTS - 2),
        ("standing=", HOSTS),
        ("zone=office", HOSTS),
        ("zone=off", 0),
        ("key=10.40.1.2", 1),
        ("key=10.40.1.99", 0),
        ("key=52-54-00-00-00-0C", 1),
        ("text=10.40.1.1", 4),
        ("text=%E7%B7%8F%E5%8B%99", 1),
        ("text=10.40.1.1&standing=known", 1),
    ] {
        let page = site.json(&format!("/api/v1/hosts?{query}")).await;

        assert_eq!(page["total"], expected, "{query}");
    }
}

#[tokio::test]
async fn hostile_names_are_data_in_json() {
    let site = Site::new();
    let filter = encoded("flow_id == 1005");

    let answer = site.get(&format!("/api/v1/flows?filter={filter}")).await;

    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert!(!answer.text.contains('\u{1b}') && !answer.text.contains('\n'));
    let page: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(page["rows"][0]["orig_zone"], HOSTILE);
    let overview = site.json("/api/v1/overview").await;
    let zones = overview["zones"].as_array().unwrap();
    assert!(zones.iter().any(|cell| cell["orig_zone"] == HOSTILE));
}
