//! Legs over a gateway that are paired and that are not, at every distance in time.

use sekisho_model::{Alert, Explanation};
use sekisho_policy::{Question, Source};

use super::*;

const FROM: &str = "10.0.0.5";
const NEAR: &str = "10.0.0.9";
const FAR: &str = "10.1.0.9";
const TO: &str = "10.2.0.7";

fn policy(mode: &str) -> Policy {
    let text = format!(
        "schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\nmode = \"{mode}\"\n\
         [zone.a]\nnetworks = [\"10.0.0.0/24\"]\nintra = \"deny\"\n[zone.g]\nnetworks = [\"10.1.0.0/24\"]\n\
         [zone.b]\nnetworks = [\"10.2.0.0/24\"]\n\
         [gateway.clean]\nnear = [\"{NEAR}\"]\nfar = [\"{FAR}\"]\npair_within = \"60s\"\nlabel.en = \"the cleaner\"\n\
         [[path]]\nid = \"PATH-0001\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\nports = [25]\nvia = \"clean\"\n\
         clause = \"6(3)\"\n"
    );
    let source = Source {
        name: "p.toml".to_owned(),
        text: text.into(),
    };
    Policy::compile(&[source]).unwrap()
}

/// An answered flow between two hosts, from and to a second, and the leg that it is.
fn flow(policy: &Policy, orig: &str, resp: &str, start: i64, end: i64) -> (EntryId, FlowRecord) {
    let mut record = FlowRecord {
        start: Timestamp::from_seconds(start, 0),
        end: Timestamp::from_seconds(end, 0),
        ..FlowRecord::example()
    };
    (record.orig.address, record.resp.address) = (orig.parse().unwrap(), resp.parse().unwrap());
    record.resp.port = 25;
    record.to_resp.payload_octets = 100;
    record.to_orig.payload_octets = 100;
    let judgement = policy.judge(&Question::of(&record));
    (record.verdict, record.rule) = (judgement.verdict, judgement.rule);
    (judgement.entry.unwrap(), record)
}

fn near(policy: &Policy, start: i64, end: i64) -> (EntryId, FlowRecord) {
    flow(policy, FROM, NEAR, start, end)
}

fn far(policy: &Policy, start: i64, end: i64) -> (EntryId, FlowRecord) {
    flow(policy, FAR, TO, start, end)
}

fn observe(gateways: &mut Gateways, flows: impl IntoIterator<Item = (EntryId, FlowRecord)>) {
    for (entry, record) in flows {
        gateways.observe(entry, &record);
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_seconds(second, 0)
}

/// What is watched from the first second on.
fn watched(policy: &Policy) -> Gateways {
    let mut gateways = Gateways::new(policy, &FlowConfig::default());
    gateways.note(&Brief {
        start: at(0),
        ..Brief::of(&FlowRecord::example())
    });
    gateways
}

/// The alerts of an input of 10,000 s.
fn alerts(flows: impl IntoIterator<Item = (EntryId, FlowRecord)>) -> Vec<Alert> {
    let mut gateways = watched(&policy("enforce"));
    let mut closed = Vec::new();
    observe(&mut gateways, flows);
    gateways.drain(at(10_000), &mut closed);
    closed.into_iter().map(|told| told.alert).collect()
}

#[test]
fn a_flow_that_goes_on_is_none_and_one_that_does_not_is_an_alert_about_the_gateway() {
    let policy = policy("enforce");
    let at_peace = [near(&policy, 1_000, 1_010), far(&policy, 1_040, 1_050)];
    assert!(alerts(at_peace).is_empty());

    let found = alerts([near(&policy, 1_000, 1_010), near(&policy, 2_000, 2_010)]);

    let [alert] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&*alert.rule, alert.signature_id), ("GATEWAY-GAP", 1_000_011));
    assert_eq!((alert.count, &*alert.clause), (2, "6(3)"));
    assert_eq!((alert.first_seen, alert.last_seen), (at(1_000), at(2_010)));
    assert_eq!(alert.flow.as_ref().unwrap().resp.address.to_string(), NEAR);
    assert_eq!(alert.subject, NEAR.parse().ok());
    let Explanation {
        observed, expected, ..
    } = &alert.explanation;
    assert_eq!(
        observed.en,
        "On one side of the cleaner there are 2 answered flows, such as 10.0.0.5 to 10.0.0.9 over tcp/25; and on its other side there is none within 60 s."
    );
    assert!(observed.ja.contains("入口側") && expected.ja.contains("出口 10.1.0.9 からの通信"));
}

#[test]
fn what_comes_out_without_having_been_handed_in_is_another() {
    let policy = policy("enforce");

    let found = alerts([
        far(&policy, 1_000, 1_010),
        near(&policy, 3_000, 3_010),
        far(&policy, 5_000, 5_010),
        near(&policy, 4_995, 5_000),
    ]);

    let titles: Vec<_> = found.iter().map(|alert| alert.title.en.as_str()).collect();
    assert_eq!(
        titles,
        [
            "What was handed to a gateway did not go on from it",
            "A gateway passed on what was never handed to it"
        ]
    );
    let subjects: Vec<_> = found.iter().map(|alert| alert.subject).collect();
    assert_eq!(subjects, [NEAR.parse().ok(), FAR.parse().ok()]);
}

#[test]
fn the_other_leg_may_last_or_come_before_or_after_within_its_time() {
    let policy = policy("enforce");
    for (start, end, is_near_enough) in [
        (100, 9_000, true),
        (900, 941, true),
        (1_070, 1_100, true),
        (800, 900, false),
        (1_120, 1_130, false),
    ] {
        let leg = near(&policy, 1_000, 1_010);
        let other = far(&policy, start, end);

        let gaps = alerts([leg, other]);

        let near_gaps = gaps
            .iter()
            .filter(|alert| alert.flow.as_ref().unwrap().resp.address.to_string() == NEAR);
        assert_eq!(near_gaps.count() == 0, is_near_enough, "{start} to {end}");
    }
}

#[test]
fn what_is_not_answered_or_lies_at_the_edge_of_the_input_says_nothing() {
    let policy = policy("enforce");
    let (entry, mut unanswered) = near(&policy, 1_000, 1_010);
    unanswered.to_orig.payload_octets = 0;

    let found = alerts([
        (entry, unanswered),
        near(&policy, 30, 40),
        near(&policy, 9_900, 9_970),
    ]);

    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn it_is_decided_while_the_input_goes_on_and_said_once_a_day() {
    let policy = policy("enforce");
    let mut gateways = watched(&policy);
    let mut closed = Vec::new();
    let day = 24 * 3_600;
    for hour in 0..49 {
        observe(
            &mut gateways,
            [near(&policy, 100 + hour * 3_600, 110 + hour * 3_600)],
        );
        gateways.expire(at(110 + hour * 3_600), &mut closed);
    }
    assert_eq!(closed.len(), 1);
    gateways.drain(at(3 * day), &mut closed);

    let counts: Vec<_> = closed.iter().map(|told| told.alert.count).collect();
    assert_eq!(counts, [25, 24]);
    assert_ne!(closed[0].alert.id, closed[1].alert.id);
}

#[test]
fn a_flow_that_waits_finds_a_leg_whose_record_comes_half_an_hour_later() {
    let policy = policy("enforce");
    let mut gateways = watched(&policy);
    let mut closed = Vec::new();
    observe(&mut gateways, [near(&policy, 1_000, 1_010)]);

    // The other leg is written when it has lasted for half an hour.
    gateways.expire(at(2_809), &mut closed);
    observe(&mut gateways, [far(&policy, 1_009, 2_809)]);
    gateways.expire(at(9_000), &mut closed);
    gateways.drain(at(10_000), &mut closed);

    assert!(
        closed
            .iter()
            .all(|told| told.alert.flow.as_ref().unwrap().resp.address.to_string() != NEAR)
    );
}

#[test]
fn a_changed_policy_begins_anew_and_goes_on_with_the_same_alert() {
    let policy = policy("enforce");
    let mut gateways = watched(&policy);
    let mut closed = Vec::new();
    observe(&mut gateways, [near(&policy, 1_000, 1_010)]);
    gateways.expire(at(4_000), &mut closed);

    gateways.follow(&policy, &FlowConfig::default(), at(4_000));
    observe(
        &mut gateways,
        [near(&policy, 3_990, 4_100), near(&policy, 5_000, 5_010)],
    );
    gateways.drain(at(10_000), &mut closed);

    let counts: Vec<_> = closed.iter().map(|told| told.alert.count).collect();
    assert_eq!(counts, [2]);
}

#[test]
fn an_open_alert_is_told_once_for_each_time_it_grows_and_keeps_its_number() {
    let policy = policy("enforce");
    let mut gateways = watched(&policy);
    let mut told = Vec::new();
    for hour in 0..3 {
        let start = 1_000 + hour * 3_600;
        observe(&mut gateways, [near(&policy, start, start + 10)]);
        gateways.expire(at(start + 3_000), &mut Vec::new());
        gateways.news(&mut told);
        gateways.news(&mut told);
    }
    gateways.drain(at(20_000), &mut told);

    let said: Vec<_> = told
        .iter()
        .map(|told| (told.is_told, told.is_news, told.alert.count))
        .collect();
    assert_eq!(
        said,
        [
            (false, true, 1),
            (true, true, 2),
            (true, true, 3),
            (true, false, 3)
        ]
    );
    assert!(told.iter().all(|one| one.alert.id == told[0].alert.id));
}

#[test]
fn a_policy_that_learns_alerts_nobody() {
    let policy = policy("learn");
    let mut gateways = watched(&policy);
    let mut closed = Vec::new();

    observe(&mut gateways, [near(&policy, 1_000, 1_010)]);
    gateways.drain(at(10_000), &mut closed);

    assert!(closed.is_empty());
}

#[test]
fn groups_are_bounded_and_counted() {
    let policy = policy("enforce");
    let mut gateways = watched(&policy);
    gateways.limit = 2;
    let mut closed = Vec::new();

    observe(
        &mut gateways,
        [1_000, 2_000, 2_001, 3_000].map(|start| near(&policy, start, start + 5)),
    );
    gateways.drain(at(10_000), &mut closed);

    assert_eq!((gateways.undecided(), closed[0].alert.count), (1, 3));
}
