//! What the policy says of a flow.

use serde::{Deserialize, Serialize};

/// The verdict that every flow record carries, beside the id of the path or rule that gave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A path of the policy, or the inside of a zone, allows it.
    Allowed,
    /// No path allows it.
    Denied,
    /// Not judged: there is no policy, or neither end lies in a zone that it knows.
    #[default]
    Unknown,
}

impl Verdict {
    /// Every verdict, in the order that tables show them.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::Denied, Self::Unknown];

    /// The word in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.name() == text)
    }
}
