//! DNS and the protocols that have its message: multicast DNS, LLMNR, NetBIOS names.
//!
//! Sources: RFC 1035 section 4 (messages, TCP's length), RFC 6762 (mDNS), RFC 4795 (LLMNR), RFC 1002
//! section 4.2 (NBNS). The keys are those of version 3 of Suricata's DNS events; the time between
//! query and answer and the octets of both are ours.
//!
//! Messages are read leniently and in one pass: what stands before a fault counts. The reader is our
//! own, because simple-dns refuses a whole message for one record it does not like and reserves
//! memory by the counts of the header; the tests hold the two against each other.

mod dialect;
mod exchange;
mod message;
pub(super) mod name;
mod netbios;
mod probe;
mod record;
mod registry;
mod service_binding;

use sekisho_model::app::{FactKind, FactRow};

use crate::app::parser::Parser;
use crate::app::protocol::{Protocol, Start, Transport, row};
use dialect::Dialect;
use exchange::Exchanges;

pub(super) const DNS: Protocol = Protocol {
    name: "dns",
    title: "DNS",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[Dialect::Dns.port()],
    kin: &[],
    facts: FACTS,
    probe: probe::dns,
    parser: |start| parser(Dialect::Dns, start),
};

pub(super) const MDNS: Protocol = Protocol {
    name: "mdns",
    title: "Multicast DNS",
    transports: &[Transport::Udp],
    ports: &[Dialect::Mdns.port()],
    kin: &[],
    facts: FACTS,
    probe: probe::mdns,
    parser: |start| parser(Dialect::Mdns, start),
};

pub(super) const LLMNR: Protocol = Protocol {
    name: "llmnr",
    title: "LLMNR",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[Dialect::Llmnr.port()],
    kin: &[],
    facts: FACTS,
    probe: probe::llmnr,
    parser: |start| parser(Dialect::Llmnr, start),
};

pub(super) const NBNS: Protocol = Protocol {
    name: "nbns",
    title: "NetBIOS name service",
    transports: &[Transport::Udp],
    ports: &[Dialect::Nbns.port()],
    kin: &[],
    facts: FACTS,
    probe: probe::nbns,
    parser: |start| parser(Dialect::Nbns, start),
};

fn parser(dialect: Dialect, start: &Start) -> Box<dyn Parser> {
    Box::new(Exchanges::new(dialect, start.transport == Transport::Tcp))
}

use FactKind::{Flag, Number, Real, Text};

const FACTS: &[FactRow] = &[
    row("version", Number, "記録の版", "Record version"),
    row("type", Text, "種別", "Kind"),
    row("tx_id", Number, "取引番号", "Transaction number"),
    row("id", Number, "識別子", "Identifier"),
    row("flags", Text, "フラグ", "Flags"),
    row("qr", Flag, "応答", "Response"),
    row("aa", Flag, "権威応答", "Authoritative"),
    row("tc", Flag, "切り詰め", "Truncated"),
    row("rd", Flag, "再帰要求", "Recursion desired"),
    row("ra", Flag, "再帰可能", "Recursion available"),
    row("z", Flag, "予約ビット", "Reserved bit"),
    row("opcode", Number, "操作", "Operation"),
    row("rcode", Text, "応答コード", "Response code"),
    row("queries.rrname", Text, "問い合わせ名", "Query name"),
    row("queries.rrtype", Text, "問い合わせ型", "Query type"),
    row("answers.rrname", Text, "回答の名前", "Answer name"),
    row("answers.rrtype", Text, "回答の型", "Answer type"),
    row("answers.ttl", Number, "回答の有効秒数", "Answer lifetime (s)"),
    row("answers.rdata", Text, "回答の内容", "Answer data"),
    row(
        "answers.soa.mname",
        Text,
        "回答 SOA 主サーバー",
        "Answer SOA primary",
    ),
    row("answers.soa.rname", Text, "回答 SOA 担当者", "Answer SOA mailbox"),
    row("answers.soa.serial", Number, "回答 SOA 通番", "Answer SOA serial"),
    row(
        "answers.soa.refresh",
        Number,
        "回答 SOA 更新間隔",
        "Answer SOA refresh",
    ),
    row(
        "answers.soa.retry",
        Number,
        "回答 SOA 再試行間隔",
        "Answer SOA retry",
    ),
    row("answers.soa.expire", Number, "回答 SOA 失効", "Answer SOA expiry"),
    row(
        "answers.soa.minimum",
        Number,
        "回答 SOA 最小 TTL",
        "Answer SOA minimum",
    ),
    row(
        "answers.srv.priority",
        Number,
        "回答 SRV 優先度",
        "Answer SRV priority",
    ),
    row("answers.srv.weight", Number, "回答 SRV 重み", "Answer SRV weight"),
    row("answers.srv.port", Number, "回答 SRV ポート", "Answer SRV port"),
    row("answers.srv.name", Text, "回答 SRV 名前", "Answer SRV target"),
    row("authorities.rrname", Text, "権威の名前", "Authority name"),
    row("authorities.rrtype", Text, "権威の型", "Authority type"),
    row(
        "authorities.ttl",
        Number,
        "権威の有効秒数",
        "Authority lifetime (s)",
    ),
    row("authorities.rdata", Text, "権威の内容", "Authority data"),
    row(
        "authorities.soa.mname",
        Text,
        "権威 SOA 主サーバー",
        "Authority SOA primary",
    ),
    row(
        "authorities.soa.rname",
        Text,
        "権威 SOA 担当者",
        "Authority SOA mailbox",
    ),
    row(
        "authorities.soa.serial",
        Number,
        "権威 SOA 通番",
        "Authority SOA serial",
    ),
    row(
        "authorities.soa.refresh",
        Number,
        "権威 SOA 更新間隔",
        "Authority SOA refresh",
    ),
    row(
        "authorities.soa.retry",
        Number,
        "権威 SOA 再試行間隔",
        "Authority SOA retry",
    ),
    row(
        "authorities.soa.expire",
        Number,
        "権威 SOA 失効",
        "Authority SOA expiry",
    ),
    row(
        "authorities.soa.minimum",
        Number,
        "権威 SOA 最小 TTL",
        "Authority SOA minimum",
    ),
    row(
        "authorities.srv.priority",
        Number,
        "権威 SRV 優先度",
        "Authority SRV priority",
    ),
    row(
        "authorities.srv.weight",
        Number,
        "権威 SRV 重み",
        "Authority SRV weight",
    ),
    row(
        "authorities.srv.port",
        Number,
        "権威 SRV ポート",
        "Authority SRV port",
    ),
    row(
        "authorities.srv.name",
        Text,
        "権威 SRV 名前",
        "Authority SRV target",
    ),
    row("additionals.rrname", Text, "付加の名前", "Additional name"),
    row("additionals.rrtype", Text, "付加の型", "Additional type"),
    row(
        "additionals.ttl",
        Number,
        "付加の有効秒数",
        "Additional lifetime (s)",
    ),
    row("additionals.rdata", Text, "付加の内容", "Additional data"),
    row(
        "additionals.soa.mname",
        Text,
        "付加 SOA 主サーバー",
        "Additional SOA primary",
    ),
    row(
        "additionals.soa.rname",
        Text,
        "付加 SOA 担当者",
        "Additional SOA mailbox",
    ),
    row(
        "additionals.soa.serial",
        Number,
        "付加 SOA 通番",
        "Additional SOA serial",
    ),
    row(
        "additionals.soa.refresh",
        Number,
        "付加 SOA 更新間隔",
        "Additional SOA refresh",
    ),
    row(
        "additionals.soa.retry",
        Number,
        "付加 SOA 再試行間隔",
        "Additional SOA retry",
    ),
    row(
        "additionals.soa.expire",
        Number,
        "付加 SOA 失効",
        "Additional SOA expiry",
    ),
    row(
        "additionals.soa.minimum",
        Number,
        "付加 SOA 最小 TTL",
        "Additional SOA minimum",
    ),
    row(
        "additionals.srv.priority",
        Number,
        "付加 SRV 優先度",
        "Additional SRV priority",
    ),
    row(
        "additionals.srv.weight",
        Number,
        "付加 SRV 重み",
        "Additional SRV weight",
    ),
    row(
        "additionals.srv.port",
        Number,
        "付加 SRV ポート",
        "Additional SRV port",
    ),
    row(
        "additionals.srv.name",
        Text,
        "付加 SRV 名前",
        "Additional SRV target",
    ),
    row(
        "edns.udp_size",
        Number,
        "EDNS 受信可能オクテット",
        "EDNS payload size",
    ),
    row("edns.version", Number, "EDNS の版", "EDNS version"),
    row("edns.do", Flag, "DNSSEC 要求", "DNSSEC wanted"),
    row("names", Text, "端末の NetBIOS 名", "NetBIOS names of the host"),
    row("mac", Text, "端末の MAC アドレス", "MAC address of the host"),
    row("query_octets", Number, "問い合わせオクテット", "Query octets"),
    row("response_octets", Number, "応答オクテット", "Response octets"),
    row("rtt", Real, "応答時間 (秒)", "Round trip (s)"),
];

#[cfg(test)]
mod tests;
