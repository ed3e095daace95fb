//! Which alerts of a run an exception silences, so that its summary counts them apart.

use std::collections::BTreeMap;

use sekisho_model::summary::{AlertTotals, Summary};

use crate::AlertRow;

/// Severity and rule of the alerts that were silenced when they were last written.
#[derive(Debug, Default)]
pub(super) struct Silenced(BTreeMap<u64, (u8, String)>);

impl Silenced {
    /// Knows an alert as it is written.
    pub(super) fn see(&mut self, alert: &AlertRow, is_silenced: bool) {
        if is_silenced {
            self.0.insert(alert.id, (alert.severity, alert.rule.clone()));
        } else {
            self.0.remove(&alert.id);
        }
    }

    /// The summary of a run, with the silenced alerts among themselves.
    pub(super) fn apart(&self, summary: &Summary) -> Summary {
        let mut summary = summary.clone();
        let AlertTotals {
            total,
            by_severity,
            by_rule,
            suppressed,
        } = &mut summary.alerts;
        for (severity, rule) in self.0.values() {
            *total = total.saturating_sub(1);
            *suppressed = suppressed.saturating_add(1);
            for (counts, key) in [(&mut *by_severity, &severity.to_string()), (&mut *by_rule, rule)] {
                if let Some(count) = counts.get_mut(key) {
                    *count = count.saturating_sub(1);
                }
                counts.retain(|_, count| *count > 0);
            }
        }
        summary
    }
}
