//! EtherNet/IP and CIP: commands, services on objects, and what a device says it is.
//!
//! Source: ODVA's EtherNet/IP specification (CIP volume 2) sections 2-3 and 2-6, CIP volume 1
//! appendices A and C, as Wireshark's packet-enip.c and packet-cip.c read them.

use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use crate::app::infrastructure::exchanges::{Exchanges, Open};
use crate::app::octets::Octets;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of the encapsulation header.
const HEADER_LEN: usize = 24;
/// Octets of the longest message.
const MAX_LENGTH: usize = 65_511;
/// Items of a message that are looked at.
const MAX_ITEMS: u16 = 8;
const LIST_IDENTITY: u16 = 0x63;
const SEND_RR_DATA: u16 = 0x6f;
const SEND_UNIT_DATA: u16 = 0x70;
const UNCONNECTED_SEND: u8 = 0x52;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "enip",
    title: "EtherNet/IP",
    transports: &[Transport::Tcp, Transport::Udp],
    ports: &[44818],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row("request.command", FactKind::Text, "命令", "Command"),
    row(
        "request.cip.service",
        FactKind::Text,
        "CIP サービス",
        "CIP service",
    ),
    row(
        "request.cip.service_raw",
        FactKind::Number,
        "CIP サービス番号",
        "CIP service number",
    ),
    row("request.cip.class", FactKind::Number, "CIP クラス", "CIP class"),
    row(
        "request.cip.class_name",
        FactKind::Text,
        "CIP クラス名",
        "CIP class name",
    ),
    row(
        "request.cip.instance",
        FactKind::Number,
        "CIP インスタンス",
        "CIP instance",
    ),
    row(
        "request.cip.attribute",
        FactKind::Number,
        "CIP 属性",
        "CIP attribute",
    ),
    row("request.cip.symbol", FactKind::Text, "CIP タグ", "CIP tag"),
    row(
        "request.cip.is_write",
        FactKind::Flag,
        "操作",
        "Changes something",
    ),
    row("response.command", FactKind::Text, "応答命令", "Response command"),
    row("response.status", FactKind::Number, "状態", "Status"),
    row("response.cip.status", FactKind::Number, "CIP 状態", "CIP status"),
    row(
        "response.cip.service",
        FactKind::Text,
        "応答サービス",
        "Response service",
    ),
    row(
        "response.cip.service_raw",
        FactKind::Number,
        "応答サービス番号",
        "Response service number",
    ),
    row(
        "response.identity.vendor_id",
        FactKind::Number,
        "製造者 ID",
        "Vendor",
    ),
    row(
        "response.identity.device_type",
        FactKind::Number,
        "機器種別",
        "Device type",
    ),
    row(
        "response.identity.product_code",
        FactKind::Number,
        "製品コード",
        "Product code",
    ),
    row("response.identity.revision", FactKind::Text, "改訂", "Revision"),
    row(
        "response.identity.serial",
        FactKind::Text,
        "シリアル番号",
        "Serial number",
    ),
    row(
        "response.identity.product_name",
        FactKind::Text,
        "製品名",
        "Product",
    ),
    row("answered", FactKind::Flag, "応答あり", "Answered"),
];

fn probe(hint: &Hint<'_>) -> Probe {
    if hint.octets.len() < HEADER_LEN {
        let is_begun = hint.octets.get(1).is_none_or(|octet| *octet == 0)
            && hint
                .octets
                .first()
                .is_none_or(|octet| word(u16::from(*octet)).is_some());
        let is_at = hint.ports.contains(&44818) && hint.transport == Transport::Tcp;
        return if is_begun && is_at { Probe::More } else { Probe::No };
    }
    match header(hint.octets) {
        Some(header) if header.length == hint.octets.len().saturating_sub(HEADER_LEN) => Probe::Sure,
        Some(_) => Probe::Likely,
        None => Probe::No,
    }
}

fn parser(start: &Start) -> Box<dyn Parser> {
    Box::new(Enip {
        is_stream: start.transport == Transport::Tcp,
        client: if start.ports == [44818, 44818] || start.ports[0] != 44818 {
            End::Orig
        } else {
            End::Resp
        },
        exchanges: Exchanges::default(),
    })
}

struct Enip {
    is_stream: bool,
    client: End,
    exchanges: Exchanges,
}

struct Header {
    command: u16,
    length: usize,
    session: u32,
    status: u32,
    context: u64,
}

impl Parser for Enip {
    fn held(&self) -> usize {
        self.exchanges.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let all = chunk.octets.len();
        if all < HEADER_LEN {
            return if self.is_stream {
                Read::Need(HEADER_LEN)
            } else {
                Read::Took(all)
            };
        }
        let Some(header) = header(chunk.octets) else {
            return if self.is_stream {
                Read::Done
            } else {
                Read::Took(all)
            };
        };
        let end = HEADER_LEN.saturating_add(header.length);
        if self.is_stream && all < end {
            return Read::Need(end);
        }
        let body = chunk.octets.get(HEADER_LEN..end.min(all)).unwrap_or_default();
        self.message(chunk, &header, body, sheet);
        Read::Took(if self.is_stream { end } else { all })
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // The next segment begins with a header as a rule, and is checked like every other.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.exchanges.finish(sheet);
    }
}

impl Enip {
    fn message(&mut self, chunk: &Chunk<'_>, header: &Header, body: &[u8], sheet: &mut Sheet<'_>) {
        let cip = match header.command {
            SEND_RR_DATA | SEND_UNIT_DATA => cip(body),
            _ => None,
        };
        let is_answer = match &cip {
            Some((cip, _)) => cip.is_answer,
            None => chunk.from != self.client,
        };
        // Connected messages are paired by their own number, others by what the client chose.
        let number = cip.as_ref().and_then(|(_, number)| *number);
        let key = header.context ^ u64::from(header.session) << 32 ^ number.map_or(0, u64::from);
        let what = cip.as_ref().map_or(0, |(cip, _)| {
            u64::from(cip.service) << 32 | u64::from(cip.class.unwrap_or(0))
        });
        let kind = what << 8 ^ u64::from(header.command) ^ u64::from(header.status) << 56;
        let mut half = Facts::new();
        half.put_some("command", word(header.command));
        if is_answer {
            half.put("status", header.status);
        }
        if let Some((cip, _)) = &cip {
            half.put("cip", cip.facts());
        }
        if is_answer
            && header.command == LIST_IDENTITY
            && let Some(identity) = identity(body)
        {
            if let Some(name) = identity.text("product_name") {
                sheet.essential(Essential::ServerSoftware, name, "enip.identity");
            }
            half.put("identity", identity);
        }
        let fresh = Open {
            key,
            kind,
            at: chunk.at,
            facts: Facts::new(),
        };
        if is_answer {
            let mut open = self.exchanges.answer(key).unwrap_or(fresh);
            open.facts.put("response", half).put("answered", true);
            self.exchanges.write(open, sheet);
        } else {
            let mut open = fresh;
            open.facts.put("request", half);
            self.exchanges.ask(open, sheet);
        }
    }
}

fn header(octets: &[u8]) -> Option<Header> {
    let mut octets = Octets(octets);
    let command = octets.le16().filter(|command| word(*command).is_some())?;
    let length = usize::from(octets.le16()?);
    let session = octets.le32()?;
    // Zero in a request; the few errors of section 2-3.
    let status = octets.le32().filter(|status| *status <= 0x6a)?;
    let context = u64::from(octets.be32()?) << 32 | u64::from(octets.be32()?);
    octets.le32().filter(|options| *options == 0)?;
    (length <= MAX_LENGTH).then_some(Header {
        command,
        length,
        session,
        status,
        context,
    })
}

/// A service on an object, or its answer.
#[derive(Default)]
struct Cip {
    is_answer: bool,
    service: u8,
    class: Option<u16>,
    instance: Option<u16>,
    attribute: Option<u16>,
    symbol: Option<Box<str>>,
    status: Option<u8>,
}

impl Cip {
    fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        facts
            .put_some("service", service(self.service))
            .put("service_raw", self.service);
        if self.is_answer {
            facts.put_some("status", self.status);
            return facts;
        }
        facts
            .put_some("class", self.class)
            .put_some("class_name", self.class.and_then(class))
            .put_some("instance", self.instance)
            .put_some("attribute", self.attribute)
            .put_some("symbol", self.symbol.clone())
            .put(
                "is_write",
                matches!(self.service, 0x02 | 0x04..=0x0d | 0x10 | 0x4d | 0x4e | 0x53),
            );
        facts
    }
}

/// The CIP message among the items of a message, and the number of a connected one.
fn cip(body: &[u8]) -> Option<(Cip, Option<u16>)> {
    let mut body = Octets(body);
    // Interface handle and time-out.
    body.skip(6)?;
    let count = body.le16()?;
    for _ in 0..count.min(MAX_ITEMS) {
        let kind = body.le16()?;
        let length = usize::from(body.le16()?);
        let mut item = Octets(body.take(length)?);
        match kind {
            0xb1 => {
                let number = item.le16()?;
                return Some((request(item, true)?, Some(number)));
            }
            0xb2 => return Some((request(item, true)?, None)),
            _ => {}
        }
    }
    None
}

fn request(mut item: Octets<'_>, may_carry: bool) -> Option<Cip> {
    let first = item.u8()?;
    let mut cip = Cip {
        is_answer: first & 0x80 != 0,
        service: first & 0x7f,
        ..Cip::default()
    };
    if cip.is_answer {
        item.u8()?;
        cip.status = Some(item.u8()?);
        return Some(cip);
    }
    let words = usize::from(item.u8()?);
    let mut path = Octets(item.take(words.saturating_mul(2))?);
    while let Some(segment) = path.u8() {
        let value = match segment {
            0x20 | 0x24 | 0x28 | 0x2c | 0x30 => path.u8().map(u16::from),
            0x21 | 0x25 | 0x29 | 0x2d | 0x31 => path.u8().and(path.le16()),
            0x91 => {
                let length = usize::from(path.u8()?);
                let name = path.take(length)?;
                // Names are filled up to whole words.
                path.skip(length & 1);
                cip.symbol.get_or_insert_with(|| text::bounded(name, 64).0);
                continue;
            }
            _ => break,
        };
        match segment & 0xfc {
            0x20 => cip.class = cip.class.or(value),
            0x24 => cip.instance = cip.instance.or(value),
            0x30 => cip.attribute = cip.attribute.or(value),
            _ => {}
        }
    }
    // The connection manager carries a message on to another device.
    if may_carry && cip.service == UNCONNECTED_SEND && cip.class == Some(6) {
        item.skip(2)?;
        let length = usize::from(item.le16()?);
        if let Some(carried) = item
            .take(length)
            .and_then(|carried| request(Octets(carried), false))
        {
            return Some(carried);
        }
    }
    Some(cip)
}

/// What a device says it is.
fn identity(body: &[u8]) -> Option<Facts> {
    let mut body = Octets(body);
    body.le16().filter(|count| *count > 0)?;
    body.le16().filter(|kind| *kind == 0x0c)?;
    let length = usize::from(body.le16()?);
    let mut item = Octets(body.take(length)?);
    // Version and socket address.
    item.skip(18)?;
    let mut facts = Facts::new();
    facts.put("vendor_id", item.le16()?);
    facts.put("device_type", item.le16()?);
    facts.put("product_code", item.le16()?);
    facts.put("revision", format!("{}.{}", item.u8()?, item.u8()?));
    item.skip(2)?;
    facts.put("serial", format!("{:08x}", item.le32()?));
    let length = usize::from(item.u8()?);
    facts.put("product_name", text::of(item.take(length)?));
    Some(facts)
}

const fn word(command: u16) -> Option<&'static str> {
    Some(match command {
        0x04 => "ListServices",
        0x63 => "ListIdentity",
        0x64 => "ListInterfaces",
        0x65 => "RegisterSession",
        0x66 => "UnregisterSession",
        0x6f => "SendRRData",
        0x70 => "SendUnitData",
        _ => return None,
    })
}

const fn service(service: u8) -> Option<&'static str> {
    Some(match service {
        0x01 => "GetAttributesAll",
        0x02 => "SetAttributesAll",
        0x03 => "GetAttributeList",
        0x04 => "SetAttributeList",
        0x05 => "Reset",
        0x06 => "Start",
        0x07 => "Stop",
        0x08 => "Create",
        0x09 => "Delete",
        0x0a => "MultipleServicePacket",
        0x0d => "ApplyAttributes",
        0x0e => "GetAttributeSingle",
        0x10 => "SetAttributeSingle",
        0x4b => "ExecutePCCC",
        0x4c => "ReadTag",
        0x4d => "WriteTag",
        0x4e => "ForwardCloseOrModifyTag",
        0x52 => "UnconnectedSendOrReadTagFragmented",
        0x53 => "WriteTagFragmented",
        0x54 => "ForwardOpen",
        0x5b => "LargeForwardOpen",
        _ => return None,
    })
}

const fn class(class: u16) -> Option<&'static str> {
    Some(match class {
        0x01 => "Identity",
        0x02 => "MessageRouter",
        0x04 => "Assembly",
        0x05 => "Connection",
        0x06 => "ConnectionManager",
        0x0f => "Parameter",
        0x37 => "File",
        0x43 => "TimeSync",
        0x67 => "PCCC",
        0x6b => "Symbol",
        0xac => "ControllerInfo",
        0xf5 => "TCPIPInterface",
        0xf6 => "EthernetLink",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::app::infrastructure::hostile;
    use crate::app::test;

    use super::*;

    fn message(command: u8, body: &[u8]) -> Vec<u8> {
        let mut octets = vec![
            command,
            0,
            u8::try_from(body.len()).unwrap(),
            0,
            7,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
        ];
        octets.extend(*b"context!\0\0\0\0");
        octets.extend(body);
        octets
    }

    /// CIP volume 2 table 2-4.4: an identity item.
    fn device() -> Vec<u8> {
        let mut body = vec![1, 0, 0x0c, 0, 41, 0, 1, 0];
        body.extend([0, 2, 0xaf, 0x12, 10, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]);
        body.extend([1, 0, 12, 0, 58, 0, 5, 7, 0, 0, 0x78, 0x56, 0x34, 0x12, 7]);
        body.extend(*b"1756-EN\x03");
        message(0x63, &body)
    }

    #[test]
    fn a_device_says_what_it_is() {
        let (ask, answer) = (message(0x63, &[]), device());
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask), (End::Resp, &answer)];

        let seen = test::converse(Transport::Udp, [40_000, 44818], chunks);

        let [facts] = &seen.transactions("enip")[..] else {
            panic!("{seen:?}")
        };
        assert_eq!(facts.text("request.command"), Some("ListIdentity"));
        assert_eq!(facts.text("response.identity.product_name"), Some("1756-EN"));
        assert_eq!(facts.text("response.identity.revision"), Some("5.7"));
        assert_eq!(facts.text("response.identity.serial"), Some("12345678"));
        hostile::bend(&PROTOCOL, Transport::Udp, chunks);
    }

    #[test]
    fn a_service_on_an_object_is_paired_with_its_answer() {
        // SetAttributeSingle on the identity object, instance 1, attribute 7, as an unconnected item.
        let ask = message(
            0x6f,
            &[
                0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, 8, 0, 0x10, 3, 0x20, 1, 0x24, 1, 0x30, 7,
            ],
        );
        let answer = message(
            0x6f,
            &[
                0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, 4, 0, 0x90, 0, 0x0e, 0,
            ],
        );
        let chunks: &[(End, &[u8])] = &[(End::Orig, &ask), (End::Resp, &answer)];

        let whole = test::converse(Transport::Tcp, [40_000, 7000], chunks);

        let [facts] = &whole.transactions("enip")[..] else {
            panic!("{whole:?}")
        };
        assert_eq!(facts.text("request.cip.service"), Some("SetAttributeSingle"));
        assert_eq!(facts.text("request.cip.class_name"), Some("Identity"));
        assert_eq!(facts.number("request.cip.attribute"), Some(7));
        assert_eq!(facts.get("request.cip.is_write"), None);
        assert_eq!(facts.at("request.cip.is_write"), Some(true.into()));
        assert_eq!(facts.number("response.cip.status"), Some(0x0e));
        let single = test::in_single_octets([40_000, 44818], chunks);
        assert_eq!(whole.transactions("enip"), single.transactions("enip"));
        hostile::bend(&PROTOCOL, Transport::Tcp, chunks);
    }
}
