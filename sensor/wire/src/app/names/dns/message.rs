//! One message, read as far as it can be.
//!
//! Source: RFC 1035 section 4.1; RFC 6891 section 6.1.3 for the upper bits of the response code.

use sekisho_model::app::{Below, Facts};

use super::dialect::Dialect;
use super::name::Fault;
use super::record::{Record, name_into};
use super::{netbios, registry};
use crate::app::held::Held;

/// Octets of a header.
pub(super) const HEADER: usize = 12;
/// Questions of a message that are read; multicast DNS asks many at once.
const MAX_QUESTIONS: usize = 32;
/// Records of each section that are read.
const MAX_RECORDS: usize = 64;
/// Octets of text of a message: names that point at one another make much of little.
const MAX_KEPT: usize = 16 * 1024;
/// Characters of a usual name.
const USUAL: usize = 64;
/// The keys of the sections of records.
const SECTIONS: [&str; 3] = ["answers", "authorities", "additionals"];

/// The first octets of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Pairs an answer with its query.
    pub(super) id: u16,
    /// Flags, operation and response code.
    pub(super) flags: u16,
    /// Questions, answers, authorities, additional records.
    pub(super) counts: [u16; 4],
}

impl Header {
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let (words, _) = message.first_chunk::<HEADER>()?.as_chunks::<2>();
        let [id, flags, counts @ ..] = words else {
            return None;
        };
        let [questions, answers, authorities, additionals] = counts else {
            return None;
        };
        let counts = [questions, answers, authorities, additionals].map(|word| u16::from_be_bytes(*word));
        let (id, flags) = (u16::from_be_bytes(*id), u16::from_be_bytes(*flags));
        Some(Self { id, flags, counts })
    }

    pub(super) const fn is_response(&self) -> bool {
        self.flags & 0x8000 != 0
    }

    pub(super) const fn opcode(&self) -> u8 {
        (self.flags >> 11 & 15) as u8
    }

    /// The lower four bits of the response code.
    pub(super) const fn rcode(&self) -> u16 {
        self.flags & 15
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) name: Box<str>,
    pub(super) kind: u16,
}

/// What an OPT record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edns {
    /// Octets that the sender can take in one datagram.
    pub(super) udp_size: u16,
    /// Version.
    pub(super) version: u8,
    /// Whether signatures are wanted.
    pub(super) wants_signatures: bool,
}

/// A message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) header: Header,
    pub(super) questions: Vec<Question>,
    /// A list for each section that has records: answers, authorities, additional ones without OPT.
    pub(super) records: Facts,
    pub(super) edns: Option<Edns>,
    /// The whole response code.
    pub(super) rcode: u16,
    /// Name of the sender's host, where the message says it.
    pub(super) host: Option<Box<str>>,
    /// Names and MAC address of a node status.
    pub(super) status: Option<(Vec<String>, Option<String>)>,
    /// Octets of the message.
    pub(super) octets: usize,
    /// Why reading stopped before the end.
    pub(super) fault: Option<Fault>,
    /// Whether a limit left out questions or records.
    pub(super) is_bounded: bool,
}

impl Message {
    /// Reads a message; none where not even its header is there.
    pub(super) fn read(dialect: Dialect, octets: &[u8]) -> Option<Self> {
        let header = Header::read(octets)?;
        let mut message = Self {
            header,
            questions: Vec::new(),
            records: Facts::new(),
            edns: None,
            rcode: header.rcode(),
            host: None,
            status: None,
            octets: octets.len(),
            fault: None,
            is_bounded: false,
        };
        message.fault = message.fill(dialect, octets).err();
        Some(message)
    }

    fn fill(&mut self, dialect: Dialect, octets: &[u8]) -> Result<(), Fault> {
        let [questions, records @ ..] = self.header.counts.map(usize::from);
        let mut at = HEADER;
        let mut kept = 0_usize;
        let mut name = String::with_capacity(USUAL);
        for _ in 0..questions.min(MAX_QUESTIONS) {
            let after = name_into(dialect, octets, at, &mut name)?;
            // The name is there even where its type is cut off.
            let kind = octets.get(after..).and_then(|rest| rest.first_chunk::<4>());
            let number = kind.map_or(0, |&[k0, k1, ..]| u16::from_be_bytes([k0, k1]));
            kept = kept.saturating_add(name.len());
            self.questions.push(Question {
                name: name.as_str().into(),
                kind: number,
            });
            kind.ok_or(Fault::Cut)?;
            at = after.saturating_add(4);
            if kept > MAX_KEPT {
                self.is_bounded = true;
                return Ok(());
            }
        }
        self.is_bounded = questions > MAX_QUESTIONS;
        let mut lists = Facts::new();
        let filled = self.fill_lists(&mut lists, (dialect, octets), (at, records, kept), name);
        self.records = lists;
        filled
    }

    /// Reads the records from `at` on, so many of each section, after names that took `kept` octets.
    fn fill_lists(
        &mut self,
        lists: &mut Facts,
        (dialect, octets): (Dialect, &[u8]),
        (mut at, records, mut kept): (usize, [usize; 3], usize),
        mut name: String,
    ) -> Result<(), Fault> {
        for (section, (key, records)) in SECTIONS.into_iter().zip(records).enumerate() {
            if self.is_bounded {
                break;
            }
            lists.add_list(key, |list| {
                for _ in 0..records.min(MAX_RECORDS) {
                    let record = Record::read(dialect, octets, at, &mut name)?;
                    at = record.after;
                    let before = list.octets();
                    self.take(dialect, octets, (section, list), &record);
                    kept = kept.saturating_add(list.octets().saturating_sub(before));
                    if kept > MAX_KEPT {
                        self.is_bounded = true;
                        return Ok(());
                    }
                }
                Ok(())
            })?;
            self.is_bounded |= records > MAX_RECORDS;
        }
        Ok(())
    }

    /// Takes a record of a section whose list is being filled.
    fn take(
        &mut self,
        dialect: Dialect,
        octets: &[u8],
        (section, list): (usize, &mut Below<'_>),
        record: &Record<'_>,
    ) {
        match (dialect, record.kind) {
            (Dialect::Dns | Dialect::Mdns | Dialect::Llmnr, registry::OPT) => {
                let [extended, version, bits, _] = record.ttl.to_be_bytes();
                self.rcode |= u16::from(extended) << 4;
                self.edns = Some(Edns {
                    udp_size: record.class,
                    version,
                    wants_signatures: bits & 0x80 != 0,
                });
                return;
            }
            (Dialect::Nbns, registry::NBSTAT) if self.header.is_response() => {
                self.status =
                    netbios::status(record.data).map(|(names, mac)| (names, mac.map(|mac| mac.to_string())));
            }
            // A host registers its name with its address.
            (Dialect::Nbns, registry::NB) if !self.header.is_response() && self.is_registration() => {
                let is_group = record.data.first().is_some_and(|flags| flags & 0x80 != 0);
                if !is_group && self.host.is_none() {
                    self.host = netbios::host(record.name).map(Into::into);
                }
            }
            // A host answers for its own name alone (the cache is to be flushed), and probes for it
            // with the addresses it wants as authorities (RFC 6762 sections 8.1 and 10.2).
            (Dialect::Mdns, registry::A | registry::AAAA) => {
                let is_own = if self.header.is_response() {
                    record.class & 0x8000 != 0
                } else {
                    section == 1
                };
                if is_own && self.host.is_none() {
                    self.host = Some(record.name.into());
                }
            }
            _ => {}
        }
        list.add_group("", |facts| record.add_to(facts, dialect, octets));
    }

    /// A query that waits for its answer keeps its questions; one that registers is its records.
    pub(super) fn keep_questions(&mut self) {
        if self.is_registration() {
            return;
        }
        self.records = Facts::new();
        self.host = None;
        self.status = None;
    }

    /// Registration and refresh of a NetBIOS name (RFC 1002 section 4.2.1.1).
    const fn is_registration(&self) -> bool {
        matches!(self.header.opcode(), 5 | 8 | 9 | 15)
    }
}

impl Held for Question {
    fn held(&self) -> usize {
        self.name.held()
    }
}

impl Held for Message {
    fn held(&self) -> usize {
        let records = self.records.held();
        let status = self.status.as_ref();
        let names = status.map_or(0, |(names, mac)| names.held().saturating_add(mac.held()));
        [self.questions.held(), self.host.held(), names]
            .into_iter()
            .fold(records, usize::saturating_add)
    }
}
