//! EVE: one JSON object a line, with the field names of Suricata, so that what reads Suricata's
//! `eve.json` reads ours. What Suricata has no word for stands under `sekisho`.

mod alert;
mod app;
mod flow;
mod head;
mod said;
mod stats;

use std::io::{self, Write};

use sekisho_model::app::Said;
use sekisho_model::summary::Summary;
use sekisho_model::{Alert, FlowRecord};

pub use said::SaidLines;

use crate::Exporter;
use crate::line::Line;

/// Octets that are handed on at once.
const AT_ONCE: usize = 1 << 20;
/// Octets of a line; most have about a thousand. A longer one makes room for itself.
const LINE: usize = 1 << 16;

/// Writes EVE to anything that takes octets.
///
/// Output depends on the records alone: the same records give the same octets.
pub struct Eve<W: Write + Send> {
    out: W,
    /// Lines that are still to be handed on.
    lines: Line,
    alerts: bool,
}

impl<W: Write + Send> Eve<W> {
    /// An exporter onto `out`. `alerts` says whether denied flows raise alerts, for `flow.alerted`.
    pub fn new(out: W, alerts: bool) -> Self {
        Self {
            out,
            lines: Line::with_capacity(AT_ONCE + LINE),
            alerts,
        }
    }

    /// Writes one line, and hands on what has gathered where that is enough.
    fn line(&mut self, write: impl FnOnce(&mut Line)) -> io::Result<()> {
        write(&mut self.lines);
        if self.lines.octets().len() < AT_ONCE {
            return Ok(());
        }
        self.hand_on()
    }

    fn hand_on(&mut self) -> io::Result<()> {
        let handed_on = self.out.write_all(self.lines.octets());
        // What could not be written is not written a second time.
        self.lines.clear();
        handed_on
    }
}

impl<W: Write + Send> Exporter for Eve<W> {
    fn flow(&mut self, record: &FlowRecord) -> io::Result<()> {
        let alerts = self.alerts;
        self.line(|line| flow::write(line, record, alerts))
    }

    fn said(&mut self, said: &Said) -> io::Result<()> {
        self.line(|line| app::write(line, said))
    }

    fn takes_said_lines(&self) -> bool {
        true
    }

    fn said_line(&mut self, line: &[u8]) -> io::Result<()> {
        self.line(|lines| lines.octets_of_json(line))
    }

    fn alert(&mut self, alert: &Alert) -> io::Result<()> {
        self.line(|line| alert::write(line, alert))
    }

    fn raises_alerts(&mut self, alerts: bool) {
        self.alerts = alerts;
    }

    fn flush(&mut self) -> io::Result<()> {
        self.hand_on()?;
        self.out.flush()
    }

    fn finish(&mut self, summary: &Summary) -> io::Result<()> {
        self.line(|line| stats::write(line, summary))?;
        self.flush()
    }
}

impl<W: Write + Send> Drop for Eve<W> {
    /// A run that ended early leaves the lines that it got to.
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.hand_on().and_then(|()| self.out.flush());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use sekisho_model::fields::{FIELDS, Value};
    use sekisho_model::{Category, Explanation, Severity, Text, Verdict};

    use super::*;

    fn lines(write: impl FnOnce(&mut Eve<&mut Vec<u8>>)) -> Vec<serde_json::Value> {
        let mut out = Vec::new();
        let mut eve = Eve::new(&mut out, true);
        write(&mut eve);
        drop(eve);
        String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    fn alert() -> Alert {
        let flow = FlowRecord {
            verdict: Verdict::Denied,
            rule: Arc::from("PATH-DENY"),
            ..FlowRecord::example()
        };
        Alert {
            id: 7,
            rule: Arc::from("PATH-DENY"),
            signature_id: 1_000_001,
            title: Text::new(
                "許可されていない経路の通信",
                "Communication outside any allowed path",
            ),
            severity: Severity::High,
            category: Category::PolicyViolation,
            first_seen: flow.start,
            last_seen: flow.end,
            count: 1,
            packets: 1,
            octets: 60,
            subject: Some(flow.orig.address),
            flow: Some(flow),
            clause: Arc::from("6(3)ア"),
            attack: vec![Arc::from("T1021")],
            explanation: Explanation::default(),
            indicator: None,
        }
    }

    #[test]
    fn a_flow_and_an_alert_are_written_with_suricatas_names() {
        let lines = lines(|eve| {
            eve.flow(&FlowRecord::example()).unwrap();
            eve.alert(&alert()).unwrap();
        });

        insta::assert_json_snapshot!(lines);
    }

    #[test]
    fn an_alert_about_the_sensor_itself_names_no_ends() {
        let about_us = Alert {
            subject: None,
            flow: None,
            rule: Arc::from("LIMIT-FLOWS"),
            category: Category::Blind,
            ..alert()
        };

        let line = &lines(|eve| eve.alert(&about_us).unwrap())[0];

        for key in ["flow_id", "src_ip", "dest_ip", "proto", "flow", "ether"] {
            assert!(line.get(key).is_none(), "{key}");
        }
        let ours = &line["sekisho"];
        assert_eq!(
            (&ours["rule"], &ours["category"]),
            (&"LIMIT-FLOWS".into(), &"blind".into())
        );
        assert!(ours.get("subject").is_none() && ours.get("orig_zone").is_none());
        assert_eq!(line["alert"]["category"], "Sensor blind");
    }

    #[test]
    fn an_alert_about_an_indicator_says_which_and_what_came_of_it() {
        use sekisho_model::indicator::{Hit, Indicator, Value};
        let value = Value::guess("hxxp://evil.example/a\"b").unwrap();
        let host = "192.0.2.1".parse().unwrap();
        let mut indicator = Indicator::new(value, &Arc::from("CERT\nX"), 12);
        indicator.note = "C2".into();
        let about_an_indicator = Alert {
            indicator: Some(Box::new(Hit {
                indicator,
                host: Some(host),
                field: "http.url".into(),
                seen: "<script>".into(),
                is_host_only: false,
                is_answered: true,
                octets_sent: 60,
                octets_received: 40,
                hosts: 2,
                others: vec!["192.0.2.9".parse().unwrap()],
                is_prevalent: false,
                is_lookback: false,
            })),
            ..alert()
        };

        let line = &lines(|eve| eve.alert(&about_an_indicator).unwrap())[0];

        assert_eq!(
            line["sekisho"]["indicator"],
            serde_json::json!({
                "kind": "url", "value": "http://evil.example/a\"b", "source": "CERT\nX", "line": 12,
                "confidence": 50, "note": "C2", "field": "http.url", "seen": "<script>", "host_only": false,
                "answered": true, "octets_sent": 60, "octets_received": 40, "hosts": 2,
                "others": ["192.0.2.9"], "prevalent": false, "lookback": false,
            })
        );
        assert_eq!(line["sekisho"]["subject"], "192.0.2.1");
    }

    #[test]
    fn every_field_of_the_table_stands_where_the_table_says() {
        let mac = Some(sekisho_model::MacAddress([2; 6]));
        let mut app = Box::new(sekisho_model::App {
            service: "tls",
            service_by: Some(sekisho_model::app::ServiceBy::Content),
            port_says: Some("http"),
            ..sekisho_model::App::default()
        });
        for what in sekisho_model::Essential::ALL {
            app.set(what, "value", "tls.sni");
        }
        let record = FlowRecord {
            app: Some(app),
            vlan: Some(10),
            orig_mac: mac,
            resp_mac: mac,
            community_id: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=".to_owned(),
            carrier: Some(sekisho_model::Carrier {
                kind: "gre",
                community_id: "1:x".to_owned(),
            }),
            carries: "vxlan",
            handshake_rtt: Some(std::time::Duration::from_millis(2)),
            data_rtt: Some(std::time::Duration::from_millis(1)),
            ..FlowRecord::example()
        };
        let line = &lines(|eve| eve.flow(&record).unwrap())[0];

        for field in FIELDS.iter().filter(|field| !field.eve.is_empty()) {
            let found = line.pointer(&format!("/{}", field.eve.replace('.', "/")));
            assert_eq!(
                found.is_some(),
                (field.get)(&record) != Value::Absent,
                "{} at {}",
                field.name,
                field.eve
            );
        }
    }

    #[test]
    fn a_transaction_stands_under_its_protocol_and_an_anomaly_is_one() {
        let record = FlowRecord::example();
        let flow = sekisho_model::app::FlowRef {
            flow_id: record.flow_id,
            orig: record.orig,
            resp: record.resp,
            protocol: record.protocol,
            vlan: Some(10),
            inner_vlan: None,
            orig_mac: None,
            resp_mac: None,
            community_id: "1:x".to_owned(),
            orig_zone: Arc::from("office"),
            resp_zone: Arc::from("server"),
        };
        let mut facts = sekisho_model::Facts::new();
        facts.put("sni", "www.example.org");
        let said = |event| Said {
            flow: Some(flow.clone()),
            mac: None,
            ordinal: 0,
            event,
        };
        let tls = said(sekisho_model::app::Event::Transaction(
            sekisho_model::Transaction {
                protocol: "tls",
                at: record.start,
                facts,
                also: None,
            },
        ));
        let odd = said(sekisho_model::app::Event::Anomaly {
            at: record.start,
            protocol: "tls",
            event: "invalid_record",
        });

        let lines = lines(|eve| {
            eve.said(&tls).unwrap();
            eve.said(&odd).unwrap();
        });

        insta::assert_json_snapshot!(lines);
    }

    #[test]
    fn ports_that_are_not_known_are_left_out_and_port_0_is_not() {
        let mut record = FlowRecord::example();
        record.orig.port = 0;
        let cut_off = FlowRecord {
            has_ports: false,
            ..record.clone()
        };

        let lines = lines(|eve| {
            eve.flow(&record).unwrap();
            eve.flow(&cut_off).unwrap();
        });

        assert_eq!(
            (&lines[0]["src_port"], &lines[0]["dest_port"]),
            (&0.into(), &443.into())
        );
        assert!(lines[1].get("src_port").is_none() && lines[1].get("dest_port").is_none());
    }

    #[test]
    fn hostile_strings_stay_data() {
        let zone = "a\"b\\\n\u{202e}</script>\u{0}";
        let record = FlowRecord {
            orig_zone: Arc::from(zone),
            ..FlowRecord::example()
        };

        let lines = lines(|eve| eve.flow(&record).unwrap());

        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0]["sekisho"]["orig_zone"], zone);
    }

    #[test]
    fn a_line_does_not_act_on_the_terminal_that_shows_it() {
        let record = FlowRecord {
            orig_zone: Arc::from("\u{9b}2J\u{7f}\u{202e}"),
            ..FlowRecord::example()
        };
        let mut out = Vec::new();

        Eve::new(&mut out, true).flow(&record).unwrap();

        let line = String::from_utf8(out).unwrap();
        assert!(line.contains("\\u009b2J\\u007f\\u202e"), "{line}");
    }

    #[test]
    fn the_last_line_carries_the_counts() {
        let summary = Summary {
            packets: 3,
            frames: BTreeMap::from([("tcp".to_owned(), 3)]),
            ..Summary::default()
        };

        let lines = lines(|eve| eve.finish(&summary).unwrap());

        assert_eq!(
            (&lines[0]["event_type"], &lines[0]["stats"]["decoder"]["pkts"]),
            (&"stats".into(), &3.into())
        );
    }
}
