//! SMB version 1.
//!
//! Source: MS-CIFS sections 2.2.3 (message) and 2.2.4 (commands); MS-SMB sections 2.2.4.5 to 2.2.4.9.

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, Facts};

use super::book::{Book, Head, Pending, Status, What, tell};
use super::{two, words};
use crate::app::octets::{le16, le32, le64, octet, span, until_nul, utf16};
use crate::app::sheet::Sheet;
use crate::app::text;
use crate::app::windows::spnego::{self, Token};

/// Octets of a header.
pub(super) const HEADER: usize = 32;
/// Octets of a header and the words of a read or write.
pub(super) const FIXED: usize = HEADER + 32;
/// Commands chained in one message that are read.
const MAX_CHAIN: usize = 4;
/// Dialects of an offer.
const MAX_DIALECTS: usize = 16;
/// Letters of a name.
const MAX_NAME: usize = 256;
const READ: u8 = 0x2e;
const WRITE: u8 = 0x2f;
const NONE: u8 = 0xff;

/// One command of a message: its words, and where its octets are.
struct Block<'a> {
    /// The whole message: offsets count from its start.
    message: &'a [u8],
    command: u8,
    words: &'a [u8],
    /// Place of the octets behind the words.
    bytes: usize,
    is_unicode: bool,
    is_reply: bool,
    mid: u16,
    key: u64,
    at: Timestamp,
    head: Head,
}

/// Octets of a message that are worth having, of which the first [`FIXED`] are there.
pub(super) fn wanted(octets: &[u8], len: usize, limit: usize, book: &Book) -> usize {
    let is_reply = octet(octets, 9).is_some_and(|flags| flags & 0x80 != 0);
    let is_wanted = match octet(octets, 4) {
        // Read and write of a pipe; of files only how much.
        Some(READ) if is_reply => {
            read(octets, Timestamp::MIN).is_some_and(|block| book.is_pipe_read(block.key))
        }
        Some(WRITE) if !is_reply => le16(octets, HEADER + 5).is_some_and(|file| book.is_pipe(file.into())),
        // Parts of transactions that follow the first: octets without a name.
        Some(0x26 | 0x33 | 0xa1) => false,
        _ => true,
    };
    if is_wanted { len.min(limit) } else { len.min(FIXED) }
}

/// Reads a message.
pub(super) fn message(octets: &[u8], at: Timestamp, book: &mut Book, sheet: &mut Sheet<'_>) {
    let Some(mut block) = read(octets, at) else {
        return;
    };
    for _ in 0..MAX_CHAIN {
        if block.is_reply {
            response(&block, book, sheet);
        } else {
            request(&block, book, sheet);
        }
        let is_chain = matches!(block.command, 0x2d | READ | WRITE | 0x73 | 0x74 | 0x75 | 0xa2);
        let next = octet(block.words, 0).filter(|next| is_chain && *next != NONE);
        let (Some(next), Some(offset)) = (next, le16(block.words, 2)) else {
            return;
        };
        let place = usize::from(offset);
        // Backwards would never end.
        if place <= block.bytes || !block.enter(next, place) {
            return;
        }
    }
}

fn read(octets: &[u8], at: Timestamp) -> Option<Block<'_>> {
    let (command, flags, more) = (octet(octets, 4)?, octet(octets, 9)?, le16(octets, 10)?);
    let (tree, process, session, mid) = (
        le16(octets, 24)?,
        le16(octets, 26)?,
        le16(octets, 28)?,
        le16(octets, 30)?,
    );
    let is_reply = flags & 0x80 != 0;
    let status = if more & 0x4000 == 0 {
        Status::Dos(octet(octets, 5)?, le16(octets, 7)?)
    } else {
        Status::Nt(le32(octets, 5)?)
    };
    // No error is the same in both.
    let status = if status == Status::Dos(0, 0) {
        Status::Nt(0)
    } else {
        status
    };
    let mut block = Block {
        message: octets,
        command,
        words: &[],
        bytes: 0,
        is_unicode: more & 0x8000 != 0,
        is_reply,
        mid,
        key: 1 << 63 | u64::from(process) << 16 | u64::from(mid),
        at,
        head: Head {
            command: "",
            session: u64::from(session),
            tree: u32::from(tree),
            status: is_reply.then_some(status),
        },
    };
    block.enter(command, HEADER).then_some(block)
}

fn request(block: &Block<'_>, book: &mut Book, sheet: &mut Sheet<'_>) -> Option<()> {
    let words = block.words;
    let mut facts = Facts::new();
    let what = match block.command {
        0x72 => {
            let offered: Vec<Box<str>> = block
                .rest()
                .split(|octet| *octet == 2)
                .skip(1)
                .take(MAX_DIALECTS)
                .map(|dialect| text::bounded(until_nul(dialect), 32).0)
                .collect();
            facts.put("client_dialects", offered.clone());
            What::Negotiate(offered)
        }
        0x73 => {
            let (token, token_len) = setup(block, &mut facts)?;
            let strings = Strings::behind(block, token_len);
            systems(strings, token.is_none(), "request", &mut facts, sheet);
            What::Setup(Box::new(token.unwrap_or_default()))
        }
        0x75 => {
            let mut strings = Strings::behind(block, usize::from(le16(words, 6)?));
            let share = strings.next(block.is_unicode);
            if let Some(server) = share.split('\\').find(|part| !part.is_empty()) {
                sheet.essential(Essential::ServerName, server, "smb.share");
            }
            let mut service = Facts::new();
            service.put("request", strings.next(false));
            facts.put("share", share.clone()).put("service", service);
            What::Tree(share)
        }
        0xa2 => {
            let len = usize::from(le16(words, 5)?);
            let name = block.name(Strings::behind(block, 0).at, len);
            let (disposition, options) = (le32(words, 35)?, le32(words, 39)?);
            facts
                .put("filename", if name.is_empty() { "<share_root>" } else { &*name })
                .put("disposition", words::disposition(disposition))
                .put("access", two::access(options));
            What::Create(name)
        }
        0x2d => {
            let name = Strings::behind(block, 0).next(block.is_unicode);
            facts.put("filename", name.clone());
            What::Create(name)
        }
        0x00 | 0x01 | 0x06 | 0x07 => {
            // Each name has a mark of its format before it.
            let mut strings = Strings::behind(block, 1);
            let name = strings.next(block.is_unicode);
            if block.command == 0x07 {
                strings.skip(1);
                let mut rename = Facts::new();
                rename.put("from", name).put("to", strings.next(block.is_unicode));
                facts.put("rename", rename);
            } else {
                let key = if block.command == 0x06 {
                    "filename"
                } else {
                    "directory"
                };
                facts.put(key, name);
            }
            What::Plain
        }
        0x04 => What::Close(le16(words, 0)?.into()),
        READ => What::Read(le16(words, 4)?.into()),
        WRITE => {
            let file = le16(words, 4)?.into();
            let len = u32::from(le16(words, 18)?) << 16 | u32::from(le16(words, 20)?);
            book.moved(file, 0, len);
            if book.is_pipe(file) {
                let data = block.pointed(22, usize::try_from(len).ok()?)?;
                book.say(file, data, block.at, block.head, sheet);
            }
            return None;
        }
        0x25 => {
            let is_pipe = le16(words, 28) == Some(0x26);
            let file = le16(words, 30).map_or(0, u128::from);
            if is_pipe && book.is_pipe(file) {
                let data = block.pointed(24, usize::from(le16(words, 22)?))?;
                book.say(file, data, block.at, block.head, sheet);
                What::Pipe(file)
            } else {
                facts.put("named_pipe", Strings::behind(block, 0).next(block.is_unicode));
                What::Plain
            }
        }
        0x32 => {
            facts.put_some("sub_command", le16(words, 28).and_then(words::trans2));
            facts.put("multiplex_id", block.mid);
            // Looking about is not worth a record each.
            if !matches!(le16(words, 28), Some(0x06 | 0x08 | 0x0d | 0x0e) | None) {
                return None;
            }
            What::Plain
        }
        0xa0 => {
            facts.put("multiplex_id", block.mid);
            What::Plain
        }
        _ => return None,
    };
    let request = Pending {
        key: block.key,
        at: block.at,
        head: block.head,
        facts,
        what,
    };
    book.ask(request, sheet);
    None
}

fn response(block: &Block<'_>, book: &mut Book, sheet: &mut Sheet<'_>) -> Option<()> {
    let words = block.words;
    let is_success = block.head.status == Some(Status::Nt(0));
    let mut head = block.head;
    let (at, mut facts, what) = match book.answered(block.key) {
        Some(request) => {
            head.command = request.head.command;
            (request.at, request.facts, request.what)
        }
        None => {
            let mut facts = Facts::new();
            facts.put("multiplex_id", block.mid);
            (block.at, facts, unasked(block.command)?)
        }
    };
    match what {
        What::Plain => {}
        What::Negotiate(offered) => {
            let dialect = le16(words, 0).and_then(|index| offered.get(usize::from(index)).cloned());
            if let Some(dialect) = dialect {
                book.choose(dialect, sheet);
            }
            if let Some(mode) = octet(words, 2) {
                facts.put("server_signing", words::signing(mode & 4 != 0, mode & 8 != 0));
            }
        }
        What::Setup(asked) => {
            let len = if words.len() == 8 {
                usize::from(le16(words, 6)?)
            } else {
                0
            };
            let strings = Strings::behind(block, len);
            let token = span(block.message, block.bytes, len).unwrap_or_default();
            let answer = spnego::read(token);
            let is_asked = answer.ntlm.is_some();
            tell(&asked, &mut Facts::new(), sheet);
            tell(if is_asked { &answer } else { &asked }, &mut facts, sheet);
            if le16(words, 4).is_some_and(|action| action & 1 != 0) {
                facts.put("session_flags", vec!["guest"]);
            }
            systems(strings, false, "response", &mut facts, sheet);
        }
        What::Tree(share) => {
            if is_success {
                let given = Strings::behind(block, 0).next(false);
                let is_pipe = &*given == "IPC";
                let mut service = Facts::new();
                if let Some(asked) = facts.text("service.request") {
                    service.put("request", asked);
                }
                service.put("response", given);
                if is_pipe && !share.is_empty() {
                    facts.put("named_pipe", share.clone());
                }
                facts = replace(&facts, "service", service);
                book.connect(head.tree, share, is_pipe);
            }
        }
        What::Create(name) => {
            facts.put_some("share", book.share(head.tree));
            let (place, size) = if block.command == 0xa2 {
                (5, le64(words, 55))
            } else {
                (4, None)
            };
            if let (true, Some(file)) = (is_success, le16(words, place)) {
                facts.put_some("size", size).put("fuid", format!("{file:04x}"));
                book.open(file.into(), name, at, head);
            }
        }
        What::Close(file) => {
            book.close(file, head.command, sheet);
            return None;
        }
        What::Read(file) => {
            let len = u32::from(le16(words, 10)?);
            book.moved(file, len, 0);
            let data = block.pointed(12, usize::try_from(len).ok()?)?;
            book.say(file, data, block.at, head, sheet);
            return None;
        }
        What::Pipe(file) => {
            let data = block.pointed(14, usize::from(le16(words, 12)?))?;
            book.say(file, data, block.at, head, sheet);
            return None;
        }
    }
    book.write(at, head, &facts, sheet);
    None
}

/// What an answer to a request that was not seen, or that bears another number, can still say.
fn unasked(command: u8) -> Option<What> {
    match command {
        0x32 => Some(What::Plain),
        0x72 => Some(What::Negotiate(Vec::new())),
        0x73 => Some(What::Setup(Box::default())),
        0x75 => Some(What::Tree("".into())),
        _ => None,
    }
}

/// The token of a sign-in and the octets before the strings: a token, or two passwords that are
/// passed over. Without a token the account is named in the strings.
fn setup(block: &Block<'_>, facts: &mut Facts) -> Option<(Option<Token>, usize)> {
    let words = block.words;
    if words.len() == 24 {
        let len = usize::from(le16(words, 14)?);
        let token = span(block.message, block.bytes, len).unwrap_or_default();
        return Some((Some(spnego::read(token)), len));
    }
    let (lm, nt) = (
        usize::from(le16(words, 14)?),
        usize::from(le16(words, 16).unwrap_or(0)),
    );
    if nt <= 1 && lm <= 1 {
        facts.put("session_flags", vec!["anonymous"]);
    }
    Some((
        None,
        if words.len() == 26 {
            lm.saturating_add(nt)
        } else {
            lm
        },
    ))
}

/// Software of one end; before it, where the sign-in has no token, account and domain.
fn systems(
    mut strings: Strings<'_>,
    is_named: bool,
    whose: &'static str,
    facts: &mut Facts,
    sheet: &mut Sheet<'_>,
) {
    let is_unicode = strings.is_unicode;
    if is_named {
        let (user, domain) = (strings.next(is_unicode), strings.next(is_unicode));
        if !user.is_empty() {
            let digest = text::user_digest(user.as_bytes());
            sheet.essential(Essential::User, digest.clone(), "smb.user");
            facts.put("user_digest", digest);
        }
        if !domain.is_empty() {
            facts.put("domain", domain);
        }
    }
    let (os, lm) = (strings.next(is_unicode), strings.next(is_unicode));
    if os.is_empty() && lm.is_empty() {
        return;
    }
    let mut software = Facts::new();
    software.put("native_os", os.clone()).put("native_lm", lm);
    facts.put(whose, software);
    if whose == "request" {
        sheet.essential(Essential::ClientSoftware, os, "smb.request.native_os");
    } else {
        sheet.essential(Essential::ServerSoftware, os, "smb.response.native_os");
    }
}

/// The facts with one of them another.
fn replace(facts: &Facts, key: &'static str, with: Facts) -> Facts {
    let mut all = Facts::new();
    for (name, fact) in facts.iter().filter(|(name, _)| *name != key) {
        all.put(name, fact);
    }
    all.put(key, with);
    all
}

impl<'a> Block<'a> {
    /// Goes to the command at a place; whether one is there.
    fn enter(&mut self, command: u8, place: usize) -> bool {
        let Some(count) = octet(self.message, place) else {
            return false;
        };
        let len = usize::from(count).saturating_mul(2);
        let words = place.saturating_add(1);
        self.command = command;
        self.head.command = words::smb1(command);
        // Each command of a chain is answered on its own.
        self.key = self.key & !(0xff << 32) | u64::from(command) << 32;
        self.words = span(self.message, words, len).unwrap_or_default();
        self.bytes = words.saturating_add(len).saturating_add(2);
        true
    }

    /// The octets behind the words.
    fn rest(&self) -> &'a [u8] {
        self.message.get(self.bytes..).unwrap_or_default()
    }

    /// Octets at the place that a word says.
    fn pointed(&self, word: usize, len: usize) -> Option<&'a [u8]> {
        span(self.message, usize::from(le16(self.words, word)?), len)
    }

    /// A name of known length.
    fn name(&self, at: usize, len: usize) -> Box<str> {
        let octets = span(self.message, at, len).unwrap_or_default();
        if self.is_unicode {
            utf16(octets, MAX_NAME)
        } else {
            text::bounded(until_nul(octets), MAX_NAME).0
        }
    }
}

/// Strings behind each other, each ended by a NUL. Those of UTF-16 begin at even places.
struct Strings<'a> {
    message: &'a [u8],
    at: usize,
    is_unicode: bool,
}

impl<'a> Strings<'a> {
    fn behind(block: &Block<'a>, len: usize) -> Self {
        let at = block.bytes.saturating_add(len);
        // A name of known length stands at an even place, too.
        let at = if block.is_unicode && block.command == 0xa2 {
            at.next_multiple_of(2)
        } else {
            at
        };
        Self {
            message: block.message,
            at,
            is_unicode: block.is_unicode,
        }
    }

    fn skip(&mut self, len: usize) {
        self.at = self.at.saturating_add(len);
    }

    fn next(&mut self, is_unicode: bool) -> Box<str> {
        if !is_unicode {
            let octets = until_nul(self.message.get(self.at..).unwrap_or_default());
            self.skip(octets.len().saturating_add(1));
            return text::bounded(octets, MAX_NAME).0;
        }
        self.at = self.at.next_multiple_of(2);
        let octets = self.message.get(self.at..).unwrap_or_default();
        let units = octets.chunks_exact(2).take_while(|unit| *unit != [0, 0]).count();
        self.skip(units.saturating_add(1).saturating_mul(2));
        utf16(octets, MAX_NAME)
    }
}
