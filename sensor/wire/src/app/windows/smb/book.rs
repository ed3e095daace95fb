//! What is open in one SMB connection: requests that wait, trees, files; and the writing of
//! transactions.
//!
//! Limits: each table has one; what does not find room is written without its answer (requests) or
//! stays without a name (trees, files).

use std::collections::VecDeque;

use sekisho_model::Timestamp;
use sekisho_model::app::{Essential, Facts};

use super::words;
use crate::app::held::Held;
use crate::app::sheet::Sheet;
use crate::app::windows::dcerpc::{self, Call, Calls};
use crate::app::windows::ntlm::{Kind, Ntlm};
use crate::app::windows::spnego::Token;

/// Requests that wait for an answer.
const MAX_PENDING: usize = 128;
/// Trees that are connected.
const MAX_TREES: usize = 32;
/// Files and pipes that are open.
const MAX_FILES: usize = 64;
/// Transactions that a flow writes; after them it is marked partial.
const MAX_TRANSACTIONS: u16 = 512;
/// Units of RPC in one message.
const MAX_UNITS: usize = 16;

/// A request.
#[derive(Debug)]
pub(super) struct Pending {
    /// Message number (version 2), or command, process and multiplex numbers (version 1).
    pub(super) key: u64,
    pub(super) at: Timestamp,
    pub(super) head: Head,
    pub(super) facts: Facts,
    pub(super) what: What,
}

/// What every transaction says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) command: &'static str,
    pub(super) session: u64,
    pub(super) tree: u32,
    pub(super) status: Option<Status>,
}

/// How an answer says what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// A number of Windows NT.
    Nt(u32),
    /// Class and code of DOS.
    Dos(u8, u16),
}

/// What a request needs its answer for.
#[derive(Debug)]
pub(super) enum What {
    /// Nothing but its status.
    Plain,
    /// The dialect; the ones of version 1 that were offered.
    Negotiate(Vec<Box<str>>),
    /// Who signs in.
    Setup(Box<Token>),
    /// The share.
    Tree(Box<str>),
    /// The name; whether it is a pipe.
    Create(Box<str>),
    /// The file that is read.
    Read(u128),
    /// The file that is closed.
    Close(u128),
    /// The pipe that is spoken to.
    Pipe(u128),
}

/// A connected share.
#[derive(Debug)]
struct Tree {
    id: u32,
    share: Box<str>,
    is_pipe: bool,
}

/// An open file or pipe.
#[derive(Debug)]
pub(super) struct File {
    id: u128,
    pub(super) name: Box<str>,
    opened: Timestamp,
    head: Head,
    read: u64,
    written: u64,
    pipe: Option<Calls>,
}

/// The book of one connection.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) dialect: Option<Box<str>>,
    next_id: u64,
    written: u16,
    pending: VecDeque<Pending>,
    trees: Vec<Tree>,
    files: Vec<File>,
}

impl Held for File {
    fn held(&self) -> usize {
        [self.name.held(), self.pipe.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Held for Tree {
    fn held(&self) -> usize {
        self.share.held()
    }
}

impl Held for What {
    fn held(&self) -> usize {
        match self {
            Self::Negotiate(dialects) => dialects.held(),
            Self::Setup(token) => token.held(),
            Self::Tree(name) | Self::Create(name) => name.held(),
            Self::Plain | Self::Read(_) | Self::Close(_) | Self::Pipe(_) => 0,
        }
    }
}

impl Held for Pending {
    fn held(&self) -> usize {
        [self.facts.held(), self.what.held()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}

impl Held for Book {
    fn held(&self) -> usize {
        [
            self.dialect.held(),
            self.pending.held(),
            self.trees.held(),
            self.files.held(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl Book {
    /// Notes a request.
    pub(super) fn ask(&mut self, request: Pending, sheet: &mut Sheet<'_>) {
        if self.pending.len() >= MAX_PENDING
            && let Some(oldest) = self.pending.pop_front()
        {
            self.unanswered(oldest, sheet);
        }
        self.pending.push_back(request);
    }

    /// The request that an answer belongs to.
    pub(super) fn answered(&mut self, key: u64) -> Option<Pending> {
        let at = self.pending.iter().position(|request| request.key == key)?;
        self.pending.remove(at)
    }

    /// The offer of dialects that waits, in whatever version it was made.
    pub(super) fn offer(&mut self) -> Option<Pending> {
        let at = self
            .pending
            .iter()
            .position(|request| matches!(request.what, What::Negotiate(_)))?;
        self.pending.remove(at)
    }

    /// Whether the data that an answer brings is a pipe's.
    pub(super) fn is_pipe_read(&self, key: u64) -> bool {
        self.pending.iter().any(|request| {
            request.key == key && matches!(request.what, What::Read(file) if self.is_pipe(file))
        })
    }

    /// Writes a transaction.
    pub(super) fn write(&mut self, at: Timestamp, head: Head, details: &Facts, sheet: &mut Sheet<'_>) {
        let id = self.next_id;
        self.next_id = id.saturating_add(1);
        if self.written == MAX_TRANSACTIONS {
            sheet.partial();
            return;
        }
        self.written = self.written.saturating_add(1);
        let mut facts = Facts::new();
        facts
            .put("id", id)
            .put("dialect", self.dialect.as_deref().unwrap_or("unknown"))
            .put("command", head.command);
        match head.status {
            Some(Status::Nt(status)) => {
                let word = words::status(status).map_or_else(|| status.to_string(), str::to_owned);
                facts
                    .put("status", word)
                    .put("status_code", format!("0x{status:x}"));
            }
            Some(Status::Dos(class, code)) => {
                facts
                    .put("status", format!("UNKNOWN_{class:02x}_{code:04x}"))
                    .put("status_code", format!("0x{code:04x}"));
            }
            None => {}
        }
        facts.put("session_id", head.session).put("tree_id", head.tree);
        facts.put_all(details);
        sheet.transaction(at, facts);
    }

    /// Keeps the dialect that was chosen.
    pub(super) fn choose(&mut self, dialect: Box<str>, sheet: &mut Sheet<'_>) {
        // "2.??" only asks for the offer to be made anew.
        if &*dialect != "2.??" {
            sheet.essential(Essential::Version, dialect.clone(), "smb.dialect");
        }
        self.dialect = Some(dialect);
    }

    /// Keeps a connected share.
    pub(super) fn connect(&mut self, id: u32, share: Box<str>, is_pipe: bool) {
        self.trees.retain(|tree| tree.id != id);
        if self.trees.len() < MAX_TREES {
            self.trees.push(Tree { id, share, is_pipe });
        }
    }

    /// The share of a tree.
    pub(super) fn share(&self, id: u32) -> Option<&str> {
        self.trees
            .iter()
            .find(|tree| tree.id == id)
            .map(|tree| &*tree.share)
    }

    /// Keeps an open file.
    pub(super) fn open(&mut self, id: u128, name: Box<str>, opened: Timestamp, head: Head) {
        let is_pipe = self.trees.iter().any(|tree| tree.id == head.tree && tree.is_pipe);
        self.files.retain(|file| file.id != id);
        if self.files.len() < MAX_FILES {
            self.files.push(File {
                id,
                name,
                opened,
                head,
                read: 0,
                written: 0,
                pipe: is_pipe.then(Calls::default),
            });
        }
    }

    /// An open file.
    pub(super) fn file(&self, id: u128) -> Option<&File> {
        self.files.iter().find(|file| file.id == id)
    }

    /// Whether it is a pipe.
    pub(super) fn is_pipe(&self, id: u128) -> bool {
        self.file(id).is_some_and(|file| file.pipe.is_some())
    }

    /// Counts what is read from and written to a file.
    pub(super) fn moved(&mut self, id: u128, read: u32, written: u32) {
        if let Some(file) = self.files.iter_mut().find(|file| file.id == id) {
            file.read = file.read.saturating_add(u64::from(read));
            file.written = file.written.saturating_add(u64::from(written));
        }
    }

    /// A file is closed: what was moved is written.
    pub(super) fn close(&mut self, id: u128, command: &'static str, sheet: &mut Sheet<'_>) {
        if let Some(at) = self.files.iter().position(|file| file.id == id) {
            let file = self.files.remove(at);
            self.closed(file, command, sheet);
        }
    }

    /// Reads what is said in a pipe; calls that are complete are written.
    pub(super) fn say(&mut self, id: u128, octets: &[u8], at: Timestamp, head: Head, sheet: &mut Sheet<'_>) {
        let Some(index) = self.files.iter().position(|file| file.id == id) else {
            return;
        };
        let mut rest = octets;
        for _ in 0..MAX_UNITS {
            let Some(pdu) = dcerpc::unit(rest) else {
                return;
            };
            let Some(calls) = self.files.get_mut(index).and_then(|file| file.pipe.as_mut()) else {
                return;
            };
            if let Some(call) = calls.read(&pdu, at) {
                self.called(index, call, head, sheet);
            }
            rest = rest.get(pdu.len..).unwrap_or_default();
        }
    }

    /// Whatever waits is written as it is.
    pub(super) fn end(&mut self, sheet: &mut Sheet<'_>) {
        while let Some(request) = self.pending.pop_front() {
            self.unanswered(request, sheet);
        }
        while let Some(file) = self.files.pop() {
            let command = file.head.command;
            self.closed(file, command, sheet);
        }
    }

    fn unanswered(&mut self, request: Pending, sheet: &mut Sheet<'_>) {
        let Pending {
            at,
            head,
            mut facts,
            what,
            ..
        } = request;
        match &what {
            What::Read(_) | What::Close(_) | What::Pipe(_) => return,
            What::Setup(token) => tell(token, &mut facts, sheet),
            What::Plain | What::Negotiate(_) | What::Tree(_) | What::Create(_) => {}
        }
        self.write(at, head, &facts, sheet);
    }

    fn closed(&mut self, mut file: File, command: &'static str, sheet: &mut Sheet<'_>) {
        let calls = file.pipe.as_mut().map(Calls::unanswered).unwrap_or_default();
        self.files.push(file);
        let index = self.files.len().saturating_sub(1);
        for call in calls {
            let Some(head) = self.files.get(index).map(|file| file.head) else {
                break;
            };
            self.called(index, call, Head { status: None, ..head }, sheet);
        }
        let Some(file) = self.files.pop() else { return };
        if file.pipe.is_some() || file.read == 0 && file.written == 0 {
            return;
        }
        let mut facts = Facts::new();
        facts
            .put("filename", file.name)
            .put_some("share", self.share(file.head.tree))
            .put("read_octets", file.read)
            .put("written_octets", file.written);
        let head = Head {
            command,
            status: None,
            ..file.head
        };
        self.write(file.opened, head, &facts, sheet);
    }

    fn called(&mut self, index: usize, mut call: Call, head: Head, sheet: &mut Sheet<'_>) {
        let Some(file) = self.files.get(index) else { return };
        let mut facts = Facts::new();
        facts.put("filename", file.name.clone());
        let at = call.at;
        if let Some(ntlm) = call.ntlm.take() {
            essentials(&ntlm, sheet);
            call.ntlm = Some(ntlm);
        }
        let Some(calls) = &file.pipe else { return };
        facts.put("dcerpc", calls.facts(call, true));
        self.write(at, head, &facts, sheet);
    }
}

/// Writes what a security token says.
pub(super) fn tell(token: &Token, facts: &mut Facts, sheet: &mut Sheet<'_>) {
    if let Some(ntlm) = &token.ntlm {
        essentials(ntlm, sheet);
        let mut inner = Facts::new();
        ntlm.facts(&mut inner);
        if !inner.is_empty() {
            facts.put("ntlmssp", inner);
        }
    }
    if let Some(ticket) = &token.ticket {
        if let Some((_, host)) = ticket.sname.split_once('/') {
            sheet.essential(Essential::ServerName, host, "smb.kerberos.snames");
        }
        let mut inner = Facts::new();
        let snames: Vec<&str> = ticket.sname.split('/').collect();
        inner
            .put("realm", ticket.realm.clone())
            .put("snames", snames)
            .put_some("encryption", ticket.encryption.clone());
        facts.put("kerberos", inner);
    }
}

fn essentials(ntlm: &Ntlm, sheet: &mut Sheet<'_>) {
    if let Some(digest) = &ntlm.user_digest {
        sheet.essential(Essential::User, digest.clone(), "smb.ntlmssp.user");
    }
    // Samba and others give a version of Windows without a build.
    let version = ntlm
        .version
        .as_ref()
        .filter(|version| !version.contains(" build 0 "));
    if let Some(version) = version {
        let whose = match ntlm.kind {
            Kind::Challenge => Essential::ServerSoftware,
            Kind::Negotiate | Kind::Authenticate => Essential::ClientSoftware,
        };
        sheet.essential(whose, format!("Windows {version}"), "smb.ntlmssp.version");
    }
    if let (Some(host), Kind::Negotiate | Kind::Authenticate) = (&ntlm.host, ntlm.kind) {
        sheet.essential(Essential::ClientHost, host.clone(), "smb.ntlmssp.host");
    }
}
