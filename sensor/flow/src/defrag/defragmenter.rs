//! The datagrams that wait for fragments, bounded in number, memory and time.

use std::collections::BTreeMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use sekisho_model::Timestamp;
use sekisho_wire::tunnel::Tunnel;

use super::datagram::{Age, Datagram};
use super::fragment::Piece;
use super::{
    Anomalies, Anomaly, Cause, Config, Counters, FragmentIn, Origin, Rebuilt, Refusal, Released, Verdict,
};

/// What a datagram costs besides its frames: itself, and its place in two indexes that may be hardly
/// half full.
const DATAGRAM_COST: usize = Datagram::COST + 3 * size_of::<(Key, usize)>() + 3 * size_of::<(Age, Key)>();

/// What all fragments of a datagram have in common (RFC 791 section 3.2, RFC 8200 section 4.5).
///
/// VLAN ids are left out, as they are of the key of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// 0 for IPv6, whose fragments need not agree on it.
    protocol: u8,
    /// The tunnel that carries them, from one of its ends to the other.
    tunnel: Option<(Tunnel, (IpAddr, IpAddr))>,
}

impl Key {
    fn of(fragment: &FragmentIn<'_>, origin: &Origin) -> Self {
        let carried = origin.carried.as_deref();
        Self {
            tunnel: carried.map(|carried| (carried.tunnel, carried.ends)),
            source: fragment.source,
            destination: fragment.destination,
            identification: fragment.identification,
            protocol: if fragment.is_v6() { 0 } else { fragment.protocol },
        }
    }
}

/// Reassembles IP datagrams. The hash is keyed anew each time; no output depends on it.
#[derive(Debug)]
pub struct Defragmenter {
    config: Config,
    datagrams: HashMap<Key, Box<Datagram>, RandomState>,
    /// The same datagrams in the order in which they began.
    order: BTreeMap<Age, Key>,
    begun: u64,
    octets: usize,
    held: u64,
    counters: Counters,
}

impl Defragmenter {
    /// One that holds nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            datagrams: HashMap::with_hasher(RandomState::default()),
            order: BTreeMap::new(),
            begun: 0,
            octets: 0,
            held: 0,
            counters: Counters::default(),
        }
    }

    /// What was counted so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Octets of memory in use, as [`Config::octets`] counts them.
    #[must_use]
    pub const fn octets(&self) -> usize {
        self.octets
    }

    /// Fragments held now.
    #[must_use]
    pub const fn held(&self) -> u64 {
        self.held
    }

    /// Takes one fragment. What is due at its time goes first, so a verdict depends on nothing but
    /// the fragments and their times.
    ///
    /// `released` gets the fragments that other datagrams give back for it, and those of its own
    /// datagram where this one shows that it can never be whole.
    pub fn add(&mut self, fragment: &FragmentIn<'_>, released: &mut Vec<Released>) -> Verdict {
        self.add_from(fragment, Origin::default(), released)
    }

    /// The same for a fragment that is not a frame's own packet.
    pub fn add_from(
        &mut self,
        fragment: &FragmentIn<'_>,
        origin: Origin,
        released: &mut Vec<Released>,
    ) -> Verdict {
        self.expire(fragment.time, released);
        self.counters.fragments = self.counters.fragments.saturating_add(1);
        let key = Key::of(fragment, &origin);
        match self.hold(key, (fragment, origin), released) {
            Ok(()) => match self.finish(key, fragment.time, released) {
                Some(rebuilt) => Verdict::Complete(rebuilt),
                None => Verdict::Held,
            },
            Err(refusal) => {
                self.counters.not_held = self.counters.not_held.saturating_add(1);
                self.note(key, fragment, refusal, released);
                Verdict::NotHeld(refusal)
            }
        }
    }

    /// Gives back what did not complete in time, oldest first.
    ///
    /// A datagram that began later than `now` by more than the timeout is given back as well: packet
    /// time ran backwards, and nothing says that it comes this far again.
    pub fn expire(&mut self, now: Timestamp, released: &mut Vec<Released>) {
        let timeout = self.config.timeout;
        while let Some((&(began, _), &key)) = self.order.first_key_value()
            && now.since(began) >= timeout
        {
            self.end(key, Cause::TimedOut, released);
        }
        while let Some((&(began, _), &key)) = self.order.last_key_value()
            && began.since(now) > timeout
        {
            self.end(key, Cause::TimedOut, released);
        }
    }

    /// Gives back everything because the input has ended, oldest first.
    pub fn drain(&mut self, released: &mut Vec<Released>) {
        while let Some((_, &key)) = self.order.first_key_value() {
            self.end(key, Cause::EndOfInput, released);
        }
    }

    /// Holds a fragment, where its datagram and the limits let it.
    fn hold(
        &mut self,
        key: Key,
        (fragment, origin): (&FragmentIn<'_>, Origin),
        released: &mut Vec<Released>,
    ) -> Result<(), Refusal> {
        let piece: Piece<'_> = fragment.piece()?;
        let anomalies = match self.datagrams.get(&key) {
            Some(datagram) => datagram.assess(&piece, fragment.is_v6())?,
            None => piece.anomalies,
        };
        let cost = Datagram::cost_of(fragment.frame, &origin);
        let datagram = self
            .open(key, fragment.time, cost, released)
            .ok_or(Refusal::NoRoom)?;
        datagram.insert((fragment, origin), &piece, anomalies);
        self.octets = self.octets.saturating_add(cost);
        self.held = self.held.saturating_add(1);
        self.counters.anomalies.count(anomalies);
        Ok(())
    }

    /// The datagram of a key, begun if need be, with room for `cost` octets more; nothing where there
    /// is no such room, or the datagram itself had to go for it.
    fn open(
        &mut self,
        key: Key,
        at: Timestamp,
        cost: usize,
        released: &mut Vec<Released>,
    ) -> Option<&mut Datagram> {
        let is_new = !self.datagrams.contains_key(&key);
        let needed = cost.saturating_add(if is_new { DATAGRAM_COST } else { 0 });
        if needed > self.config.octets || self.config.datagrams == 0 {
            return None;
        }
        while self.octets > self.config.octets.saturating_sub(needed)
            || (is_new && self.datagrams.len() >= self.config.datagrams)
        {
            let (_, &oldest) = self.order.first_key_value()?;
            self.end(oldest, Cause::Evicted, released);
            if oldest == key {
                return None;
            }
        }
        if is_new {
            self.begun = self.begun.wrapping_add(1);
            let age = (at, self.begun);
            self.order.insert(age, key);
            self.datagrams.insert(key, Box::new(Datagram::new(age)));
            self.octets = self.octets.saturating_add(DATAGRAM_COST);
        }
        self.datagrams.get_mut(&key).map(Box::as_mut)
    }

    /// Takes a datagram out if it is whole.
    fn finish(&mut self, key: Key, at: Timestamp, released: &mut Vec<Released>) -> Option<Rebuilt> {
        let datagram = self.datagrams.get(&key)?;
        if !datagram.is_complete() {
            return None;
        }
        let Some(rebuilt) = datagram.rebuild(at) else {
            // The header of the first fragment is longer than that of the others.
            self.abandon(key, Anomaly::TooLong, released);
            return None;
        };
        let fragments = u64::try_from(datagram.frames()).unwrap_or(u64::MAX);
        self.remove(key);
        self.counters.completed = self.counters.completed.saturating_add(1);
        self.counters.reassembled = self.counters.reassembled.saturating_add(fragments);
        Some(rebuilt)
    }

    /// Counts why a fragment was refused, and what this means for its datagram.
    fn note(&mut self, key: Key, fragment: &FragmentIn<'_>, refusal: Refusal, released: &mut Vec<Released>) {
        match refusal {
            Refusal::CutOff => {
                // The rest would wait in vain.
                if self.open(key, fragment.time, 0, released).is_some() {
                    self.give_up(key, released);
                }
            }
            Refusal::Anomaly(anomaly @ (Anomaly::TooLong | Anomaly::Misaligned | Anomaly::Empty)) => {
                self.mark(key, anomaly);
            }
            Refusal::Anomaly(anomaly) => self.abandon(key, anomaly, released),
            Refusal::Whole | Refusal::Malformed | Refusal::NoRoom | Refusal::Abandoned => {}
        }
    }

    /// Counts an anomaly and notes it on the datagram.
    fn mark(&mut self, key: Key, anomaly: Anomaly) {
        let mut anomalies = Anomalies::default();
        anomalies.insert(anomaly);
        self.counters.anomalies.count(anomalies);
        if let Some(datagram) = self.datagrams.get_mut(&key) {
            datagram.anomalies.extend(anomalies);
        }
    }

    fn abandon(&mut self, key: Key, anomaly: Anomaly, released: &mut Vec<Released>) {
        self.mark(key, anomaly);
        self.give_up(key, released);
    }

    /// Gives a datagram's frames back and keeps in mind that it is not to be held again.
    fn give_up(&mut self, key: Key, released: &mut Vec<Released>) {
        if let Some(datagram) = self.datagrams.get_mut(&key)
            && datagram.abandon()
        {
            self.counters.abandoned = self.counters.abandoned.saturating_add(1);
            let (cost, frames) = (datagram.cost, datagram.frames());
            datagram.release(Cause::Abandoned, released);
            self.forget(cost, frames);
            self.count_released(frames);
        }
    }

    /// Ends a datagram that is not whole and gives its frames back.
    fn end(&mut self, key: Key, cause: Cause, released: &mut Vec<Released>) {
        let Some(mut datagram) = self.remove(key) else {
            return;
        };
        // One that was abandoned has been counted.
        if datagram.frames() == 0 {
            return;
        }
        if datagram.has_gap() {
            datagram.anomalies.insert(Anomaly::Gap);
            let mut gap = Anomalies::default();
            gap.insert(Anomaly::Gap);
            self.counters.anomalies.count(gap);
        }
        let counter = match cause {
            Cause::TimedOut => &mut self.counters.timed_out,
            Cause::Evicted => &mut self.counters.evicted,
            Cause::Abandoned => &mut self.counters.abandoned,
            Cause::EndOfInput => &mut self.counters.unfinished,
        };
        *counter = counter.saturating_add(1);
        self.count_released(datagram.frames());
        datagram.release(cause, released);
    }

    /// Takes a datagram out of both indexes and its memory out of the sum.
    fn remove(&mut self, key: Key) -> Option<Box<Datagram>> {
        let datagram = self.datagrams.remove(&key)?;
        self.order.remove(&datagram.age);
        self.forget(datagram.cost.saturating_add(DATAGRAM_COST), datagram.frames());
        Some(datagram)
    }

    fn forget(&mut self, octets: usize, frames: usize) {
        self.octets = self.octets.saturating_sub(octets);
        self.held = self
            .held
            .saturating_sub(u64::try_from(frames).unwrap_or(u64::MAX));
    }

    fn count_released(&mut self, frames: usize) {
        let frames = u64::try_from(frames).unwrap_or(u64::MAX);
        self.counters.released = self.counters.released.saturating_add(frames);
    }
}
