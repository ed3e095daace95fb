//! Hunts over a store, with what indicators mean as their own type says it.

use std::sync::Arc;

use proptest::prelude::*;
use sekisho_model::indicator::{Kind, Value};
use sekisho_model::summary::Summary;
use sekisho_model::{App, ConnState, Essential, FlowRecord, Timestamp};

use super::*;
use crate::{AlertQuery, Embedded, Store as _, StoreWriter, TimeRange};

fn indicators(values: &[&str]) -> Vec<Indicator> {
    let source: Arc<str> = Arc::from("list");
    let values = values.iter().zip(1..);
    values
        .map(|(text, line)| Indicator::new(Value::guess(text).unwrap(), &source, line))
        .collect()
}

fn named(name: &str, host: u8, day: i64) -> FlowRecord {
    let mut app = Box::new(App::default());
    app.set(Essential::ServerName, name, "tls.sni");
    let example = FlowRecord::example();
    let start = Timestamp::from_nanos(example.start.nanos() + day * 86_400_000_000_000);
    let mut record = FlowRecord {
        app: Some(app),
        flow_id: u64::from(host),
        start,
        end: start,
        conn_state: Some(ConnState::SF),
        ..example
    };
    record.orig.address = [192, 0, 2, host].into();
    record
}

fn store(records: &[FlowRecord]) -> (tempfile::TempDir, Embedded) {
    let scratch = tempfile::tempdir().unwrap();
    let store = Embedded::create(&scratch.path().join("data")).unwrap();
    let mut writer = Box::new(store.writer().unwrap());
    for record in records {
        writer.flow(record).unwrap();
    }
    writer.finish(&Summary::default()).unwrap();
    (scratch, store)
}

fn found(store: &Embedded, hunt: &Hunt) -> Vec<Hit> {
    let found = store
        .look_back(&TimeRange::default(), hunt.wanted(), &|_, _| true)
        .unwrap();
    hunt.hits(&found.rows)
}

#[test]
fn a_hit_says_which_days_how_often_and_who() {
    let (_scratch, store) = store(&[
        named("c2.evil.example", 1, 0),
        named("www.evil.example", 2, 0),
        named("c2.evil.example", 1, 3),
        named("good.example", 3, 3),
    ]);
    let hunt = Hunt::new(indicators(&["evil.example", "203.0.113.0/24", "*.good.example"]));

    let hits = found(&store, &hunt);

    assert_eq!(hits.len(), 1);
    let sum = hits[0].sum().unwrap();
    assert_eq!(
        (sum.flows, sum.answered, sum.octets_to, sum.who_count),
        (3, 3, 180, 2)
    );
    let days: Vec<_> = hits[0]
        .days()
        .iter()
        .map(|(day, sum)| (*day, sum.who_count))
        .collect();
    assert_eq!(days, [(20_457, 1), (20_454, 2)]);
    assert_eq!(
        Vec::from_iter(hits[0].values()),
        ["c2.evil.example", "www.evil.example"]
    );
    let told: Vec<_> = preview(&hits)
        .iter()
        .map(|day| (day.day, day.alerts, day.flows))
        .collect();
    assert_eq!(told, [(20_457, 1, 1), (20_454, 2, 2)]);
}

#[test]
fn an_indicator_that_had_expired_is_none() {
    let (_scratch, store) = store(&[named("evil.example", 1, 0), named("evil.example", 1, 2)]);
    let mut listed = indicators(&["evil.example"]);
    listed[0].expires = Some(
        FlowRecord::example()
            .start
            .plus(std::time::Duration::from_secs(86_400)),
    );

    let hits = found(&store, &Hunt::new(listed));

    assert_eq!(
        (hits.len(), hits[0].rows.len(), hits[0].rows[0].day),
        (1, 1, 20_454)
    );
}

#[test]
fn hits_become_alerts_once_however_often_one_looks() {
    let (_scratch, store) = store(&[named("evil.example", 1, 0), named("evil.example", 2, 0)]);
    let hunt = Hunt::new(indicators(&["evil.example", "198.51.100.2:8443"]));
    let hits = found(&store, &hunt);

    let raised = hunt.raise(&store, &hits).unwrap();
    assert_eq!((raised.new, raised.known, raised.left_out), (4, 0, 0));
    let raised = hunt.raise(&store, &hits).unwrap();
    assert_eq!((raised.new, raised.known), (0, 4));

    let query = AlertQuery {
        rule: Some("TI-DOMAIN".to_owned()),
        lookback: Some(true),
        ..AlertQuery::default()
    };
    let alerts = store.alerts(&query).unwrap().rows;
    assert_eq!(alerts.len(), 2);
    // Believed by half and answered: one doubt of severity.
    assert_eq!(
        (alerts[0].severity, alerts[0].lookback, alerts[0].count),
        (2, true, 1)
    );
    // The ends are those of the flow, which is kept.
    assert_eq!(alerts[0].resp.as_ref().unwrap().port, 443);
    assert!(
        alerts[0]
            .explanation
            .observed
            .en
            .contains("the indicator evil.example means (list, number 1, confidence 50)")
    );
    let filter = sekisho_filter::Filter::parse(alerts[0].flows_filter.as_ref().unwrap()).unwrap();
    let flows = store
        .flows(&crate::FlowQuery {
            filter: Some(filter),
            ..crate::FlowQuery::default()
        })
        .unwrap();
    assert_eq!(flows.rows[0].0["flow_id"], alerts[0].flow_id.unwrap());
    assert_eq!(flows.rows.len(), 1);

    // The port was not compared, so it says so and counts for less.
    let query = AlertQuery {
        rule: Some("TI-ADDRESS".to_owned()),
        ..AlertQuery::default()
    };
    let alerts = store.alerts(&query).unwrap().rows;
    assert_eq!((alerts.len(), alerts[0].severity), (2, 3));
    assert!(alerts[0].explanation.observed.ja.contains("アドレスだけを照合"));
}

#[test]
fn a_port_is_compared_where_the_flows_are_kept() {
    let (scratch, store) = store(&[named("evil.example", 1, 0)]);
    let hunt = Hunt::new(indicators(&[
        "198.51.100.2:8443",
        "198.51.100.2:443",
        "192.0.2.1:50000",
    ]));
    let checked = |store: &Embedded| -> Vec<_> {
        let hits = hunt.check_ports(store, found(store, &hunt)).unwrap();
        hits.iter().map(|hit| (hit.indicator, hit.unchecked)).collect()
    };

    assert_eq!(checked(&store), [(1, None), (2, None)]);

    std::fs::remove_dir_all(scratch.path().join("data/flows")).unwrap();
    let unchecked = Some(Unchecked::Port);
    assert_eq!(checked(&store), [(0, unchecked), (1, unchecked), (2, unchecked)]);
}

#[test]
fn without_the_flows_an_alert_has_the_ends_that_the_day_knows() {
    let (scratch, store) = store(&[named("evil.example", 1, 0)]);
    std::fs::remove_dir_all(scratch.path().join("data/flows")).unwrap();
    let hunt = Hunt::new(indicators(&["evil.example", "198.51.100.2"]));
    let hits = found(&store, &hunt);

    assert_eq!(hunt.raise(&store, &hits).unwrap().new, 2);

    let alerts = store.alerts(&AlertQuery::default()).unwrap().rows;
    for alert in alerts {
        let orig = alert.orig.unwrap();
        assert_eq!(
            (orig.address.to_string().as_str(), alert.flow_id),
            ("192.0.2.1", None)
        );
        assert_eq!(alert.resp.is_some(), alert.rule == "TI-ADDRESS");
    }
}

proptest! {
    /// Against the types of indicators, which say themselves what they mean.
    #[test]
    fn a_value_belongs_to_the_indicators_that_mean_it(
        domains in prop::collection::vec("[*=]?[ab]\\.[ab]{1,2}", 0..5),
        networks in prop::collection::vec((0_u32..16, 26_u8..=32), 0..5),
        name in "[ab]{1,2}(\\.[ab]{1,2}){0,3}",
        address in 0_u32..16,
    ) {
        let domains = domains.iter().map(|text| text.replace('*', "*."));
        let networks = networks
            .iter()
            .map(|(host, length)| format!("192.0.2.{}/{length}", host * 16));
        let texts: Vec<_> = domains.chain(networks).collect();
        let listed = indicators(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let hunt = Hunt::new(listed.clone());
        let address: IpAddr = [192, 0, 2, u8::try_from(address * 16).unwrap()].into();
        let expected = |means: &dyn Fn(&Value) -> bool| -> Vec<usize> {
            (0..listed.len()).filter(|index| means(&listed[*index].value)).collect()
        };
        let sorted = |mut found: Vec<usize>| { found.sort_unstable(); found };

        let by_name = expected(&|value| matches!(value, Value::Domain(domain) if domain.means(&name)));
        prop_assert_eq!(sorted(hunt.meaning.of(DailyKind::Name, &name)), by_name);
        let by_address = expected(
            &|value| matches!(value, Value::Address { network, .. } if network.contains(&address)),
        );
        prop_assert_eq!(sorted(hunt.meaning.of(DailyKind::Address, &address.to_string())), by_address);
    }
}

#[test]
fn every_kind_of_indicator_is_looked_for() {
    let digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let mut listed = indicators(&[
        "203.0.113.7",
        "2001:db8::/32",
        "evil.example",
        "http://evil.example:8080/gate",
        "http://203.0.113.7/x",
        "e7d705a3286e19ea42f587b344ee6865",
        "t13d1516h2_8daaf6152771_b186095e22b6",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        digest,
    ]);
    let agent = Value::parse(Kind::UserAgent, "evil/1.0").unwrap();
    listed.push(Indicator::new(agent, &Arc::from("list"), 10));

    let hunt = Hunt::new(listed);

    for (kind, value, expected) in [
        (DailyKind::Address, "203.0.113.7", vec![0, 4]),
        (DailyKind::Address, "2001:db8::9", vec![1]),
        (DailyKind::Name, "evil.example", vec![2, 3]),
        (DailyKind::Ja3, "e7d705a3286e19ea42f587b344ee6865", vec![5]),
        (DailyKind::Ja4, "t13d1516h2_8daaf6152771_b186095e22b6", vec![6]),
        (
            DailyKind::CertificateSha1,
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            vec![7],
        ),
        (DailyKind::CertificateSha256, digest, vec![8]),
        (DailyKind::UserAgent, "evil/1.0", vec![9]),
    ] {
        let mut found = hunt.meaning.of(kind, value);
        found.sort_unstable();
        assert_eq!(found, expected, "{value}");
    }
    assert!(!hunt.wanted().is_empty());
}
