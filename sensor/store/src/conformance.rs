//! What every engine has to do, run against an empty store of it and a writer into that store.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sekisho_filter::{Filter, Row as _};
use sekisho_model::summary::{Summary, Volume};
use sekisho_model::{FlowRecord, Timestamp, Verdict};
use serde_json::json;

use crate::samples::{self, MIDNIGHT};
use crate::{
    AlertQuery, AlertRow, FlowQuery, FlowRow, Store, StoreError, StoreWriter, TimeRange, TrafficQuery,
};

const EXPRESSIONS: &[&str] = &[
    "verdict == denied",
    "zone == 総務課 and not protocol == tcp",
    "address == 192.0.2.3 or resp.port in {1, 3}",
    "vlan != 1",
    "not vlan == 1",
    "duration > 50s and octets >= 1k",
    "history matches \"^[A-C]\" or orig.mac contains 02:00",
    "start >= \"2026-11-23T00:30:00Z\"",
    "resp.port == 9",
];

/// Fills the store and asks it everything.
pub(crate) fn conforms(store: &dyn Store, mut writer: Box<dyn StoreWriter>) {
    is_empty(store);
    let records = records(400);
    let alerts: Vec<_> = (0..50).map(samples::alert).collect();
    let policy = json!({"name": "three zones"});
    let summary = Summary {
        packets: 12,
        policy_name: "three zones".to_owned(),
        first_packet: Some(Timestamp::from_seconds(MIDNIGHT, 0)),
        last_packet: Some(Timestamp::from_seconds(MIDNIGHT + 60, 0)),
        ..Summary::default()
    };

    for record in &records {
        writer.flow(record).unwrap();
    }
    for alert in alerts.iter().chain(&alerts[..3]) {
        writer.alert(alert).unwrap();
    }
    crate::conformance_hosts::devices_conform(store, writer.as_mut());
    writer.policy(&policy).unwrap();
    writer.policy_text(&samples::policy_text("1")).unwrap();
    assert_eq!(store.policy_versions().unwrap()[0].since, None);
    writer.finish(&summary).unwrap();

    assert_eq!(store.summary().unwrap(), Some(summary));
    assert_eq!(store.policy().unwrap(), Some(policy));
    let alerts: Vec<_> = alerts.iter().map(AlertRow::from).collect();
    flows_come_once_and_in_order(store, &records);
    a_flow_has_all_its_parts(store, &records);
    traffic_adds_up(store, &records);
    every_record_is_visited(store, &records);
    a_policy_version_has_its_text_and_its_time(store);
    alerts_come_once_and_in_order(store, &alerts);
    alerts_are_filtered(store, &alerts);
    nonsense_is_refused(store);
}

/// The same random records on every run.
pub(crate) fn records(count: usize) -> Vec<FlowRecord> {
    let mut runner = TestRunner::deterministic();
    let strategy = samples::record();
    (0..count)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn is_empty(store: &dyn Store) {
    let page = store.flows(&FlowQuery::default()).unwrap();
    assert_eq!((page.rows.len(), page.next, page.total), (0, None, Some(0)));
    assert_eq!(store.flow(1).unwrap(), []);
    assert_eq!(store.alerts(&AlertQuery::default()).unwrap().total, Some(0));
    assert_eq!(store.alert(1).unwrap(), None);
    assert_eq!(store.summary().unwrap(), None);
    assert_eq!(store.policy().unwrap(), None);
    assert_eq!(store.policy_versions().unwrap(), []);
    assert_eq!(store.policy_text("1").unwrap(), None);
    assert_eq!(store.span().unwrap(), None);
    let traffic = store.traffic(&TrafficQuery::default()).unwrap();
    assert_eq!((traffic.totals, traffic.series.len()), (Volume::default(), 0));
}

fn flows_come_once_and_in_order(store: &dyn Store, records: &[FlowRecord]) {
    let ranges = [
        TimeRange::default(),
        TimeRange {
            since: Some(Timestamp::from_seconds(MIDNIGHT - 1_000, 0)),
            until: Some(Timestamp::from_seconds(MIDNIGHT + 4_000, 7)),
        },
        TimeRange {
            since: Some(Timestamp::from_seconds(MIDNIGHT + 100_000, 0)),
            until: None,
        },
    ];
    let filters = EXPRESSIONS.iter().map(|text| Some(Filter::parse(text).unwrap()));
    for filter in filters.chain([None]) {
        for range in ranges {
            for limit in [7, 500] {
                let query = FlowQuery {
                    range,
                    filter: filter.clone(),
                    limit,
                    cursor: None,
                };
                assert_eq!(
                    paged(store, query.clone()),
                    expected(records, &query),
                    "{query:?}"
                );
            }
        }
    }
}

/// Every page of a query, one after the other.
pub(crate) fn paged(store: &dyn Store, mut query: FlowQuery) -> Vec<FlowRow> {
    let mut rows = Vec::new();
    let mut total = None;
    loop {
        let page = store.flows(&query).unwrap();
        assert!(page.rows.len() <= query.limit);
        assert_eq!(*total.get_or_insert(page.total), page.total);
        rows.extend(page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() {
            assert_eq!(total.flatten(), Some(rows.len() as u64));
            return rows;
        }
    }
}

/// What a query should give, from the records themselves.
pub(crate) fn expected(records: &[FlowRecord], query: &FlowQuery) -> Vec<FlowRow> {
    let mut found: Vec<_> = records
        .iter()
        .filter(|record| query.range.contains(record.start))
        .filter(|record| query.filter.as_ref().is_none_or(|filter| filter.matches(*record)))
        .collect();
    found.sort_by_key(|record| std::cmp::Reverse((record.start, record.flow_id, record.part)));
    found.into_iter().map(FlowRow::from).collect()
}

fn a_flow_has_all_its_parts(store: &dyn Store, records: &[FlowRecord]) {
    for flow_id in [0, 7, 19] {
        let mut parts: Vec<_> = records
            .iter()
            .filter(|record| record.flow_id == flow_id)
            .collect();
        parts.sort_by_key(|record| (record.part, record.start));

        let rows: Vec<_> = parts.into_iter().map(FlowRow::from).collect();
        assert!(!rows.is_empty());
        assert_eq!(store.flow(flow_id).unwrap(), rows);
    }
    assert_eq!(store.flow(u64::MAX).unwrap(), []);
}

fn traffic_adds_up(store: &dyn Store, records: &[FlowRecord]) {
    let first = records.iter().map(|record| record.start).min().unwrap();
    let last = records.iter().map(|record| record.end).max().unwrap();
    assert_eq!(store.span().unwrap(), Some((first, last)));
    let ranges = [
        TimeRange::default(),
        TimeRange {
            since: Some(Timestamp::from_seconds(MIDNIGHT - 600, 0)),
            until: Some(Timestamp::from_seconds(MIDNIGHT + 600, 0)),
        },
    ];
    for filter in [None, Some(Filter::parse("not verdict == allowed").unwrap())] {
        for range in ranges {
            let query = TrafficQuery {
                range,
                filter: filter.clone(),
                buckets: 24,
            };
            same_traffic(store, records, &query);
        }
    }
}

fn same_traffic(store: &dyn Store, records: &[FlowRecord], query: &TrafficQuery) {
    let counted: Vec<_> = records
        .iter()
        .filter(|record| query.range.contains(record.start))
        .filter(|record| query.filter.as_ref().is_none_or(|filter| filter.matches(*record)))
        .collect();
    let volume = |record: &FlowRecord| Volume {
        flows: 1,
        packets: record.packets(),
        octets: record.octets(),
    };
    let sum = |some: &dyn Fn(&FlowRecord) -> bool| {
        let mut sum = Volume::default();
        counted
            .iter()
            .filter(|record| some(record))
            .for_each(|record| sum.add(volume(record)));
        sum
    };

    let traffic = store.traffic(query).unwrap();

    assert_eq!(traffic.totals, sum(&|_| true));
    assert_eq!(traffic.series.len(), query.buckets);
    assert_eq!(traffic.series[0].at, traffic.since);
    for (index, point) in traffic.series.iter().enumerate() {
        let end = traffic
            .series
            .get(index + 1)
            .map_or(traffic.until, |next| next.at);
        let of = |verdict| {
            sum(&|record| record.verdict == verdict && point.at <= record.start && record.start < end)
        };
        assert_eq!(
            (point.allowed, point.denied, point.unknown),
            (of(Verdict::Allowed), of(Verdict::Denied), of(Verdict::Unknown))
        );
    }
    let mut cells = 0;
    for cell in &traffic.zones {
        let of = |verdict| {
            sum(&|record| {
                record.verdict == verdict
                    && *record.orig_zone == *cell.orig_zone
                    && *record.resp_zone == *cell.resp_zone
            })
        };
        assert_eq!(
            (cell.allowed, cell.denied, cell.unknown),
            (of(Verdict::Allowed), of(Verdict::Denied), of(Verdict::Unknown))
        );
        cells += cell.allowed.flows + cell.denied.flows + cell.unknown.flows;
    }
    assert_eq!(cells, traffic.totals.flows);
    let mut talkers: BTreeMap<_, Volume> = BTreeMap::new();
    for record in &counted {
        talkers
            .entry(record.orig.address)
            .or_default()
            .add(volume(record));
        if record.resp.address != record.orig.address {
            talkers
                .entry(record.resp.address)
                .or_default()
                .add(volume(record));
        }
    }
    let mut talkers: Vec<_> = talkers
        .into_iter()
        .map(|(address, volume)| (address.to_string(), volume))
        .collect();
    talkers.sort_by_key(|(_, volume)| std::cmp::Reverse(volume.octets));
    let found: Vec<_> = traffic
        .talkers
        .iter()
        .map(|talker| (talker.address.clone(), talker.volume))
        .collect();
    assert_eq!(found, talkers[..10]);
    assert_eq!(traffic.talkers_missed, 0);
}

fn every_record_is_visited(store: &dyn Store, records: &[FlowRecord]) {
    let fields: Vec<_> = ["flow_id", "service", "vlan"]
        .into_iter()
        .filter_map(sekisho_model::fields::find)
        .collect();
    let range = TimeRange {
        since: Some(Timestamp::from_seconds(MIDNIGHT - 1_000, 0)),
        until: Some(Timestamp::from_seconds(MIDNIGHT + 4_000, 7)),
    };
    for range in [TimeRange::default(), range] {
        let mut expected: Vec<_> = records
            .iter()
            .filter(|record| range.contains(record.start))
            .map(|record| format!("{:?}", fields.iter().map(|f| record.value(f)).collect::<Vec<_>>()))
            .collect();
        let mut seen = Vec::new();

        store
            .visit(&range, &fields, &mut |row| {
                seen.push(format!(
                    "{:?}",
                    fields.iter().map(|f| row.value(f)).collect::<Vec<_>>()
                ));
            })
            .unwrap();

        seen.sort();
        expected.sort();
        assert_eq!(seen, expected);
    }
}

fn a_policy_version_has_its_text_and_its_time(store: &dyn Store) {
    let text = samples::policy_text("1");

    let versions = store.policy_versions().unwrap();

    assert_eq!(versions.len(), 1);
    assert_eq!((versions[0].hash.as_str(), versions[0].runs), ("1", 1));
    assert_eq!(versions[0].since, Some(Timestamp::from_seconds(MIDNIGHT, 0)));
    assert_eq!(versions[0].until, Some(Timestamp::from_seconds(MIDNIGHT + 60, 0)));
    assert_eq!(store.policy_text("1").unwrap(), Some(text.files));
    assert_eq!(store.policy_text("2").unwrap(), None);
}

fn newest_first(alerts: &[AlertRow]) -> Vec<AlertRow> {
    let mut alerts = alerts.to_vec();
    alerts.sort_by_key(|alert| std::cmp::Reverse((alert.last_seen, alert.id)));
    alerts
}

fn alerts_come_once_and_in_order(store: &dyn Store, alerts: &[AlertRow]) {
    let mut query = AlertQuery {
        limit: 7,
        ..AlertQuery::default()
    };
    let mut rows = Vec::new();
    loop {
        let page = store.alerts(&query).unwrap();
        assert_eq!(page.total, Some(50));
        rows.extend(page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(rows, newest_first(alerts));
    assert_eq!(store.alert(7).unwrap().as_ref(), Some(&alerts[7]));
    assert_eq!(store.alert(50).unwrap(), None);
}

fn alerts_are_filtered(store: &dyn Store, alerts: &[AlertRow]) {
    type Asked = (AlertQuery, fn(&AlertRow) -> bool);
    let all = AlertQuery::default;
    let range = TimeRange {
        since: Some(alerts[9].last_seen),
        until: Some(alerts[30].last_seen),
    };
    let asked: [Asked; 9] = [
        (
            AlertQuery {
                severity: vec![1, 3],
                ..all()
            },
            |alert| alert.severity % 2 == 1,
        ),
        (
            AlertQuery {
                rule: Some("PATH-DENY".into()),
                ..all()
            },
            |alert| alert.rule == "PATH-DENY",
        ),
        (
            AlertQuery {
                orig_zone: Some("office".into()),
                ..all()
            },
            |alert| alert.orig.as_ref().is_some_and(|orig| orig.zone == "office"),
        ),
        (
            AlertQuery {
                resp_zone: Some("office".into()),
                ..all()
            },
            |alert| alert.resp.as_ref().is_some_and(|resp| resp.zone == "office"),
        ),
        (
            AlertQuery {
                address: Some("2001:db8::4".parse().unwrap()),
                ..all()
            },
            |alert| {
                let ends = alert.orig.iter().chain(&alert.resp);
                ends.map(|end| end.address.to_string())
                    .any(|address| address == "2001:db8::4")
            },
        ),
        (
            AlertQuery {
                text: Some("号が話し".into()),
                severity: vec![2],
                ..all()
            },
            |alert| alert.severity == 2,
        ),
        (
            AlertQuery {
                text: Some("number 12 talked".into()),
                ..all()
            },
            |alert| alert.id == 12,
        ),
        (
            AlertQuery {
                text: Some("6(3)".into()),
                ..all()
            },
            |alert| !alert.clause.is_empty(),
        ),
        (
            AlertQuery {
                text: Some("%".into()),
                ..all()
            },
            |_| false,
        ),
    ];
    for (query, matches) in asked {
        let page = store.alerts(&query).unwrap();

        let kept: Vec<_> = newest_first(alerts).into_iter().filter(matches).collect();
        assert_eq!(page.total, Some(kept.len() as u64), "{query:?}");
        assert_eq!(page.rows, kept, "{query:?}");
    }

    let page = store.alerts(&AlertQuery { range, ..all() }).unwrap();
    let totals = store.alert_totals(&range).unwrap();
    let kept: Vec<_> = newest_first(alerts)
        .into_iter()
        .filter(|alert| range.contains(alert.last_seen))
        .collect();
    assert_eq!(page.rows, kept);
    assert_eq!(totals.total, kept.len() as u64);
    assert_eq!(totals.by_severity.values().sum::<u64>(), totals.total);
    let denied = kept.iter().filter(|alert| alert.rule == "PATH-DENY").count();
    assert_eq!(totals.by_rule["PATH-DENY"], denied as u64);
}

fn nonsense_is_refused(store: &dyn Store) {
    let is_query = |result: Option<StoreError>| matches!(result, Some(StoreError::Query(_)));
    for limit in [0, 501] {
        let flows = FlowQuery {
            limit,
            ..FlowQuery::default()
        };
        let alerts = AlertQuery {
            limit,
            ..AlertQuery::default()
        };
        let traffic = TrafficQuery {
            buckets: limit,
            ..TrafficQuery::default()
        };
        assert!(is_query(store.flows(&flows).err()));
        assert!(is_query(store.alerts(&alerts).err()));
        assert!(is_query(store.traffic(&traffic).err()));
    }
    for cursor in ["", "x", "1_2_3_4_5", "1_2_3_4_5_6_7", "999999999999999999999_0"] {
        let cursor = Some(cursor.to_owned());
        let flows = FlowQuery {
            cursor: cursor.clone(),
            ..FlowQuery::default()
        };
        let alerts = AlertQuery {
            cursor,
            ..AlertQuery::default()
        };
        assert!(is_query(store.flows(&flows).err()));
        assert!(is_query(store.alerts(&alerts).err()));
    }
    let backwards = TimeRange {
        since: Some(Timestamp::from_seconds(2, 0)),
        until: Some(Timestamp::from_seconds(1, 0)),
    };
    let traffic = TrafficQuery {
        range: backwards,
        ..TrafficQuery::default()
    };
    assert!(is_query(store.traffic(&traffic).err()));
}
