//! Inputs that are made to hurt one protocol: nesting, pointers, tiny messages, and requests that
//! nobody answers, each with an identifier of its own.

use sekisho::wire::app::{End, Protocol, Start, Transport};

use crate::shapes::Chunks;
use crate::talks::Talk;

pub(crate) type Maker = Box<dyn Fn(usize) -> Chunks>;

/// Octets of a segment, and the most of a datagram.
const SEGMENT: usize = 1400;
const DATAGRAM: usize = 60_000;

/// Protocol, shape, end, beginning, piece.
type Shape = (&'static str, &'static str, End, &'static [u8], &'static [u8]);

/// Pieces of a stream that are said over and over after a beginning: protocol, shape, end,
/// beginning, piece.
#[rustfmt::skip]
const STREAMS: &[Shape] = &[
    ("http", "tiny-headers", End::Orig, b"GET / HTTP/1.1\r\n", b"a:\r\n"),
    ("http", "pipelined", End::Orig, b"", b"GET / HTTP/1.1\r\n\r\n"),
    ("http", "tiny-chunks", End::Resp, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ("http", "one-line", End::Orig, b"GET /", b"a"),
    ("http", "folded", End::Orig, b"GET / HTTP/1.1\r\na: b\r\n", b" b\r\n"),
    ("http2", "tiny-frames", End::Orig, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0\0\0\0\0\0\0\0\0"),
    ("smtp", "recipients", End::Orig, b"EHLO a\r\nMAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n"),
    ("smtp", "reply-lines", End::Resp, b"220-a\r\n", b"220-\r\n"),
    ("smtp", "mail", End::Orig, b"DATA\r\n", b".\r\r\n"),
    ("ftp", "reply-lines", End::Resp, b"220-a\r\n", b" b\r\n"),
    ("ftp", "commands", End::Orig, b"USER a\r\n", b"CWD a\r\n"),
    ("imap", "literals", End::Orig, b"", b"a LOGIN {1}\r\na"),
    ("imap", "commands", End::Orig, b"", b"a NOOP\r\n"),
    ("imap", "lines", End::Resp, b"* OK a\r\n", b"*\r\n"),
    ("pop3", "commands", End::Orig, b"USER a\r\n", b"NOOP\r\n"),
    ("pop3", "lines", End::Resp, b"+OK\r\n", b"a\r\n"),
    ("telnet", "options", End::Resp, b"\xff\xfd\x18", b"\xff\xfb\x01"),
    ("telnet", "open-option", End::Resp, b"\xff\xfa\x18", b"a"),
    ("telnet", "lines", End::Orig, b"\xff\xfb\x18", b"a\r\n"),
    ("irc", "lines", End::Orig, b"NICK a\r\nUSER a a a a\r\n", b"PING\r\n"),
    ("redis", "nested", End::Orig, b"", b"*1\r\n"),
    ("redis", "empty", End::Orig, b"*1000000\r\n", b"$0\r\n\r\n"),
    ("redis", "commands", End::Orig, b"", b"*1\r\n$4\r\nPING\r\n"),
    ("redis", "inline", End::Orig, b"PING\r\n", b"PING\r\n"),
    ("stratum", "nested", End::Orig, b"{\"id\":1,\"method\":\"mining.subscribe\",\"params\":", b"["),
    ("stratum", "requests", End::Orig, b"", b"{\"id\":1,\"method\":\"mining.submit\",\"params\":[]}\n"),
    ("mqtt", "pings", End::Orig, b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a", b"\xc0\0"),
    ("mqtt", "publishes", End::Orig, b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01a", b"\x30\x03\0\x01a"),
    ("mysql", "empty", End::Resp, b"", b"\0\0\0\0"),
    ("mysql", "queries", End::Orig, b"", b"\x01\0\0\0\x0e"),
    ("pgsql", "syncs", End::Orig, b"\0\0\0\x10\0\x03\0\0user\0a\0\0", b"S\0\0\0\x04"),
    ("pgsql", "answers", End::Resp, b"R\0\0\0\x08\0\0\0\0", b"S\0\0\0\x04"),
    ("tds", "tiny", End::Orig, b"", b"\x01\x00\0\x08\0\0\0\0"),
    ("tls", "tiny-records", End::Orig, b"\x16\x03\x01\0\x04\x01\0\xff\xff", b"\x16\x03\x01\0\x01\x03"),
    ("tls", "empty-records", End::Orig, b"", b"\x16\x03\x01\0\0"),
    ("tls", "messages", End::Resp, b"", b"\x16\x03\x03\0\x04\x0e\0\0\0"),
    ("ssh", "tiny-packets", End::Orig, b"SSH-2.0-a\r\n", b"\0\0\0\x0c\x0a\x02\0\0\0\0\0\0\0\0\0\0"),
    ("ssh", "banner-lines", End::Resp, b"a\r\n", b"b\r\n"),
    ("ldap", "nested", End::Orig, b"\x30\x84\0\0\xff\xff\x02\x01\x01\x63\x84\0\0\xff\xf0", b"\xa0\x84\0\0\xff\xe0"),
    ("ldap", "unbinds", End::Orig, b"", b"\x30\x05\x02\x01\x01\x50\0"),
    ("modbus", "tiny", End::Orig, b"", b"\0\x01\0\0\0\x02\x01\x07"),
    ("dnp3", "tiny", End::Orig, b"", b"\x05\x64\x05\xc9\x01\0\0\0\x17\xa3"),
    ("rtsp", "requests", End::Orig, b"", b"OPTIONS * RTSP/1.0\r\n\r\n"),
    ("sip", "tiny-headers", End::Orig, b"OPTIONS sip:a SIP/2.0\r\n", b"a:\r\n"),
    ("syslog", "tiny", End::Orig, b"<13>a\n", b"<13>a\n"),
    ("dns", "empty", End::Orig, b"", b"\0\0"),
    ("smb", "keep-alive", End::Orig, b"", b"\x85\0\0\0"),
    ("smb", "empty", End::Orig, b"", b"\0\0\0\0"),
    ("rdp", "tiny", End::Orig, b"", b"\x03\0\0\x07\x02\xf0\x80"),
    ("s7comm", "tiny", End::Orig, b"", b"\x03\0\0\x07\x02\xf0\x80"),
    ("bittorrent", "keep-alive", End::Orig, b"\x13BitTorrent protocol\0\0\0\0\0\0\0\0aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbb", b"\0\0\0\0"),
    ("rfb", "keys", End::Orig, b"RFB 003.008\n\x01\x01", b"\x04\0\0\0\0\0\0\x41"),
    ("rsync", "lines", End::Resp, b"@RSYNCD: 31.0\n", b"a\n"),
    ("pptp", "echoes", End::Orig, b"", b"\0\x10\0\x01\x1a\x2b\x3c\x4d\0\x05\0\0\0\0\0\0"),
    ("pptp", "clears", End::Orig, b"", b"\0\x10\0\x01\x1a\x2b\x3c\x4d\0\x0c\0\0\0\x01\0\0"),
    ("pptp", "noise", End::Orig, b"\0\x10\0\x01\x1a\x2b\x3c\x4d\0\x05\0\0\0\0\0\0", b"\0\x10\0\x01"),
    ("nomachine", "lines", End::Orig, b"", b"NXSH-8.2.3\n"),
    ("krb5", "nested", End::Orig, b"\0\0\xff\xf0\x6a\x84\0\0\xff\xe0", b"\x30\x84\0\0\xff\xd0"),
];

/// Datagrams of a beginning and pieces, as long as they get.
#[rustfmt::skip]
const DATAGRAMS: &[(&str, &str, &[u8], &[u8])] = &[
    ("dns", "pointers", b"\0\x01\x81\x80\0\x01\xff\xff\0\0\0\0\x01a\0\0\x01\0\x01", b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\0"),
    ("dns", "deep-pointers", b"\0\x01\x81\x80\0\x01\xff\xff\0\0\0\0\x01a\0\0\x01\0\x01", b"\x01a\xc0\x0c\0\x05\0\x01\0\0\0\0\0\x04\x01b\xc0\x13"),
    ("dns", "labels", b"\0\x01\x01\0\xff\xff\0\0\0\0\0\0", b"\x01a\x01a\x01a\x01a\x01a\x01a\x01a\x01a\0\0\x01\0\x01"),
    ("mdns", "pointers", b"\0\0\x84\0\0\0\xff\xff\0\0\0\0", b"\xc0\x0c\0\x01\0\x01\0\0\0\0\0\0"),
    ("dhcp", "options", b"", b"\x0c\x01a"),
    ("dhcpv6", "options", b"\x01\0\0\x01", b"\0\x06\0\0"),
    ("dhcpv6", "nested", b"\x0c\0", b"\0\x09\xff\0"),
    ("bittorrent_dht", "lists", b"d1:a", b"l"),
    ("bittorrent_dht", "strings", b"d1:ad", b"1:a1:b"),
    ("snmp", "nested", b"\x30\x82\xff\xf0\x02\x01\x01\x04\x01a\xa0\x82\xff\xe0", b"\x30\x82\xff\xd0"),
    ("snmp", "bindings", b"\x30\x82\xff\xf0\x02\x01\x01\x04\x01a\xa0\x82\xff\xe0\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x82\xff\xd0", b"\x30\x05\x06\x01\x2b\x05\0"),
    ("radius", "attributes", b"\x01\x01\xff\xf0aaaaaaaaaaaaaaaa", b"\x01\x03a"),
    ("stun", "attributes", b"\0\x01\xff\xf0\x21\x12\xa4\x42aaaaaaaaaaaa", b"\x80\x22\0\0"),
    ("ike", "payloads", b"aaaaaaaabbbbbbbb\x2b\x20\x22\x08\0\0\0\0\0\0\xff\xf0", b"\x2b\0\0\x04"),
    ("tftp", "options", b"\0\x01a\0octet\0", b"a\0b\0"),
    ("sip", "lines", b"OPTIONS sip:a SIP/2.0\r\n", b"a:\r\n"),
    ("quic", "short", b"\xc3\0\0\0\x01\x08aaaaaaaa\0\0\x44\0", b"\0"),
    ("l2tp", "attributes", b"\xc8\x02\xea\x60\0\0\0\0\0\0\0\0\x80\x08\0\0\0\0\0\x01", b"\x80\x06\0\0\0\x27"),
    ("softether", "elements", b"\0\0\0\x40\0\0\0\x0ahost_name\0\0\0\0\0\0\0\x01aaaa", b"\0\0\0\x01\0\0\0\0\0\0\0\0"),
    ("krb5", "deep", b"\x6a\x82\xff\xf0", b"\x30\x82\xff\xd0"),
];

/// Where a request has its number: protocol, transport, place, octets.
const NUMBERED: &[(&str, usize, usize)] = &[
    ("dns", 0, 2),
    ("llmnr", 0, 2),
    ("nbns", 0, 2),
    ("modbus", 0, 2),
    ("dhcp", 4, 4),
    ("dhcpv6", 1, 3),
    ("stun", 8, 12),
    ("radius", 1, 1),
    ("dcerpc", 12, 4),
    ("mongodb", 4, 4),
    ("smb", 28, 8),
    ("enip", 12, 8),
    ("s7comm", 11, 2),
    ("ntp", 40, 8),
    ("ike", 0, 8),
    ("quic", 6, 8),
    ("dtls", 11, 8),
    ("wireguard", 4, 4),
    ("openvpn", 1, 8),
    ("tftp", 2, 1),
];

/// The inputs that are made for a protocol.
pub(crate) fn of(protocol: &Protocol, talk: Option<&Talk>) -> Vec<(&'static str, Start, Maker)> {
    let ports = [50_000, protocol.ports.first().copied().unwrap_or(50_001)];
    let start = |transport| Start { transport, ports };
    let mut all: Vec<(&'static str, Start, Maker)> = Vec::new();
    for &(_, name, end, beginning, piece) in STREAMS.iter().filter(|row| row.0 == protocol.name) {
        let maker = move |octets| parts(end, &of_pieces(beginning, piece, octets), SEGMENT);
        all.push((name, start(Transport::Tcp), Box::new(maker)));
    }
    for &(_, name, beginning, piece) in DATAGRAMS.iter().filter(|row| row.0 == protocol.name) {
        let maker = move |octets: usize| {
            let whole = of_pieces(beginning, piece, DATAGRAM);
            let lengths = (0..octets).step_by(DATAGRAM).map(|at| DATAGRAM.min(octets - at));
            lengths
                .map(|length| (End::Orig, whole[..length].to_vec()))
                .collect()
        };
        all.push((name, start(Transport::Udp), Box::new(maker)));
    }
    for &(_, at, width) in NUMBERED.iter().filter(|row| row.0 == protocol.name) {
        let first = talk.and_then(|talk| Some((talk.start, talk.chunks.first()?.1.clone())));
        let Some((start, first)) = first.filter(|(_, first)| first.len() >= at + width) else {
            continue;
        };
        let maker = move |octets: usize| {
            let numbers = 1..=(octets / first.len()).max(1);
            numbers
                .map(|number| (End::Orig, numbered(&first, at, width, number)))
                .collect()
        };
        all.push(("unanswered", start, Box::new(maker)));
    }
    all
}

fn of_pieces(beginning: &[u8], piece: &[u8], octets: usize) -> Vec<u8> {
    beginning
        .iter()
        .chain(piece.iter().cycle())
        .copied()
        .take(octets)
        .collect()
}

fn parts(end: End, octets: &[u8], size: usize) -> Chunks {
    octets.chunks(size).map(|part| (end, part.to_vec())).collect()
}

fn numbered(first: &[u8], at: usize, width: usize, number: usize) -> Vec<u8> {
    let mut octets = first.to_vec();
    let number = number.to_be_bytes();
    for (place, octet) in octets[at..at + width].iter_mut().zip(number.iter().rev()) {
        *place ^= octet;
    }
    octets
}
