//! What the names in an expression stand for: lists, zones, groups and windows of a policy.
//!
//! An expression is resolved against an [`Environment`] once, when it is parsed; what comes out
//! holds handles to lists and windows and the words of zones, and needs the environment no more.

use std::fmt;
use std::sync::Arc;

use sekisho_model::{Text, Timestamp};

use crate::{List, ListKind};

/// What an expression may name beside the fields of a flow.
pub trait Environment {
    /// The list of a name, written `@name`.
    fn list(&self, name: &str) -> Option<Arc<List>>;

    /// Name and kind of every list.
    fn lists(&self) -> Vec<(&str, ListKind)>;

    /// Every zone that a record may carry, the built-in ones too.
    fn zones(&self) -> &[ZoneFacts];

    /// Every group of zones.
    fn groups(&self) -> &[GroupFacts];

    /// Whether a zone that is not in [`Environment::zones`] is a mistake. It is in a rule; records
    /// that are searched may carry zones of policies that were.
    fn knows_every_zone(&self) -> bool;

    /// The window of a name or a text such as `workday 08:30-17:15`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    fn window(&self, text: &str) -> Result<Arc<dyn Window>, WindowError>;

    /// Name and label of every window that has a name.
    fn windows(&self) -> Vec<(&str, Text)>;
}

/// What is known of a zone.
#[derive(Debug, Clone, Default)]
pub struct ZoneFacts {
    /// The word that records carry.
    pub id: Arc<str>,
    /// What people call it.
    pub label: Text,
    /// 1 to 3, where it is given.
    pub classification: Option<u8>,
    /// Empty where none is given.
    pub department: String,
    /// Empty where none is given.
    pub owner: String,
}

/// A group and the zones in it, those of groups in it too.
#[derive(Debug, Clone, Default)]
pub struct GroupFacts {
    /// Its id.
    pub id: Arc<str>,
    /// What people call it.
    pub label: Text,
    /// Ids of its zones.
    pub zones: Vec<Arc<str>>,
}

/// Times at which something is open, judged by packet time.
pub trait Window: Send + Sync + fmt::Debug {
    /// Whether an instant lies in the window.
    fn is_open(&self, at: Timestamp) -> bool;
}

/// What is wrong with the text of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowError {
    /// Octet of the text at which the wrong part starts.
    pub at: usize,
    /// Octets of the wrong part.
    pub len: usize,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// The environment without a policy: no name stands for anything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Environment for Nothing {
    fn list(&self, _: &str) -> Option<Arc<List>> {
        None
    }

    fn lists(&self) -> Vec<(&str, ListKind)> {
        Vec::new()
    }

    fn zones(&self) -> &[ZoneFacts] {
        &[]
    }

    fn groups(&self) -> &[GroupFacts] {
        &[]
    }

    fn knows_every_zone(&self) -> bool {
        false
    }

    fn window(&self, text: &str) -> Result<Arc<dyn Window>, WindowError> {
        Err(WindowError {
            at: 0,
            len: text.len(),
            message: "windows need the calendar of a policy, and there is no policy here".to_owned(),
            help: "compare with instants: start in \"2026-11-02T08:30+09:00\"..\"2026-11-02T17:15+09:00\""
                .to_owned(),
        })
    }

    fn windows(&self) -> Vec<(&str, Text)> {
        Vec::new()
    }
}
