//! The inventory: devices as they were seen, and the register of those that should be there.

use std::net::IpAddr;

use sekisho_model::{Host, MacAddress};
use serde::{Deserialize, Serialize};

use crate::StoreError;

/// Entries of a register, at most.
pub const MAX_REGISTER: usize = 100_000;

/// Whether a device is one that should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// The register has it.
    Known,
    /// The register does not have it.
    Unknown,
    /// The register has it as no longer in use.
    Retired,
}

impl Standing {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Known, Self::Unknown, Self::Retired];

    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
            Self::Retired => "retired",
        }
    }

    /// The standing of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.name() == word)
    }
}

/// One line of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// MAC address or IP address, as [`RegisterEntry::key_of`] writes them.
    pub key: String,
    /// What the device is called.
    pub name: String,
    /// Who answers for it.
    pub owner: String,
    /// Where it belongs.
    pub department: String,
    /// Whether it is no longer in use.
    pub retired: bool,
    /// Anything else.
    pub note: String,
}

impl RegisterEntry {
    /// The one form of a MAC address or IP address; nothing for what is neither.
    #[must_use]
    pub fn key_of(text: &str) -> Option<String> {
        let text = text.trim();
        MacAddress::parse(text)
            .map(|mac| mac.to_string())
            .or_else(|| text.parse::<IpAddr>().ok().map(|address| address.to_string()))
    }
}

/// One device and what the register says of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HostRow {
    /// The device.
    #[serde(flatten)]
    pub host: Host,
    /// Whether it should be there.
    pub standing: Standing,
    /// Its line of the register, by its MAC address first and by its addresses then.
    pub register: Option<RegisterEntry>,
}

/// Which devices, and how many of them.
#[derive(Debug, Clone)]
pub struct HostQuery {
    /// Only these.
    pub standing: Option<Standing>,
    /// Zone that it was seen in.
    pub zone: Option<String>,
    /// One of its addresses, IP or MAC.
    pub key: Option<String>,
    /// Part of an address, a name, a maker, a fingerprint or a service, in any case.
    pub text: Option<String>,
    /// Rows of the page, 1 to [`crate::MAX_LIMIT`].
    pub limit: usize,
    /// Where the page before this one ended.
    pub cursor: Option<String>,
}

impl Default for HostQuery {
    fn default() -> Self {
        Self {
            standing: None,
            zone: None,
            key: None,
            text: None,
            limit: 100,
            cursor: None,
        }
    }
}

/// Where a page of devices ended: the number of rows before the next.
pub(crate) fn offset(cursor: Option<&str>) -> Result<usize, StoreError> {
    let Some(cursor) = cursor else { return Ok(0) };
    // More rows than a register or an inventory can have are no place where a page ended.
    let rows: Option<u32> = cursor.parse().ok();
    rows.and_then(|rows| usize::try_from(rows).ok())
        .ok_or_else(|| StoreError::Query(format!("cursor {cursor:?} is none of ours")))
}
