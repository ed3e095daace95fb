//! Resource records as facts.
//!
//! Sources: RFC 1035 sections 3.3, 3.4 and 4.1.3, RFC 3596 (AAAA), RFC 2782 (SRV), RFC 6891 (OPT).

use std::net::{Ipv4Addr, Ipv6Addr};

use sekisho_model::app::{Below, Facts};

use super::dialect::Dialect;
use super::name::{self, Fault};
use super::{netbios, registry, service_binding};
use crate::app::text;

/// Octets of a TXT record that are kept.
const MAX_TEXT: usize = 512;

/// One record, where it stands in its message.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Name.
    pub(super) name: &'a str,
    /// Type.
    pub(super) kind: u16,
    /// Class; the highest bit is mDNS's.
    pub(super) class: u16,
    /// Seconds that it may be kept.
    pub(super) ttl: u32,
    /// Where the data begins.
    at: usize,
    /// The data.
    pub(super) data: &'a [u8],
    /// Where the next one begins.
    pub(super) after: usize,
}

/// Puts the name at `at` in the place of what `text` holds, in the writing of the protocol; answers
/// where it ends.
pub(super) fn name_into(
    dialect: Dialect,
    message: &[u8],
    at: usize,
    text: &mut String,
) -> Result<usize, Fault> {
    match dialect {
        Dialect::Nbns => netbios::read_into(message, at, text),
        _ => name::read_into(message, at, text),
    }
}

impl<'a> Record<'a> {
    /// Reads the record at `at`; `name` is room for its name.
    pub(super) fn read(
        dialect: Dialect,
        message: &'a [u8],
        at: usize,
        name: &'a mut String,
    ) -> Result<Self, Fault> {
        let at = name_into(dialect, message, at, name)?;
        let head = message.get(at..).and_then(|rest| rest.first_chunk());
        let &[k0, k1, c0, c1, t0, t1, t2, t3, l0, l1] = head.ok_or(Fault::Cut)?;
        let at = at.saturating_add(10);
        let after = at.saturating_add(usize::from(u16::from_be_bytes([l0, l1])));
        Ok(Self {
            name,
            kind: u16::from_be_bytes([k0, k1]),
            class: u16::from_be_bytes([c0, c1]),
            ttl: u32::from_be_bytes([t0, t1, t2, t3]),
            at,
            data: message.get(at..after).ok_or(Fault::Cut)?,
            after,
        })
    }

    /// Adds the record under Suricata's keys. Data that cannot be read is left out.
    pub(super) fn add_to(&self, facts: &mut Below<'_>, dialect: Dialect, message: &[u8]) {
        facts
            .add("rrname", self.name)
            .add("rrtype", registry::rrtype(dialect, self.kind))
            .add("ttl", self.ttl);
        if dialect == Dialect::Nbns {
            if self.kind == registry::NB && !self.data.is_empty() {
                facts.add("rdata", netbios::addresses(self.data));
            }
            return;
        }
        match self.kind {
            registry::SOA => facts.add_some("soa", self.authority(message)),
            registry::SRV => facts.add_some("srv", self.service(message)),
            registry::A => facts.add_some("rdata", self.data.first_chunk().copied().map(Ipv4Addr::from)),
            registry::AAAA => facts.add_some("rdata", self.data.first_chunk().copied().map(Ipv6Addr::from)),
            _ => facts.add_some("rdata", self.data(message)),
        };
    }

    fn data(&self, message: &[u8]) -> Option<Box<str>> {
        // A name in the data must not read beyond it.
        let message = message.get(..self.after)?;
        let name = |skip: usize| Some(name::read(message, self.at.saturating_add(skip)).ok()?.0);
        match self.kind {
            registry::NS | registry::CNAME | registry::PTR | registry::DNAME => name(0),
            registry::MX => name(2),
            registry::TXT => Some(strings(self.data)),
            registry::SVCB | registry::HTTPS => {
                let text = service_binding::read(message, self.at, self.data).ok()?;
                Some(text.into())
            }
            _ => None,
        }
    }

    fn authority(&self, message: &[u8]) -> Option<Facts> {
        let message = message.get(..self.after)?;
        let (server, at) = name::read(message, self.at).ok()?;
        let (mailbox, at) = name::read(message, at).ok()?;
        let mut facts = Facts::new();
        facts.add("mname", server).add("rname", mailbox);
        let numbers = message.get(at..)?.as_chunks::<4>().0;
        for (key, number) in ["serial", "refresh", "retry", "expire", "minimum"]
            .iter()
            .zip(numbers)
        {
            facts.add(key, u32::from_be_bytes(*number));
        }
        Some(facts)
    }

    fn service(&self, message: &[u8]) -> Option<Facts> {
        let &[p0, p1, w0, w1, n0, n1] = self.data.first_chunk()?;
        let (target, _) = name::read(message.get(..self.after)?, self.at.saturating_add(6)).ok()?;
        let mut facts = Facts::new();
        facts
            .add("priority", u16::from_be_bytes([p0, p1]))
            .add("weight", u16::from_be_bytes([w0, w1]))
            .add("port", u16::from_be_bytes([n0, n1]))
            .add("name", target);
        Some(facts)
    }
}

/// The strings of a TXT record: one alone as it is, several each in quotes.
fn strings(data: &[u8]) -> Box<str> {
    let mut list = Vec::new();
    let mut rest = data.get(..MAX_TEXT).unwrap_or(data);
    while let Some((length, after)) = rest.split_first() {
        let (string, after) = after
            .split_at_checked(usize::from(*length))
            .unwrap_or((after, &[]));
        list.push(text::bounded(string, MAX_TEXT).0);
        rest = after;
    }
    match &mut list[..] {
        [one] => std::mem::take(one),
        _ => {
            let quoted: Vec<String> = list.iter().map(|string| format!("\"{string}\"")).collect();
            quoted.join(" ").into()
        }
    }
}
