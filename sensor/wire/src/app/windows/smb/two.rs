//! SMB versions 2 and 3.
//!
//! Source: MS-SMB2 sections 2.2.1.2 (header) and 2.2.3 to 2.2.39 (messages), 2.2.37 with MS-FSCC
//! section 2.4 (what is set). Reads and writes are summed; locks, directories and notices pass.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, Facts};

use super::book::{Book, Head, Pending, Status, What, tell};
use super::words;
use crate::app::octets::{le16, le32, le64, octet, span, utf16, uuid};
use crate::app::sheet::Sheet;
use crate::app::windows::spnego;

/// Octets of a header.
pub(super) const HEADER: usize = 64;
/// Octets of a header and the fixed part of a read or write.
pub(super) const FIXED: usize = HEADER + 48;
/// Messages in one frame that are read.
const MAX_COMPOUND: usize = 16;
/// Dialects and negotiation contexts that are read.
const MAX_OFFERED: usize = 16;
/// Letters of a file's or share's name.
const MAX_NAME: usize = 256;
/// The file of the message before, in a compound.
const RELATED: u128 = u128::MAX;
/// FSCTL_PIPE_TRANSCEIVE.
const TRANSCEIVE: u32 = 0x0011_c017;
const PENDING: u32 = 0x0000_0103;
/// A pipe's message is longer than what was asked for; what there was room for came.
const OVERFLOW: u32 = 0x8000_0005;
const READ: u16 = 8;
const WRITE: u16 = 9;

/// One message of a frame, with the octets of those that follow it left out.
struct Message<'a> {
    octets: &'a [u8],
    body: &'a [u8],
    command: u16,
    flags: u32,
    key: u64,
    at: Timestamp,
    head: Head,
}

/// Octets of a frame that are worth having, of which the first [`FIXED`] are there; `len` is all.
pub(super) fn wanted(octets: &[u8], len: usize, limit: usize, book: &Book) -> usize {
    let is_alone = le32(octets, 20) == Some(0);
    let is_reply = le32(octets, 16).is_some_and(|flags| flags & 1 != 0);
    let is_wanted = match le16(octets, 12) {
        _ if !is_alone => true,
        Some(READ) if is_reply => le64(octets, 24).is_some_and(|key| book.is_pipe_read(key)),
        Some(WRITE) if !is_reply => file(octets, HEADER + 16).is_some_and(|file| book.is_pipe(file)),
        _ => true,
    };
    if is_wanted { len.min(limit) } else { len.min(FIXED) }
}

/// Reads the messages of a frame.
pub(super) fn read(octets: &[u8], at: Timestamp, book: &mut Book, sheet: &mut Sheet<'_>) {
    let mut rest = octets;
    let mut created = None;
    for _ in 0..MAX_COMPOUND {
        let next = le32(rest, 20).and_then(|next| usize::try_from(next).ok());
        let (Some(next), Some(64)) = (next, le16(rest, 4)) else {
            return;
        };
        let octets = if next == 0 {
            rest
        } else {
            span(rest, 0, next).unwrap_or_default()
        };
        if let Some(message) = message(octets, at) {
            if message.flags & 1 == 0 {
                request(&message, book, sheet);
            } else {
                response(&message, &mut created, book, sheet);
            }
        }
        if next < HEADER {
            return;
        }
        rest = rest.get(next..).unwrap_or_default();
    }
}

fn message(octets: &[u8], at: Timestamp) -> Option<Message<'_>> {
    let command = le16(octets, 12)?;
    let flags = le32(octets, 16)?;
    let status = (flags & 1 != 0).then_some(Status::Nt(le32(octets, 8)?));
    // An asynchronous answer has a number in the tree's place.
    let tree = if flags & 2 == 0 { le32(octets, 36)? } else { 0 };
    Some(Message {
        octets,
        body: octets.get(HEADER..)?,
        command,
        flags,
        key: le64(octets, 24)?,
        at,
        head: Head {
            command: words::smb2(command),
            session: le64(octets, 40)?,
            tree,
            status,
        },
    })
}

fn request(message: &Message<'_>, book: &mut Book, sheet: &mut Sheet<'_>) -> Option<()> {
    let body = message.body;
    let mut facts = Facts::new();
    let what = match message.command {
        0 => {
            offer(body, &mut facts);
            What::Negotiate(Vec::new())
        }
        1 => What::Setup(Box::new(spnego::read(message.pointed(12, 14)?))),
        3 => {
            let share = utf16(message.pointed(4, 6)?, MAX_NAME);
            // \\server\share
            if let Some(server) = share.split('\\').find(|part| !part.is_empty()) {
                sheet.essential(Essential::ServerName, server, "smb.share");
            }
            facts.put("share", share.clone());
            What::Tree(share)
        }
        5 => What::Create(create(message, &mut facts)?),
        6 => What::Close(file(body, 8)?),
        READ => What::Read(file(body, 16)?),
        WRITE => {
            let file = file(body, 16)?;
            book.moved(file, 0, le32(body, 4)?);
            if book.is_pipe(file) {
                let data = message.octets.get(usize::from(le16(body, 2)?)..)?;
                book.say(file, data, message.at, message.head, sheet);
            }
            return None;
        }
        11 if le32(body, 4)? == TRANSCEIVE => {
            let file = file(body, 8)?;
            let data = message.wide(24, 28)?;
            book.say(file, data, message.at, message.head, sheet);
            What::Pipe(file)
        }
        17 => set_info(message, book, &mut facts)?,
        _ => return None,
    };
    let request = Pending {
        key: message.key,
        at: message.at,
        head: message.head,
        facts,
        what,
    };
    book.ask(request, sheet);
    None
}

/// `created`: the file that a message before it in the frame opened.
fn response(
    message: &Message<'_>,
    created: &mut Option<u128>,
    book: &mut Book,
    sheet: &mut Sheet<'_>,
) -> Option<()> {
    let Some(Status::Nt(status)) = message.head.status else {
        return None;
    };
    if status == PENDING {
        return None;
    }
    let mut asked = book.answered(message.key);
    if asked.is_none() && message.command == 0 {
        asked = book.offer();
    }
    let body = message.body;
    let is_success = status == 0;
    let mut head = message.head;
    let (at, mut facts, what) = match asked {
        Some(request) => {
            head.command = request.head.command;
            if head.tree == 0 {
                head.tree = request.head.tree;
            }
            (request.at, request.facts, request.what)
        }
        None => (message.at, Facts::new(), unasked(message.command)?),
    };
    match what {
        What::Plain => {}
        What::Negotiate(_) => {
            if is_success {
                chosen(message, &mut facts, book, sheet);
            }
        }
        What::Setup(asked) => {
            tell_setup(message, &asked, &mut facts, sheet);
        }
        What::Tree(share) => {
            let kind = octet(body, 2).filter(|_| is_success);
            if let Some(kind) = kind {
                let word = match kind {
                    1 => "FILE",
                    2 => "PIPE",
                    3 => "PRINT",
                    _ => "UNKNOWN",
                };
                facts.put("share_type", word);
                if kind == 2 && !share.is_empty() {
                    facts.put("named_pipe", share.clone());
                }
                if le32(body, 4).is_some_and(|flags| flags & 0x8000 != 0) {
                    facts.put("encryption", "required");
                }
                book.connect(head.tree, share, kind == 2);
            }
        }
        What::Create(name) => {
            facts.put_some("share", book.share(head.tree));
            if let (true, Some(file), Some(size)) = (is_success, file(body, 64), le64(body, 48)) {
                facts.put("size", size).put("fuid", fuid(file));
                *created = Some(file);
                book.open(file, name, at, head);
            }
        }
        What::Close(file) => {
            let file = if file == RELATED {
                created.unwrap_or(file)
            } else {
                file
            };
            book.close(file, head.command, sheet);
            return None;
        }
        What::Read(file) => {
            let file = if file == RELATED {
                created.unwrap_or(file)
            } else {
                file
            };
            if matches!(status, 0 | OVERFLOW) {
                book.moved(file, le32(body, 4)?, 0);
                let data = message.octets.get(usize::from(octet(body, 2)?)..)?;
                book.say(file, data, message.at, head, sheet);
            }
            return None;
        }
        What::Pipe(file) => {
            let data = message.wide(32, 36)?;
            book.say(file, data, message.at, head, sheet);
            return None;
        }
    }
    book.write(at, head, &facts, sheet);
    None
}

/// What an answer to a request that was not seen can still say.
fn unasked(command: u16) -> Option<What> {
    match command {
        0 => Some(What::Negotiate(Vec::new())),
        1 => Some(What::Setup(Box::default())),
        3 => Some(What::Tree("".into())),
        _ => None,
    }
}

fn offer(body: &[u8], facts: &mut Facts) {
    let count = usize::from(le16(body, 2).unwrap_or(0)).min(MAX_OFFERED);
    let dialects: Vec<String> = (0..count)
        .filter_map(|number| le16(body, number.saturating_mul(2).saturating_add(36)))
        .map(words::dialect)
        .collect();
    facts.put("client_dialects", dialects);
    let guid: Option<&[u8; 16]> = body.get(12..).and_then(|rest| rest.first_chunk());
    facts.put_some("client_guid", guid.map(uuid));
    facts.put_some("client_signing", le16(body, 4).map(signing));
}

fn chosen(message: &Message<'_>, facts: &mut Facts, book: &mut Book, sheet: &mut Sheet<'_>) -> Option<()> {
    let body = message.body;
    let dialect = le16(body, 4)?;
    book.choose(words::dialect(dialect).into(), sheet);
    facts
        .put("server_guid", uuid(body.get(8..)?.first_chunk()?))
        .put("server_signing", signing(le16(body, 2)?))
        .put("max_read_size", le32(body, 32)?)
        .put("max_write_size", le32(body, 36)?);
    if dialect == 0x0311 {
        facts.put_some("encryption", cipher(message));
    }
    None
}

/// The cipher in the answer's negotiation contexts.
fn cipher(message: &Message<'_>) -> Option<&'static str> {
    let count = usize::from(le16(message.body, 6)?).min(MAX_OFFERED);
    let mut at = usize::try_from(le32(message.body, 60)?).ok()?;
    for _ in 0..count {
        let context = message.octets.get(at..)?;
        let (kind, len) = (le16(context, 0)?, usize::from(le16(context, 2)?));
        if kind == 2 {
            return words::cipher(le16(context, 10)?);
        }
        at = at
            .saturating_add(8)
            .saturating_add(len)
            .checked_next_multiple_of(8)?;
    }
    None
}

fn tell_setup(message: &Message<'_>, asked: &spnego::Token, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    let answer = message.pointed(4, 6).map(spnego::read).unwrap_or_default();
    // The first round: what the client says of itself, and then what the server does.
    let is_asked = answer.ntlm.is_some();
    tell(asked, &mut Facts::new(), sheet);
    tell(if is_asked { &answer } else { asked }, facts, sheet);
    let flags = le16(message.body, 2).unwrap_or(0);
    let kinds = [(1, "guest"), (2, "anonymous"), (4, "encrypted")];
    let kinds: Vec<&str> = kinds
        .iter()
        .filter_map(|(bit, word)| (flags & bit != 0).then_some(*word))
        .collect();
    if !kinds.is_empty() {
        facts.put("session_flags", kinds);
    }
}

fn create(message: &Message<'_>, facts: &mut Facts) -> Option<Box<str>> {
    let body = message.body;
    let (disposition, options) = (le32(body, 36)?, le32(body, 40)?);
    let name = utf16(message.pointed(44, 46).unwrap_or_default(), MAX_NAME);
    let shown = if name.is_empty() { "<share_root>" } else { &name };
    let is_directory = options & 1 != 0 && !name.is_empty();
    facts
        .put(if is_directory { "directory" } else { "filename" }, shown)
        .put("disposition", words::disposition(disposition))
        .put("access", access(options));
    Some(name)
}

/// Renaming and deleting.
fn set_info(message: &Message<'_>, book: &Book, facts: &mut Facts) -> Option<What> {
    let body = message.body;
    if octet(body, 2)? != 1 {
        return None;
    }
    let data = message.octets.get(usize::from(le16(body, 8)?)..)?;
    let level = match octet(body, 3)? {
        10 => "SMB2_FILE_RENAME_INFO",
        13 if octet(data, 0)? & 1 == 1 => "SMB2_FILE_DISPOSITION_INFO",
        64 if octet(data, 0)? & 1 == 1 => "SMB2_FILE_DISPOSITION_INFO_EX",
        _ => return None,
    };
    let file = file(body, 16)?;
    let name = book.file(file).map(|file| file.name.clone());
    let mut info = Facts::new();
    info.put("class", "FILE_INFO").put("info_level", level);
    facts.put("set_info", info);
    if level == "SMB2_FILE_RENAME_INFO" {
        let len = usize::try_from(le32(data, 16)?).ok()?;
        let mut rename = Facts::new();
        rename
            .put_some("from", name)
            .put("to", utf16(span(data, 20, len)?, MAX_NAME));
        facts.put("rename", rename);
    } else {
        facts.put_some("filename", name).put("access", "delete");
    }
    facts.put_some("share", book.share(message.head.tree));
    facts.put("fuid", fuid(file));
    Some(What::Plain)
}

/// How a file is opened, by its options.
pub(super) const fn access(options: u32) -> &'static str {
    if options & 0x1000 == 0 {
        "normal"
    } else {
        "delete on close"
    }
}

fn signing(mode: u16) -> &'static str {
    words::signing(mode & 1 != 0, mode & 2 != 0)
}

fn file(octets: &[u8], at: usize) -> Option<u128> {
    octets.get(at..)?.first_chunk().copied().map(u128::from_be_bytes)
}

fn fuid(file: u128) -> String {
    uuid(&file.to_be_bytes())
}

impl<'a> Message<'a> {
    /// What an offset and a length of two octets each point at.
    fn pointed(&self, offset: usize, len: usize) -> Option<&'a [u8]> {
        let offset = usize::from(le16(self.body, offset)?);
        span(self.octets, offset, usize::from(le16(self.body, len)?))
    }

    /// The same of four octets each.
    fn wide(&self, offset: usize, len: usize) -> Option<&'a [u8]> {
        let offset = usize::try_from(le32(self.body, offset)?).ok()?;
        span(self.octets, offset, usize::try_from(le32(self.body, len)?).ok()?)
    }
}
