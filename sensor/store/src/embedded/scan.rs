//! Pages of flows: the filter's columns are scanned, whole rows are read for the page alone.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use sekisho_filter::{Filter, Matches};
use sekisho_model::Timestamp;
use sekisho_model::fields::{FIELDS, Field};

use super::catalog::Group;
use super::read::{self, Columns};
use super::{Embedded, prune};
use crate::cursor::{FlowCursor, FlowPosition};
use crate::query::check_limit;
use crate::{FlowQuery, FlowRow, Page, StoreError, TimeRange};

/// The page that a query asks for.
///
/// The first page counts every match; later ones carry that count in their cursor, and stop as
/// soon as they are full.
pub(super) fn page(store: &Embedded, query: &FlowQuery) -> Result<Page<FlowRow>, StoreError> {
    check_limit(query.limit)?;
    let after = query.cursor.as_deref().map(FlowCursor::parse).transpose()?;
    let groups = store.groups(&query.range)?;
    let mut newest = Newest::new(query.limit.saturating_add(1));
    let mut counted = 0_u64;
    for (index, group) in groups.iter().enumerate() {
        if after.is_some() && !newest.has_room_for(group) {
            // Groups come newest first, so none of the rest has a row for this page.
            break;
        }
        let wanted = newest.has_room_for(group)
            && after.is_none_or(|after| group.earliest().nanos() <= after.last.start);
        if !wanted && after.is_some() {
            continue;
        }
        let matches = prune::judge(group, query.filter.as_ref());
        if matches == Matches::Never {
            continue;
        }
        if !wanted && matches == Matches::Always && group.lies_in(&query.range) {
            counted = counted.saturating_add(u64::try_from(group.rows()).unwrap_or(u64::MAX));
            continue;
        }
        let filter = query.filter.as_ref().filter(|_| matches == Matches::Mixed);
        let scanned = Scanned::load(group, &query.range, filter, wanted)?;
        for row in scanned.rows() {
            counted = counted.saturating_add(1);
            if !wanted {
                continue;
            }
            let position = scanned.position(row);
            if after.is_none_or(|after| position < after.last) {
                newest.offer(position, index);
            }
        }
    }
    let total = after.map_or(counted, |after| after.total);
    let (positions, more) = newest.finish(query.limit);
    let next = positions
        .last()
        .filter(|_| more)
        .map(|(last, _)| FlowCursor { last: *last, total }.write());
    Ok(Page {
        rows: rows(&groups, &positions)?,
        next,
        total: Some(total),
    })
}

/// Every record of one flow, oldest first.
pub(super) fn flow(store: &Embedded, flow_id: u64) -> Result<Vec<FlowRow>, StoreError> {
    let keys = Keys::find()?;
    let groups = store.groups(&TimeRange::default())?;
    let mut positions = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let columns = Columns::load(group, &[keys.flow_id])?;
        let ids = columns.column(keys.flow_id);
        let rows: Vec<_> = (0..group.rows())
            .filter(|row| ids.integer(*row) == Some(flow_id.cast_signed()))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let columns = Columns::load(group, &keys.all())?;
        positions.extend(
            rows.into_iter()
                .map(|row| (keys.position(&columns, group, row), index)),
        );
    }
    positions.sort_by_key(|(position, _)| (position.part, *position));
    rows(&groups, &positions)
}

/// The fields that say where a record stands.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) start: &'static Field,
    flow_id: &'static Field,
    part: &'static Field,
}

impl Keys {
    pub(super) fn find() -> Result<Self, StoreError> {
        Ok(Self {
            start: field("start")?,
            flow_id: field("flow_id")?,
            part: field("part")?,
        })
    }

    const fn all(self) -> [&'static Field; 3] {
        [self.start, self.flow_id, self.part]
    }

    fn position(self, columns: &Columns, group: &Group, row: usize) -> FlowPosition {
        FlowPosition {
            start: columns.column(self.start).integer(row).unwrap_or(i64::MIN),
            flow_id: columns.column(self.flow_id).number(row),
            part: columns.column(self.part).number(row),
            file: group.part.number,
            row: group
                .first_row()
                .saturating_add(u64::try_from(row).unwrap_or(u64::MAX)),
        }
    }
}

/// A field by its column's name.
pub(super) fn field(column: &str) -> Result<&'static Field, StoreError> {
    FIELDS
        .iter()
        .find(|field| field.column == column)
        .ok_or_else(|| StoreError::Query(format!("there is no column {column}")))
}

struct Scanned<'a> {
    group: &'a Group,
    keys: Keys,
    columns: Columns,
    matches: Vec<bool>,
}

impl<'a> Scanned<'a> {
    /// Finds the rows of a group that start within the range and of which the filter is true; the
    /// columns of the page are read where there is such a row.
    fn load(
        group: &'a Group,
        range: &TimeRange,
        filter: Option<&Filter>,
        wanted: bool,
    ) -> Result<Self, StoreError> {
        let keys = Keys::find()?;
        let mut columns = Columns::load(group, &[])?;
        let matches = matches(&mut columns, group, range, filter)?;
        if wanted && matches.contains(&true) {
            columns.add(group, &keys.all())?;
        }
        Ok(Self {
            group,
            keys,
            columns,
            matches,
        })
    }

    fn rows(&self) -> impl Iterator<Item = usize> {
        let rows = self.matches.iter().enumerate();
        rows.filter(|(_, matches)| **matches).map(|(row, _)| row)
    }

    fn position(&self, row: usize) -> FlowPosition {
        self.keys.position(&self.columns, self.group, row)
    }
}

/// Which rows of a group start within the range and have a filter true of them.
pub(super) fn matches(
    columns: &mut Columns,
    group: &Group,
    range: &TimeRange,
    filter: Option<&Filter>,
) -> Result<Vec<bool>, StoreError> {
    let mut matches = match filter {
        Some(filter) => {
            columns.add(group, filter.fields())?;
            filter.select(columns)
        }
        None => vec![true; group.rows()],
    };
    if !group.lies_in(range) && matches.contains(&true) {
        let start = field("start")?;
        columns.add(group, &[start])?;
        let starts = columns.column(start);
        for (row, matches) in matches.iter_mut().enumerate() {
            let nanos = starts.integer(row).unwrap_or(i64::MIN);
            *matches &= range.contains(Timestamp::from_nanos(nanos));
        }
    }
    Ok(matches)
}

/// The newest rows so far, each with the index of its group.
struct Newest {
    room: usize,
    heap: BinaryHeap<Reverse<(FlowPosition, usize)>>,
}

impl Newest {
    fn new(room: usize) -> Self {
        Self {
            room,
            heap: BinaryHeap::with_capacity(room),
        }
    }

    fn oldest(&self) -> Option<FlowPosition> {
        let full = self.heap.len() == self.room;
        self.heap
            .peek()
            .filter(|_| full)
            .map(|Reverse((position, _))| *position)
    }

    fn has_room_for(&self, group: &Group) -> bool {
        self.oldest()
            .is_none_or(|oldest| oldest.start <= group.latest().nanos())
    }

    fn offer(&mut self, position: FlowPosition, group: usize) {
        match self.oldest() {
            Some(oldest) if position < oldest => return,
            Some(_) => drop(self.heap.pop()),
            None => {}
        }
        self.heap.push(Reverse((position, group)));
    }

    /// The newest `limit` rows, newest first, and whether there are more.
    fn finish(self, limit: usize) -> (Vec<(FlowPosition, usize)>, bool) {
        let mut positions: Vec<_> = self.heap.into_iter().map(|Reverse(found)| found).collect();
        positions.sort_by(|a, b| b.cmp(a));
        let more = positions.len() > limit;
        positions.truncate(limit);
        (positions, more)
    }
}

/// Reads whole rows, in the order of their positions.
fn rows(groups: &[Group], positions: &[(FlowPosition, usize)]) -> Result<Vec<FlowRow>, StoreError> {
    let mut by_group: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
    for (place, (position, index)) in positions.iter().enumerate() {
        let first = groups.get(*index).map_or(0, Group::first_row);
        let row = usize::try_from(position.row.saturating_sub(first)).unwrap_or(usize::MAX);
        by_group.entry(*index).or_default().push((row, place));
    }
    let mut placed = Vec::with_capacity(positions.len());
    for (index, mut wanted) in by_group {
        let Some(group) = groups.get(index) else { continue };
        wanted.sort_unstable();
        let at: Vec<usize> = wanted.iter().map(|(row, _)| *row).collect();
        let found = read::rows(group, &at)?;
        placed.extend(wanted.into_iter().map(|(_, place)| place).zip(found));
    }
    placed.sort_by_key(|(place, _)| *place);
    Ok(placed.into_iter().map(|(_, row)| row).collect())
}
