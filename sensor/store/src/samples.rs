//! Records and alerts for tests: few addresses, zones and ids, so that they meet.

use std::sync::Arc;

use proptest::prelude::*;
use sekisho_model::{
    Alert, Category, ConnState, Counts, DirectionBy, EndReason, Explanation, FlowRecord, MacAddress,
    Protocol, Severity, TcpFlags, Text, Timestamp, Verdict,
};

/// 2026-11-23T00:00:00Z.
pub(crate) const MIDNIGHT: i64 = 1_795_392_000;

const ZONES: [&str; 4] = ["unknown", "office", "server", "総務課"];

/// A record of some hour around midnight.
pub(crate) fn record() -> impl Strategy<Value = FlowRecord> {
    let when = (-7_200_i64..7_200, 0_u32..1_000_000_000, 0_u64..100_000_000_000);
    let ends = (0_u8..6, 0_u8..6, any::<bool>(), 0_u16..4, 0_u16..4);
    let what = (
        0_usize..4,
        0_usize..4,
        0_usize..3,
        0_u8..20,
        prop::option::of(0_u16..3),
    );
    let volume = (0_u64..5_000, 0_u64..5_000, any::<u8>(), "[A-Za-z^]{0,6}");
    let id = (0_u64..20, 0_u32..3);
    (when, ends, what, volume, id).prop_map(|(when, ends, what, volume, id)| {
        let start = Timestamp::from_seconds(MIDNIGHT + when.0, when.1);
        let (orig, resp, v6, orig_port, resp_port) = ends;
        let (orig_zone, resp_zone, verdict, protocol, vlan) = what;
        let (to_resp, to_orig, flags, history) = volume;
        let mut record = FlowRecord {
            flow_id: id.0,
            part: id.1,
            protocol: Protocol(protocol),
            vlan,
            inner_vlan: vlan.filter(|vlan| *vlan == 1),
            orig_mac: vlan.map(|vlan| MacAddress([2, 0, 0, 0, 0, vlan.to_le_bytes()[0]])),
            start,
            end: Timestamp::from_nanos(start.nanos() + i64::try_from(when.2).unwrap()),
            to_resp: counts(to_resp, flags),
            to_orig: counts(to_orig, flags),
            conn_state: v6.then_some(ConnState::SF),
            history,
            end_reason: if v6 { EndReason::Active } else { EndReason::Forced },
            direction_by: DirectionBy::First,
            community_id: format!("1:{orig}{resp}"),
            orig_zone: Arc::from(ZONES[orig_zone]),
            resp_zone: Arc::from(ZONES[resp_zone]),
            verdict: Verdict::ALL[verdict],
            rule: Arc::from(if verdict == 1 { "PATH-DENY" } else { "" }),
            policy_version: Arc::from("2026-11"),
            ..FlowRecord::example()
        };
        record.orig.port = orig_port;
        record.resp.port = resp_port;
        record.orig.address = address(orig, v6);
        record.resp.address = address(resp, v6);
        record
    })
}

fn address(last: u8, v6: bool) -> std::net::IpAddr {
    if v6 {
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)].into()
    } else {
        [192, 0, 2, last].into()
    }
}

fn counts(octets: u64, flags: u8) -> Counts {
    Counts {
        packets: octets / 60,
        octets,
        payload_octets: octets / 2,
        frame_octets: octets + 14,
        tcp_flags: TcpFlags(flags),
        retransmitted: u32::from(flags),
        missed_octets: octets / 3,
        ..Counts::default()
    }
}

/// An alert that differs from others in what can be asked for; every ninth is about the sensor itself.
pub(crate) fn alert(id: u64) -> Alert {
    let severity = Severity::ALL[usize::try_from(id % 4).unwrap()];
    let mut flow = FlowRecord::example();
    flow.orig.address = address((id % 5).to_le_bytes()[0], id.is_multiple_of(2));
    flow.resp.address = address((id % 7).to_le_bytes()[0], id.is_multiple_of(2));
    flow.orig_zone = Arc::from(ZONES[usize::try_from(id % 3).unwrap()]);
    flow.resp_zone = Arc::from(ZONES[usize::try_from(id % 2).unwrap()]);
    flow.orig_mac = Some(MacAddress([2, 0, 0, 0, 0, 1]));
    let last = i64::try_from(id / 3).unwrap();
    let is_ours = id % 9 == 8;
    Alert {
        id,
        rule: Arc::from(if id.is_multiple_of(4) {
            "PATH-DENY"
        } else {
            "ZONE-INTRA"
        }),
        signature_id: 1_000_001,
        title: Text::new(format!("許可のない通信 {id}"), format!("Path not allowed {id}")),
        severity,
        category: if is_ours {
            Category::Blind
        } else {
            Category::PolicyViolation
        },
        first_seen: Timestamp::from_seconds(MIDNIGHT, 0),
        last_seen: Timestamp::from_seconds(MIDNIGHT + last, 5),
        count: id + 1,
        packets: id * 2,
        octets: id * 120,
        subject: (!is_ours).then_some(flow.orig.address),
        flow: (!is_ours).then_some(flow),
        clause: Arc::from(if id.is_multiple_of(2) { "6(3)イ" } else { "" }),
        attack: vec![Arc::from("T1021")],
        indicator: None,
        explanation: Explanation {
            observed: Text::new(format!("第{id}号が話した"), format!("Number {id} TALKED")),
            nearest_path: "PATH-0002".to_owned(),
            differs: vec!["ports".to_owned()],
            ..Explanation::default()
        },
    }
}

/// A policy of two files.
pub(crate) fn policy_text(hash: &str) -> crate::PolicyText {
    crate::PolicyText {
        hash: hash.to_owned(),
        name: "three zones".to_owned(),
        version: "2026-11".to_owned(),
        mode: "enforce".to_owned(),
        files: vec![
            ("paths.toml".to_owned(), "schema = 1\n".to_owned()),
            ("zones.toml".to_owned(), "# 業務系\n".repeat(100)),
        ],
    }
}
