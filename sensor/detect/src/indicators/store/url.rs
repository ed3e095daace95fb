//! URLs, found by host and path, or by host alone where nobody sees the path.
//!
//! A URL stands as `host[:port]/path`. A request is looked for by every part of its path that ends
//! where a segment or a parameter does, so that a listed path means what lies below it
//! ([`sekisho_model::indicator::Url::means_path`]).

use std::fmt::Write as _;

use hashbrown::HashTable;
use sekisho_model::Timestamp;
use sekisho_model::indicator::{Kind, Url, Value};

use super::build::Held;
use super::meta::Meta;
use super::texts::Texts;
use super::walk::{self, Rolling};

/// Parts of one request's path that are looked for.
const PARTS: usize = 64;

/// The URLs.
#[derive(Debug, Default)]
pub(super) struct Urls {
    texts: Texts,
    /// Of each host the URL that says most of it: for the whole of it, or else the one that holds
    /// longest.
    hosts: HashTable<u32>,
}

impl Urls {
    pub(super) fn add(&mut self, url: &Url, meta: Meta) -> Held {
        let mut text = written(&url.host, url.port);
        text.push_str(&url.path);
        let meta = meta.with_tls(url.is_tls);
        let held = self.texts.add(&text, meta, walk::of_text, |_| true);
        if let Held::Now(slot) = held {
            self.note_host(slot, &url.host);
        }
        held
    }

    fn note_host(&mut self, slot: u32, host: &str) {
        let sum = walk::of_text(host.as_bytes());
        let texts = &self.texts;
        if let Some(known) = self
            .hosts
            .iter_hash_mut(sum)
            .find(|known| host_of(texts, **known) == host)
        {
            let worth = |slot| {
                let end = texts.meta(slot).and_then(Meta::expires);
                (is_whole(texts, slot), end.unwrap_or(Timestamp::MAX))
            };
            if worth(slot) > worth(*known) {
                *known = slot;
            }
            return;
        }
        self.hosts
            .insert_unique(sum, slot, |slot| walk::of_text(host_of(texts, *slot).as_bytes()));
    }

    /// The URL that a request is for; the longest of them.
    pub(super) fn find(&self, host: &str, port: Option<u16>, path: &str, at: Timestamp) -> Option<u32> {
        self.host_slot(host)?;
        let before = written(&host.to_ascii_lowercase(), port);
        let mut rolling = Rolling::default();
        before.bytes().for_each(|octet| rolling.push(octet));
        let octets = path.as_bytes();
        let (mut found, mut has_query, mut parts) = (None, false, 0_usize);
        for (index, octet) in octets.iter().enumerate() {
            rolling.push(*octet);
            has_query |= *octet == b'?';
            let end = index.saturating_add(1);
            let next = octets.get(end);
            let is_part = matches!(next, None | Some(b'#'))
                || if has_query {
                    next == Some(&b'&')
                } else {
                    // Behind a slash anything may follow.
                    *octet == b'/' || matches!(next, Some(b'/' | b'?'))
                };
            if !is_part {
                continue;
            }
            parts = parts.saturating_add(1);
            let part = octets.get(..end).unwrap_or_default();
            let is_equal = |slot: &u32| {
                let text = self.texts.octets_of(*slot);
                text.strip_prefix(before.as_bytes()) == Some(part)
            };
            let candidates = self.texts.with_hash(rolling.finish()).filter(is_equal);
            let id = super::look::best(super::Place::Url, candidates, |slot| self.texts.meta(slot), at);
            found = id.map(|id| id.slot).or(found);
            if parts >= PARTS {
                break;
            }
        }
        found
    }

    /// Candidates for a URL.
    pub(super) fn same(&self, url: &Url) -> impl Iterator<Item = u32> {
        let mut text = written(&url.host, url.port);
        text.push_str(&url.path);
        self.texts.with_hash(walk::of_text(text.as_bytes()))
    }

    /// The URL that says most of a host, and whether it is for the whole of it.
    pub(super) fn host(&self, host: &str, at: Timestamp) -> Option<(u32, bool)> {
        let slot = self.host_slot(host)?;
        let holds = self.texts.meta(slot)?.holds_at(at);
        holds.then(|| (slot, is_whole(&self.texts, slot)))
    }

    fn host_slot(&self, host: &str) -> Option<u32> {
        if self.texts.is_empty() {
            return None;
        }
        let mut rolling = Rolling::default();
        host.bytes()
            .for_each(|octet| rolling.push(octet.to_ascii_lowercase()));
        let mut with_hash = self.hosts.iter_hash(rolling.finish()).copied();
        with_hash.find(|slot| host_of(&self.texts, *slot).eq_ignore_ascii_case(host))
    }

    pub(super) fn value(&self, slot: u32) -> Option<Value> {
        let scheme = if self.texts.meta(slot)?.is_tls() {
            "https://"
        } else {
            "http://"
        };
        Value::parse(Kind::Url, &[scheme, self.texts.text(slot)].concat()).ok()
    }

    pub(super) fn meta(&self, slot: u32) -> Option<&Meta> {
        self.texts.meta(slot)
    }

    pub(super) const fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn fit(&mut self) {
        self.texts.fit(walk::of_text);
        let texts = &self.texts;
        self.hosts
            .shrink_to_fit(|slot| walk::of_text(host_of(texts, *slot).as_bytes()));
    }

    pub(super) fn octets(&self) -> usize {
        self.texts.octets().saturating_add(self.hosts.allocation_size())
    }
}

/// `host`, `host:port`, `[address]`, `[address]:port`.
fn written(host: &str, port: Option<u16>) -> String {
    let mut text = if host.contains(':') {
        format!("[{host}]")
    } else {
        host.to_owned()
    };
    if let Some(port) = port {
        // A string takes whatever is written.
        let _ = write!(text, ":{port}");
    }
    text
}

/// The host of a URL, without brackets and port.
fn host_of(texts: &Texts, slot: u32) -> &str {
    let text = texts.text(slot);
    let authority = text.split('/').next().unwrap_or_default();
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}

/// Whether a URL is for the whole of its host.
fn is_whole(texts: &Texts, slot: u32) -> bool {
    texts
        .text(slot)
        .split_once('/')
        .is_some_and(|(_, path)| path.is_empty())
}
