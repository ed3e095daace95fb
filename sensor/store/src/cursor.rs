//! Cursors: the last row of a page, written so that the next page begins after it however many
//! rows have arrived since.

use crate::StoreError;

/// Where a flow record stands in the order of pages; records are never equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FlowPosition {
    /// Nanoseconds since the epoch.
    pub(crate) start: i64,
    pub(crate) flow_id: u64,
    pub(crate) part: u64,
    /// Number of the file within its hour: the same record may be kept by two runs.
    pub(crate) file: u32,
    /// Row in the file.
    pub(crate) row: u64,
}

/// The last flow of a page, and how many there were when the first page was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FlowCursor {
    pub(crate) last: FlowPosition,
    pub(crate) total: u64,
}

impl FlowCursor {
    pub(crate) fn write(self) -> String {
        let FlowPosition {
            start,
            flow_id,
            part,
            file,
            row,
        } = self.last;
        format!("{start}_{flow_id}_{part}_{file}_{row}_{}", self.total)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let read = || {
            let mut parts = text.split('_');
            let cursor = Self {
                last: FlowPosition {
                    start: next(&mut parts)?,
                    flow_id: next(&mut parts)?,
                    part: next(&mut parts)?,
                    file: next(&mut parts)?,
                    row: next(&mut parts)?,
                },
                total: next(&mut parts)?,
            };
            parts.next().is_none().then_some(cursor)
        };
        read().ok_or_else(|| not_a_cursor(text))
    }
}

/// The last alert of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlertCursor {
    /// Nanoseconds since the epoch.
    pub(crate) last_seen: i64,
    pub(crate) id: i64,
}

impl AlertCursor {
    pub(crate) fn write(self) -> String {
        format!("{}_{}", self.last_seen, self.id)
    }

    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let read = || {
            let mut parts = text.split('_');
            let cursor = Self {
                last_seen: next(&mut parts)?,
                id: next(&mut parts)?,
            };
            parts.next().is_none().then_some(cursor)
        };
        read().ok_or_else(|| not_a_cursor(text))
    }
}

fn next<'a, T: std::str::FromStr>(parts: &mut impl Iterator<Item = &'a str>) -> Option<T> {
    parts.next()?.parse().ok()
}

fn not_a_cursor(text: &str) -> StoreError {
    let shown: String = text.chars().take(80).collect();
    StoreError::Query(format!("{shown:?} is not a cursor of this list"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_written_cursor_reads_back(start: i64, flow_id: u64, part: u64, file: u32, row: u64, total: u64) {
            let last = FlowPosition { start, flow_id, part, file, row };
            let cursor = FlowCursor { last, total };

            prop_assert_eq!(FlowCursor::parse(&cursor.write()).unwrap(), cursor);
        }

        #[test]
        fn any_other_text_is_refused(text in "[^0-9]*") {
            prop_assert!(FlowCursor::parse(&text).is_err());
            prop_assert!(AlertCursor::parse(&text).is_err());
        }
    }
}
