//! What an expression is true of, day by day: the flows themselves, of which the row groups that
//! cannot hold a match are not read.

use std::collections::BTreeMap;

use sekisho_filter::{Filter, Matches};
use sekisho_model::Timestamp;

use super::super::read::Columns;
use super::super::scan::{field, matches};
use super::super::{Embedded, prune};
use super::gather::is_answered;
use super::row::Seen;
use super::{DailySum, day_of};
use crate::{StoreError, TimeRange};

/// Adds up the flows of each day that an expression is true of, the newest day first; `who` are their
/// originators. `go_on` is told after each row group how many of how many are done.
pub(in crate::embedded) fn days_of(
    store: &Embedded,
    range: &TimeRange,
    filter: &Filter,
    go_on: &(dyn Fn(usize, usize) -> bool + Sync),
) -> Result<Vec<(i64, DailySum)>, StoreError> {
    let [start, end, orig, protocol, conn_state] = [
        field("start")?,
        field("end")?,
        field("orig_address")?,
        field("protocol")?,
        field("conn_state")?,
    ];
    let packets = [field("orig_packets")?, field("resp_packets")?];
    let octets = [field("orig_octets")?, field("resp_octets")?];
    let fields = [
        start, end, orig, protocol, conn_state, packets[0], packets[1], octets[0], octets[1],
    ];
    let mut days: BTreeMap<i64, Seen> = BTreeMap::new();
    let groups = store.groups(range)?;
    for (done, group) in (1..).zip(&groups) {
        let judged = prune::judge(group, Some(filter));
        if judged != Matches::Never {
            let filter = Some(filter).filter(|_| judged == Matches::Mixed);
            let mut columns = Columns::load(group, &[])?;
            let matches = matches(&mut columns, group, range, filter)?;
            if matches.contains(&true) {
                columns.add(group, &fields)?;
            }
            let rows = matches.iter().enumerate();
            for (row, _) in rows.filter(|(_, matches)| **matches) {
                let time = |field| {
                    let nanos = columns.column(field).integer(row);
                    Timestamp::from_nanos(nanos.unwrap_or_default())
                };
                let number = |field| columns.column(field).number(row);
                let word = |field| columns.column(field).word(row).unwrap_or_default();
                let (first, last) = (time(start), time(end));
                let answered = is_answered(
                    word(protocol) == "tcp",
                    word(conn_state),
                    (number(packets[0]), number(packets[1])),
                );
                let seen = Seen {
                    flows: 1,
                    answered: u64::from(answered),
                    octets_to: number(octets[0]),
                    octets_from: number(octets[1]),
                    ..Seen::at(first, last)
                };
                let day = days.entry(day_of(first)).or_insert_with(|| Seen::at(first, last));
                day.merge(&seen);
                if let Some(address) = columns.column(orig).address(row) {
                    day.who.add(address);
                }
            }
        }
        if !go_on(done, groups.len()) {
            break;
        }
    }
    Ok(days
        .into_iter()
        .rev()
        .map(|(day, seen)| (day, seen.into()))
        .collect())
}
