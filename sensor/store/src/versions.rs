//! Policy versions: which policy was in force when, and its text.

use sekisho_model::Timestamp;
use serde::Serialize;

/// A policy as a run judges by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyText {
    /// SHA-256 over its files, as hexadecimal digits: what makes it a version of its own.
    pub hash: String,
    /// Name of the policy.
    pub name: String,
    /// The version that its author gave it.
    pub version: String,
    /// `enforce` or `learn`.
    pub mode: String,
    /// Its files by name, each with its text.
    pub files: Vec<(String, String)>,
}

/// One version that is kept, without its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    /// SHA-256 over its files, as hexadecimal digits.
    pub hash: String,
    /// Name of the policy.
    pub name: String,
    /// The version that its author gave it.
    pub version: String,
    /// `enforce` or `learn`.
    pub mode: String,
    /// First packet that it judged; absent where no run with a packet has ended.
    pub since: Option<Timestamp>,
    /// Last packet that it judged.
    pub until: Option<Timestamp>,
    /// Runs that ended under it.
    pub runs: u64,
}
