//! Which flows that meet a rule are one alert.

/// What the flows of one alert have in common, beside the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FoldBy {
    /// The originator and the port of a responder; where the rule knows the service by a list of names,
    /// the originator and that service, whatever its hosts.
    #[default]
    Pair,
    /// The originator: a program that talks to many responders is one thing to look at.
    Originator,
    /// The responder: what is wrong with a server is the same for all who come to it.
    Responder,
}

impl FoldBy {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Pair, Self::Originator, Self::Responder];

    /// The word in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Originator => "originator",
            Self::Responder => "responder",
        }
    }
}
