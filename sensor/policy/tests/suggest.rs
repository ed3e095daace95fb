//! What is proposed from traffic, and what is left unknown.

use std::net::IpAddr;

use sekisho_model::{ConnState, FlowRecord, Protocol, Timestamp, Verdict};
use sekisho_policy::suggest::{Base, Options, Reason, Suggest, Suggestion};
use sekisho_policy::{Observation, Policy, Question, Source};

const ZONES: &str = "schema = 1\n[policy]\nname = \"x\"\nversion = \"1\"\n\
    [zone.office]\nnetworks = [\"10.1.0.0/16\"]\nintra = \"deny\"\n\
    [zone.server]\nnetworks = [\"10.2.0.0/16\"]\n\
    [zone.school]\nnetworks = [\"10.3.0.0/16\"]\nexcluded = true\n\
    [zone.world]\nnetworks = [\"0.0.0.0/0\"]\n";

fn base(text: &str) -> Base {
    let source = Source {
        name: "site/policy.toml".to_owned(),
        text: format!("{ZONES}{text}").into(),
    };
    Base {
        policy: Policy::compile(std::slice::from_ref(&source)).unwrap(),
        sources: vec![source],
        name: "site/suggested.toml".to_owned(),
    }
}

/// An answered TCP connection.
fn tcp(orig: &str, resp: &str, port: u16) -> FlowRecord {
    let mut record = FlowRecord::example();
    record.orig.address = orig.parse().unwrap();
    record.resp.address = resp.parse().unwrap();
    record.resp.port = port;
    record.conn_state = Some(ConnState::SF);
    record.to_orig.packets = 1;
    record.to_orig.octets = 40;
    record
}

fn unanswered(mut record: FlowRecord) -> FlowRecord {
    record.conn_state = Some(ConnState::S0);
    record.to_orig.packets = 0;
    record
}

fn suggest(base: Option<Base>, options: Options, records: &[FlowRecord]) -> Suggestion {
    let mut suggest = Suggest::new(base, options);
    for record in records {
        suggest.observe(&Observation::of(record));
    }
    suggest.finish().unwrap()
}

fn judged(suggestion: &Suggestion, record: &FlowRecord) -> Verdict {
    let source = Source {
        name: "suggested.toml".to_owned(),
        text: suggestion.text.clone().into(),
    };
    let policy = Policy::compile(&[source]).unwrap();
    policy.judge(&Question::of(record)).verdict
}

fn left(suggestion: &Suggestion) -> Vec<(Reason, u64)> {
    suggestion
        .left
        .iter()
        .map(|(reason, volume)| (*reason, volume.records))
        .collect()
}

#[test]
fn a_policy_of_its_own_is_of_the_day_on_which_its_traffic_ended_in_japan() {
    let mut last = tcp("10.1.0.1", "10.2.0.1", 443);
    // 01:30 on the fifth, nine hours ahead of UTC.
    last.start = Timestamp::parse("2026-11-04T16:30:00Z").unwrap();
    last.end = last.start;

    let suggestion = suggest(None, Options::default(), &[last]);

    let version = suggestion.text.lines().find(|line| line.starts_with("version"));
    assert_eq!(version, Some("version = \"draft 2026-11-05\""));
}

#[test]
fn the_comments_are_in_the_language_that_is_asked_for_and_change_nothing_else() {
    let seen = [
        tcp("10.1.0.1", "10.2.0.1", 443),
        tcp("10.1.0.1", "10.2.0.1", 443),
        unanswered(tcp("10.1.0.1", "10.2.0.1", 22)),
    ];
    let text = |japanese| {
        let options = Options {
            japanese,
            ..Options::default()
        };
        suggest(Some(base("")), options, &seen).text
    };
    let bare = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let lines = lines.map(|line| line.split(" # ").next().unwrap().trim_end().to_owned());
        lines.collect()
    };

    let (ja, en) = (text(true), text(false));

    assert_eq!(bare(&ja), bare(&en));
    assert!(en.is_ascii(), "{en}");
    let comments = ja.lines().filter_map(|line| line.strip_prefix('#'));
    for comment in comments {
        assert!(!comment.is_ascii(), "{comment}");
    }
    assert!(
        ja.contains("# フロー記録 2 件、") && ja.contains("、発信元 1 台、宛先 1 台(1 組)"),
        "{ja}"
    );
}

#[test]
fn what_was_answered_twice_is_proposed_for_the_hosts_that_were_seen_and_no_others() {
    let seen = [
        tcp("10.1.0.1", "10.2.0.1", 443),
        tcp("10.1.0.2", "10.2.0.1", 443),
        tcp("10.1.0.2", "10.2.0.1", 8443),
        tcp("10.1.0.2", "10.2.0.1", 8443),
    ];

    let suggestion = suggest(Some(base("")), Options::default(), &seen);

    let [path] = &suggestion.paths[..] else {
        panic!("{:?}", suggestion.paths)
    };
    assert_eq!((&*path.from, &*path.to), ("office", "server"));
    assert_eq!(path.ports, [443, 8443]);
    let hosts = |texts: &[&str]| -> Vec<IpAddr> { texts.iter().map(|text| text.parse().unwrap()).collect() };
    assert_eq!(path.from_hosts, hosts(&["10.1.0.1", "10.1.0.2"]));
    assert_eq!(path.to_hosts, hosts(&["10.2.0.1"]));
    assert_eq!((path.evidence.pairs, path.evidence.days), (2, 1));
    assert_eq!(suggestion.coverage(), (1000, 1000));
    for record in &seen {
        assert_eq!(judged(&suggestion, record), Verdict::Allowed);
    }
    assert_eq!(
        judged(&suggestion, &tcp("10.1.0.3", "10.2.0.1", 443)),
        Verdict::Denied
    );
    assert_eq!(
        judged(&suggestion, &tcp("10.1.0.1", "10.2.0.2", 443)),
        Verdict::Denied
    );
    assert_eq!(
        judged(&suggestion, &tcp("10.1.0.1", "10.2.0.1", 22)),
        Verdict::Denied
    );
}

#[test]
fn an_end_with_many_hosts_is_the_whole_zone() {
    let seen: Vec<_> = (1..=9)
        .map(|host| tcp(&format!("10.1.0.{host}"), "10.2.0.1", 443))
        .collect();

    let suggestion = suggest(Some(base("")), Options::default(), &seen);

    assert!(suggestion.paths[0].from_hosts.is_empty());
    assert_eq!(suggestion.paths[0].evidence.origs, 9);
}

#[test]
fn every_kind_of_doubt_is_left_unknown_with_its_reason() {
    let mut undirected = tcp("10.1.0.1", "10.2.0.1", 7000);
    undirected.conn_state = Some(ConnState::Oth);
    undirected.direction_by = sekisho_model::DirectionBy::First;
    let mut fragment = tcp("10.1.0.1", "10.2.0.1", 0);
    fragment.has_ports = false;
    let mut seen = vec![
        tcp("10.1.0.1", "10.2.0.1", 22),
        unanswered(tcp("10.1.0.1", "10.2.0.1", 23)),
        tcp("10.1.0.1", "10.2.0.1", 50_000),
        undirected,
        fragment,
        tcp("10.3.0.1", "10.2.0.1", 443),
    ];
    // A second zone's originator that tries 30 hosts, two of which answer twice.
    for host in 1..=30 {
        let record = tcp("10.1.9.9", &format!("10.2.1.{host}"), 445);
        seen.extend(if host <= 2 {
            vec![record.clone(), record]
        } else {
            vec![unanswered(record)]
        });
    }
    for host in 1..=9 {
        seen.push(tcp("10.1.0.1", &format!("203.0.113.{host}"), 443));
    }

    let suggestion = suggest(Some(base("")), Options::default(), &seen);

    assert_eq!(suggestion.paths, []);
    assert_eq!(
        left(&suggestion),
        [
            (Reason::Scan, 32),
            (Reason::Unanswered, 1),
            (Reason::NoPorts, 1),
            (Reason::Direction, 1),
            (Reason::HighPort, 1),
            (Reason::Single, 1),
            (Reason::World, 9),
        ]
    );
    assert_eq!(suggestion.excluded.records, 1);
    assert_eq!(suggestion.total.records, 47);
    assert!(
        suggestion
            .text
            .contains("scan: office -> server tcp: 32 flow records")
    );
    assert!(!suggestion.text.contains("10.3.0.1"), "an excluded address");
    for record in &seen {
        assert_ne!(judged(&suggestion, record), Verdict::Allowed);
    }
}

#[test]
fn what_a_policy_in_force_denies_is_proposed_only_when_it_is_asked_for() {
    const WEB: &str = "[[path]]\nid = \"SUGGEST-0004\"\nfrom = \"office\"\nto = \"server\"\n\
        protocol = \"tcp\"\nports = [443]\n";
    let (web, ssh) = (tcp("10.1.0.1", "10.2.0.1", 443), tcp("10.1.0.1", "10.2.0.1", 22));
    let seen = [web.clone(), web, ssh.clone(), ssh.clone()];

    let anew = suggest(Some(base(WEB)), Options::default(), &seen);
    let missing = Options {
        missing: true,
        ..Options::default()
    };
    let missing = suggest(Some(base(WEB)), missing, &seen);

    assert_eq!((anew.paths.len(), left(&anew)), (1, vec![(Reason::Denied, 2)]));
    assert_eq!(anew.paths[0].ports, [443]);
    assert_eq!(missing.paths[0].ports, [22]);
    assert_eq!(missing.paths[0].id, "SUGGEST-0005");
    assert_eq!((missing.already.records, missing.covered.records), (2, 2));
    assert!(
        missing
            .text
            .contains("the policy in force denies 2 of 2: PATH-DENY")
    );
    let beside = [
        base(WEB).sources.remove(0),
        Source {
            name: "site/suggested.toml".to_owned(),
            text: missing.text.into(),
        },
    ];
    let policy = Policy::compile(&beside).unwrap();
    assert_eq!(policy.judge(&Question::of(&ssh)).verdict, Verdict::Allowed);
}

#[test]
fn without_a_policy_private_networks_are_zones_that_nothing_crosses_by_itself() {
    let inside = tcp("10.1.0.1", "10.1.0.2", 443);
    let outside = tcp("10.1.0.1", "203.0.113.1", 443);
    let mut ping = FlowRecord::example();
    ping.orig.address = "127.0.0.1".parse().unwrap();
    ping.resp.address = "127.0.0.1".parse().unwrap();
    ping.protocol = Protocol::UDP;
    let seen = [
        inside.clone(),
        inside.clone(),
        outside.clone(),
        outside.clone(),
        ping,
    ];

    let suggestion = suggest(None, Options::default(), &seen);

    let ends: Vec<_> = suggestion
        .paths
        .iter()
        .map(|path| (&*path.from, &*path.to))
        .collect();
    assert_eq!(ends, [("net-10-1-0", "internet"), ("net-10-1-0", "net-10-1-0")]);
    assert_eq!(
        (suggestion.built_in.records, suggestion.coverage()),
        (1, (1000, 1000))
    );
    assert_eq!(
        judged(&suggestion, &tcp("10.1.0.2", "10.1.0.1", 443)),
        Verdict::Denied
    );
}

#[test]
fn the_same_traffic_gives_the_same_text_and_days_are_those_of_the_calendar() {
    let mut second = tcp("10.1.0.1", "10.2.0.1", 443);
    // 2026-01-01T15:30Z is the second of January in Tokyo.
    second.start = Timestamp::parse("2026-01-01T15:30:00Z").unwrap();
    second.end = second.start;
    let seen = [tcp("10.1.0.1", "10.2.0.1", 443), second];

    let once = suggest(Some(base("")), Options::default(), &seen);
    let again = suggest(Some(base("")), Options::default(), &seen);

    assert_eq!(once.text, again.text);
    assert_eq!(once.paths[0].evidence.days, 2);
}
