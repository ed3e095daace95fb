//! Episodes: the intervals of one kind and input within a day of packet time, which are one alert.

use std::collections::BTreeMap;
use std::time::Duration;

use sekisho_model::blind::Figures;
use sekisho_model::{BlindInterval, BlindKind, Timestamp};

/// How long an episode lasts, as the folds of other alerts do.
const WINDOW: Duration = Duration::from_secs(24 * 3600);

/// What an alert is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Episode {
    pub(super) kind: BlindKind,
    pub(super) input: String,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// Intervals.
    pub(super) intervals: u64,
    /// How long they are together.
    pub(super) blind: Duration,
    /// The newest interval: its number, its length and its numbers.
    newest: (u64, Duration),
    pub(super) figures: Figures,
    /// Worst share so far, in thousandths.
    pub(super) worst_per_mille: u64,
}

/// The episodes that may grow.
#[derive(Debug, Clone, Default)]
pub(super) struct Episodes {
    newest: BTreeMap<(BlindKind, String), Episode>,
    over: Vec<Episode>,
}

impl Episodes {
    /// Notes an interval that is worth an alert, or that one has grown; `per_mille` is the share that it is
    /// about, where there is any.
    pub(super) fn note(&mut self, interval: &BlindInterval, per_mille: u64) {
        let key = (interval.kind, interval.input.clone());
        let lasts = interval.to.since(interval.from);
        if let Some(episode) = self.newest.get_mut(&key)
            && interval.from.since(episode.from) <= WINDOW
        {
            let (id, before) = episode.newest;
            if id == interval.id {
                episode.blind = episode.blind.saturating_sub(before);
            } else {
                episode.intervals = episode.intervals.saturating_add(1);
            }
            episode.blind = episode.blind.saturating_add(lasts);
            episode.newest = (interval.id, lasts);
            episode.to = episode.to.max(interval.to);
            episode.figures.clone_from(&interval.figures);
            episode.worst_per_mille = episode.worst_per_mille.max(per_mille);
            return;
        }
        let episode = Episode {
            kind: interval.kind,
            input: interval.input.clone(),
            from: interval.from,
            to: interval.to,
            intervals: 1,
            blind: lasts,
            newest: (interval.id, lasts),
            figures: interval.figures.clone(),
            worst_per_mille: per_mille,
        };
        self.over.extend(self.newest.insert(key, episode));
    }

    /// Whether an episode of this kind and input was noted whose last interval is this one.
    pub(super) fn is_noted(&self, interval: &BlindInterval) -> bool {
        let key = (interval.kind, interval.input.clone());
        let episode = self.newest.get(&key);
        episode.is_some_and(|episode| episode.newest.0 == interval.id)
    }

    /// All that were not handed out, and those that may grow.
    pub(super) fn all(&self) -> Vec<Episode> {
        self.over.iter().chain(self.newest.values()).cloned().collect()
    }

    /// Those that are over were handed out.
    pub(super) fn hand_over(&mut self) {
        self.over.clear();
    }
}
