//! The fixture: a data directory with flows, alerts, a policy and a summary, and the router over it.
//!
//! 300 flows, one a minute, every third denied by the policy; 25 alerts, one every twelve minutes;
//! 12 devices, one in the register and one retired there.
//! One zone has a name that a browser, a spreadsheet or a terminal would misread.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use sekisho_model::blind::{BlindTotals, CaptureHealth, MirrorFinding, MirrorReport};
use sekisho_model::host::{ServiceSeen, Sighting};
use sekisho_model::summary::{
    AlertTotals, Input, InputFile, ListTotals, MatrixCell, PolicyChanges, RuleUse, Summary, Talker, Volume,
};
use sekisho_model::{
    Alert, BlindInterval, BlindKind, Category, Endpoint, Explanation, FlowRecord, Host, MacAddress,
    Sanctionable, Severity, Text, Timestamp, Verdict,
};
use sekisho_policy::{Policy, Source};
use sekisho_store::{Embedded, PolicyText, RegisterEntry, Store as _, StoreWriter};
use sekisho_web::{AppState, PolicyFolder, router};
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

pub(crate) const FLOWS: u64 = 300;
pub(crate) const ALERTS: u64 = 25;
pub(crate) const HOSTS: u64 = 12;
pub(crate) const HOSTILE: &str = "<script>alert(1)</script>\"'\\\u{1b}[31m\n=cmd|calc";

/// 2026-11-02T00:00:00Z.
pub(crate) fn morning() -> Timestamp {
    Timestamp::parse("2026-11-02T00:00:00Z").unwrap()
}

pub(crate) struct Site {
    app: Router,
    folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Site {
    /// A data directory after one run.
    pub(crate) fn new() -> Self {
        Self::with(|store, mut writer| {
            for minute in 0..FLOWS {
                writer.flow(&flow(minute)).unwrap();
            }
            let mut later = flow(7);
            later.part = 1;
            later.start = later.start.plus(Duration::from_secs(10));
            writer.flow(&later).unwrap();
            for number in 0..ALERTS {
                writer.alert(&alert(number)).unwrap();
            }
            let hosts: Vec<_> = (1..=HOSTS).map(host).collect();
            writer.hosts(&hosts).unwrap();
            writer.blind(&blind()).unwrap();
            store.put_register(&register()).unwrap();
            writer.policy(&policy()).unwrap();
            writer.policy_text(&policy_text()).unwrap();
            writer.finish(&summary()).unwrap();
        })
    }

    /// A data directory that nothing was written to.
    pub(crate) fn empty() -> Self {
        Self::with(|_, writer| drop(writer))
    }

    /// One with alerts that a list of the policy would have kept from being raised; the policy lies in a
    /// folder, and the dashboard may add to it or not.
    pub(crate) fn of_a_catalogue(may_add: bool) -> Self {
        let text = "schema = 1\n[policy]\nname = \"p\"\nversion = \"1\"\n\
            [list.sanctioned-storage]\nkind = \"suffix\"\nvalues = []\n\
            [[rule]]\nid = \"R-1\"\nwhen = 'service == tls'\nexcept = 'server_name in @sanctioned-storage'\n";
        let compiled = Policy::compile(&[Source {
            name: "policy.toml".to_owned(),
            text: text.into(),
        }]);
        let policy = compiled.unwrap();
        let site = Self::with(|_, mut writer| {
            for number in 0..6 {
                let mut alert = alert(number);
                alert.rule = Arc::from("R-1");
                // The last alert is of another service, and the first is as no list speaks of it.
                let value = if number == 5 {
                    "other.example"
                } else {
                    "box.example"
                };
                alert.explanation.sanction = (number > 0).then(|| Sanctionable {
                    list: "sanctioned-storage".to_owned(),
                    value: value.to_owned(),
                });
                writer.alert(&alert).unwrap();
            }
            writer.policy_text(&text_of(&policy)).unwrap();
            writer.finish(&summary()).unwrap();
        });
        let path = site.policy_folder();
        std::fs::create_dir(&path).unwrap();
        std::fs::write(path.join("policy.toml"), text).unwrap();
        let store = Embedded::open(&site.data()).unwrap();
        let app = router(AppState {
            store: Arc::new(store),
            policy: may_add.then_some(PolicyFolder {
                path,
                catalogue: Vec::new(),
            }),
        });
        Self { app, ..site }
    }

    /// Where the policy of [`Site::of_a_catalogue`] lies.
    pub(crate) fn policy_folder(&self) -> PathBuf {
        self.folder.path().join("policy")
    }

    fn with(fill: impl FnOnce(&Embedded, Box<dyn StoreWriter>)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::create(&folder.path().join("data")).unwrap();
        fill(&store, Box::new(store.writer().unwrap()));
        Self {
            app: router(AppState {
                store: Arc::new(store),
                policy: None,
            }),
            folder,
        }
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(Request::get(uri).header("host", "localhost:8080"))
            .await
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder) -> Answer {
        self.answer(request.body(Body::empty()).unwrap()).await
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(octets.to_vec()).unwrap(),
        }
    }

    /// Sends a body of JSON as our own page does.
    pub(crate) async fn post(&self, uri: &str, body: &Value) -> Answer {
        let request = Request::post(uri)
            .header("host", "localhost:8080")
            .header("origin", "http://localhost:8080")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        self.answer(request).await
    }

    /// The JSON of an answer that must be there.
    pub(crate) async fn json(&self, uri: &str) -> Value {
        let answer = self.get(uri).await;
        assert_eq!(answer.status, StatusCode::OK, "{uri}: {}", answer.text);
        assert_eq!(answer.headers["content-type"], "application/json", "{uri}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{uri}");
        serde_json::from_str(&answer.text).unwrap()
    }

    /// The error of a request that must be refused.
    pub(crate) async fn refusal(&self, uri: &str, status: StatusCode) -> Value {
        let answer = self.get(uri).await;
        assert_eq!(answer.status, status, "{uri}: {}", answer.text);
        let mut body: Value = serde_json::from_str(&answer.text).unwrap();
        body["error"].take()
    }
}

/// A text as a query carries it.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| match octet {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
            _ => format!("%{octet:02X}"),
        })
        .collect()
}

fn flow(minute: u64) -> FlowRecord {
    let denied = minute.is_multiple_of(3);
    let start = morning().plus(Duration::from_secs(minute * 60));
    let host = u8::try_from(minute % 20 + 1).unwrap();
    FlowRecord {
        flow_id: 1000 + minute,
        orig: Endpoint {
            address: IpAddr::V4(Ipv4Addr::new(10, 40, 1, host)),
            port: 50_000,
        },
        resp: Endpoint {
            address: IpAddr::V4(Ipv4Addr::new(10, 40, 2, 10)),
            port: if denied { 3306 } else { 443 },
        },
        orig_zone: Arc::from(if minute == 5 { HOSTILE } else { "office" }),
        resp_zone: Arc::from("server"),
        orig_mac: Some(MacAddress([0x52, 0x54, 0, 0, 0, host])),
        verdict: if denied { Verdict::Denied } else { Verdict::Allowed },
        rule: Arc::from(if denied { "PATH-DENY" } else { "PATH-0001" }),
        policy_version: Arc::from("2026-11"),
        community_id: "1:LQU9qZlK+B5F3KDmev6m5PMibrg=".to_owned(),
        start,
        end: start.plus(Duration::from_secs(1)),
        ..FlowRecord::example()
    }
}

fn alert(number: u64) -> Alert {
    let flow = flow(number * 12);
    let severe = number < 5;
    Alert {
        id: 100 + number,
        rule: Arc::from("PATH-DENY"),
        signature_id: 1_000_001,
        title: Text::new("許可されていない通信", "Communication that is not allowed"),
        severity: if severe { Severity::High } else { Severity::Medium },
        category: Category::PolicyViolation,
        first_seen: flow.start,
        last_seen: flow.start.plus(Duration::from_secs(60)),
        count: 3,
        packets: 3,
        octets: 180,
        subject: Some(flow.orig.address),
        flow: Some(flow),
        clause: Arc::from("6(3)イ"),
        attack: vec![Arc::from("T1021")],
        indicator: None,
        explanation: Explanation {
            observed: Text::new(format!("観測 {number}"), format!("observed {number}")),
            expected: Text::new("期待", "expected"),
            nearest: Text::new("最も近い経路", "nearest"),
            nearest_path: "PATH-0001".to_owned(),
            differs: vec!["ports".to_owned()],
            legitimate: Text::new("正当な例", "as it should be"),
            silenced_by: Text::new("経路を足す", "a path"),
            first_step: Text::new("担当者に聞く", "ask the owner"),
            source: "The vendor (2026-11)".to_owned(),
            sanction: None,
        },
    }
}

/// Device `number`, last seen `number` minutes after midnight; the third has a hostile name.
fn host(number: u64) -> Host {
    let first = morning().plus(Duration::from_secs(number * 60));
    let last = first.plus(Duration::from_secs(10));
    let seen = |value: String, from: &str| Sighting {
        value,
        from: from.to_owned(),
        first,
        last,
        count: 4,
    };
    Host {
        mac: Some(format!("52:54:00:00:00:{number:02x}")),
        addresses: vec![seen(format!("10.40.1.{number}"), "arp")],
        names: (number == 3)
            .then(|| seen(HOSTILE.to_owned(), "dhcp.hostname"))
            .into_iter()
            .collect(),
        offers: vec![ServiceSeen {
            service: String::new(),
            protocol: "tcp".to_owned(),
            port: 9100,
            first,
            last,
            count: 2,
        }],
        zones: vec!["office".to_owned()],
        several: vec![Text::new("複数のOS", "several systems")],
        first_seen: first,
        last_seen: last,
        flows: 2,
        ..Host::new(number)
    }
}

fn register() -> [RegisterEntry; 2] {
    let entry = |key: &str, name: &str, retired| RegisterEntry {
        key: key.to_owned(),
        name: name.to_owned(),
        owner: "佐藤".to_owned(),
        department: "総務課".to_owned(),
        retired,
        note: String::new(),
    };
    [
        entry("52:54:00:00:00:01", "総務課プリンター", false),
        RegisterEntry {
            department: String::new(),
            ..entry("10.40.1.2", "旧サーバー", true)
        },
    ]
}

fn policy() -> Value {
    compiled().describe()
}

fn policy_text() -> PolicyText {
    text_of(&compiled())
}

fn text_of(policy: &Policy) -> PolicyText {
    PolicyText {
        hash: policy.files().hash().to_owned(),
        name: policy.name().to_owned(),
        version: policy.version().to_string(),
        mode: policy.mode().name().to_owned(),
        files: policy.files().files().to_vec(),
    }
}

fn compiled() -> Policy {
    let text = r#"
        schema = 1
        [policy]
        name = "three zones"
        version = "2026-11"
        label.ja = "三層"
        label.en = "Three zones"
        [zone.office]
        networks = ["10.40.1.0/24"]
        vlans = [10]
        clause = "6(3)ア"
        [zone.server]
        networks = ["10.40.2.0/24"]
        classification = 3
        [[path]]
        id = "PATH-0001"
        from = "office"
        to = "server"
        protocol = "tcp"
        ports = [443, "8000-8080"]
        clause = "2(18)"
        [[boundary]]
        id = "BOUND-01"
        from = "office"
        to = "*"
        clause = "6(3)ア"
        severity = "high"
        title.ja = "執務室から他領域への通信"
        title.en = "Office talks to another zone"
        attack = ["T1021"]
    "#;
    let source = Source {
        name: "zones.toml".to_owned(),
        text: text.into(),
    };
    Policy::compile(&[source]).unwrap()
}

fn summary() -> Summary {
    let volume = Volume {
        flows: 200,
        packets: 200,
        octets: 12_000,
    };
    Summary {
        forgotten_days: 0,
        packets: 310,
        frame_octets: 22_940,
        flows: FLOWS,
        flow_records: FLOWS + 1,
        alerts: AlertTotals {
            suppressed: 0,
            total: ALERTS,
            by_severity: [("1".to_owned(), 5), ("2".to_owned(), 20)].into(),
            by_rule: [("PATH-DENY".to_owned(), ALERTS)].into(),
        },
        zones: vec![MatrixCell {
            orig_zone: "office".to_owned(),
            resp_zone: "server".to_owned(),
            allowed: volume,
            denied: Volume::default(),
            unknown: Volume::default(),
        }],
        talkers: vec![Talker {
            address: "10.40.1.1".to_owned(),
            zone: "office".to_owned(),
            volume,
        }],
        first_packet: Some(morning()),
        last_packet: Some(morning().plus(Duration::from_secs(FLOWS * 60))),
        seconds: 0.5,
        packets_per_second: 620.0,
        frames: [
            ("tcp".to_owned(), 301),
            ("arp".to_owned(), 7),
            ("ip_truncated".to_owned(), 2),
        ]
        .into(),
        losses: [("flows_evicted".to_owned(), 4), ("ip_truncated".to_owned(), 2)].into(),
        input: Input {
            files: vec![
                InputFile {
                    path: "morning.pcap".to_owned(),
                    format: "pcap".to_owned(),
                    packets: 300,
                    damage: None,
                    port: None,
                },
                InputFile {
                    path: "cut.pcapng.gz".to_owned(),
                    format: "pcapng+gzip".to_owned(),
                    packets: 10,
                    damage: Some("octet 900: the block is cut off".to_owned()),
                    port: None,
                },
            ],
            damaged: 1,
        },
        policy_name: "three zones".to_owned(),
        policy_version: "2026-11".to_owned(),
        policy_mode: "enforce".to_owned(),
        policy_hash: "1f".repeat(32),
        catalogue_version: "2026-11-23".to_owned(),
        policy_changes: PolicyChanges {
            taken_up: 1,
            refused: 1,
            standing_refusal: Some("zones.toml:3: a mistake".to_owned()),
        },
        lists: ListTotals {
            lists: 2,
            indicators: 3,
            by_kind: [("address".to_owned(), 1), ("domain".to_owned(), 2)].into(),
            version: "2026-11-04".to_owned(),
            changes: PolicyChanges::default(),
        },
        rules: RuleUse {
            used: [("PATH-0001".to_owned(), FLOWS)].into(),
            unused_paths: vec!["PATH-0002".to_owned()],
            unused_exceptions: vec!["EXC-0001".to_owned()],
        },
        health: CaptureHealth {
            blind: [(
                "silence".to_owned(),
                BlindTotals {
                    intervals: 2,
                    seconds: 90.0,
                },
            )]
            .into(),
            mirror: Some(MirrorReport {
                from: morning(),
                to: morning().plus(Duration::from_secs(60)),
                packets: 300,
                findings: vec![MirrorFinding {
                    id: "duplicates".to_owned(),
                    title: Text::new("写し", "Packets arrive twice"),
                    observed: Text::new("半分", "half of them"),
                    matters: Text::new("二倍", "volumes count twice"),
                    change: Text::new("rx", "mirror rx"),
                    commands: vec!["switch: monitor session 1 source interface PORT rx".to_owned()],
                }],
            }),
        },
        watched_until: Some(morning().plus(Duration::from_secs(FLOWS * 60))),
        workers: 2,
        protection: None,
        ongoing: false,
    }
}

/// Two minutes after the first and an hour after it.
fn blind() -> [BlindInterval; 2] {
    [120, 3_600].map(|second| {
        let from = morning().plus(Duration::from_secs(second));
        let to = from.plus(Duration::from_secs(45));
        BlindInterval::new(BlindKind::Silence, "eth1", from, to).with("usual_ms", 900)
    })
}
