//! Which fragment gives which octets of a datagram: the one that came first.

/// A run of octets of the datagram and the frame that gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where it begins in the datagram.
    pub(super) start: u32,
    /// Where it ends.
    pub(super) end: u32,
    /// Number of the frame.
    pub(super) frame: usize,
}

/// The runs of one datagram, in order, none over another.
///
/// `n` fragments make at most `2n` runs: each of their ends can end one.
#[derive(Debug, Default)]
pub(super) struct Runs {
    list: Vec<Run>,
    covered: u32,
}

impl Runs {
    /// How many octets are there.
    pub(super) const fn covered(&self) -> u32 {
        self.covered
    }

    /// Every run in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Run> + '_ {
        self.list.iter().copied()
    }

    /// The parts of `start..end` that are there.
    pub(super) fn within(&self, start: u32, end: u32) -> impl Iterator<Item = Run> + '_ {
        self.list
            .iter()
            .skip(self.first_after(start))
            .take_while(move |run| run.start < end)
            .map(move |run| Run {
                start: run.start.max(start),
                end: run.end.min(end),
                frame: run.frame,
            })
    }

    /// Takes from `frame` what is not there yet of `start..end`.
    pub(super) fn fill(&mut self, start: u32, end: u32, frame: usize) {
        let mut index = self.first_after(start);
        let mut at = start;
        while at < end {
            match self.list.get(index) {
                Some(run) if run.start <= at => at = run.end,
                next => {
                    let stop = next.map_or(end, |run| run.start.min(end));
                    let run = Run {
                        start: at,
                        end: stop,
                        frame,
                    };
                    self.list.insert(index, run);
                    self.covered = self.covered.saturating_add(stop.saturating_sub(at));
                    at = stop;
                }
            }
            index = index.saturating_add(1);
        }
    }

    /// Forgets what lies past `end`.
    pub(super) fn cut(&mut self, end: u32) {
        self.list.retain(|run| run.start < end);
        if let Some(last) = self.list.last_mut() {
            last.end = last.end.min(end);
        }
        self.covered = self.list.iter().fold(0, |sum, run| {
            sum.saturating_add(run.end.saturating_sub(run.start))
        });
    }

    /// Number of the first run that ends after `position`.
    fn first_after(&self, position: u32) -> usize {
        self.list.partition_point(|run| run.end <= position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_first_stays() {
        let mut runs = Runs::default();
        runs.fill(8, 16, 0);
        runs.fill(0, 24, 1);

        let run = |start, end, frame| Run { start, end, frame };
        assert_eq!(
            runs.iter().collect::<Vec<_>>(),
            [run(0, 8, 1), run(8, 16, 0), run(16, 24, 1)]
        );
        assert_eq!(
            runs.within(4, 20).collect::<Vec<_>>(),
            [run(4, 8, 1), run(8, 16, 0), run(16, 20, 1)]
        );
        assert_eq!(runs.covered(), 24);
    }

    proptest::proptest! {
        #[test]
        fn is_what_a_table_of_single_octets_says(
            fills in proptest::collection::vec((0_u32..40, 0_u32..12), 0..20),
            cut in 0_u32..60,
            more in proptest::collection::vec((0_u32..40, 0_u32..12), 0..5),
        ) {
            let mut runs = Runs::default();
            let mut octets = [None; 60];
            let mut frame = 0;
            for (step, list) in [&fills, &more].into_iter().enumerate() {
                for &(start, length) in list {
                    runs.fill(start, start + length, frame);
                    for octet in &mut octets[start as usize..(start + length) as usize] {
                        octet.get_or_insert(frame);
                    }
                    frame += 1;
                }
                if step == 0 {
                    runs.cut(cut);
                    octets[cut as usize..].fill(None);
                }
            }

            let mut seen = [None; 60];
            for run in runs.iter() {
                proptest::prop_assert!(run.start < run.end);
                for octet in &mut seen[run.start as usize..run.end as usize] {
                    proptest::prop_assert_eq!(octet.replace(run.frame), None);
                }
            }
            proptest::prop_assert_eq!(seen, octets);
            proptest::prop_assert_eq!(runs.covered() as usize, octets.iter().flatten().count());
            proptest::prop_assert!(runs.iter().count() <= 2 * frame);
        }
    }
}
