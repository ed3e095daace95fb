//! Pacing: a source that gives its packets no faster than they were captured, or a multiple of it.

use std::time::{Duration, Instant};

use sekisho_model::Timestamp;
use sekisho_model::summary::InputFile;

use crate::stop::LOOK_AGAIN;
use crate::{Batch, Fill, Source, Stop};

/// A source slowed down to packet time. Batches stay as they are, so the answer does too.
pub struct Paced<S> {
    inner: S,
    times: f64,
    stop: Stop,
    began: Option<(Instant, Timestamp)>,
}

impl<S: Source> Paced<S> {
    /// Gives the packets of `inner` at `times` the speed of their capture; `stop` ends a wait.
    pub const fn new(inner: S, times: f64, stop: Stop) -> Self {
        Self {
            inner,
            times,
            stop,
            began: None,
        }
    }
}

impl<S: Source> Source for Paced<S> {
    fn fill(&mut self, batch: &mut Batch) -> Fill {
        let fill = self.inner.fill(batch);
        let last = batch.len().checked_sub(1).and_then(|last| batch.get(last));
        if let (Some(first), Some(last)) = (batch.get(0), last) {
            let (began, origin) = *self.began.get_or_insert((Instant::now(), first.time));
            let due = Duration::try_from_secs_f64(last.time.since(origin).as_secs_f64() / self.times);
            let due = due.unwrap_or(Duration::MAX);
            while !self.stop.is_asked() {
                let left = due.saturating_sub(began.elapsed());
                if left.is_zero() {
                    break;
                }
                std::thread::sleep(left.min(LOOK_AGAIN));
            }
        }
        fill
    }

    fn inputs(&self) -> Vec<InputFile> {
        self.inner.inputs()
    }

    fn octets_read(&self) -> u64 {
        self.inner.octets_read()
    }

    fn octets_total(&self) -> Option<u64> {
        self.inner.octets_total()
    }
}
