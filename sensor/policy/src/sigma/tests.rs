//! Rules written for these tests after the specification, what becomes of them, and of which flows it
//! is true.

use proptest::prelude::*;
use sekisho_model::{App, Essential, FlowRecord};

use super::*;
use crate::catalogue::with_catalogue;

fn import(text: &str) -> Import {
    let mut import = Import::new(0);
    import.read("rules.yml", text.as_bytes());
    import
}

/// A rule over a log source, with its selections and its condition.
fn rule(source: &str, detection: &str) -> String {
    let indented: Vec<_> = detection.lines().map(|line| format!("  {line}")).collect();
    format!(
        "title: A rule\nlogsource: {{{source}}}\ndetection:\n{}\n",
        indented.join("\n")
    )
}

/// The policy of an import that succeeded.
fn policy(text: &str) -> Policy {
    let import = import(text);
    assert!(import.damage().is_empty(), "{:?}", import.damage());
    for outcome in import.outcomes() {
        assert!(outcome.result.is_ok(), "{outcome:?}");
    }
    let source = Source {
        name: "sigma.toml".to_owned(),
        text: import.text(true).into_bytes(),
    };
    Policy::compile(&[source]).unwrap_or_else(|errors| panic!("{:?}\n{}", errors, import.text(true)))
}

fn expressions(source: &str, detection: &str) -> (String, String) {
    let policy = policy(&rule(source, detection));
    let [rule] = policy.rules() else {
        panic!("one rule")
    };
    let except = rule.except().map(|except| except.text().to_owned());
    (rule.when().text().to_owned(), except.unwrap_or_default())
}

#[track_caller]
fn when(source: &str, detection: &str, expected: &str) {
    assert_eq!(
        expressions(source, detection),
        (expected.to_owned(), String::new())
    );
}

/// Why the first rule does not map, with the lines.
fn reasons(text: &str) -> Vec<(usize, String)> {
    let import = import(text);
    let Err(remarks) = &import.outcomes()[0].result else {
        panic!("it maps: {}", import.text(false));
    };
    remarks
        .iter()
        .map(|remark| (remark.line, remark.why.text().en))
        .collect()
}

fn record(essentials: &[(Essential, &str)], service: &'static str) -> FlowRecord {
    let mut app = Box::new(App::default());
    app.service = service;
    for (what, value) in essentials {
        app.add(*what, value, "tls.sni");
    }
    FlowRecord {
        app: Some(app),
        ..FlowRecord::example()
    }
}

#[test]
fn each_log_source_asks_its_own_flows_and_fields() {
    when(
        "category: dns",
        "selection:\n  query: evil.example\ncondition: selection",
        r#"service == dns and query_name == "evil.example""#,
    );
    when(
        "product: zeek, service: http",
        "selection:\n  user_agent: curl*\ncondition: selection",
        r#"service == http and client_software matches "(?is)^curl""#,
    );
    when(
        "category: proxy",
        "selection:\n  cs-host|endswith: '.evil.example'\n  c-useragent|contains: 'bot'\ncondition: selection",
        r#"service in {http, http2, tls, quic} and server_name matches "(?is)\.evil\.example$" and client_software contains "bot""#,
    );
    when(
        "category: firewall",
        "selection:\n  dst_port: [22, 3389]\n  dst_ip|cidr: 203.0.113.9/24\ncondition: selection",
        "resp.port in {22, 3389} and resp.address == 203.0.113.0/24",
    );
    when(
        "product: zeek, service: ssl",
        "selection:\n  version: TLSv10\n  ja3: 0123\ncondition: selection",
        r#"service in {tls, dtls, quic, dot, doq, winrm} and service_version == "TLSv1" and ja3 == "0123""#,
    );
    when(
        "product: zeek, service: conn",
        "selection:\n  id.orig_h|startswith: '10.'\n  service: ssl\n  orig_bytes|gte: 1000\n  conn_state: SF\ncondition: selection",
        r#"orig.address == 10.0.0.0/8 and service in {"tls", "dot", "winrm"} and orig.payload_octets >= 1000 and conn_state == "SF""#,
    );
    when(
        "product: windows, category: network_connection",
        "selection:\n  Initiated: 'true'\n  DestinationPort: 4444\ncondition: selection",
        "resp.port == 4444",
    );
}

#[test]
fn what_a_condition_negates_is_the_exception() {
    let (when, except) = expressions(
        "category: firewall",
        "selection:\n  dst_port: 445\nfilter_own:\n  dst_ip|cidr: [10.0.0.0/8, 'fc00::/7']\nfilter_empty:\n  community_id: null\ncondition: selection and not 1 of filter_*",
    );

    assert_eq!(when, "resp.port == 445");
    assert_eq!(
        except,
        r#"resp.address in {10.0.0.0/8, fc00::/7} or not community_id contains """#
    );
}

#[test]
fn values_are_compared_as_their_modifiers_say() {
    let dns = |line: &str| {
        let (when, except) = expressions("category: dns", &format!("s:\n  {line}\ncondition: s"));
        match when.strip_prefix("service == dns and ") {
            Some(when) => when.to_owned(),
            None => format!("not: {except}"),
        }
    };
    let cases = [
        (
            "query: [a.example, '*.b.example']",
            r#"(query_name == "a.example" or query_name matches "(?is)\.b\.example$")"#,
        ),
        (
            "query|contains: [a, b]",
            r#"(query_name contains "a" or query_name contains "b")"#,
        ),
        (
            "query|contains|all: [a, b]",
            r#"query_name contains "a" and query_name contains "b""#,
        ),
        (
            "query|contains: [a, b, c, d.]",
            r#"query_name matches "(?is)(?:(?:a)|(?:b)|(?:c)|(?:d\.))""#,
        ),
        ("query|startswith|cased: Ab", r#"query_name matches "(?s)^Ab""#),
        ("query|cased: Ab", r#"query_name matches "(?s)^Ab$""#),
        (
            r"query|re|i: '^[a-z]{20,}\.x$'",
            r#"query_name matches "(?i)^[a-z]{20,}\.x$""#,
        ),
        (
            "query|re: ['a|b', '(?i)c']",
            r#"query_name matches "(?:(?:a|b)|(?:(?i)c))""#,
        ),
        ("query|exists: false", r#"not: query_name contains """#),
        ("query: ''", r#"not: query_name != """#),
        ("query|neq: [a, b]", r#"not: query_name in {"a", "b"}"#),
        (
            "query|windash|contains: ' -x'",
            r#"query_name matches "(?is) [-/–—―]x""#,
        ),
        ("dst_port|lt: 1024", "resp.port < 1024"),
    ];
    for (line, expected) in cases {
        assert_eq!(dns(line), expected, "{line}");
    }
}

#[test]
fn texts_of_rules_are_data_in_what_comes_of_them() {
    let hostile = r#"x" or resp.port == 443 or server_name == "y'''\"#;
    let value = hostile.replace('\'', "''");
    let policy = policy(&format!(
        "title: \"t'\\n[[path]]\\nid = 'X'\"\nid: ../../x\ndescription: |\n  a\n  [policy]\n  mode = \"learn\"\n\
         logsource: {{category: proxy}}\ndetection:\n  s:\n    cs-host: '{value}'\n  condition: s\n"
    ));

    let rule = &policy.rules()[0];
    assert_eq!(&**rule.id(), "SIGMA-x");
    assert!(rule.is_met_by(&record(&[(Essential::ServerName, hostile)], "tls")));
    assert!(!rule.is_met_by(&record(&[(Essential::ServerName, "y")], "tls")));
    assert_eq!(policy.mode(), crate::Mode::Enforce);
}

#[test]
fn many_values_become_a_list() {
    let names: Vec<_> = (0..3_000)
        .map(|number| format!("    - h{number}.example"))
        .collect();
    let nets: Vec<_> = (0..200)
        .map(|number| format!("    - 203.0.{number}.0/24"))
        .collect();
    let policy = policy(&format!(
        "title: Long\nlogsource: {{category: dns}}\ndetection:\n  s:\n    query:\n{}\n    dst_ip|cidr:\n{}\n  condition: s\n",
        names.join("\n").replace("    -", "      -"),
        nets.join("\n").replace("    -", "      -")
    ));

    let rule = &policy.rules()[0];
    assert_eq!(
        rule.when().text(),
        "service == dns and query_name in @sigma-long-1 and resp.address in @sigma-long-2"
    );
    assert_eq!(policy.lists().len(), 2);
    let mut met = record(&[(Essential::QueryName, "a.example H2999.example")], "dns");
    met.resp.address = "203.0.199.1".parse().unwrap();
    assert!(rule.is_met_by(&met));
    met.resp.address = "203.0.200.1".parse().unwrap();
    assert!(!rule.is_met_by(&met));
}

#[test]
fn what_a_rule_says_of_itself_goes_along() {
    let text = "\
title: Names of a miner
id: 0f5b2f6e-6f2a-4f53-9b6b-6a0c0d6b7a11
status: deprecated
description: Asks for the pool.
author: Taro
license: MIT
date: 2025-01-02
modified: 2025-03-04
references: [https://example.com/a]
tags: [attack.impact, attack.t1496.001, attack.T1071, attack.g0001]
level: critical
falsepositives: [Unknown, Research]
logsource: {category: dns}
detection: {s: {query: pool.example}, condition: s}
";
    let policy = policy(text);
    let rule = &policy.rules()[0];
    let attack: Vec<_> = rule.attack().iter().map(|name| &**name).collect();

    assert_eq!(&**rule.id(), "SIGMA-0f5b2f6e-6f2a-4f53-9b6b-6a0c0d6b7a11");
    assert_eq!(
        (rule.severity().name(), attack),
        ("high", vec!["T1496.001", "T1071"])
    );
    assert_eq!(
        (rule.why().en.as_str(), rule.legitimate().en.as_str()),
        ("Asks for the pool.", "Research")
    );
    assert_eq!(
        (&**rule.source(), &**rule.version()),
        ("Sigma, https://example.com/a", "2025-03-04")
    );
    assert!(!rule.is_enabled());
    let written = import(text).text(false);
    assert!(
        written.contains("# rules.yml:1\n# id: 0f5b2f6e-")
            && written.contains("# author: Taro\n# license: MIT\n")
    );
}

#[test]
fn what_does_not_map_is_said_with_its_line() {
    let source = "category: proxy";
    assert_eq!(
        reasons(&rule(
            source,
            "a:\n  c-uri|contains: x\n  cs-method: POST\nb:\n  cs-host|base64: x\ncondition: a or b"
        )),
        [
            (
                5,
                "field `c-uri`: flow records hold no URL (lists of indicators can be asked for URLs)"
                    .to_owned()
            ),
            (
                6,
                "field `cs-method`: no field of a flow record holds it".to_owned()
            ),
            (8, "the modifier `base64` has no counterpart".to_owned()),
        ]
    );
    let only = |text: &str| {
        let mut reasons = reasons(text);
        assert_eq!(reasons.len(), 1, "{reasons:?}");
        reasons.remove(0).1
    };
    assert_eq!(
        only(&rule(
            "category: process_creation, product: windows",
            "s:\n  Image: x\ncondition: s"
        )),
        "the log source category: process_creation, product: windows is none that flow records speak of"
    );
    assert!(only(&rule(source, "k: [a, b]\ncondition: k")).contains("whole message"));
    assert!(only(&rule(source, "k:\n  '|all': [a, b]\ncondition: k")).contains("whole message"));
    assert!(only(&rule(source, "s:\n  cs-host: a\ncondition: s | count() > 5")).contains("counting"));
    assert!(only(&rule(source, "s:\n  cs-host: a\ntimeframe: 5m\ncondition: s")).contains("counting"));
    assert!(only("title: c\ncorrelation:\n  type: event_count\n").contains("`correlation`"));
    assert!(only(&rule(source, "s:\n  cs-host|re: '(?<=a)b'\ncondition: s")).contains("refuses"));
    assert!(only(&rule(source, "s:\n  dst_ip: 10.1\ncondition: s")).contains("no address"));
    assert!(
        only(&rule(source, "s:\n  dst_ip|contains: '10.'\ncondition: s")).contains("addresses are compared")
    );
    assert!(only(&rule("category: firewall", "s:\n  Initiated: true\ncondition: s")).contains("every flow"));
    assert!(
        only(&rule(
            "product: zeek, service: x509",
            "s:\n  certificate.subject: 'CN=a,O=b'\ncondition: s"
        ))
        .contains("order")
    );
    assert!(
        only(&rule(
            "product: zeek, service: conn",
            "s:\n  service: ayiya\ncondition: s"
        ))
        .contains("no word")
    );
    assert!(only(&rule("category: dns", "s:\n  query|expand: '%x%'\ncondition: s")).contains("`expand`"));
    let long: Vec<_> = (0..2_000)
        .map(|number| format!("    - '.h{number}.example'"))
        .collect();
    let long = format!("s:\n  query|endswith:\n{}\ncondition: s", long.join("\n"));
    assert!(only(&rule("category: dns", &long)).starts_with("limit: "));
}

#[test]
fn a_selection_that_the_condition_does_not_name_keeps_nothing_from_mapping() {
    when(
        "category: dns",
        "s:\n  query: a\nother:\n  answer: b\ncondition: s",
        r#"service == dns and query_name == "a""#,
    );
}

#[test]
fn exceptions_that_do_not_map_are_left_out_where_that_is_asked_for() {
    let text = rule(
        "category: dns",
        "s:\n  query: a\nf:\n  answers: 127.0.0.1\n  query: b\ng:\n  dst_port: 5353\ncondition: s and not 1 of f* and not g",
    );
    let mut without = Import::new(0);
    without.leave_filters_out();
    without.read("x.yml", text.as_bytes());
    without.read(
        "y.yml",
        rule("category: dns", "s:\n  answers: a\ncondition: not (not s)").as_bytes(),
    );

    assert_eq!(import(&text).imported(), 0);
    assert_eq!(without.imported(), 1);
    let left: Vec<_> = without.outcomes()[0]
        .left_out
        .iter()
        .map(|remark| remark.line)
        .collect();
    assert_eq!(left, [7]);
    assert!(
        without
            .text(false)
            .contains("when = 'service == dns and query_name == \"a\"'\nexcept = \"resp.port == 5353\"")
    );
}

#[test]
fn the_second_rule_of_an_id_and_those_beyond_the_patterns_stay_out() {
    let one = rule("category: dns", "s:\n  query: 'a*'\ncondition: s");
    let twice = import(&format!("{one}---\n{one}"));
    let mut full = Import::new(MAX_PATTERNS);
    full.read("x.yml", one.as_bytes());

    assert_eq!(twice.imported(), 1);
    assert!(matches!(&twice.outcomes()[1].result, Err(remarks) if remarks[0].why.name() == "twice"));
    assert_eq!((full.imported(), full.outcomes().len()), (0, 1));
}

#[test]
fn what_is_missing_at_the_end_is_missing_on_the_last_line() {
    for (text, line) in [
        ("title: C\nlogsource: {product", 2),
        ("title: C\nlogsource: {product\n\n\n", 2),
        ("title: C\r\nlogsource:\r\n  {product", 3),
        ("title: C\n---\ntitle: D\nlogsource: [a", 4),
    ] {
        let mut import = Import::new(0);
        import.read("a.yml", text.as_bytes());

        assert_eq!(import.damage()[0].line, line, "{text:?}");
    }
}

#[test]
fn damage_is_told_and_what_stands_beside_it_is_used() {
    let one = rule("category: dns", "s:\n  query: a\ncondition: s");
    let import = import(&format!(
        "{one}---\ntitle: [\n---\n{}",
        one.replace("A rule", "B")
    ));
    let mut octets = Import::new(0);
    octets.read("x.yml", &[0xff, 0xfe]);

    assert_eq!((import.imported(), import.damage().len()), (2, 1));
    assert!(import.damage()[0].line > 7);
    assert_eq!(octets.damage()[0].what, "not UTF-8");
}

#[test]
fn the_file_joins_a_policy_and_a_catalogue() {
    let import = import(&rule("category: dns", "s:\n  query: a\ncondition: s"));
    let site = |name: &str, text: &str| Source {
        name: name.to_owned(),
        text: text.into(),
    };
    let policy = site(
        "policy.toml",
        "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n[zone.a]\nnetworks = [\"10.0.0.0/8\"]\n",
    );
    let joined = Policy::compile(&[policy, site("sigma.toml", &import.text(false))]).unwrap();
    let alone = Policy::compile(&with_catalogue(
        Vec::new(),
        &[site("sigma.toml", &import.text(true))],
    ))
    .unwrap();

    assert_eq!((joined.rules().len(), joined.is_none()), (1, false));
    assert_eq!((alone.rules().len(), alone.is_none()), (1, true));
}

proptest! {
    #[test]
    fn what_is_imported_compiles_whatever_it_says(
        value in "\\PC{0,12}", title in "\\PC{1,20}", modifier in proptest::sample::select(vec![
            "", "|contains", "|startswith", "|endswith", "|re", "|cased", "|windash", "|cidr", "|all", "|neq", "|lt",
        ]), field in proptest::sample::select(vec!["query", "dst_ip", "dst_port", "proto"]),
    ) {
        let quoted = serde_json::to_string(&value).unwrap();
        let title = serde_json::to_string(&title).unwrap();
        let text = format!(
            "title: {title}\nlogsource: {{category: dns}}\ndetection:\n  s:\n    {field}{modifier}: {quoted}\n  condition: s\n"
        );
        let import = import(&text);
        if import.imported() > 0 {
            let source = Source { name: "x.toml".to_owned(), text: import.text(true).into_bytes() };
            prop_assert!(Policy::compile(&[source]).is_ok());
        }
    }
}
