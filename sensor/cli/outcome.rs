//! How a command ended.

use std::process::ExitCode;

/// The exit codes of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 0: done.
    Done,
    /// 1: a check found something.
    Findings,
    /// 2: bad usage or input; nothing was done, or the results could not be written.
    Refused,
    /// 3: the input was damaged or the run interrupted; what could be read was processed.
    Partial,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(match outcome {
            Outcome::Done => 0,
            Outcome::Findings => 1,
            Outcome::Refused => 2,
            Outcome::Partial => 3,
        })
    }
}
