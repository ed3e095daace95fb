//! Which indicators a value that was found belongs to: every one, of every list.

use std::collections::BTreeSet;
use std::net::IpAddr;

use foldhash::HashMap;
use ipnet::IpNet;
use sekisho_model::indicator::{Domain, Scope, Value};

use crate::DailyKind;

/// Indicators by what they mean.
#[derive(Debug, Default)]
pub(super) struct Meaning {
    networks: HashMap<IpNet, Vec<usize>>,
    /// Lengths of prefixes that some network has, whatever its version.
    lengths: BTreeSet<u8>,
    domains: HashMap<Box<str>, Vec<(Scope, usize)>>,
    words: HashMap<(DailyKind, Box<str>), Vec<usize>>,
}

impl Meaning {
    /// Adds an indicator by its number.
    pub(super) fn add(&mut self, value: &Value, index: usize) {
        match value {
            Value::Address { network, .. } => self.add_network(*network, index),
            Value::Domain(domain) => self.add_domain(&domain.name, domain.scope, index),
            Value::Url(url) => match url.host.parse::<IpAddr>() {
                Ok(address) => self.add_network(address.into(), index),
                Err(_) => self.add_domain(&url.host, Scope::Exact, index),
            },
            Value::Ja3(_) => self.add_word(DailyKind::Ja3, value.to_string(), index),
            Value::Ja4(_) => self.add_word(DailyKind::Ja4, value.to_string(), index),
            Value::CertificateSha1(_) => self.add_word(DailyKind::CertificateSha1, value.to_string(), index),
            Value::CertificateSha256(_) => {
                self.add_word(DailyKind::CertificateSha256, value.to_string(), index);
            }
            Value::UserAgent(text) => self.add_word(DailyKind::UserAgent, text.to_string(), index),
        }
    }

    /// The indicators that mean a value, by number.
    pub(super) fn of(&self, kind: DailyKind, value: &str) -> Vec<usize> {
        match kind {
            DailyKind::Address => self.of_address(value),
            DailyKind::Name => self.of_name(value),
            _ => {
                let key = (kind, Box::from(value));
                self.words.get(&key).cloned().unwrap_or_default()
            }
        }
    }

    fn of_address(&self, value: &str) -> Vec<usize> {
        let Ok(address) = value.parse::<IpAddr>() else {
            return Vec::new();
        };
        let networks = self.lengths.iter().filter_map(|length| {
            let network = IpNet::new(address, *length).ok()?.trunc();
            self.networks.get(&network)
        });
        networks.flatten().copied().collect()
    }

    fn of_name(&self, name: &str) -> Vec<usize> {
        let mut found = Vec::new();
        let mut rest = Some(name);
        while let Some(suffix) = rest {
            for (scope, index) in self.domains.get(suffix).into_iter().flatten() {
                let domain = Domain {
                    name: suffix.into(),
                    scope: *scope,
                };
                if domain.means(name) {
                    found.push(*index);
                }
            }
            rest = suffix.split_once('.').map(|(_, suffix)| suffix);
        }
        found
    }

    fn add_network(&mut self, network: IpNet, index: usize) {
        self.lengths.insert(network.prefix_len());
        self.networks.entry(network.trunc()).or_default().push(index);
    }

    fn add_domain(&mut self, name: &str, scope: Scope, index: usize) {
        self.domains.entry(name.into()).or_default().push((scope, index));
    }

    fn add_word(&mut self, kind: DailyKind, word: String, index: usize) {
        self.words.entry((kind, word.into())).or_default().push(index);
    }
}
