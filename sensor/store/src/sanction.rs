//! What a value in a list of the policy would have silenced of the alerts that are kept.

use std::collections::BTreeMap;

use sekisho_model::Sanctionable;

use crate::{AlertQuery, MAX_LIMIT, SilencedDay, Store, StoreError, Suppressed};

/// Nanoseconds of a day.
const DAY: i64 = 24 * 3_600 * 1_000_000_000;

/// The alerts of these rules that a value would have silenced, the newest day first. `stands_for` says
/// whether it stands for what an alert says that would have silenced it.
///
/// # Errors
///
/// What failed to be read.
pub fn preview_sanction(
    store: &dyn Store,
    rules: &[&str],
    stands_for: &dyn Fn(&Sanctionable) -> bool,
) -> Result<Vec<SilencedDay>, StoreError> {
    let mut days: BTreeMap<i64, SilencedDay> = BTreeMap::new();
    for rule in rules {
        let mut query = AlertQuery {
            rule: Some((*rule).to_owned()),
            suppressed: Suppressed::Left,
            limit: MAX_LIMIT,
            ..AlertQuery::default()
        };
        loop {
            let page = store.alerts(&query)?;
            let silenced =
                |alert: &&crate::AlertRow| alert.explanation.sanction.as_ref().is_some_and(stands_for);
            for alert in page.rows.iter().filter(silenced) {
                let day = alert.last_seen.nanos().div_euclid(DAY);
                let known = days.entry(day).or_insert(SilencedDay {
                    day,
                    alerts: 0,
                    flows: 0,
                });
                known.alerts = known.alerts.saturating_add(1);
                known.flows = known.flows.saturating_add(alert.count);
            }
            if page.next.is_none() {
                break;
            }
            query.cursor = page.next;
        }
    }
    Ok(days.into_values().rev().collect())
}
