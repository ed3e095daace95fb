//! A policy that changes while a run goes on.
//!
//! Whoever watches the policy folder compiles it aside and sends what came of it; the reader takes it
//! up between two batches, so that every worker, whatever their number, judges one batch by one
//! policy. What could not be compiled changes nothing but is an alert.
//!
//! A flow that began under the earlier policy is judged anew when its next record is written.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use sekisho_model::{Alert, Category, Explanation, Severity, Text, Timestamp, stable_id};
use sekisho_policy::Policy;

/// What a watcher of the policy folder sends.
#[derive(Debug, Clone)]
pub enum Reload {
    /// The folder was compiled: judge by this from now on.
    Policy(Arc<Policy>),
    /// It was not, for these reasons; the policy in force stays.
    Refused(Arc<str>),
}

/// The policy in force, and where a newer one comes from.
pub(crate) struct Policies {
    current: Arc<Policy>,
    incoming: Option<Receiver<Reload>>,
}

impl Policies {
    pub(crate) const fn new(current: Arc<Policy>, incoming: Option<Receiver<Reload>>) -> Self {
        Self { current, incoming }
    }

    /// The policy for the next batch, and the reasons why newer ones were refused.
    pub(crate) fn next(&mut self) -> (Arc<Policy>, Vec<Arc<str>>) {
        let mut refused = Vec::new();
        for news in self.incoming.iter().flat_map(Receiver::try_iter) {
            match news {
                Reload::Policy(policy) => self.current = policy,
                Reload::Refused(reason) => refused.push(reason),
            }
        }
        (Arc::clone(&self.current), refused)
    }
}

/// The alert about a policy folder that could not be taken up at `at`.
pub(crate) fn refusal(reason: &str, in_force: &Policy, at: Timestamp) -> Alert {
    let (rule, signature_id) = (
        sekisho_policy::builtin::POLICY_RELOAD.id,
        sekisho_policy::builtin::POLICY_RELOAD.signature_id,
    );
    let version = in_force.version();
    Alert {
        id: stable_id(u64::from(signature_id), at.nanos().cast_unsigned()),
        rule: Arc::from(rule),
        signature_id,
        title: Text::new(
            "変更されたポリシーを読み込めません",
            "The changed policy could not be taken up",
        ),
        severity: Severity::High,
        category: Category::Health,
        first_seen: at,
        last_seen: at,
        count: 1,
        packets: 0,
        octets: 0,
        flow: None,
        clause: Arc::from(""),
        attack: Vec::new(),
        explanation: Explanation {
            observed: Text::new(
                format!("ポリシーのフォルダーに誤りがあります: {reason}"),
                format!("The policy folder has mistakes: {reason}"),
            ),
            expected: Text::new(
                format!("誤りのないフォルダー。判定は版 {version} のまま続いています。"),
                format!("A folder without mistakes. Judging goes on by version {version}."),
            ),
            silenced_by: Text::new(
                "誤りのないフォルダーを置くこと。次の変更で読み込まれます。",
                "A folder without mistakes; it is taken up at its next change.",
            ),
            first_step: Text::new(
                "sekisho rules check でフォルダーを検査し、示された箇所を直してください。",
                "Run sekisho rules check on the folder and correct what it shows.",
            ),
            ..Explanation::default()
        },
    }
}
