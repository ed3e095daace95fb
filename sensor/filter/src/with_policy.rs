//! Tests of expressions that name what a policy declares.

use std::sync::Arc;

use sekisho_model::{FlowRecord, MacAddress, Text, Timestamp};

use crate::{
    Environment, Filter, GroupFacts, List, ListKind, ListValue, Window, WindowError, ZoneFacts, complete_with,
};

pub(crate) struct Office {
    lists: Vec<Arc<List>>,
    zones: Vec<ZoneFacts>,
    groups: Vec<GroupFacts>,
    pub(crate) knows_every_zone: bool,
}

/// Open in the even hours of UTC.
#[derive(Debug)]
struct Even;

impl Window for Even {
    fn is_open(&self, at: Timestamp) -> bool {
        at.hour() % 2 == 0
    }
}

impl Environment for Office {
    fn list(&self, name: &str) -> Option<Arc<List>> {
        self.lists.iter().find(|list| list.name() == name).cloned()
    }

    fn lists(&self) -> Vec<(&str, ListKind)> {
        self.lists.iter().map(|list| (list.name(), list.kind())).collect()
    }

    fn zones(&self) -> &[ZoneFacts] {
        &self.zones
    }

    fn groups(&self) -> &[GroupFacts] {
        &self.groups
    }

    fn knows_every_zone(&self) -> bool {
        self.knows_every_zone
    }

    fn window(&self, text: &str) -> Result<Arc<dyn Window>, WindowError> {
        if text == "even" {
            return Ok(Arc::new(Even));
        }
        Err(WindowError {
            at: 0,
            len: 4,
            message: format!("`{text}` is no window"),
            help: "did you mean `even`?".to_owned(),
        })
    }

    fn windows(&self) -> Vec<(&str, Text)> {
        vec![("even", Text::new("偶数時", "Even hours"))]
    }
}

pub(crate) fn office() -> Office {
    let second = |second| Some(Timestamp::from_seconds(second, 0));
    let zone = |id: &str, classification, department: &str| ZoneFacts {
        id: Arc::from(id),
        classification,
        department: department.to_owned(),
        ..ZoneFacts::default()
    };
    let texts = |name: &str, kind, values: &[&str]| {
        let values = values
            .iter()
            .map(|text| (ListValue::Text(Arc::from(*text)), None));
        Arc::new(List::new(Arc::from(name), kind, values))
    };
    let network = |text: &str| ListValue::Network(text.parse().unwrap());
    let example = FlowRecord::example();
    let start = example.start.nanos() / 1_000_000_000;
    Office {
        knows_every_zone: true,
        lists: vec![
            Arc::new(List::new(
                Arc::from("dns"),
                ListKind::Address,
                [
                    (network("198.51.100.2/32"), None),
                    (network("10.0.0.53/32"), second(5)),
                ],
            )),
            Arc::new(List::new(
                Arc::from("expired"),
                ListKind::Network,
                [(network("0.0.0.0/0"), second(start))],
            )),
            Arc::new(List::new(
                Arc::from("current"),
                ListKind::Network,
                [(network("0.0.0.0/0"), second(start + 1))],
            )),
            Arc::new(List::new(Arc::from("none"), ListKind::Network, [])),
            Arc::new(List::new(
                Arc::from("web"),
                ListKind::Port,
                [
                    (ListValue::Ports(80, 80), None),
                    (ListValue::Ports(440, 450), None),
                ],
            )),
            Arc::new(List::new(
                Arc::from("terminals"),
                ListKind::Mac,
                [(ListValue::Mac(MacAddress([2, 0, 0, 0, 0, 1])), None)],
            )),
            texts("domains", ListKind::Suffix, &["example.jp"]),
            texts(
                "ja4s",
                ListKind::Fingerprint,
                &["t13d1516h2_8daaf6152771_b186095e22b6"],
            ),
            texts("words", ListKind::Text, &["office"]),
        ],
        zones: vec![
            zone("unknown", None, ""),
            zone("office", Some(2), "zeimu"),
            zone("server", Some(3), "joho"),
            zone("guest", None, ""),
        ],
        groups: vec![GroupFacts {
            id: Arc::from("inside"),
            zones: vec![Arc::from("office"), Arc::from("server")],
            label: Text::default(),
        }],
    }
}

fn record() -> FlowRecord {
    FlowRecord {
        orig_zone: Arc::from("office"),
        resp_zone: Arc::from("guest"),
        orig_mac: MacAddress::parse("02:00:00:00:00:01"),
        ..FlowRecord::example()
    }
}

#[test]
fn a_flow_is_asked_in_lists_zones_and_windows() {
    // 192.0.2.1:50000 of zone office to 198.51.100.2:443 of zone guest, at 2026-01-01T00:00:00Z.
    let cases = [
        ("resp.address in @dns", true),
        ("orig.address in @dns", false),
        ("orig.address not in @dns", true),
        ("address in @dns", true),
        ("orig.address in {@dns, 192.0.2.0/24}", true),
        ("orig.address in {@dns, 10.0.0.0/8}", false),
        ("orig.address in @expired", false),
        ("orig.address in @current", true),
        ("resp.port in @web", true),
        ("orig.port in @web", false),
        ("orig.mac in @terminals", true),
        ("resp.mac in @terminals", false),
        ("resp.mac not in @terminals", true),
        ("server_name in @domains", false),
        ("orig.zone in @words", true),
        ("orig.zone.classification >= 2", true),
        ("orig.zone.classification == 3", false),
        ("resp.zone.classification >= 1", false),
        ("resp.zone.classification != 1", false),
        ("not resp.zone.classification >= 1", true),
        ("zone.classification in 1..2", true),
        ("orig.zone.department == Zeimu", true),
        ("orig.zone.department != zeimu", false),
        ("resp.zone.department != zeimu", false),
        ("zone.department != zeimu", false),
        ("orig.zone.department contains zei", true),
        ("orig.zone.department matches \"^z\"", true),
        ("orig.zone.group == inside", true),
        ("resp.zone.group == inside", false),
        ("resp.zone.group != inside", true),
        ("orig.zone.group in {inside}", true),
        ("zone.group != inside", false),
        ("start in window(even)", true),
        ("start not in window(\"even\")", false),
        ("orig.zone == office", true),
    ];

    for (text, expected) in cases {
        let filter = Filter::parse_with(text, &office()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&record()), expected, "{text}");
    }
}

#[test]
fn each_wrong_name_is_drawn_with_its_place_and_its_remedy() {
    let mistakes = [
        ("unknown_list", "resp.address in @dsn"),
        ("list_of_another_kind", "resp.address in @domains"),
        ("list_for_no_list", "octets in @web"),
        ("list_that_is_compared", "resp.address == @dns"),
        ("range_of_lists", "resp.address in @dns..@web"),
        ("unknown_zone", "orig.zone == ofice"),
        ("group_for_zone", "orig.zone == inside"),
        ("unknown_group", "orig.zone.group == insde"),
        ("unknown_department", "orig.zone.department == zeimuka"),
        ("unknown_fact", "orig.zone.clasification >= 2"),
        ("ordered_group", "orig.zone.group < inside"),
        ("unknown_window", "start in window(\"evne\") and port == 1"),
        ("window_of_no_instant", "resp.port in window(even)"),
        ("window_not_closed", "start in window(even"),
    ];

    for (name, text) in mistakes {
        let error = Filter::parse_with(text, &office()).unwrap_err();
        insta::assert_snapshot!(name, crate::error::rendered(&error), text);
    }
}

#[test]
fn without_a_policy_its_names_are_refused_with_the_reason() {
    for (text, reason) in [
        (
            "orig.address in @dns",
            "`@dns` is a list of a policy, and no list is known here",
        ),
        (
            "orig.zone.classification == 2",
            "`orig.zone.classification` needs the zones of a policy, and there is no policy here",
        ),
        (
            "start in window(\"workday\")",
            "windows need the calendar of a policy, and there is no policy here",
        ),
    ] {
        let error = Filter::parse(text).unwrap_err();
        assert_eq!(error.message, reason);
        assert!(error.help.is_some());
    }
    assert!(Filter::parse("orig.zone == anything").is_ok());
    assert!(Filter::parse("server_name in {\"@dns\"}").is_ok());
}

#[test]
fn a_list_with_terms_needs_the_start_of_the_flow() {
    let fields = |text: &str| {
        let filter = Filter::parse_with(text, &office()).unwrap();
        filter.fields().iter().map(|field| field.name).collect::<Vec<_>>()
    };

    assert_eq!(fields("resp.address in @dns"), ["resp.address", "start"]);
    assert_eq!(fields("resp.port in @web"), ["resp.port"]);
    assert_eq!(fields("zone.group == inside"), ["orig.zone", "resp.zone"]);
}

#[test]
fn completion_knows_what_the_policy_names() {
    let office = office();
    let texts = |text: &str| -> Vec<String> {
        let found = complete_with(text, text.len(), &office);
        found.into_iter().map(|found| found.text).collect()
    };

    assert_eq!(
        texts("resp.address in "),
        ["@dns", "@expired", "@current", "@none"]
    );
    assert_eq!(texts("resp.address in {@dns, @e"), ["@expired"]);
    assert!(texts("resp.address == ").is_empty());
    assert_eq!(texts("start in "), ["window(even)"]);
    assert_eq!(texts("orig.zone == "), ["unknown", "office", "server", "guest"]);
    assert_eq!(texts("orig.zone.group "), ["==", "!=", "in", "not in"]);
    assert_eq!(texts("zone.department == "), ["joho", "zeimu"]);
    assert!(texts("resp.zone.cl").contains(&"resp.zone.classification".to_owned()));
}

#[test]
fn every_suggestion_of_a_value_parses() {
    let office = office();

    for begun in [
        "resp.address in ",
        "start in ",
        "orig.zone == ",
        "zone.group == ",
        "resp.port in ",
    ] {
        for found in complete_with(begun, begun.len(), &office) {
            let text = format!("{begun}{}", found.text);
            assert!(Filter::parse_with(&text, &office).is_ok(), "{text}");
        }
    }
}
