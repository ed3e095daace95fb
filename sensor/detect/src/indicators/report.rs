//! What came of reading a list: counts, and the first of what was wrong.

use std::collections::BTreeMap;

use sekisho_model::indicator::{Kind, ValueError};

/// Mistakes and remarks that are kept with their lines.
pub const SHOWN: usize = 20;
/// Letters of a line that are kept with its mistake.
pub const EXCERPT: usize = 80;

/// Why a line or an object gives no indicator though it is no mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PassedOver {
    /// It is of a kind that traffic does not show: a digest of a file, a mail address, a registry key.
    OtherKind,
    /// Several things must come together, or words be like others: more than one value says.
    Combined,
    /// Its source took it back.
    Revoked,
    /// Its source says that it is not for detection (`to_ids` of MISP).
    NotForDetection,
}

impl PassedOver {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OtherKind => "other_kind",
            Self::Combined => "combined",
            Self::Revoked => "revoked",
            Self::NotForDetection => "not_for_detection",
        }
    }
}

/// What is odd about an indicator that was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Remark {
    /// Many share the domain (the company's part of the Public Suffix List).
    SharedDomain,
    /// Addresses of private networks (RFC 1918, RFC 4193) or of a link.
    PrivateAddress,
    /// A network of more than 65,536 addresses (IPv4) or wider than /32 (IPv6).
    WideNetwork,
}

impl Remark {
    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SharedDomain => "shared_domain",
            Self::PrivateAddress => "private_address",
            Self::WideNetwork => "wide_network",
        }
    }
}

/// A line that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown<T> {
    /// Its number, or that of the object, from 1.
    pub line: u64,
    /// What is said of it.
    pub what: T,
    /// Its beginning.
    pub text: String,
}

/// What came of one list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines, or objects, that were read.
    pub lines: u64,
    /// Indicators of each kind that were taken.
    pub taken: BTreeMap<Kind, u64>,
    /// Indicators that the list has more than once; each counts as one.
    pub duplicates: u64,
    /// Indicators for which there was no room.
    pub full: u64,
    /// Indicators that had expired at the time asked about.
    pub expired: u64,
    /// Lines that are no indicator.
    pub bad: u64,
    /// The first [`SHOWN`] of them.
    pub first_bad: Vec<Shown<ValueError>>,
    /// What gave no indicator and is no mistake.
    pub passed_over: BTreeMap<PassedOver, u64>,
    /// What is odd about indicators that were taken.
    pub remarks: BTreeMap<Remark, u64>,
    /// The first [`SHOWN`] of them.
    pub first_remarks: Vec<Shown<Remark>>,
}

impl Report {
    /// Indicators that were taken.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.taken.values().sum()
    }

    pub(super) fn bad(&mut self, line: u64, what: ValueError, text: &str) {
        count(&mut self.bad);
        if self.first_bad.len() < SHOWN {
            self.first_bad.push(shown(line, what, text));
        }
    }

    pub(super) fn remark(&mut self, line: u64, what: Remark, text: &str) {
        count(self.remarks.entry(what).or_default());
        if self.first_remarks.len() < SHOWN {
            self.first_remarks.push(shown(line, what, text));
        }
    }

    pub(super) fn pass_over(&mut self, why: PassedOver) {
        count(self.passed_over.entry(why).or_default());
    }
}

pub(super) fn count(number: &mut u64) {
    *number = number.saturating_add(1);
}

fn shown<T>(line: u64, what: T, text: &str) -> Shown<T> {
    Shown {
        line,
        what,
        text: text.chars().take(EXCERPT).collect(),
    }
}
