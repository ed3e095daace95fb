//! SSH: banners, HASSH of both ends, the algorithms agreed on, logins by shape.
//!
//! Source: RFC 4253 sections 4.2 (version exchange), 6 (packets) and 7 (key exchange). Keys are those
//! of Suricata's EVE (`ssh.client.software_version`, `ssh.client.hassh.hash`), for what was agreed
//! and for logins those of Zeek's `ssh.log` (`cipher_alg`, `auth_success`). One transaction a
//! connection.

mod authentication;
mod kexinit;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, FactKind, FactRow, Facts};

use self::authentication::Authentication;
use self::kexinit::{Chosen, KEXINIT, MAX_PACKET, Offer};
use super::lines::{Lines, Next};
use crate::app::held::Held;
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport, row};
use crate::app::sheet::Sheet;
use crate::app::text;

/// Octets of HASSH's lists that are kept as words.
const MAX_STRING: usize = 4096;
/// Lines that a server may send before its banner.
const MAX_LINES: u8 = 50;
/// Message number.
const NEWKEYS: u8 = 21;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "ssh",
    title: "SSH",
    transports: &[Transport::Tcp],
    ports: &[22],
    kin: &[],
    facts: FACTS,
    probe,
    parser,
};

const FACTS: &[FactRow] = &[
    row(
        "client.proto_version",
        FactKind::Text,
        "プロトコルの版 (クライアント)",
        "Client's protocol version",
    ),
    row(
        "client.software_version",
        FactKind::Text,
        "ソフトウェア (クライアント)",
        "Client's software",
    ),
    row(
        "client.comment",
        FactKind::Text,
        "注記 (クライアント)",
        "Client's comment",
    ),
    row("client.hassh.hash", FactKind::Text, "HASSH", "HASSH"),
    row(
        "client.hassh.string",
        FactKind::Text,
        "HASSH の元",
        "HASSH's algorithms",
    ),
    row(
        "server.proto_version",
        FactKind::Text,
        "プロトコルの版 (サーバー)",
        "Server's protocol version",
    ),
    row(
        "server.software_version",
        FactKind::Text,
        "ソフトウェア (サーバー)",
        "Server's software",
    ),
    row(
        "server.comment",
        FactKind::Text,
        "注記 (サーバー)",
        "Server's comment",
    ),
    row("server.hassh.hash", FactKind::Text, "HASSHServer", "HASSHServer"),
    row(
        "server.hassh.string",
        FactKind::Text,
        "HASSHServer の元",
        "HASSHServer's algorithms",
    ),
    row("kex_alg", FactKind::Text, "鍵交換方式", "Key exchange"),
    row("host_key_alg", FactKind::Text, "ホスト鍵の方式", "Host key"),
    row("cipher_alg", FactKind::Text, "暗号方式", "Cipher"),
    row("mac_alg", FactKind::Text, "認証子の方式", "MAC"),
    row("compression_alg", FactKind::Text, "圧縮方式", "Compression"),
    row(
        "auth_attempts",
        FactKind::Number,
        "認証の試行 (推定)",
        "Login attempts (guessed)",
    ),
    row(
        "auth_success",
        FactKind::Flag,
        "認証の成功 (推定)",
        "Login succeeded (guessed)",
    ),
];

fn probe(hint: &Hint<'_>) -> Probe {
    const STARTS: [&[u8]; 2] = [b"SSH-2.", b"SSH-1."];
    let begins = |start: &&[u8]| start.iter().zip(hint.octets).all(|(left, right)| left == right);
    if !STARTS.iter().any(begins) {
        Probe::No
    } else if hint.octets.len() < 6 {
        Probe::More
    } else {
        Probe::Sure
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Ssh::default())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the banner, after so many other lines.
    Banner(u8),
    /// Packets in clear.
    Clear,
    /// Packets that are encrypted.
    Encrypted,
}

#[derive(Debug)]
struct Side {
    place: Place,
    lines: Lines,
    banner: Option<Banner>,
    offer: Option<Offer>,
}

impl Default for Side {
    fn default() -> Self {
        Self {
            place: Place::Banner(0),
            lines: Lines::default(),
            banner: None,
            offer: None,
        }
    }
}

#[derive(Debug)]
struct Banner {
    version: Box<str>,
    software: Box<str>,
    comment: Option<Box<str>>,
}

#[derive(Default)]
struct Ssh {
    at: Option<Timestamp>,
    sides: [Side; 2],
    login: Option<Authentication>,
}

impl Held for Side {
    fn held(&self) -> usize {
        [self.banner.held(), self.offer.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Held for Banner {
    fn held(&self) -> usize {
        [self.version.held(), self.software.held(), self.comment.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Parser for Ssh {
    fn held(&self) -> usize {
        self.sides.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        self.at.get_or_insert(chunk.at);
        match self.side(chunk.from).place {
            Place::Banner(_) => self.read_line(chunk, sheet),
            Place::Clear => self.read_packet(chunk, sheet),
            Place::Encrypted => self.observe(chunk),
        }
    }

    fn gap(&mut self, from: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // Sizes that follow a gap may be those of parts of packets.
        if self.side(from).place == Place::Encrypted {
            Gap::Resume
        } else {
            Gap::Stop
        }
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        let chosen = self.chosen();
        let [client, server] = &self.sides;
        let mut facts = Facts::new();
        for (key, side, is_server) in [("client", client, false), ("server", server, true)] {
            let side = side.facts(is_server);
            if !side.is_empty() {
                facts.put(key, side);
            }
        }
        if let Some(chosen) = chosen {
            for (key, name) in [
                ("kex_alg", chosen.kex),
                ("host_key_alg", chosen.host_key),
                ("cipher_alg", chosen.cipher),
                ("mac_alg", chosen.mac),
                ("compression_alg", chosen.compression),
            ] {
                facts.put_some(key, name.map(|name| text::of(name.as_bytes())));
            }
        }
        if let Some(login) = &self.login {
            let attempts = login.failures.saturating_add(login.is_success.into());
            if attempts > 0 {
                facts
                    .put("auth_attempts", attempts)
                    .put("auth_success", login.is_success);
            }
        }
        if !facts.is_empty() {
            sheet.transaction(self.at.unwrap_or_else(|| sheet.at()), facts);
        }
    }
}

impl Ssh {
    const fn side(&mut self, from: End) -> &mut Side {
        let [orig, resp] = &mut self.sides;
        match from {
            End::Orig => orig,
            End::Resp => resp,
        }
    }

    fn read_line(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let side = self.side(chunk.from);
        let (line, took) = match side.lines.next(chunk.octets) {
            Next::Line { line, took, .. } => (line, took),
            Next::Passed(took) => return Read::Took(took),
            Next::Wait => return Read::Took(0),
        };
        let Some(banner) = Banner::parse(line) else {
            let Place::Banner(lines @ 0..MAX_LINES) = side.place else {
                return Read::NotMine;
            };
            side.place = Place::Banner(lines.saturating_add(1));
            return Read::Took(took);
        };
        let (what, from) = match chunk.from {
            End::Orig => (Essential::ClientSoftware, "ssh.client.software_version"),
            End::Resp => (Essential::ServerSoftware, "ssh.server.software_version"),
        };
        sheet.essential(what, banner.software.clone(), from);
        if chunk.from == End::Resp {
            sheet.essential(
                Essential::Version,
                banner.version.clone(),
                "ssh.server.proto_version",
            );
        }
        let is_old = banner.version.starts_with("1.") && &*banner.version != "1.99";
        side.banner = Some(banner);
        side.place = Place::Clear;
        if is_old && self.sides.iter().all(|side| side.banner.is_some()) {
            return Read::Done;
        }
        Read::Took(took)
    }

    fn read_packet(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let octets = chunk.octets;
        let Some([l0, l1, l2, l3]) = octets.first_chunk::<4>() else {
            return Read::Need(4);
        };
        let length = usize::try_from(u32::from_be_bytes([*l0, *l1, *l2, *l3])).unwrap_or(usize::MAX);
        if !(2..=MAX_PACKET).contains(&length) {
            sheet.anomaly("packet_length_invalid");
            return Read::Done;
        }
        let end = length.saturating_add(4);
        let Some(packet) = octets.get(4..end) else {
            return Read::Need(end);
        };
        // The first octet counts the padding.
        match packet.get(1) {
            Some(&KEXINIT) => {
                self.take_offer(chunk.from, packet.get(1..).unwrap_or_default(), sheet);
            }
            Some(&NEWKEYS) => {
                self.side(chunk.from).place = Place::Encrypted;
                if self.side(chunk.from.other()).banner.is_none() && chunk.from == End::Orig {
                    return Read::Done;
                }
                if chunk.from == End::Resp {
                    self.login = Some(Authentication::new(self.chosen().as_ref()));
                    // What follows in this segment is no answer to a login.
                    return Read::Took(octets.len());
                }
            }
            _ => {}
        }
        Read::Took(end)
    }

    fn take_offer(&mut self, from: End, payload: &[u8], sheet: &mut Sheet<'_>) {
        let side = self.side(from);
        if side.offer.is_some() {
            return;
        }
        let Some(offer) = Offer::parse(payload) else {
            sheet.anomaly("kexinit_invalid");
            return;
        };
        match from {
            End::Orig => sheet.essential(Essential::Hassh, offer.hassh(false), "ssh.client.hassh.hash"),
            End::Resp => sheet.essential(Essential::HasshServer, offer.hassh(true), "ssh.server.hassh.hash"),
        }
        side.offer = Some(offer);
    }

    fn observe(&mut self, chunk: &Chunk<'_>) -> Read {
        let is_over = match &mut self.login {
            Some(login) if chunk.from == End::Resp => login.observe(chunk.octets.len()),
            _ => false,
        };
        if is_over {
            return Read::Done;
        }
        Read::Took(chunk.octets.len())
    }

    fn chosen(&self) -> Option<Chosen> {
        let [client, server] = &self.sides;
        Some(Chosen::of(client.offer.as_ref()?, server.offer.as_ref()?))
    }
}

impl Side {
    fn facts(&self, is_server: bool) -> Facts {
        let mut facts = Facts::new();
        if let Some(banner) = &self.banner {
            facts
                .put("proto_version", &*banner.version)
                .put("software_version", &*banner.software)
                .put_some("comment", banner.comment.clone());
        }
        if let Some(offer) = &self.offer {
            let mut hassh = Facts::new();
            let string = offer.hassh_string(is_server);
            hassh
                .put("hash", offer.hassh(is_server))
                .put("string", text::bounded(string.as_bytes(), MAX_STRING).0);
            facts.put("hassh", hassh);
        }
        facts
    }
}

impl Banner {
    /// `SSH-protoversion-softwareversion SP comments`.
    fn parse(line: &[u8]) -> Option<Self> {
        let rest = line.strip_prefix(b"SSH-")?;
        let at = rest.iter().position(|octet| *octet == b'-')?;
        let (version, software) = rest.split_at_checked(at)?;
        let (software, comment) = super::lines::word(software.get(1..)?);
        Some(Self {
            version: text::of(version),
            software: text::of(software),
            comment: (!comment.is_empty()).then(|| text::of(comment)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::End::{Orig, Resp};
    use super::*;
    use crate::app::test;

    const PORTS: [u16; 2] = [40_000, 2222];

    /// A KEXINIT packet with the same lists for both directions.
    fn kexinit(kex: &str, host_key: &str, enc: &str, mac: &str, comp: &str) -> Vec<u8> {
        let mut payload = vec![KEXINIT];
        payload.extend([7; 16]);
        for list in [kex, host_key, enc, enc, mac, mac, comp, comp, "", ""] {
            payload.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
            payload.extend(list.as_bytes());
        }
        payload.extend([0; 5]);
        packet(&payload)
    }

    fn packet(payload: &[u8]) -> Vec<u8> {
        let mut packet = u32::try_from(payload.len() + 5).unwrap().to_be_bytes().to_vec();
        packet.push(4);
        packet.extend(payload);
        packet.extend([0; 4]);
        packet
    }

    #[test]
    fn banners_and_offers_are_read_in_any_pieces() {
        let offer = kexinit(
            "a,b",
            "k",
            "chacha20-poly1305@openssh.com,aes128-ctr",
            "m",
            "none",
        );
        let client = [b"SSH-1.99-client_1 some words\n", &offer[..]].concat();
        let server = [
            b"welcome\r\nSSH-2.0-server_2\r\n",
            &kexinit("b", "k", "aes128-ctr", "m", "none")[..],
        ]
        .concat();
        let chunks = [(Orig, &client[..]), (Resp, &server[..])];

        let seen = test::converse(Transport::Tcp, PORTS, &chunks);

        assert_eq!(seen.app.service, "ssh");
        let [facts] = &seen.transactions("ssh")[..] else {
            panic!("{seen:?}")
        };
        for (path, expected) in [
            ("client.proto_version", "1.99"),
            ("client.software_version", "client_1"),
            ("client.comment", "some words"),
            ("server.software_version", "server_2"),
            ("kex_alg", "b"),
            ("cipher_alg", "aes128-ctr"),
        ] {
            assert_eq!(facts.text(path), Some(expected), "{path}");
        }
        let split = test::in_single_octets(PORTS, &chunks);
        assert_eq!(split.transactions("ssh"), seen.transactions("ssh"));
    }

    #[test]
    fn the_published_hassh_of_openssh_7_6_comes_out() {
        // Client of the example record in salesforce/hassh and Zed's Zeek guide.
        let kex = "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,\
            ecdh-sha2-nistp521,diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512,\
            diffie-hellman-group18-sha512,diffie-hellman-group-exchange-sha1,diffie-hellman-group14-sha256,\
            diffie-hellman-group14-sha1,ext-info-c";
        let enc = "chacha20-poly1305@openssh.com,aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,\
            aes256-gcm@openssh.com";
        let mac = "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,\
            hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,\
            umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1";
        let octets = [
            b"SSH-2.0-OpenSSH_7.6p1\r\n",
            &kexinit(kex, "ssh-ed25519", enc, mac, "none,zlib@openssh.com,zlib")[..],
        ]
        .concat();

        let seen = test::converse(Transport::Tcp, PORTS, &[(Orig, &octets)]);

        let facts = seen.transactions("ssh")[0];
        assert_eq!(
            facts.text("client.hassh.hash"),
            Some("06046964c022c6407d15a27b12a6a4fb")
        );
        assert!(facts.text("client.hassh.string").unwrap().starts_with(kex));
    }

    /// `tshark -Y ssh.kex.hassh -T fields -e ssh.kex.hassh -e ssh.kex.hasshserver`, and the versions of
    /// `-e ssh.protocol`.
    #[test]
    fn fingerprints_of_captures_are_those_of_tshark() {
        for (name, hassh, hassh_server) in [
            (
                "tls_ja4/ssh.pcapng",
                "06046964c022c6407d15a27b12a6a4fb",
                "699519fdcc30cbcd093d5cd01e4b1d56",
            ),
            (
                "brute_force/zeek-sshguess.pcap",
                "1f120ecfc2c57fbdeaf66b93a3bf26ee",
                "3711ee816d3ea9975d96c39c31c54299",
            ),
            (
                "app/zeek-ssh-single-conn.pcap",
                "c4fd9343cba76d12f0dd523fbe7c4da1",
                "f430cd6761697a6a658ee1d45ed22e49",
            ),
            (
                "app/zeek-ssh-ssh-on-port-80.pcap",
                "21b457a327ce7a2d4fce5ef2c42400bd",
                "60205d0b53ffd441ead5c43b5a6f1bc7",
            ),
        ] {
            let Some(path) = test::capture(name) else { return };
            let flows = test::flows_of(&path);
            let app = flows
                .iter()
                .map(|flow| &flow.seen.app)
                .find(|app| app.service == "ssh")
                .unwrap();

            assert_eq!(app.get(Essential::Hassh), Some(hassh), "{name}");
            assert_eq!(app.get(Essential::HasshServer), Some(hassh_server), "{name}");
        }
    }

    #[test]
    fn hostile_packets_end_it() {
        for packet in [
            &[0xff; 40][..],
            &[0; 40],
            b"\0\0\0\x20\x04\x14short and invalid name lists....",
        ] {
            let octets = [b"SSH-2.0-x\r\n", packet].concat();

            let seen = test::converse(Transport::Tcp, PORTS, &[(Orig, &octets)]);

            assert_eq!(seen.transactions("ssh").len(), 1);
            assert_eq!(seen.anomalies().len(), 1);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_octets_make_it_fail(pieces: Vec<(bool, Vec<u8>)>) {
            let mut chunks = vec![(Orig, &b"SSH-2.0-x\r\n"[..]), (Resp, b"SSH-2.0-y\n")];
            chunks.extend(pieces.iter().map(|(orig, octets)| (if *orig { Orig } else { Resp }, &octets[..])));

            test::converse(Transport::Tcp, PORTS, &chunks);
        }
    }
}
