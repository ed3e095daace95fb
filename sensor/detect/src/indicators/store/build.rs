//! Gathering: lists are begun one after the other, values are added, and at the end everything is laid out
//! for being read alone.

use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::indicator::{Domain, Indicator, Value};

use super::meta::Meta;
use super::{Indicators, List, MAX_LISTS, Place, port_of, walk};

/// What became of a value that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is new.
    New,
    /// Its list has it already.
    Duplicate,
    /// There is no room for it.
    Full,
}

/// The same, with its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    Now(u32),
    Before,
    Full,
}

impl From<Held> for Added {
    fn from(held: Held) -> Self {
        match held {
            Held::Now(_) => Self::New,
            Held::Before => Self::Duplicate,
            Held::Full => Self::Full,
        }
    }
}

/// What finds indicators while they are gathered.
#[derive(Debug, Default)]
pub struct Builder {
    all: Indicators,
}

impl Builder {
    /// Begins a list; indicators are added to the last one begun. False where there are too many lists.
    pub fn begin(&mut self, list: List) -> bool {
        let has_room = self.all.lists.len() < MAX_LISTS;
        if has_room {
            self.all.lists.push(list);
        }
        has_room
    }

    /// Adds an indicator to the last list begun; its source is that list's.
    pub fn add(&mut self, indicator: &Indicator) -> Added {
        let Some(list) = self.all.lists.len().checked_sub(1) else {
            return Added::Full;
        };
        let list = u16::try_from(list).unwrap_or(u16::MAX);
        let Indicator {
            value,
            line,
            confidence,
            expires,
            note,
            ..
        } = indicator;
        let mut meta = Meta::new(list, *line, *confidence, *expires);
        meta.note = self.all.notes.add(note);
        self.all.put(value, meta).into()
    }

    /// What is found from now on. `version` tells these lists from others.
    #[must_use]
    pub fn finish(mut self, version: String) -> Indicators {
        let all = &mut self.all;
        all.v4.fit();
        all.v6.fit();
        all.networks4.lay_out();
        all.networks6.lay_out();
        all.domains.fit(walk::of_name);
        all.urls.fit();
        all.ja3.fit();
        all.ja4.fit();
        all.sha1.fit();
        all.sha256.fit();
        all.user_agents.fit(walk::of_text);
        all.notes.fit();
        all.ports.sort_unstable();
        all.ports.shrink_to_fit();
        all.version = version;
        self.all
    }
}

impl Indicators {
    fn put(&mut self, value: &Value, meta: Meta) -> Held {
        match value {
            Value::Address { network, port } => self.put_network(*network, *port, meta),
            Value::Domain(Domain { name, scope }) => {
                let meta = meta.with_scope(*scope);
                let is_same = |old: &Meta| old.scope() == *scope;
                self.domains.add(name, meta, walk::of_name, is_same)
            }
            Value::Url(url) => self.urls.add(url, meta),
            Value::Ja3(digest) => self.ja3.add(*digest, meta, |_| true),
            Value::Ja4(text) => match text.as_bytes().try_into() {
                Ok(octets) => self.ja4.add(octets, meta, |_| true),
                Err(_) => Held::Full,
            },
            Value::CertificateSha1(digest) => self.sha1.add(*digest, meta, |_| true),
            Value::CertificateSha256(digest) => self.sha256.add(*digest, meta, |_| true),
            Value::UserAgent(text) => self.user_agents.add(text, meta, walk::of_text, |_| true),
        }
    }

    fn put_network(&mut self, network: IpNet, port: Option<u16>, meta: Meta) -> Held {
        let meta = meta.with_port(port.is_some());
        let is_one = network.prefix_len() == network.max_prefix_len();
        let ports = &self.ports;
        let (place, held) = match network.addr() {
            IpAddr::V4(address) if is_one => {
                let is_same = |slot| port_of(ports, Place::V4, slot) == port;
                (Place::V4, self.v4.add(address.to_bits(), meta, is_same))
            }
            IpAddr::V6(address) if is_one => {
                let is_same = |slot| port_of(ports, Place::V6, slot) == port;
                (Place::V6, self.v6.add(address.to_bits(), meta, is_same))
            }
            IpAddr::V4(address) => {
                let is_same = |slot| port_of(ports, Place::Networks4, slot) == port;
                let (first, length) = (address.to_bits(), network.prefix_len());
                (Place::Networks4, self.networks4.add(first, length, meta, is_same))
            }
            IpAddr::V6(address) => {
                let is_same = |slot| port_of(ports, Place::Networks6, slot) == port;
                let (first, length) = (address.to_bits(), network.prefix_len());
                (Place::Networks6, self.networks6.add(first, length, meta, is_same))
            }
        };
        if let (Held::Now(slot), Some(port)) = (held, port) {
            // Numbers grow, and one structure is filled after the other only while ports are rare.
            let at = self.ports.partition_point(|known| *known < (place, slot, port));
            self.ports.insert(at, (place, slot, port));
        }
        held
    }
}
