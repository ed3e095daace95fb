//! Every flow record of a range, one after the other, by the columns that are asked for.

use sekisho_filter::Row;
use sekisho_model::Timestamp;
use sekisho_model::fields::Field;

use super::Embedded;
use super::read::{Columns, RowAt};
use super::scan::field;
use crate::{StoreError, TimeRange};

/// Shows the records, a row group at a time, so that memory does not grow with their number.
pub(super) fn visit(
    store: &Embedded,
    range: &TimeRange,
    fields: &[&'static Field],
    see: &mut dyn FnMut(&dyn Row),
) -> Result<(), StoreError> {
    let start = field("start")?;
    for group in store.groups(range)? {
        let compare = !group.lies_in(range);
        let mut wanted = fields.to_vec();
        if compare && !wanted.iter().any(|field| std::ptr::eq(*field, start)) {
            wanted.push(start);
        }
        let columns = Columns::load(&group, &wanted)?;
        for row in 0..group.rows() {
            let nanos = || columns.column(start).integer(row).unwrap_or(i64::MIN);
            if !compare || range.contains(Timestamp::from_nanos(nanos())) {
                see(&RowAt {
                    columns: &columns,
                    row,
                });
            }
        }
    }
    Ok(())
}
