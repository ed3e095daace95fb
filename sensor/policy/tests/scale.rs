//! What a large policy costs: look-ups do not grow with the rules, and the largest loads within its limits.
//!
//! One test, so that nothing runs beside what is measured. `cargo test --release -p sekisho-policy --test
//! scale -- --nocapture` prints the figures; unoptimised, only the ratio is held.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use sekisho_model::{Protocol, Timestamp};
use sekisho_policy::{Policy, Question, Source};

fn compile(text: String) -> Policy {
    let source = Source {
        name: "a.toml".to_owned(),
        text: text.into_bytes(),
    };
    Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn header(zones: usize, networks: usize) -> String {
    let mut text = "schema = 1\n[policy]\nname = \"scale\"\nversion = \"1\"\n".to_owned();
    for zone in 0..zones {
        let words = (0..networks).map(|network| {
            let number = zone * networks + network;
            format!(
                "\"10.{}.{}.{}/28\"",
                number >> 12,
                number >> 4 & 255,
                (number & 15) << 4
            )
        });
        writeln!(
            text,
            "[zone.z{zone}]\nnetworks = [{}]",
            words.collect::<Vec<_>>().join(", ")
        )
        .unwrap();
    }
    text
}

/// Rules of every kind, spread over twenty zones: pairs of zones, services, windows, terms, hosts.
fn rules(count: usize) -> Policy {
    let mut text = header(20, 16);
    for rule in 0..count {
        let (from, to, port) = (rule % 20, rule / 20 % 20, 1000 + rule / 400);
        write!(text, "[[path]]\nid = \"P{rule}\"\nfrom = \"z{from}\"\nto = \"z{to}\"\nprotocol = \"tcp\"\nports = [{port}]\n").unwrap();
        match rule % 5 {
            0 => text.push_str("services = [\"tls\", \"ssh\"]\n"),
            1 => text.push_str("window = \"workday 00:00-24:00\"\n"),
            2 => text.push_str("expires = \"2027-03-31\"\n"),
            3 => writeln!(text, "to_hosts = [\"10.0.{to}.{}\"]", rule / 400 % 250).unwrap(),
            _ => {}
        }
    }
    compile(text)
}

/// Flows of which the first ten rules speak, which both policies have, and others between the same zones.
fn questions() -> Vec<Question<'static>> {
    let at = Timestamp::parse("2026-11-04T01:00:00Z").unwrap();
    let ends = (1..10_u8).flat_map(|from| (0..8_u8).map(move |host| (from, host)));
    ends.flat_map(|(from, host)| {
        let question = move |port| Question {
            service: Some("tls"),
            ..Question::new(
                [10, 0, from, host].into(),
                [10, 0, 0, host].into(),
                Protocol::TCP,
                port,
                at,
            )
        };
        [question(1000), question(22)]
    })
    .collect()
}

/// The least time of many short rounds: what else the machine does lengthens the others.
fn fastest(policies: &[&Policy], rounds: usize) -> Vec<Duration> {
    let questions = questions();
    let mut least = vec![Duration::MAX; policies.len()];
    for _ in 0..rounds {
        for (policy, least) in policies.iter().zip(&mut least) {
            let began = Instant::now();
            for question in &questions {
                black_box(policy.judge(black_box(question)));
            }
            *least = (*least).min(began.elapsed());
        }
    }
    let count = u32::try_from(questions.len()).unwrap();
    least.into_iter().map(|least| least / count).collect()
}

/// The most memory that the process had, in MiB; 0 where the system does not say.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    number.unwrap_or(0) / 1024
}

#[test]
fn ten_thousand_rules_are_judged_at_half_the_speed_of_ten_and_fifty_thousand_prefixes_load() {
    let began = Instant::now();
    let large = compile(header(1000, 50));
    let (load, memory) = (began.elapsed(), peak());
    assert_eq!(large.open_zones().len(), 0);
    drop(large);
    let (few, many) = (rules(10), rules(10_000));

    let costs = fastest(&[&few, &many], 400);

    let said = format!(
        "1,000 zones, 50,000 prefixes: {load:?}, {memory} MiB at most\n10 rules: {:?}, 10,000 rules: {:?} a judgement\n",
        costs[0], costs[1]
    );
    std::io::stderr().write_all(said.as_bytes()).unwrap();
    assert!(costs[1] <= costs[0] * 2, "{said}");
    if cfg!(not(debug_assertions)) {
        assert!(load < Duration::from_secs(5) && memory < 256, "{said}");
    }
}
