//! SMB 1, 2 and 3: dialects, sign-ins, shares, files and pipes, with the calls inside pipes.
//!
//! A request of interest is written with its answer; reads and writes are summed and written when
//! their file is closed. What is encrypted ends the names. Data of files is passed over unread.
//! Source: MS-SMB2, MS-CIFS, MS-SMB; see the files of this folder.

mod book;
mod facts;
mod netbios;
mod one;
mod two;
mod words;

use sekisho_model::app::{Essential, Facts};

use self::book::{Book, Head};
use self::netbios::Frame;
use crate::app::held::Held;
use crate::app::octets::{le32, octet};
use crate::app::parser::{Chunk, End, Gap, Parser, Read};
use crate::app::protocol::{Hint, Probe, Protocol, Start, Transport};
use crate::app::sheet::Sheet;

/// Octets of a message that are read.
const MAX_MESSAGE: usize = 16 * 1024;
/// Encrypted messages in a row after which nothing clear is expected.
const MAX_ENCRYPTED: u8 = 16;
/// Octets without a frame after which the place counts as lost for good.
const MAX_LOST: usize = 1 << 20;

pub(super) const PROTOCOL: Protocol = Protocol {
    name: "smb",
    title: "SMB",
    transports: &[Transport::Tcp],
    ports: &[139, 445],
    kin: &[],
    facts: facts::FACTS,
    probe,
    parser,
};

fn probe(hint: &Hint<'_>) -> Probe {
    let octets = hint.octets;
    if octets.len() < 8 {
        let is_frame =
            matches!(octets.first(), Some(0 | 0x81..=0x85)) && octets.get(1).is_none_or(|len| *len < 2);
        return match octets {
            [0x82, 0, 0, 0] if hint.from == End::Resp => Probe::Likely,
            [.., last] if octets.len() > 4 && !(0xfc..=0xff).contains(last) && !b"SMB".contains(last) => {
                Probe::No
            }
            _ if is_frame => Probe::More,
            _ => Probe::No,
        };
    }
    match netbios::frame(octets) {
        Frame::Message(_) => Probe::Sure,
        Frame::Request if octets.len() < 72 => Probe::More,
        Frame::Request if netbios::names(octets).is_some() => Probe::Sure,
        // The answer to it, with the first message behind.
        Frame::Other(len @ 4) => match octets.get(len..).map(netbios::frame) {
            Some(Frame::Message(_)) => Probe::Sure,
            _ => Probe::No,
        },
        _ => Probe::No,
    }
}

fn parser(_: &Start) -> Box<dyn Parser> {
    Box::new(Smb {
        book: Book::default(),
        encrypted: 0,
        has_told: [false; 2],
        lost: 0,
    })
}

struct Smb {
    book: Book,
    /// Encrypted messages in a row.
    encrypted: u8,
    /// Whether encryption and compression were written.
    has_told: [bool; 2],
    /// Octets in which no frame was found.
    lost: usize,
}

impl Parser for Smb {
    fn held(&self) -> usize {
        self.book.held()
    }

    fn read(&mut self, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let octets = chunk.octets;
        match octets {
            // Answers of port 139 are shorter than what tells a message.
            [0x82 | 0x85, 0, 0, 0, ..] => return Read::Took(netbios::HEADER),
            [0x83, 0, 0, 1, _, ..] => return Read::Took(netbios::HEADER + 1),
            [_, _, _, _, _, _, _, _, ..] => {}
            _ => return Read::Need(8),
        }
        match netbios::frame(octets) {
            Frame::Message(len) => self.frame(octets, len, chunk, sheet),
            Frame::Request if octets.len() < 72 => Read::Need(72),
            Frame::Request => {
                self.names(octets, chunk, sheet);
                Read::Took(72)
            }
            Frame::Other(len) => Read::Took(len),
            Frame::No => self.find(octets, sheet),
        }
    }

    fn gap(&mut self, _: End, _: u64, _: &mut Sheet<'_>) -> Gap {
        // The next frame is told by its first octets.
        Gap::Resume
    }

    fn end(&mut self, sheet: &mut Sheet<'_>) {
        self.book.end(sheet);
    }
}

impl Smb {
    /// Reads a frame whose message has `len` octets.
    fn frame(&mut self, octets: &[u8], len: usize, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) -> Read {
        let kind = octet(octets, 4);
        let fixed = match kind {
            Some(0xff) => one::FIXED,
            Some(0xfe) => two::FIXED,
            _ => 16,
        };
        let first = len.min(fixed).saturating_add(netbios::HEADER);
        let Some(start) = octets.get(netbios::HEADER..first) else {
            return Read::Need(first);
        };
        let wanted = match kind {
            Some(0xff) => one::wanted(start, len, MAX_MESSAGE, &self.book),
            Some(0xfe) => two::wanted(start, len, MAX_MESSAGE, &self.book),
            _ => start.len(),
        };
        let took = wanted.saturating_add(netbios::HEADER);
        let Some(message) = octets.get(netbios::HEADER..took) else {
            return Read::Need(took);
        };
        self.lost = 0;
        match kind {
            Some(0xff) => one::message(message, chunk.at, &mut self.book, sheet),
            Some(0xfe) => two::read(message, chunk.at, &mut self.book, sheet),
            Some(0xfd) => {
                self.tell(0, "encrypted", chunk, sheet);
                self.encrypted = self.encrypted.saturating_add(1);
                if self.encrypted == MAX_ENCRYPTED {
                    return Read::Done;
                }
            }
            _ => {
                self.tell(1, "compressed", chunk, sheet);
                // Where the compressed part begins: beyond the message only to harm.
                let is_beyond =
                    le32(message, 12).is_some_and(|offset| usize::try_from(offset).is_ok_and(|at| at > len));
                let is_chained = message.get(10..12).is_some_and(|flags| flags == [1, 0]);
                if is_beyond && !is_chained {
                    sheet.anomaly("compression_offset_beyond_message");
                }
            }
        }
        if kind != Some(0xfd) {
            self.encrypted = 0;
        }
        Read::Skip {
            took,
            skip: u64::try_from(len.saturating_sub(wanted)).unwrap_or(u64::MAX),
        }
    }

    /// Writes once that what follows is wrapped.
    fn tell(&mut self, which: usize, key: &'static str, chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        if let Some(has_told) = self.has_told.get_mut(which)
            && !std::mem::replace(has_told, true)
        {
            let mut facts = Facts::new();
            facts.put(key, true);
            let head = Head {
                command: "SMB3_COMMAND_UNKNOWN",
                session: 0,
                tree: 0,
                status: None,
            };
            self.book.write(chunk.at, head, &facts, sheet);
        }
    }

    fn names(&mut self, octets: &[u8], chunk: &Chunk<'_>, sheet: &mut Sheet<'_>) {
        let Some((called, calling)) = netbios::names(octets) else {
            return;
        };
        sheet.essential(Essential::ClientHost, calling.clone(), "smb.calling_name");
        // "*SMBSERVER" stands for any server.
        if !called.starts_with('*') {
            sheet.essential(Essential::ServerName, called.clone(), "smb.called_name");
        }
        let mut facts = Facts::new();
        facts.put("called_name", called).put("calling_name", calling);
        let head = Head {
            command: "NBSS_SESSION_REQUEST",
            session: 0,
            tree: 0,
            status: None,
        };
        self.book.write(chunk.at, head, &facts, sheet);
    }

    /// Looks for the next frame after a gap, or at a start in the middle.
    fn find(&mut self, octets: &[u8], sheet: &mut Sheet<'_>) -> Read {
        let found = octets
            .windows(8)
            .position(|window| matches!(netbios::frame(window), Frame::Message(_)));
        // A frame may begin in the last octets.
        let passed = found.unwrap_or(octets.len().saturating_sub(7));
        self.lost = self.lost.saturating_add(passed);
        if self.lost > MAX_LOST {
            sheet.partial();
            return Read::Done;
        }
        Read::Took(passed)
    }
}

#[cfg(test)]
mod tests;
