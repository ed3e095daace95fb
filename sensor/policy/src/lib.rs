//! Zones and paths: parse, compile, judge, explain.
//!
//! A policy is a folder of TOML files that says which networks make up which zone, and on which
//! paths the zones may talk to each other. [`Policy::compile`] reads it or says everything that is
//! wrong with it; [`Policy::judge`] gives the verdict on one flow; [`Policy::finding`] turns a
//! denied flow into what the alert says, in Japanese and English. Nothing here reads packets,
//! keeps state between flows or knows the time.
//!
//! ```
//! use sekisho_model::{Protocol, Timestamp, Verdict};
//! use sekisho_policy::{Policy, Question, Source};
//!
//! let text = r#"
//!     schema = 1
//!
//!     [policy]
//!     name = "two zones"
//!     version = "2026-11"
//!
//!     [zone.office]
//!     networks = ["10.40.1.0/24"]
//!
//!     [zone.server]
//!     networks = ["10.40.2.0/24", "2001:db8:40:2::/64"]
//!
//!     [[path]]
//!     id = "PATH-0001"
//!     from = "office"
//!     to = "server"
//!     protocol = "tcp"
//!     ports = [443]
//! "#;
//! let source = Source { name: "zones.toml".to_owned(), text: text.into() };
//! let policy = Policy::compile(&[source])?;
//!
//! let (office, server) = ([10, 40, 1, 11].into(), [10, 40, 2, 10].into());
//! let at = Timestamp::from_seconds(1_795_398_805, 0);
//! let mut question = Question::new(office, server, Protocol::TCP, 443, at);
//! assert_eq!(&*policy.judge(&question).rule, "PATH-0001");
//!
//! question.resp_port = 3306;
//! let judgement = policy.judge(&question);
//! assert_eq!((judgement.verdict, &*judgement.rule), (Verdict::Denied, "PATH-DENY"));
//! # Ok::<(), sekisho_policy::PolicyErrors>(())
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod builtin;
pub mod calendar;
mod catalogue;
mod citations;
mod compile;
mod conditions;
mod declared;
mod describe;
pub mod edit;
mod entry;
mod error;
mod explain;
mod file;
mod files;
mod judge;
mod late;
mod legs;
mod lint;
mod lists;
mod matcher;
mod observation;
mod parse;
pub mod prove;
pub mod rules;
pub mod run_tests;
mod sanctions;
pub mod sigma;
mod source;
pub mod suggest;
mod trace;
mod warnings;
pub mod whatif;
mod words;
mod zones;

use std::net::IpAddr;
use std::sync::Arc;

use sekisho_model::{Severity, Text};

pub use catalogue::{Catalogue, is_beneath, with_catalogue};
pub use citations::{Citation, CitedBy};
pub use declared::EntryInfo;
pub use entry::{EntryId, Gateway, Leg};
pub use error::{PolicyErrors, Report};
pub use explain::{Findings, Near, Violation};
pub use files::Files;
pub use judge::{Judgement, Question};
pub use lists::{List, ListKind, ListValue, Listed, MAX_LIST_VALUES};
pub use observation::{Observation, is_answered, is_directed};
pub use parse::json_schema;
pub use sanctions::{FILE as SANCTIONS_FILE, NewSanction, Sanction};
pub use source::{MAX_FILE_OCTETS, MAX_FILES, MAX_OCTETS, Source, load_dir};
pub use trace::{Candidate, Placed, PlacedBy, Trace};
pub use words::{SEALED, SERVICE_ALIASES, SERVICES, TUNNELS};
pub use zones::{MAX_ZONES, ZoneId};

use conditions::Conditions;
use declared::{Declared, Group};

/// Whether violations raise alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Judge, and raise an alert for every denied flow.
    Enforce,
    /// Judge and record, raise no alert.
    Learn,
}

impl Mode {
    /// The word in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Learn => "learn",
        }
    }
}

/// A compiled policy: immutable, shared by every worker.
#[derive(Debug, Clone)]
pub struct Policy {
    none: bool,
    name: String,
    version: Arc<str>,
    mode: Mode,
    label: Text,
    source: String,
    indicators: Vec<String>,
    zones: zones::Zones,
    groups: Vec<Group>,
    gateways: Vec<Gateway>,
    /// Paths and exceptions, in the order of the files.
    paths: Vec<entry::Path>,
    matcher: matcher::Matcher,
    boundaries: Vec<Boundary>,
    lists: Vec<List>,
    sanctions: Vec<Sanction>,
    warnings: Vec<Report>,
    catalogues: Vec<Catalogue>,
    rules: builtin::RuleIds,
    calendar: calendar::Calendar,
    statements: Vec<prove::Statement>,
    files: Arc<Files>,
    declared_rules: Arc<rules::Rules>,
    declared: Arc<Declared>,
    marks: Arc<lint::Marks>,
}

impl Policy {
    /// Whether this stands for "no policy".
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.none
    }

    /// Name of the policy; empty where none.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version of the policy, as every record carries it; empty where none.
    #[must_use]
    pub const fn version(&self) -> &Arc<str> {
        &self.version
    }

    /// Working days, holidays, windows and the time zone.
    #[must_use]
    pub const fn calendar(&self) -> &calendar::Calendar {
        &self.calendar
    }

    /// What the policy was compiled from, with the hash of its version.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The lists of indicators that it brings, and folders of them, as seen from where the policy was read.
    #[must_use]
    pub fn indicators(&self) -> &[String] {
        &self.indicators
    }

    /// Whether violations raise alerts.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The zone of one address: longest prefix, else VLAN, else [`ZoneId::UNKNOWN`]. Zones by MAC
    /// address are those of [`Policy::judge`] alone.
    ///
    /// [`Policy::judge`] knows both ends and can tell which of them a VLAN tag speaks for, so the
    /// zones of a flow are those of its judgement.
    #[must_use]
    pub fn zone_of(&self, address: IpAddr, vlan: Option<u16>) -> ZoneId {
        self.zones.of(address, None, vlan)
    }

    /// The id of a zone.
    #[must_use]
    pub fn zone_name(&self, zone: ZoneId) -> &Arc<str> {
        self.zones.get(zone).map_or(&self.rules.none, |zone| &zone.id)
    }

    /// Whether a zone is given by VLAN, so that flows have to be told apart by their tags.
    #[must_use]
    pub fn uses_vlans(&self) -> bool {
        self.zones.uses_vlans()
    }

    /// Whether a zone is excluded, so that there are addresses of which nothing is kept.
    #[must_use]
    pub fn excludes(&self) -> bool {
        self.zones.exclude()
    }

    /// The networks of excluded zones, and what lies inside of them and is not excluded (false): the longest
    /// prefix that an address lies in decides. Zones by MAC address or VLAN exclude more than these.
    #[must_use]
    pub fn excluded_networks(&self) -> Vec<(ipnet::IpNet, bool)> {
        self.zones.excluded_networks()
    }

    /// The zones that stand for the rest of the world: those with a network of at least a 256th of
    /// all addresses of its family.
    #[must_use]
    pub fn open_zones(&self) -> Vec<Arc<str>> {
        self.zones.open()
    }

    /// What people call a zone.
    #[must_use]
    pub fn zone_label(&self, zone: ZoneId) -> Text {
        self.zones
            .get(zone)
            .map_or_else(Text::default, |zone| zone.label.clone())
    }

    /// Remarks that do not keep the policy from working, for `rules check`.
    #[must_use]
    pub fn warnings(&self) -> &[Report] {
        &self.warnings
    }

    /// The lists.
    #[must_use]
    pub fn lists(&self) -> &[List] {
        &self.lists
    }
}

/// A name for a crossing that no path allows.
#[derive(Debug, Clone)]
struct Boundary {
    id: Arc<str>,
    conditions: Conditions,
    clause: Arc<str>,
    severity: Option<Severity>,
    title: Text,
    first_step: Text,
    attack: Vec<Arc<str>>,
}
