//! Daily sets as a whole: written by runs, merged, looked through.

use std::collections::BTreeMap;
use std::net::IpAddr;

use proptest::prelude::*;
use sekisho_model::app::{Event, Facts, FlowRef, Said, Transaction};
use sekisho_model::summary::Summary;
use sekisho_model::{App, Essential, FlowRecord, Timestamp};

use super::gather::Gathered;
use super::*;
use crate::{Embedded, Store as _, StoreWriter, TimeRange, samples};

fn store() -> (tempfile::TempDir, Embedded) {
    let scratch = tempfile::tempdir().unwrap();
    let store = Embedded::create(&scratch.path().join("data")).unwrap();
    (scratch, store)
}

fn write(store: &Embedded, records: &[FlowRecord], said: &[Said]) {
    let mut writer = Box::new(store.writer().unwrap());
    for record in records {
        writer.flow(record).unwrap();
    }
    for said in said {
        writer.said(said).unwrap();
    }
    writer.finish(&Summary::default()).unwrap();
}

fn find(store: &Embedded, wanted: &Wanted) -> Vec<DailyRow> {
    store
        .look_back(&TimeRange::default(), wanted, &|_, _| true)
        .unwrap()
        .rows
}

fn value(kind: DailyKind, word: &str) -> Wanted {
    let mut wanted = Wanted::new();
    wanted.value(kind, word);
    wanted
}

fn named(what: Essential, value: &str, from: &'static str) -> FlowRecord {
    let mut app = Box::new(App::default());
    app.set(what, value, from);
    FlowRecord {
        app: Some(app),
        ..FlowRecord::example()
    }
}

fn said(protocol: &'static str, facts: Facts) -> Said {
    let record = FlowRecord::example();
    Said {
        flow: Some(FlowRef {
            flow_id: 1,
            orig: record.orig,
            resp: record.resp,
            protocol: record.protocol,
            vlan: None,
            inner_vlan: None,
            orig_mac: None,
            resp_mac: None,
            community_id: "".into(),
            orig_zone: "unknown".into(),
            resp_zone: "unknown".into(),
        }),
        mac: None,
        ordinal: 0,
        event: Event::Transaction(Transaction {
            protocol,
            at: record.start,
            facts,
            also: None,
        }),
    }
}

#[test]
fn a_flow_is_found_by_either_end_by_its_name_and_by_its_fingerprints() {
    let (_scratch, store) = store();
    let mut record = named(Essential::ServerName, "WWW.Evil.Example.", "tls.sni");
    let app = record.app.as_mut().unwrap();
    app.set(Essential::Ja3, "e7d705a3286e19ea42f587b344ee6865", "tls.ja3.hash");
    app.set(
        Essential::ClientSoftware,
        "OpenSSH_9.9",
        "ssh.client.software_version",
    );
    record.to_orig.octets = 40;
    write(&store, &[record], &[]);

    let [row] = &find(&store, &value(DailyKind::Address, "198.51.100.2"))[..] else {
        panic!("one row")
    };
    assert_eq!((row.sum.flows, row.sum.began, row.sum.answered), (1, 0, 0));
    assert_eq!((row.sum.octets_to, row.sum.octets_from), (60, 40));
    assert_eq!((row.sum.who_count, row.sum.who_is_estimate), (1, false));
    assert_eq!(row.sum.who, ["192.0.2.1".parse::<IpAddr>().unwrap()]);
    // 2026-01-01, the day of the example: `date -u -d @1767225600 +%F`.
    assert_eq!(
        (row.day, row.sum.first.to_string().as_str()),
        (20_454, "2026-01-01T00:00:00.000000+00:00")
    );

    let [row] = &find(&store, &value(DailyKind::Address, "192.0.2.1"))[..] else {
        panic!("one row")
    };
    assert_eq!(
        (row.sum.began, row.sum.octets_to, row.sum.octets_from),
        (1, 40, 60)
    );
    let mut below = Wanted::new();
    below.below("evil.example");
    assert_eq!(find(&store, &below)[0].value, "www.evil.example");
    assert_eq!(find(&store, &value(DailyKind::Name, "www.EVIL.example")).len(), 1);
    assert_eq!(find(&store, &value(DailyKind::Name, "evil.example")), []);
    assert_eq!(
        find(&store, &value(DailyKind::Ja3, "E7D705A3286E19EA42F587B344EE6865")).len(),
        1
    );
    assert_eq!(find(&store, &value(DailyKind::UserAgent, "OpenSSH_9.9")), []);
}

#[test]
fn what_is_asked_for_in_dns_and_http_is_found_without_a_flow_to_it() {
    let (_scratch, store) = store();
    let mut question = Facts::new();
    question.put("rrname", "c2.evil.example").put("rrtype", "A");
    let mut dns = Facts::new();
    dns.put("queries", vec![question]);
    let mut http = Facts::new();
    http.put("hostname", "203.0.113.9")
        .put("http_user_agent", "evil/1.0");
    let mut tls = Facts::new();
    tls.put(
        "fingerprint",
        "da:39:a3:ee:5e:6b:4b:0d:32:55:bf:ef:95:60:18:90:af:d8:07:09",
    );
    write(
        &store,
        &[],
        &[said("dns", dns), said("http", http), said("tls", tls)],
    );

    for (kind, word) in [
        (DailyKind::Name, "c2.evil.example"),
        (DailyKind::Address, "203.0.113.9"),
        (DailyKind::UserAgent, "evil/1.0"),
        (
            DailyKind::CertificateSha1,
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        ),
    ] {
        let rows = find(&store, &value(kind, word));
        assert_eq!(
            (rows.len(), rows[0].sum.flows, rows[0].sum.mentions),
            (1, 0, 1),
            "{word}"
        );
    }
}

#[test]
fn late_data_adds_to_a_day_that_is_written_already() {
    let (_scratch, store) = store();
    for _ in 0..3 {
        write(&store, &[FlowRecord::example()], &[]);
    }

    let rows = find(&store, &value(DailyKind::Address, "198.51.100.2"));

    assert_eq!(
        (rows.len(), rows[0].sum.flows, rows[0].sum.octets_to),
        (1, 3, 180)
    );
    let files = Files::of(store.layout.root());
    let names: Vec<_> = files
        .parts(20_454)
        .unwrap()
        .iter()
        .map(|part| (part.first, part.last))
        .collect();
    assert_eq!(names, [(0, 2)]);
}

#[test]
fn a_day_that_is_full_takes_no_new_value_and_counts_them() {
    let mut gathered = Gathered::new(3);
    let mut record = FlowRecord::example();
    gathered.flow(&record);
    record.resp.address = "198.51.100.3".parse().unwrap();
    gathered.flow(&record);
    record.resp.address = "198.51.100.4".parse().unwrap();
    gathered.flow(&record);
    assert_eq!((gathered.waiting(), gathered.missed()), (3, 1));

    // What is written counts too; another day has room again.
    assert_eq!(gathered.take(20_454).len(), 3);
    gathered.flow(&record);
    assert_eq!((gathered.waiting(), gathered.missed()), (0, 3));
    record.start = record.start.plus(std::time::Duration::from_secs(86_400));
    gathered.flow(&record);
    assert_eq!((gathered.waiting(), gathered.missed()), (2, 3));
}

#[test]
fn days_with_flows_and_without_a_set_are_named() {
    let (_scratch, store) = store();
    write(&store, &[FlowRecord::example()], &[]);
    std::fs::remove_dir_all(store.layout.root().join("daily")).unwrap();

    let found = store
        .look_back(&TimeRange::default(), &Wanted::new(), &|_, _| true)
        .unwrap();

    assert_eq!((found.days, found.without_set), (0, vec![20_454]));
}

#[test]
fn whoever_has_had_enough_gets_what_was_found_until_then() {
    let (_scratch, store) = store();
    let records: Vec<_> = (0..20)
        .map(|day| FlowRecord {
            start: Timestamp::from_seconds(samples::MIDNIGHT + day * 86_400, 0),
            ..FlowRecord::example()
        })
        .collect();
    write(&store, &records, &[]);

    let wanted = value(DailyKind::Address, "198.51.100.2");
    let found = store
        .look_back(&TimeRange::default(), &wanted, &|_, _| false)
        .unwrap();

    assert_eq!(found.days, 20);
    assert!((1..=8).contains(&found.looked) && found.rows.len() == found.looked);
}

#[test]
fn a_damaged_file_is_an_error_that_names_it() {
    let (_scratch, store) = store();
    write(&store, &[FlowRecord::example()], &[]);
    let path = Files::of(store.layout.root()).parts(20_454).unwrap()[0]
        .path
        .clone();
    let whole = std::fs::read(&path).unwrap();
    let wanted = value(DailyKind::Address, "198.51.100.2");

    for (at, octet) in whole.iter().enumerate().step_by(5) {
        let mut broken = whole.clone();
        broken[at] = !octet;
        std::fs::write(&path, &broken).unwrap();
        // An answer or an error, never a panic.
        let _ = store.look_back(&TimeRange::default(), &wanted, &|_, _| true);
    }
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = store
        .look_back(&TimeRange::default(), &wanted, &|_, _| true)
        .unwrap_err();
    assert!(error.to_string().contains("part-0000-0000.parquet"), "{error}");
}

/// Flows, octets each way and peers.
type Sums = (u64, u64, u64, Vec<IpAddr>);

/// What the records say of each day and address.
fn expected(records: &[FlowRecord]) -> BTreeMap<(i64, IpAddr), Sums> {
    let mut sums: BTreeMap<_, Sums> = BTreeMap::new();
    for record in records {
        let day = record.start.nanos().div_euclid(86_400_000_000_000);
        let (orig, resp) = (record.orig.address, record.resp.address);
        let (sent, returned) = (record.to_resp.octets, record.to_orig.octets);
        for (address, peer, to, from) in [(resp, orig, sent, returned), (orig, resp, returned, sent)] {
            let sum = sums.entry((day, address)).or_default();
            *sum = (sum.0 + 1, sum.1 + to, sum.2 + from, std::mem::take(&mut sum.3));
            sum.3.push(peer);
            sum.3.sort_unstable();
            sum.3.dedup();
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_address_of_every_record_is_found_with_its_sums_whatever_runs_wrote_it(
        runs in prop::collection::vec(prop::collection::vec(samples::record(), 0..12), 1..4),
    ) {
        let (_scratch, store) = store();
        for run in &runs {
            write(&store, run, &[]);
        }
        let mut wanted = Wanted::new();
        wanted.addresses("0.0.0.0".parse().unwrap(), "255.255.255.255".parse().unwrap());
        wanted.addresses("::".parse().unwrap(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap());

        let found: BTreeMap<_, _> = find(&store, &wanted)
            .into_iter()
            .map(|row| {
                let sums = (row.sum.flows, row.sum.octets_to, row.sum.octets_from, row.sum.who);
                ((row.day, row.value.parse().unwrap()), sums)
            })
            .collect();

        prop_assert_eq!(found, expected(&runs.concat()));
    }
}
