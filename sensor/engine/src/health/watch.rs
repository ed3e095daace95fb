//! The watch that the reader keeps: a look each second of packet time, a sample each minute.
//!
//! A batch whose times lie close together and close to the one before costs three comparisons; only others
//! are gone through packet by packet for pauses and steps. The sample is the first packets of each minute,
//! or of as many minutes as it takes for enough of them, ten at most.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sekisho_capture::Batch;
use sekisho_model::blind::{BlindTotals, CaptureHealth, MirrorReport};
use sekisho_model::summary::InputFile;
use sekisho_model::{BlindInterval, BlindKind, Timestamp};

use super::episodes::{Episode, Episodes};
use super::ledger::Ledger;
use super::mirror::{Context, Known, Mirror, Step, Steps, has_gaps, is_one_sided};
use super::silence::{Pauses, Silence};
use super::{Settings, TcpSample};

/// Between two looks at the ports.
const LOOK: Duration = Duration::from_secs(1);
/// The time that shares are of.
const MINUTE: Duration = Duration::from_secs(60);
/// The longest that a sample is collected for.
const LONGEST: Duration = Duration::from_secs(600);
/// Packets with which a minute has enough of them.
const ENOUGH: u64 = 1_000;
/// Frames of a minute without which a share of lost ones says nothing.
const ENOUGH_FRAMES: u64 = 1_000;
/// Times of a batch that lie this close together hold no pause and no step.
const CALM: Duration = Duration::from_secs(1);
/// The host's clock and its monotonic one part by this much when it is set.
const SET: Duration = Duration::from_millis(1_000);
/// Strangers that stay for so long are no strangers.
const SETTLED: Duration = Duration::from_secs(24 * 3600);

/// What is known of capture health so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report {
    /// Intervals that were not handed out before.
    pub(crate) intervals: Vec<BlindInterval>,
    /// What is worth an alert.
    pub(crate) episodes: Vec<Episode>,
    totals: BTreeMap<String, BlindTotals>,
    mirror: Option<MirrorReport>,
    /// Until when the input is known.
    pub(crate) until: Option<Timestamp>,
}

impl Report {
    /// What the summary says of it.
    pub(crate) fn health(&self) -> CaptureHealth {
        CaptureHealth {
            blind: self.totals.clone(),
            mirror: self.mirror.clone(),
        }
    }
}

/// The watch.
pub(crate) struct Watch {
    settings: Settings,
    ledger: Ledger,
    episodes: Episodes,
    /// Packet time now, at the last look, and at the begin of the sample.
    now: Option<Timestamp>,
    looked: Timestamp,
    began: Timestamp,
    latest: Timestamp,
    /// What the packets of a file show.
    pauses: Pauses,
    steps: Steps,
    sample: Mirror,
    judged: Option<MirrorReport>,
    strangers_since: Option<Timestamp>,
    ports: BTreeMap<String, Port>,
    /// How many inputs there are, and whether they are ports.
    inputs: usize,
    host: Option<HostClock>,
    /// When the run before was stopped.
    stopped: Option<Timestamp>,
}

/// One port.
#[derive(Debug, Default)]
struct Port {
    packets: u64,
    lost: u64,
    pauses: Pauses,
    /// Since when it is down.
    down: Option<Timestamp>,
    minute: Minute,
}

/// Frames of a minute.
#[derive(Debug, Clone, Copy, Default)]
struct Minute {
    began: Timestamp,
    lost: u64,
    read: u64,
}

impl Watch {
    /// Before the first packet; `inputs` are those that will be read, `stopped` is when the run before ended.
    pub(crate) fn new(settings: Settings, inputs: &[InputFile], stopped: Option<Timestamp>) -> Self {
        let is_live = inputs.iter().any(|input| input.port.is_some());
        Self {
            ledger: Ledger::default(),
            episodes: Episodes::default(),
            now: None,
            looked: Timestamp::MIN,
            began: Timestamp::MIN,
            latest: Timestamp::MIN,
            pauses: Pauses::default(),
            steps: Steps::default(),
            sample: Mirror::default(),
            judged: None,
            strangers_since: None,
            ports: BTreeMap::new(),
            inputs: inputs.len(),
            host: is_live.then(HostClock::now),
            stopped: stopped.filter(|_| is_live),
            settings,
        }
    }

    /// Takes a batch into account whose times lie between `first` and `last`; `now` is packet time at its
    /// end. True where the ports are to be [looked at](Self::look).
    pub(crate) fn batch(
        &mut self,
        batch: &Batch,
        (first, last): (Timestamp, Timestamp),
        now: Timestamp,
        expects_vlans: bool,
    ) -> bool {
        if now == Timestamp::MIN {
            return false; // Nothing has come yet.
        }
        if self.now.is_none() {
            let begin = if batch.is_empty() { now } else { first.min(now) };
            self.begin(begin);
        }
        self.now = Some(now);
        let left = self.settings.sample.saturating_sub(self.sample.packets());
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        // A fault in decoding costs the rest of a sample and not the run.
        let sample = &mut self.sample;
        let _ = catch_unwind(AssertUnwindSafe(|| {
            batch.iter().take(left).for_each(|packet| sample.observe(&packet));
        }));
        if !batch.is_empty() {
            let is_calm = last.since(first) <= CALM
                && first >= self.latest
                && last.since(self.latest) <= CALM
                && self.steps.is_calm(first);
            if !is_calm {
                self.go_through(batch);
            } else {
                self.steps.observe(last);
                if self.host.is_none() {
                    let frames = u64::try_from(batch.len()).unwrap_or(u64::MAX);
                    self.pauses.observe(last, frames, self.settings.silence);
                }
            }
            self.latest = match batch.len().checked_sub(1).and_then(|end| batch.get(end)) {
                Some(end) if !is_calm => end.time,
                _ => last,
            };
        }
        let passed = apart(now, self.began);
        let has_enough = self.sample.packets() >= ENOUGH.min(self.settings.sample);
        if passed >= LONGEST || (passed >= MINUTE && has_enough) {
            self.judge(expects_vlans);
            self.sample = Mirror::default();
            self.began = now;
        }
        self.host.is_some() && apart(now, self.looked) >= LOOK
    }

    fn begin(&mut self, at: Timestamp) {
        (self.looked, self.began, self.latest) = (at, at, at);
        if let Some(stopped) = self.stopped.take()
            && stopped < at
        {
            let interval = self
                .ledger
                .add(BlindInterval::new(BlindKind::Stopped, "", stopped, at));
            self.episodes.note(interval, 0);
        }
    }

    /// Looks for pauses and steps between packets.
    fn go_through(&mut self, batch: &Batch) {
        for packet in batch.iter() {
            let step = self.steps.observe(packet.time);
            if let Some(Step { to, from }) = step
                && self.inputs <= 1
            {
                self.note_step(to, from, milliseconds(from.since(to)).saturating_neg());
                self.pauses.restart();
            }
            // The pauses of ports are known by their counters.
            if self.host.is_none()
                && let Some(silence) = self.pauses.observe(packet.time, 1, self.settings.silence)
            {
                self.note_silence("", silence, false);
            }
        }
    }

    fn note_step(&mut self, from: Timestamp, to: Timestamp, step_ms: i64) {
        let interval = BlindInterval::new(BlindKind::Clock, "", from, to).with("step_ms", step_ms);
        let interval = self.ledger.add(interval);
        self.episodes.note(interval, 0);
    }

    fn note_silence(&mut self, input: &str, silence: Silence, open: bool) {
        let Silence { from, to, usual } = silence;
        let interval = BlindInterval {
            open,
            ..BlindInterval::new(BlindKind::Silence, input, from, to)
        };
        let interval = interval.with("usual_ms", milliseconds(usual));
        let interval = self.ledger.set(interval);
        self.episodes.note(interval, 0);
    }

    /// Looks at the ports, which have counted so much.
    pub(crate) fn look(&mut self, inputs: &[InputFile]) {
        let Some(now) = self.now else { return };
        let before = std::mem::replace(&mut self.looked, now);
        if let Some(host) = &mut self.host {
            let set = host.look();
            if set.unsigned_abs() > u64::try_from(SET.as_millis()).unwrap_or(u64::MAX) {
                self.note_step(before.min(now), before.max(now), set);
            }
        }
        for input in inputs {
            self.look_at(input, before.min(now), now);
        }
    }

    fn look_at(&mut self, input: &InputFile, before: Timestamp, now: Timestamp) {
        let Some(counted) = input.port else { return };
        let mut port = self.ports.remove(&input.path).unwrap_or_default();
        let name = &input.path;
        let read = input.packets.saturating_sub(port.packets);
        let all_lost = counted.ring_dropped.saturating_add(counted.dropped);
        let lost = all_lost.saturating_sub(port.lost);
        (port.packets, port.lost) = (input.packets, all_lost.max(port.lost));
        if lost > 0 {
            let interval = BlindInterval::new(BlindKind::Loss, name, before, now);
            let interval = interval.with("lost", signed(lost)).with("read", signed(read));
            let interval = self.ledger.add(interval);
            let per_mille = port.minute.add(now, lost, read);
            if per_mille >= self.settings.loss_per_mille || self.episodes.is_noted(interval) {
                self.episodes.note(interval, per_mille);
            }
        } else {
            port.minute.add(now, 0, read);
        }
        if input.damage.is_some() {
            let since = *port.down.get_or_insert(before);
            let interval = BlindInterval {
                open: true,
                ..BlindInterval::new(BlindKind::PortDown, name, since, now)
            };
            let interval = self.ledger.set(interval);
            self.episodes.note(interval, 0);
            port.pauses.restart();
            self.ledger.shut(BlindKind::Silence, name);
        } else {
            if let Some(since) = port.down.take() {
                let interval = BlindInterval::new(BlindKind::PortDown, name, since, now);
                let interval = self.ledger.set(interval);
                self.episodes.note(interval, 0);
            }
            let least = self.settings.silence;
            let (silence, open) = if read > 0 {
                (port.pauses.observe(now, read, least), false)
            } else {
                (port.pauses.quiet(now, least), true)
            };
            if let Some(silence) = silence {
                self.note_silence(name, silence, open);
            }
        }
        self.ports.insert(name.clone(), port);
    }

    /// Judges the sample.
    fn judge(&mut self, expects_vlans: bool) {
        let Some((from, to)) = self.sample.span() else {
            return;
        };
        let context = Context {
            interface: self.ports.keys().next().cloned().unwrap_or_default(),
            expects_vlans,
            now: None,
            known: self.settings.known.clone(),
        };
        let report = self.sample.report(&context);
        self.meet_strangers(&report, to);
        let sample = self.sample.tcp();
        if self.sample.packets() < ENOUGH.min(self.settings.sample) {
            self.judged = Some(report);
            return;
        }
        // What is said of the sample holds for the time until it is judged.
        let until = self.now.unwrap_or(to).max(to);
        self.judge_tcp(sample, from, until);
        self.judged = Some(report);
    }

    fn judge_tcp(&mut self, sample: TcpSample, from: Timestamp, to: Timestamp) {
        let interval = |kind| BlindInterval::new(kind, "", from, to);
        if has_gaps(&sample, self.settings.loss_per_mille) {
            let interval = interval(BlindKind::Gaps)
                .with("gaps", signed(sample.gaps))
                .with("missed_octets", signed(sample.missed_octets))
                .with("seen_octets", signed(sample.seen_octets));
            let interval = self.ledger.add(interval);
            self.episodes.note(interval, sample.missed_per_mille());
        }
        if is_one_sided(&sample, self.settings.one_sided_percent) {
            let interval = interval(BlindKind::OneSided)
                .with("connections", signed(sample.judged))
                .with("one_sided", signed(sample.one_sided));
            let interval = self.ledger.add(interval);
            self.episodes.note(interval, 0);
        }
    }

    /// Adds the stations of the sample to those that are known, unless nearly all of them are strangers.
    fn meet_strangers(&mut self, report: &MirrorReport, at: Timestamp) {
        let is_moved = report.findings.iter().any(|finding| finding.id == "moved_tap");
        let since = is_moved.then(|| *self.strangers_since.get_or_insert(at));
        if since.is_some_and(|since| at.since(since) < SETTLED) {
            return;
        }
        self.strangers_since = None;
        let known: &Known = &self.settings.known;
        self.settings.known = known.with(&self.sample.stations());
    }

    /// What is known so far.
    pub(crate) fn report(&self) -> Report {
        Report {
            intervals: self.ledger.intervals(),
            episodes: self.episodes.all(),
            totals: self.ledger.totals(),
            mirror: self.judged.clone(),
            until: self.now,
        }
    }

    /// What is known so far was handed out to whoever keeps it.
    pub(crate) fn hand_over(&mut self) {
        self.ledger.hand_over(self.now.unwrap_or_default());
        self.episodes.hand_over();
    }

    /// The input has ended: judges what is left of the sample.
    pub(crate) fn finish(&mut self, inputs: &[InputFile], expects_vlans: bool) {
        if self.host.is_some() {
            self.look(inputs);
        }
        let is_first = self.judged.is_none();
        if self.sample.packets() >= ENOUGH || (is_first && self.sample.packets() > 0) {
            self.judge(expects_vlans);
        }
        self.ledger.shut_all();
    }
}

impl Minute {
    /// Adds frames; gives the share that was lost, in thousandths, where there are enough of them.
    fn add(&mut self, now: Timestamp, lost: u64, read: u64) -> u64 {
        if apart(now, self.began) >= MINUTE {
            *self = Self {
                began: now,
                lost: 0,
                read: 0,
            };
        }
        self.lost = self.lost.saturating_add(lost);
        self.read = self.read.saturating_add(read);
        let all = self.lost.saturating_add(self.read);
        if all < ENOUGH_FRAMES {
            return 0;
        }
        self.lost.saturating_mul(1_000).checked_div(all).unwrap_or(0)
    }
}

/// The clock of the host, held against one that is never set.
struct HostClock {
    wall: SystemTime,
    monotonic: Instant,
}

impl HostClock {
    fn now() -> Self {
        Self {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }

    /// By how many milliseconds the clock was set since this was last asked.
    fn look(&mut self) -> i64 {
        let now = Self::now();
        let since_epoch = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall = milliseconds(since_epoch(now.wall)).saturating_sub(milliseconds(since_epoch(self.wall)));
        let passed = milliseconds(now.monotonic.saturating_duration_since(self.monotonic));
        *self = now;
        wall.saturating_sub(passed)
    }
}

/// How far two times are apart; time that runs backwards is a time like any other.
fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.since(other).max(other.since(one))
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
