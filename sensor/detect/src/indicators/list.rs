//! A list, and what its manifest says of it.

use std::sync::Arc;

use sekisho_model::indicator::USUAL_CONFIDENCE;
use sekisho_model::{Category, Severity, Timestamp};

/// A list as its alerts name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Who says so; the name of the file where nobody is named.
    pub source: Arc<str>,
    /// Severity of its alerts, in the place of that from confidence and answer.
    pub severity: Option<Severity>,
    /// What its alerts are of.
    pub category: Category,
}

impl List {
    /// A list of which nothing but its name is known.
    #[must_use]
    pub fn named(source: &str) -> Self {
        Self {
            source: source.into(),
            severity: None,
            category: Category::ThreatIntel,
        }
    }
}

/// What holds for the indicators of a list of which it says nothing itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    /// How far they are believed, 0 to 100.
    pub confidence: u8,
    /// Until when they hold.
    pub expires: Option<Timestamp>,
    /// What is noted of them.
    pub note: Box<str>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            confidence: USUAL_CONFIDENCE,
            expires: None,
            note: Box::default(),
        }
    }
}
