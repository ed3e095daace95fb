//! DCE-RPC over TCP: interfaces that are bound, calls that are made, where interfaces listen.
//!
//! Source: C706 chapter 12; MS-RPCE. Calls inside SMB pipes are read by the same [`Calls`].

mod calls;
mod endpoints;
mod interfaces;
mod pdu;

use sekisho_model::app::{Essential, FactKind, FactRow};

pub(super) use calls::{Call, Calls};
pub(super) use pdu::{HEADER, read as unit};

use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;

/// Octets of a unit that are read.
const MAX_UNIT: usize = 8 * 1024;
/// Transactions that a flow writes.
const MAX_TRANSACTIONS: u16 = 512;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "dcerpc",
    title: "DCE-RPC",
    transports: &[Transport::Tcp],
    ports: &[135],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request", FactKind::Text, "要求", "Request"),
    row("response", FactKind::Text, "応答", "Response"),
    row("interfaces.uuid", FactKind::Text, "インターフェース", "Interface"),
    row(
        "interfaces.version",
        FactKind::Text,
        "インターフェースの版",
        "Interface version",
    ),
    row("interfaces.ack_result", FactKind::Number, "結果", "Result"),
    row("interfaces.ack_reason", FactKind::Number, "理由", "Reason"),
    row("interfaces.service", FactKind::Text, "サービス", "Service"),
    row("interfaces.procedure", FactKind::Text, "手続き", "Procedure"),
    row("req.opnum", FactKind::Number, "操作番号", "Operation number"),
    row(
        "req.frag_cnt",
        FactKind::Number,
        "要求の断片数",
        "Request fragments",
    ),
    row(
        "req.stub_data_size",
        FactKind::Number,
        "要求のデータ長",
        "Request data octets",
    ),
    row(
        "res.frag_cnt",
        FactKind::Number,
        "応答の断片数",
        "Response fragments",
    ),
    row(
        "res.stub_data_size",
        FactKind::Number,
        "応答のデータ長",
        "Response data octets",
    ),
    row(
        "service_name",
        FactKind::Text,
        "Windowsサービス名",
        "Windows service name",
    ),
    row("fault", FactKind::Text, "障害コード", "Fault"),
    row(
        "endpoints.uuid",
        FactKind::Text,
        "待受けのインターフェース",
        "Endpoint interface",
    ),
    row(
        "endpoints.service",
        FactKind::Text,
        "待受けのサービス",
        "Endpoint service",
    ),
    row(
        "endpoints.proto",
        FactKind::Text,
        "待受けのプロトコル",
        "Endpoint protocol",
    ),
    row(
        "endpoints.address",
        FactKind::Text,
        "待受けのアドレス",
        "Endpoint address",
    ),
    row(
        "endpoints.port",
        FactKind::Number,
        "待受けのポート",
        "Endpoint port",
    ),
    row(
        "endpoints.named_pipe",
        FactKind::Text,
        "待受けのパイプ",
        "Endpoint pipe",
    ),
    row("auth_type", FactKind::Text, "認証方式", "Authentication"),
    row("auth_level", FactKind::Text, "認証の強さ", "Authentication level"),
    row("ntlmssp.domain", FactKind::Text, "ドメイン", "Domain"),
    row(
        "ntlmssp.user_digest",
        FactKind::Text,
        "利用者（要約値）",
        "User (digest)",
    ),
    row("ntlmssp.host", FactKind::Text, "端末名", "Workstation"),
    row(
        "ntlmssp.version",
        FactKind::Text,
        "ソフトウェアの版",
        "Software version",
    ),
    row("ntlmssp.response", FactKind::Text, "応答の方式", "Response kind"),
    row(
        "ntlmssp.challenge",
        FactKind::Flag,
        "チャレンジあり",
        "Challenge seen",
    ),
    row(
        "ntlmssp.server_nb_computer_name",
        FactKind::Text,
        "サーバのNetBIOS名",
        "Server NetBIOS name",
    ),
    row(
        "ntlmssp.server_dns_computer_name",
        FactKind::Text,
        "サーバのDNS名",
        "Server DNS name",
    ),
    row(
        "ntlmssp.server_dns_domain_name",
        FactKind::Text,
        "サーバのDNSドメイン",
        "Server DNS domain",
    ),
    row("kerberos.realm", FactKind::Text, "レルム", "Realm"),
    row("kerberos.sname", FactKind::Text, "サービス名", "Service name"),
    row("call_id", FactKind::Number, "呼出し番号", "Call"),
    row("rpc_version", FactKind::Text, "RPCの版", "RPC version"),
];

/// Version, type and the representation of numbers take eight octets and leave no doubt.
fn probe(hint: &Hint<'_>) -> Probe {
    match hint.octets {
        [5, 0 | 1, 0 | 2 | 3 | 11..=19, _, 0 | 0x10, 0..=3, 0, 0, ..] => {
            let is_unit = hint.octets.len() < HEADER || unit(hint.octets).is_some();
            if is_unit { Probe::Sure } else { Probe::No }
        }
        [] => Probe::No,
        [5] | [5, 0 | 1] | [5, 0 | 1, 0 | 2 | 3 | 11..=19] | [5, 0 | 1, 0 | 2 | 3 | 11..=19, _] => {
            Probe::More
        }
        [5, 0 | 1, 0 | 2 | 3 | 11..=19, _, 0 | 0x10, rest @ ..] if rest.len() < 3 => Probe::More,
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(DceRpc {
        calls: Calls::default(),
        written: 0,
    })
}

struct DceRpc {
    calls: Calls,
    written: u16,
}

impl Parser for DceRpc {
    fn held(&self) -> usize {
        self.calls.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        if chunk.octets.len() < HEADER {
            return Read::Need(HEADER);
        }
        let Some(pdu) = unit(chunk.octets) else {
            return find(chunk);
        };
        let wanted = pdu.len.min(MAX_UNIT);
        if chunk.octets.len() < wanted {
            return Read::Need(wanted);
        }
        let skip = pdu.len.saturating_sub(wanted);
        let Some(pdu) = chunk.octets.get(..wanted).and_then(unit) else {
            return Read::NotMine;
        };
        if let Some(call) = self.calls.read(&pdu, chunk.at) {
            self.write(call, sheet);
        }
        Read::Skip {
            took: wanted,
            skip: u64::try_from(skip).unwrap_or(u64::MAX),
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // The next unit is told by its header.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        for call in self.calls.unanswered() {
            self.write(call, sheet);
        }
    }
}

impl DceRpc {
    fn write(&mut self, call: Call, sheet: &mut Sheet<'_>) {
        if let Some(digest) = call.ntlm.as_ref().and_then(|ntlm| ntlm.user_digest.clone()) {
            sheet.essential(Essential::User, digest, "dcerpc.ntlmssp.user");
        }
        if let Some(host) = call.ntlm.as_ref().and_then(|ntlm| ntlm.host.clone()) {
            sheet.essential(Essential::ClientHost, host, "dcerpc.ntlmssp.host");
        }
        if self.written == MAX_TRANSACTIONS {
            sheet.partial();
            return;
        }
        self.written = self.written.saturating_add(1);
        let at = call.at;
        sheet.transaction(at, self.calls.facts(call, false));
    }
}

/// Looks for the next unit after a gap, or at a start in the middle.
fn find(chunk: &Chunk<'_>) -> Read {
    let found = chunk
        .octets
        .windows(HEADER)
        .position(|window| unit(window).is_some());
    // A header may begin in the last octets.
    let passed = chunk.octets.len().saturating_sub(HEADER).saturating_add(1);
    Read::Took(found.unwrap_or(passed))
}

#[cfg(test)]
mod tests;
