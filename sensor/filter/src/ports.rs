//! Ranges of ports with terms, cut so that no two overlap: one binary search answers.

use std::collections::BinaryHeap;

#[derive(Debug, Default)]
pub(crate) struct Ports(Vec<Stretch>);

#[derive(Debug, Clone, Copy)]
struct Stretch {
    low: u64,
    high: u64,
    /// The latest end of the terms that hold here.
    until: i64,
}

impl Ports {
    /// The ranges that hold some time, in order.
    pub(crate) fn stretches(&self) -> impl Iterator<Item = (u64, u64)> {
        self.0.iter().map(|stretch| (stretch.low, stretch.high))
    }

    pub(crate) fn new(ranges: impl Iterator<Item = (u16, u16, i64)>) -> Self {
        let mut ranges: Vec<(u64, u64, i64)> = ranges
            .filter(|(low, high, _)| low <= high)
            .map(|(low, high, until)| (u64::from(low), u64::from(high), until))
            .collect();
        ranges.sort_unstable();
        // What holds changes only where a range begins or has just ended.
        let mut edges: Vec<u64> = ranges
            .iter()
            .flat_map(|(low, high, _)| [*low, high.saturating_add(1)])
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let mut holding: BinaryHeap<(i64, u64)> = BinaryHeap::new();
        let mut begins = ranges.into_iter().peekable();
        let mut stretches = Vec::new();
        for (edge, next) in edges.iter().zip(edges.iter().skip(1)) {
            while let Some((_, high, until)) = begins.next_if(|(low, _, _)| low <= edge) {
                holding.push((until, high));
            }
            while holding.peek().is_some_and(|(_, high)| high < edge) {
                holding.pop();
            }
            if let Some((until, _)) = holding.peek() {
                stretches.push(Stretch {
                    low: *edge,
                    high: next.saturating_sub(1),
                    until: *until,
                });
            }
        }
        Self(stretches)
    }

    /// The end of the term of a port; nothing where the port is in no range.
    pub(crate) fn until(&self, port: u64) -> Option<i64> {
        let after = self.0.partition_point(|stretch| stretch.low <= port);
        let stretch = after.checked_sub(1).and_then(|index| self.0.get(index))?;
        (port <= stretch.high).then_some(stretch.until)
    }
}
