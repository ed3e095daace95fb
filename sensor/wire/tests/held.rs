//! What a conversation says it holds is what it holds: the memory of the process grows by as much, and
//! requests that nobody answers do not make it grow for ever.
//!
//! The process is asked, which is why this is one test and a program of its own; only Linux answers.

use sekisho_model::Timestamp;
use sekisho_wire::app::{Chunk, Conversation, End, Start, Transport};

/// Conversations of a protocol that are held together.
const CONVERSATIONS: usize = 400;
/// Requests that nobody answers.
const MANY: usize = 500;
/// Octets that no conversation here holds, whatever it was sent.
const MOST: usize = 192 * 1024;

/// What one end says first, and the request of a number, which nobody answers.
struct Talk {
    service: &'static str,
    port: u16,
    greeting: Vec<(End, Vec<u8>)>,
    request: fn(usize) -> Vec<u8>,
    /// Octets that so many requests leave at least.
    least: usize,
}

fn talks() -> Vec<Talk> {
    let talk = |service, port, greeting, request, least| Talk {
        service,
        port,
        greeting,
        request,
        least,
    };
    vec![
        talk("smb", 445, vec![], smb_create, 128 * 200),
        talk(
            "dcerpc",
            49_152,
            vec![(End::Orig, dcerpc_bind())],
            dcerpc_request,
            32 * 100,
        ),
        talk("krb5", 88, vec![], kerberos_request, 8 * 200),
        talk(
            "ssh",
            22,
            vec![(End::Orig, b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())],
            ssh_offer,
            8 * 2000,
        ),
        talk(
            "pop3",
            110,
            vec![(End::Resp, b"+OK POP3 ready\r\n".to_vec())],
            pop3_command,
            16 * 40,
        ),
        talk(
            "imap",
            143,
            vec![(End::Resp, b"* OK IMAP4rev1 ready\r\n".to_vec())],
            imap_command,
            16 * 40,
        ),
        talk(
            "telnet",
            23,
            vec![(End::Resp, b"\xff\xfd\x18\xff\xfd\x20login: ".to_vec())],
            typed,
            100,
        ),
    ]
}

/// MS-SMB2 section 2.2.13: a file is opened whose name has 200 letters.
fn smb_create(number: usize) -> Vec<u8> {
    let name: Vec<u8> = b"n\0".repeat(200);
    let mut message = b"\xfeSMB\x40\0\0\0\0\0\0\0\x05\0\0\0".to_vec();
    message.resize(24, 0);
    message.extend((number as u64).to_le_bytes());
    message.resize(64, 0);
    message.extend([57, 0]);
    message.resize(64 + 44, 0);
    message.extend([120, 0]);
    message.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
    message.resize(64 + 56, 0);
    message.extend(name);
    let [_, length @ ..] = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat()
}

/// C706 section 12.6.3.1: version, type, flags, representation, length, call.
fn dcerpc(kind: u8, call: u32, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 16).unwrap().to_le_bytes();
    [
        &[5, 0, kind, 3, 0x10, 0, 0, 0][..],
        &length,
        &[0, 0],
        &call.to_le_bytes(),
        body,
    ]
    .concat()
}

/// A bind to svcctl 2.0.
fn dcerpc_bind() -> Vec<u8> {
    let svcctl = b"\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\0\x10\x03\x02\0\0\0";
    let ndr = b"\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\0\x2b\x10\x48\x60\x02\0\0\0";
    let head = [0xd0, 0x16, 0xd0, 0x16, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0];
    dcerpc(11, 1, &[&head[..], svcctl, ndr].concat())
}

/// ROpenServiceW of a service whose name has 120 letters.
fn dcerpc_request(number: usize) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0, 0, 0, 16, 0];
    body.resize(8 + 32, 0);
    body.extend(b"n\0".repeat(120));
    dcerpc(0, u32::try_from(number).unwrap() + 2, &body)
}

/// A value of DER.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    if let Ok(length @ 0..128) = u8::try_from(value.len()) {
        return [&[tag, length][..], value].concat();
    }
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, value].concat()
}

/// RFC 4120 section 5.4.1: an AS-REQ to a realm of 150 letters for a service of as many.
fn kerberos_request(_: usize) -> Vec<u8> {
    let name = der(0x1b, &b"R".repeat(150));
    let principal = der(
        0x30,
        &[der(0xa0, b"\x02\x01\x02"), der(0xa1, &der(0x30, &name))].concat(),
    );
    let body = der(
        0x30,
        &[
            der(0xa0, b"\x03\x05\0\x40\x80\0\x10"),
            der(0xa2, &name),
            der(0xa3, &principal),
            der(0xa5, b"\x18\x0f20370913024805Z"),
            der(0xa7, b"\x02\x01\x07"),
            der(0xa8, b"\x30\x03\x02\x01\x12"),
        ]
        .concat(),
    );
    let fields = [
        der(0xa1, b"\x02\x01\x05"),
        der(0xa2, b"\x02\x01\x0a"),
        der(0xa4, &body),
    ];
    let message = der(0x6a, &der(0x30, &fields.concat()));
    [&u32::try_from(message.len()).unwrap().to_be_bytes()[..], &message].concat()
}

/// RFC 4253 section 7.1: an offer with lists of 2000 octets.
fn ssh_offer(_: usize) -> Vec<u8> {
    let list = [&2000_u32.to_be_bytes()[..], &b"a".repeat(2000)].concat();
    let payload = [&[20][..], &[7; 16], &list.repeat(10), &[0; 5]].concat();
    let padding = 8 + (8 - (payload.len() + 5 + 8) % 8) % 8;
    let length = u32::try_from(payload.len() + 1 + padding).unwrap();
    [
        &length.to_be_bytes()[..],
        &[u8::try_from(padding).unwrap()],
        &payload,
        &vec![0; padding],
    ]
    .concat()
}

fn pop3_command(_: usize) -> Vec<u8> {
    format!("AUTH {}\r\n", "M".repeat(40)).into_bytes()
}

fn imap_command(number: usize) -> Vec<u8> {
    format!("{number:032} AUTHENTICATE {}\r\n", "M".repeat(40)).into_bytes()
}

fn typed(_: usize) -> Vec<u8> {
    b"x".to_vec()
}

impl Talk {
    /// A conversation that heard so many requests.
    fn hear(&self, requests: usize) -> Conversation {
        let mut conversation = Conversation::new(Start {
            transport: Transport::Tcp,
            ports: [50_000, self.port],
        });
        let mut out = Vec::new();
        let asked = (0..requests).map(|number| (End::Orig, (self.request)(number)));
        for (from, octets) in self.greeting.iter().cloned().chain(asked) {
            let chunk = Chunk {
                from,
                at: Timestamp::MIN,
                octets: &octets,
                cut: 0,
            };
            conversation.read(&chunk, &mut out);
            out.clear();
        }
        conversation
    }
}

/// What a conversation holds by its own account, and itself.
fn held(conversation: &Conversation) -> usize {
    let app = conversation.app();
    conversation.held() + app.held() - size_of_val(app) + size_of_val(conversation)
}

/// Octets of memory that the process has, where the system says so.
fn resident() -> Option<usize> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(pages.split_whitespace().nth(1)?.parse::<usize>().ok()? * 4096)
}

#[test]
fn what_a_conversation_says_it_holds_is_what_it_holds_and_bounded() {
    let mut kept = Vec::new();
    for talk in talks() {
        let name = talk.service;
        let [few, some, many] = [4, MANY, 2 * MANY].map(|requests| talk.hear(requests));
        assert_eq!(few.app().service, name);
        assert!(some.held() >= talk.least, "{name} {}", some.held());
        assert_eq!(many.held(), some.held(), "{name} grows for ever");
        assert!(many.held() <= MOST, "{name} {}", many.held());

        let before = resident();
        let conversations: Vec<_> = (0..CONVERSATIONS).map(|_| talk.hear(MANY / 4)).collect();
        let (Some(before), Some(after)) = (before, resident()) else {
            continue;
        };
        let said: usize = conversations.iter().map(held).sum();
        let grown = after.saturating_sub(before);
        // An allocation takes some octets more than it is asked for; a page is the least that counts,
        // and what was freed before is used again.
        let room = 1 << 20;
        assert!(grown <= said * 2 + room, "{name}: says {said}, holds {grown}");
        assert!(said <= grown * 5 / 4 + room, "{name}: says {said}, holds {grown}");
        // So that what comes next needs memory of its own.
        kept.push(conversations);
    }
}
