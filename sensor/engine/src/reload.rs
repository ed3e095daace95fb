//! A policy that changes while a run goes on.
//!
//! Whoever watches the policy folder compiles it aside and sends what came of it; the reader takes it
//! up between two batches, so that every worker, whatever their number, judges one batch by one
//! policy. What could not be compiled changes nothing but is an alert.
//!
//! A flow that began under the earlier policy is judged anew when its next record is written.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use sekisho_model::summary::PolicyChanges;
use sekisho_model::{Alert, Category, Explanation, Severity, Text, Timestamp, stable_id};
use sekisho_policy::{Policy, builtin};

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

    /// The policy in force.
    pub(crate) const fn current(&self) -> &Arc<Policy> {
        &self.current
    }

    /// Takes up what has come, and gives it for the record. A policy of the same text as the one in
    /// force leaves that one in force.
    pub(crate) fn take_up(&mut self) -> Vec<Reload> {
        let Some(incoming) = &self.incoming else {
            return Vec::new();
        };
        let mut news = Vec::new();
        for reload in incoming.try_iter() {
            if let Reload::Policy(policy) = &reload
                && policy.files().hash() != self.current.files().hash()
            {
                self.current = Arc::clone(policy);
            }
            news.push(reload);
        }
        news
    }
}

/// Counts what came of a policy folder.
pub(crate) fn count(changes: &mut PolicyChanges, reload: &Reload, in_force: &Policy) {
    match reload {
        Reload::Policy(policy) => {
            let is_new = policy.files().hash() != in_force.files().hash();
            changes.taken_up = changes.taken_up.saturating_add(u64::from(is_new));
            changes.standing_refusal = None;
        }
        Reload::Refused(reason) => {
            changes.refused = changes.refused.saturating_add(1);
            changes.standing_refusal = Some(reason.to_string());
        }
    }
}

/// The alert about a policy folder that could not be taken up at `at`.
pub(crate) fn refusal(reason: &str, in_force: &Policy, at: Timestamp) -> Alert {
    let rule = builtin::POLICY_RELOAD;
    let reason_sum = reason.bytes().fold(u64::from(rule.signature_id), |sum, octet| {
        sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(octet))
    });
    let version = in_force.version();
    Alert {
        id: stable_id(reason_sum, at.nanos().cast_unsigned()),
        rule: Arc::from(rule.id),
        signature_id: rule.signature_id,
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
        subject: None,
        flow: None,
        clause: Arc::from(""),
        attack: Vec::new(),
        indicator: None,
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
