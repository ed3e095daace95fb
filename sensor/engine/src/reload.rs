//! A policy, or lists of indicators, that change while a run goes on.
//!
//! Whoever watches their folders compiles them aside and sends what came of it; the reader takes it
//! up between two batches, so that every worker, whatever their number, judges one batch by one
//! policy. What could not be compiled changes nothing but is an alert.
//!
//! A flow that began under the earlier policy is judged anew when its next record is written.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use sekisho_detect::indicators::{self, Indicators};
use sekisho_model::summary::PolicyChanges;
use sekisho_model::{Alert, Category, Explanation, Severity, Text, Timestamp, stable_id};
use sekisho_policy::{Policy, builtin};

/// What a watcher of the folders of policy and lists sends.
#[derive(Debug, Clone)]
pub enum Reload {
    /// The folder was compiled: judge by this from now on.
    Policy(Arc<Policy>),
    /// It was not, for these reasons; the policy in force stays.
    Refused(Arc<str>),
    /// The lists were read: look for these indicators from now on.
    Lists(Arc<Indicators>),
    /// They were not, for these reasons; the lists in force stay.
    ListsRefused(Arc<str>),
}

/// The policy and the lists in force, and where newer ones come from.
pub(crate) struct Policies {
    current: Arc<Policy>,
    indicators: Arc<Indicators>,
    incoming: Option<Receiver<Reload>>,
}

impl Policies {
    pub(crate) const fn new(
        current: Arc<Policy>,
        indicators: Arc<Indicators>,
        incoming: Option<Receiver<Reload>>,
    ) -> Self {
        Self {
            current,
            indicators,
            incoming,
        }
    }

    /// The indicators in force.
    pub(crate) const fn indicators(&self) -> &Arc<Indicators> {
        &self.indicators
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
            match &reload {
                Reload::Policy(policy) if policy.files().hash() != self.current.files().hash() => {
                    self.current = Arc::clone(policy);
                }
                Reload::Lists(lists) => self.indicators = Arc::clone(lists),
                Reload::Policy(_) | Reload::Refused(_) | Reload::ListsRefused(_) => {}
            }
            news.push(reload);
        }
        news
    }
}

/// Counts what came of a policy folder, and of lists.
pub(crate) fn count(
    changes: &mut PolicyChanges,
    lists: &mut PolicyChanges,
    reload: &Reload,
    in_force: &Policy,
) {
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
        Reload::Lists(_) => {
            lists.taken_up = lists.taken_up.saturating_add(1);
            lists.standing_refusal = None;
        }
        Reload::ListsRefused(reason) => {
            lists.refused = lists.refused.saturating_add(1);
            lists.standing_refusal = Some(reason.to_string());
        }
    }
}

/// The alert about a policy folder that could not be taken up at `at`.
pub(crate) fn refusal(reason: &str, in_force: &Policy, at: Timestamp) -> Alert {
    let rule = builtin::POLICY_RELOAD;
    let version = in_force.version();
    let title = Text::new(
        "変更されたポリシーを読み込めません",
        "The changed policy could not be taken up",
    );
    let explanation = Explanation {
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
    };
    about_us((rule.id, rule.signature_id), title, explanation, (reason, at))
}

/// The alert about lists that could not be taken up at `at`.
pub(crate) fn lists_refusal(reason: &str, in_force: &Indicators, at: Timestamp) -> Alert {
    let rule = indicators::LISTS_RELOAD;
    let number = in_force.len();
    let title = Text::new(
        "変更された脅威情報の一覧を読み込めません",
        "The changed lists of indicators could not be taken up",
    );
    let explanation = Explanation {
        observed: Text::new(
            format!("脅威情報の一覧に誤りがあります: {reason}"),
            format!("The lists of indicators have mistakes: {reason}"),
        ),
        expected: Text::new(
            format!("読み込める一覧。これまでの{number}件の照合は続いています。"),
            format!("Lists that can be read. The {number} indicators in force are still looked for."),
        ),
        silenced_by: Text::new(
            "読み込める一覧を置くこと。次の変更で読み込まれます。",
            "Lists that can be read; they are taken up at their next change.",
        ),
        first_step: Text::new(
            "sekisho lists check で一覧を検査し、示された箇所を直してください。",
            "Run sekisho lists check on the lists and correct what it shows.",
        ),
        ..Explanation::default()
    };
    about_us(
        (rule, indicators::signature(rule)),
        title,
        explanation,
        (reason, at),
    )
}

/// An alert about the sensor itself.
fn about_us(
    (rule, signature_id): (&str, u32),
    title: Text,
    explanation: Explanation,
    (reason, at): (&str, Timestamp),
) -> Alert {
    let reason_sum = reason.bytes().fold(u64::from(signature_id), |sum, octet| {
        sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(octet))
    });
    Alert {
        id: stable_id(reason_sum, at.nanos().cast_unsigned()),
        rule: Arc::from(rule),
        signature_id,
        title,
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
        explanation,
    }
}
