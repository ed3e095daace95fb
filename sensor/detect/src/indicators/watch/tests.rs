//! Who met what is told once, with how much and with whom.

use std::net::IpAddr;

use sekisho_model::indicator::Value;
use sekisho_model::{Alert, App, Essential, Severity, TcpFlags};

use super::super::matcher::in_record;
use super::super::{Builder, List};
use super::*;

const DAY: i64 = 24 * 3600;

fn lists(values: &[&str]) -> Arc<Indicators> {
    let mut builder = Builder::default();
    builder.begin(List::named("SOC"));
    for (line, text) in (1..).zip(values) {
        let mut indicator = Indicator::new(Value::guess(text).unwrap(), &"SOC".into(), line);
        indicator.confidence = 90;
        indicator.note = "C2".into();
        builder.add(&indicator);
    }
    Arc::new(builder.finish(String::new()))
}

/// A flow that was answered: 100 octets there, 50 back.
fn flow(id: u64, orig: &str, resp: &str, at: i64) -> FlowRecord {
    let mut record = FlowRecord {
        flow_id: id,
        start: Timestamp::from_seconds(at, 0),
        end: Timestamp::from_seconds(at + 1, 0),
        ..FlowRecord::example()
    };
    record.orig.address = orig.parse().unwrap();
    record.resp.address = resp.parse().unwrap();
    record.to_resp.octets = 100;
    record.to_orig.octets = 50;
    record.to_orig.packets = 1;
    record.to_orig.tcp_flags = TcpFlags(TcpFlags::SYN | TcpFlags::ACK);
    record
}

struct Run {
    lists: Arc<Indicators>,
    watch: Watch,
    told: Vec<Told>,
}

impl Run {
    fn with(lists: Arc<Indicators>, limit: usize) -> Self {
        let mut watch = Watch::with_limit(limit);
        watch.follow(&lists);
        Self {
            lists,
            watch,
            told: Vec::new(),
        }
    }

    fn see(&mut self, record: &FlowRecord) {
        let mut found = Vec::new();
        in_record(&self.lists, record, &mut found);
        self.watch.see(record);
        self.watch.observe(record, found, &mut self.told);
    }

    fn end(mut self) -> Vec<Alert> {
        self.watch.drain(&mut self.told);
        self.told.into_iter().map(|told| told.alert).collect()
    }
}

fn hit(alert: &Alert) -> &Hit {
    alert.indicator.as_deref().unwrap()
}

#[test]
fn flows_of_one_host_with_one_indicator_are_one_alert_about_that_host() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 100);
    run.see(&flow(1, "192.168.1.5", "203.0.113.7", 200));
    run.see(&flow(2, "192.168.1.5", "203.0.113.7", 100));
    run.see(&flow(3, "192.168.1.6", "203.0.113.7", 300));
    run.see(&flow(4, "192.168.1.6", "203.0.113.8", 300));

    let alerts = run.end();

    let [first, second] = &alerts[..] else {
        panic!("{alerts:?}")
    };
    assert_eq!(
        (&*first.rule, first.severity, first.count),
        ("TI-ADDRESS", Severity::High, 2)
    );
    assert_eq!(first.subject, Some("192.168.1.5".parse().unwrap()));
    assert_eq!(
        (first.first_seen, first.flow.as_ref().unwrap().flow_id),
        (Timestamp::from_seconds(100, 0), 2)
    );
    let told = hit(first);
    assert_eq!(
        (told.octets_sent, told.octets_received, told.is_answered),
        (200, 100, true)
    );
    assert_eq!(
        (told.hosts, &told.others[..]),
        (2, &["192.168.1.6".parse::<IpAddr>().unwrap()][..])
    );
    assert_eq!(
        (
            &*told.indicator.source,
            told.indicator.line,
            &*told.indicator.note
        ),
        ("SOC", 1, "C2")
    );
    assert_eq!(second.subject, Some("192.168.1.6".parse().unwrap()));
    assert_ne!(first.id, second.id);
    for part in ["SOC", "203.0.113.7", "C2", "192.168.1.6", "200", "90"] {
        assert!(first.explanation.observed.en.contains(part) && first.explanation.observed.ja.contains(part));
    }
}

#[test]
fn a_listed_address_that_calls_is_about_the_host_that_is_called() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 100);
    let mut unanswered = flow(1, "203.0.113.7", "192.168.1.5", 100);
    unanswered.to_orig = Default::default();
    run.see(&unanswered);

    let alerts = run.end();

    assert_eq!(alerts[0].subject, Some("192.168.1.5".parse().unwrap()));
    assert_eq!(
        (alerts[0].severity, hit(&alerts[0]).is_answered),
        (Severity::Low, false)
    );
    assert_eq!(
        (hit(&alerts[0]).octets_sent, hit(&alerts[0]).octets_received),
        (0, 100)
    );
    assert!(alerts[0].title.en.contains("from"));
}

#[test]
fn an_indicator_that_half_the_network_meets_is_told_once_and_its_alerts_are_marked() {
    let mut run = Run::with(lists(&["203.0.113.7", "203.0.113.8"]), 1000);
    for n in 1..=24 {
        // Half of 24 hosts meet the first, one the second.
        let resp = if n % 2 == 0 { "203.0.113.7" } else { "198.51.100.1" };
        run.see(&flow(n, &format!("192.168.1.{n}"), resp, 100));
    }
    run.see(&flow(30, "192.168.1.3", "203.0.113.8", 100));

    let alerts = run.end();

    let prevalent: Vec<_> = alerts
        .iter()
        .filter(|alert| &*alert.rule == words::PREVALENT)
        .collect();
    let [prevalent] = &prevalent[..] else {
        panic!("{prevalent:?}")
    };
    assert_eq!(
        (prevalent.severity, prevalent.count, prevalent.subject),
        (Severity::Informational, 12, None)
    );
    let marked: Vec<_> = alerts
        .iter()
        .filter(|alert| alert.subject.is_some() && hit(alert).is_prevalent)
        .collect();
    assert_eq!(marked.len(), 12);
    assert!(
        marked
            .iter()
            .all(|alert| alert.severity == Severity::Informational)
    );
    let other = alerts
        .iter()
        .find(|alert| hit(alert).indicator.line == 2)
        .unwrap();
    assert_eq!((other.severity, hit(other).is_prevalent), (Severity::High, false));
}

#[test]
fn nine_hosts_are_not_too_many_even_if_they_are_all() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 1000);
    for n in 1..=9 {
        run.see(&flow(n, &format!("192.168.1.{n}"), "203.0.113.7", 100));
    }

    let alerts = run.end();

    assert!(alerts.len() == 9 && alerts.iter().all(|alert| alert.severity == Severity::High));
}

#[test]
fn an_indicator_counts_until_it_expires_in_packet_time() {
    let mut builder = Builder::default();
    builder.begin(List::named("SOC"));
    let mut indicator = Indicator::new(Value::guess("203.0.113.7").unwrap(), &"SOC".into(), 1);
    indicator.expires = Some(Timestamp::from_seconds(150, 0));
    builder.add(&indicator);
    let mut run = Run::with(Arc::new(builder.finish(String::new())), 100);
    run.see(&flow(1, "192.168.1.5", "203.0.113.7", 149));
    run.see(&flow(2, "192.168.1.6", "203.0.113.7", 150));

    let alerts = run.end();

    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].subject, Some("192.168.1.5".parse().unwrap()));
}

#[test]
fn what_goes_on_is_said_again_each_day() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 100);
    run.see(&flow(1, "192.168.1.5", "203.0.113.7", 0));
    let mut alerts = Vec::new();
    run.watch.expire(Timestamp::from_seconds(DAY, 0), &mut alerts);
    assert!(alerts.is_empty());
    run.see(&flow(2, "192.168.1.5", "203.0.113.7", DAY + 2));

    let alerts = run.end();

    assert_eq!(alerts.iter().map(|alert| alert.count).collect::<Vec<_>>(), [1, 1]);
    assert_ne!(alerts[0].id, alerts[1].id);
}

#[test]
fn too_many_folds_close_the_one_that_began_first_and_are_counted() {
    let mut run = Run::with(lists(&["203.0.113.0/24"]), 3);
    for n in 1..=5 {
        run.see(&flow(
            n,
            &format!("192.168.1.{n}"),
            "203.0.113.7",
            i64::try_from(n).unwrap(),
        ));
    }

    assert_eq!((run.told.len(), run.watch.closed_early()), (2, 2));
    assert_eq!(run.end().len(), 5);
}

#[test]
fn newer_lists_go_on_with_what_is_folded() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 100);
    run.see(&flow(1, "192.168.1.5", "203.0.113.7", 100));
    run.lists = lists(&["198.51.100.9", "203.0.113.7"]);
    let lists = Arc::clone(&run.lists);
    run.watch.follow(&lists);
    run.see(&flow(2, "192.168.1.5", "203.0.113.7", 110));

    let alerts = run.end();

    assert_eq!((alerts.len(), alerts[0].count), (1, 2));
}

#[test]
fn a_weak_fingerprint_alone_is_low_and_each_indicator_of_a_flow_has_its_alert() {
    let ja3 = "e7d705a3286e19ea42f587b344ee6865";
    let mut run = Run::with(lists(&[ja3, "evil.example"]), 100);
    let mut app = Box::new(App::default());
    app.set(Essential::ServerName, "www.evil.example", "tls.sni");
    app.set(Essential::Ja3, ja3, "tls.ja3.hash");
    run.see(&FlowRecord {
        app: Some(app),
        ..flow(1, "192.168.1.5", "203.0.113.7", 100)
    });

    let mut told: Vec<_> = run
        .end()
        .into_iter()
        .map(|alert| (alert.rule.to_string(), alert.severity))
        .collect();
    told.sort();

    assert_eq!(
        told,
        [
            ("TI-DOMAIN".to_owned(), Severity::High),
            ("TI-JA3".to_owned(), Severity::Low)
        ]
    );
}

#[test]
fn an_open_alert_is_told_once_for_each_time_it_grows_and_keeps_its_number() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 100);
    run.see(&flow(1, "192.168.1.5", "203.0.113.7", 200));

    let (mut first, mut second) = (Vec::new(), Vec::new());
    run.watch.news(&mut first);
    run.watch.news(&mut second);
    // A flow that had begun before.
    run.see(&flow(2, "192.168.1.5", "203.0.113.7", 100));
    run.watch.news(&mut second);
    run.watch.drain(&mut run.told);

    let all = [&first[..], &second, &run.told].concat();
    let told: Vec<_> = all.iter().map(|told| (told.is_told, told.alert.count)).collect();
    assert_eq!(told, [(false, 1), (true, 2), (true, 2)]);
    assert!(all.iter().all(|told| told.alert.id == all[0].alert.id));
    assert_eq!(all[2].alert.first_seen, Timestamp::from_seconds(100, 0));
}

#[test]
fn the_last_word_on_an_alert_knows_who_else_met_its_indicator() {
    let mut run = Run::with(lists(&["203.0.113.7"]), 100);
    run.see(&flow(1, "192.168.1.5", "203.0.113.7", 100));
    run.watch.news(&mut Vec::new());
    run.see(&flow(2, "192.168.1.6", "203.0.113.7", 200));

    run.watch.drain(&mut run.told);

    let first = &run.told[0];
    assert!(first.is_told && first.is_news);
    assert_eq!(hit(&first.alert).hosts, 2);
}
