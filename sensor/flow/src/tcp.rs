//! How a TCP connection goes, seen from between: the state of each end and the letters of the
//! history, as Zeek keeps them.
//!
//! Sources: RFC 9293 section 3.3.2; Zeek's documentation of `conn.log` (`conn_state`, `history`) and
//! the endpoint states of its TCP analyzer. Copies that a mirror makes, segments that fill a hole and
//! keep-alives are no retransmission here; Zeek writes `T` for them.

use sekisho_model::{ConnState, TcpFlags};
use sekisho_wire::TcpSegment;

use crate::history::{History, Times};
use crate::quality::Seen;

/// State of one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Nothing seen from it.
    #[default]
    Inactive,
    /// It sent a SYN.
    SynSent,
    /// The originator sent a SYN-ACK: a stealth scan.
    SynAckSent,
    /// It sent something, but the beginning of the connection was not seen.
    Partial,
    /// Its side of the handshake is complete.
    Established,
    /// It sent a FIN.
    Closed,
    /// It sent a RST.
    Reset,
}

impl State {
    const fn of(bits: u8) -> Self {
        match bits & 7 {
            0 => Self::Inactive,
            1 => Self::SynSent,
            2 => Self::SynAckSent,
            3 => Self::Partial,
            4 => Self::Established,
            5 => Self::Closed,
            _ => Self::Reset,
        }
    }
}

/// One end: its state, and the one before above it. One octet, so that the state of a connection
/// is one cache line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct End(u8);

impl End {
    const fn state(self) -> State {
        State::of(self.0)
    }

    const fn before(self) -> State {
        State::of(self.0 >> 4)
    }

    fn set(&mut self, state: State) {
        if state != self.state() {
            self.0 = state as u8 | (self.0 & 7) << 4;
        }
    }

    /// Established, or closed in good order since; only then a gap is one for sure.
    fn is_clean(self) -> bool {
        self.state() == State::Established
            || (self.state() == State::Closed && self.before() == State::Established)
    }

    /// Nothing of its opening was seen.
    const fn is_unopened(self) -> bool {
        matches!(self.state(), State::Inactive | State::Partial)
    }
}

/// State of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Connection {
    orig: End,
    resp: End,
    flags: u8,
    /// Sequence number of the originator's SYN, where it was seen.
    syn: u32,
}

/// The originator's SYN was seen.
const SYN_SEEN: u8 = 1;
const PAYLOAD_SEEN: u8 = 2;
/// The originator acknowledged the responder's SYN.
const CONFIRMED: u8 = 4;

impl Connection {
    /// Takes one segment into account and notes its letters. False where a letter did not fit. `times` is
    /// touched only where [`Connection::may_scale`] says so.
    pub(crate) fn observe(
        &mut self,
        segment: TcpSegment,
        payload_octets: u32,
        seen: Seen,
        by_originator: bool,
        (history, times): (&mut History, &mut Times),
    ) -> bool {
        let flags = Flags::of(segment.flags);
        let (mine, peer) = if by_originator {
            (&mut self.orig, &mut self.resp)
        } else {
            (&mut self.resp, &mut self.orig)
        };
        let mut fits = note_flags(segment, payload_octets, flags, by_originator, history);
        let was_reset = mine.state() == State::Reset;
        if segment.window == 0 && !flags.rst && !was_reset && peer.state() != State::Closed {
            fits &= history.note_scaled(times, b'W', by_originator);
        }
        // A SYN sent again carries no payload again.
        if seen.retransmitted && payload_octets > 0 && !was_reset {
            fits &= history.note_scaled(times, b'T', by_originator);
        }
        step(mine, peer, flags, payload_octets, by_originator);
        if seen.missed() && mine.is_clean() && peer.is_clean() {
            fits &= history.note_scaled(times, b'G', !by_originator);
        }
        self.note(segment.sequence, payload_octets, flags, by_originator);
        fits
    }

    /// Whether a segment may bring a letter whose number matters.
    pub(crate) const fn may_scale(segment: TcpSegment, seen: Seen) -> bool {
        seen.is_faulty() || (segment.window == 0 && !segment.flags.has(TcpFlags::RST))
    }

    /// [`Connection::observe`] for a segment that brings no new letter: payload or an acknowledgement
    /// alone, each seen before from that end, with an open window and nothing amiss.
    #[inline]
    pub(crate) fn observe_plain(&mut self, segment: TcpSegment, payload_octets: u32, by_originator: bool) {
        let flags = Flags::of(segment.flags);
        let (mine, peer) = if by_originator {
            (&mut self.orig, &mut self.resp)
        } else {
            (&mut self.resp, &mut self.orig)
        };
        step(mine, peer, flags, payload_octets, by_originator);
        self.note(segment.sequence, payload_octets, flags, by_originator);
    }

    #[inline]
    fn note(&mut self, sequence: u32, payload_octets: u32, flags: Flags, by_originator: bool) {
        if payload_octets > 0 {
            self.flags |= PAYLOAD_SEEN;
        }
        if by_originator && flags.syn && !flags.ack {
            self.syn = sequence;
            self.flags |= SYN_SEEN;
        }
        if by_originator && flags.ack && !flags.syn && self.resp.state() == State::Established {
            self.flags |= CONFIRMED;
        }
    }

    /// Whether it is over: one side reset it, both closed it, or one closed it and the other was
    /// never heard, as on a mirror that shows one direction.
    pub(crate) fn is_over(&self) -> bool {
        match (self.orig.state(), self.resp.state()) {
            (State::Reset, _) | (_, State::Reset) => true,
            (State::Closed, other) | (other, State::Closed) => {
                matches!(other, State::Closed | State::Inactive)
            }
            _ => false,
        }
    }

    /// Whether the three segments of the handshake were seen and nobody closed it yet.
    pub(crate) fn is_established(&self) -> bool {
        self.flags & CONFIRMED != 0
            && self.orig.state() == State::Established
            && self.resp.state() == State::Established
    }

    /// Whether the responder was ever heard.
    pub(crate) fn is_answered(&self) -> bool {
        self.resp.state() != State::Inactive
    }

    /// Whether a SYN with this sequence number begins another connection over the same ports.
    pub(crate) fn is_reuse(&self, sequence: u32) -> bool {
        self.is_over() && !(self.flags & SYN_SEEN != 0 && self.syn == sequence)
    }

    /// Whether a SYN begins another connection although the end of this one was not seen: the
    /// originator's, under another number than its first; whoever asks here knows that it was silent.
    /// An attempt that nobody answered goes on under the new number, and of the responder it may be that
    /// both open at once.
    pub(crate) fn is_opened_again(&self, sequence: u32, by_originator: bool) -> bool {
        let was_heard = match self.orig.state() {
            State::Inactive => false,
            State::SynSent => self.resp.state() != State::Inactive,
            _ => true,
        };
        let is_first = self.flags & SYN_SEEN != 0 && self.syn == sequence;
        by_originator && was_heard && !is_first
    }

    /// Zeek's word for the connection so far.
    pub(crate) fn conn_state(&self, history: &History) -> ConnState {
        let (orig, resp) = (self.orig, self.resp);
        match (orig.state(), resp.state()) {
            (State::SynSent | State::SynAckSent, State::Reset) => ConnState::Rej,
            (State::Reset, State::Reset) if self.flags & PAYLOAD_SEEN == 0 => ConnState::Rej,
            (_, State::Reset) if orig.is_unopened() => ConnState::Rstrh,
            (_, State::Reset) => ConnState::Rstr,
            (State::Reset, _) if !resp.is_unopened() => ConnState::Rsto,
            (State::Reset, _) if history.is_reset_attempt() => ConnState::Rstos0,
            (State::Reset, _) => ConnState::Oth,
            (State::Closed, State::Closed) => ConnState::SF,
            (State::Closed, _) if resp.is_unopened() => ConnState::Sh,
            (State::Closed, _) => ConnState::S2,
            (_, State::Closed) if orig.is_unopened() => ConnState::Shr,
            (_, State::Closed) => ConnState::S3,
            (State::SynSent, State::Inactive) => ConnState::S0,
            (State::Established, State::Established) => ConnState::S1,
            _ => ConnState::Oth,
        }
    }
}

/// The flags that open and end connections.
#[derive(Debug, Clone, Copy)]
struct Flags {
    syn: bool,
    ack: bool,
    fin: bool,
    rst: bool,
}

impl Flags {
    const fn of(flags: TcpFlags) -> Self {
        Self {
            syn: flags.has(TcpFlags::SYN),
            ack: flags.has(TcpFlags::ACK),
            fin: flags.has(TcpFlags::FIN),
            rst: flags.has(TcpFlags::RST),
        }
    }
}

/// Notes the letter of a segment: of flags that exclude each other, of the one that opens or ends, or
/// else of payload or acknowledgement.
fn note_flags(
    segment: TcpSegment,
    payload_octets: u32,
    flags: Flags,
    by_originator: bool,
    history: &mut History,
) -> bool {
    match (flags.syn, flags.fin, flags.rst) {
        (_, true, true) => history.note(b'I', by_originator),
        (true, true, _) | (true, _, true) => history.note(b'Q', by_originator),
        (true, ..) => {
            let letter = if flags.ack { b'H' } else { b'S' };
            history.note_numbered(letter, segment.sequence, by_originator)
        }
        // A FIN counts by where it stands in the stream: after the payload it comes with.
        (_, true, _) => {
            history.note_numbered(b'F', segment.sequence.wrapping_add(payload_octets), by_originator)
        }
        (_, _, true) => history.note_numbered(b'R', segment.sequence, by_originator),
        _ if payload_octets > 0 => history.note(b'D', by_originator),
        _ if flags.ack => history.note(b'A', by_originator),
        _ => true,
    }
}

/// Moves the sender's end on, and the peer's where the segment says something of it.
fn step(mine: &mut End, peer: &mut End, flags: Flags, payload_octets: u32, by_originator: bool) {
    match mine.state() {
        State::Inactive => first_segment(mine, peer, flags, payload_octets, by_originator),
        State::SynSent | State::SynAckSent => {
            if flags.fin {
                mine.set(State::Closed);
            }
            if flags.rst {
                mine.set(State::Reset);
            }
        }
        State::Established | State::Partial => {
            if flags.syn && !flags.ack && mine.state() == State::Partial && peer.state() == State::Inactive {
                mine.set(State::SynSent);
            }
            if flags.fin && !flags.rst {
                mine.set(State::Closed);
                // The peer's reset came after its FIN: this is a normal end after all.
                if peer.state() == State::Reset && peer.before() == State::Closed {
                    peer.set(State::Closed);
                }
            }
            if flags.rst {
                mine.set(State::Reset);
            }
        }
        // Once both have closed, a reset is an answer to something late and ends nothing.
        State::Closed if flags.rst && peer.state() != State::Closed => mine.set(State::Reset),
        State::Closed | State::Reset => {}
    }
}

/// The first segment of an end.
fn first_segment(mine: &mut End, peer: &mut End, flags: Flags, payload_octets: u32, by_originator: bool) {
    if flags.syn && by_originator {
        mine.set(if flags.ack {
            State::SynAckSent
        } else {
            State::SynSent
        });
    } else if flags.syn {
        // A SYN-ACK, or a SYN of its own where both open at once.
        if peer.state() == State::SynSent {
            peer.set(State::Established);
        }
        mine.set(State::Established);
    }
    if flags.fin {
        mine.set(State::Closed);
    }
    if flags.rst {
        mine.set(State::Reset);
    }
    if mine.state() != State::Inactive {
        return;
    }
    if !by_originator && payload_octets == 0 && peer.state() == State::SynSent {
        // Some hosts acknowledge a SYN before they answer it.
    } else if flags.ack && peer.state() == State::Established {
        // Only the SYN was missed.
        mine.set(State::Established);
    } else {
        mine.set(State::Partial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const O: bool = true;
    const R: bool = false;

    /// Plays segments (by originator, flags, payload octets, sequence number), all with an open
    /// window, and gives state and history.
    fn play_numbered(segments: &[(bool, u8, u32, u32)]) -> (&'static str, String) {
        let (mut connection, mut history) = (Connection::default(), History::default());
        for &(by_originator, flags, payload, sequence) in segments {
            let segment = TcpSegment {
                sequence,
                acknowledgement: 1,
                flags: TcpFlags(flags),
                window: 1000,
            };
            let noted = (&mut history, &mut Times::default());
            connection.observe(segment, payload, Seen::default(), by_originator, noted);
        }
        (connection.conn_state(&history).name(), history.text())
    }

    fn play(segments: &[(bool, u8, u32)]) -> (&'static str, String) {
        let numbered: Vec<_> = segments
            .iter()
            .map(|&(by, flags, octets)| (by, flags, octets, 1))
            .collect();
        play_numbered(&numbered)
    }

    const S: u8 = TcpFlags::SYN;
    const A: u8 = TcpFlags::ACK;
    const F: u8 = TcpFlags::FIN;
    const T: u8 = TcpFlags::RST;
    const OPEN: [(bool, u8, u32); 3] = [(O, S, 0), (R, S | A, 0), (O, A, 0)];

    fn after_open(rest: &[(bool, u8, u32)]) -> (&'static str, String) {
        play(&[&OPEN, rest].concat())
    }

    /// The states in the words of the documentation of Zeek's `conn.log`.
    #[test]
    fn states_follow_zeeks_documentation() {
        assert_eq!(play(&[(O, S, 0)]), ("S0", "S".into()));
        assert_eq!(play(&[(O, S, 0), (R, T | A, 0)]), ("REJ", "Sr".into()));
        assert_eq!(after_open(&[]), ("S1", "ShA".into()));
        assert_eq!(
            after_open(&[(O, A, 10), (R, A, 20), (O, F | A, 0), (R, F | A, 0), (O, A, 0)]),
            ("SF", "ShADdFf".into())
        );
        assert_eq!(after_open(&[(O, F | A, 0)]), ("S2", "ShAF".into()));
        assert_eq!(after_open(&[(R, F | A, 0)]), ("S3", "ShAf".into()));
        assert_eq!(after_open(&[(O, T, 0)]), ("RSTO", "ShAR".into()));
        assert_eq!(after_open(&[(R, T, 0)]), ("RSTR", "ShAr".into()));
        assert_eq!(play(&[(O, S, 0), (O, T, 0)]), ("RSTOS0", "SR".into()));
        assert_eq!(play(&[(R, S | A, 0), (R, T, 0)]), ("RSTRH", "hr".into()));
        assert_eq!(play(&[(O, S, 0), (O, F, 0)]), ("SH", "SF".into()));
        assert_eq!(play(&[(R, S | A, 0), (R, F, 0)]), ("SHR", "hf".into()));
        assert_eq!(play(&[(O, A, 5), (R, A, 5)]), ("OTH", "Dd".into()));
    }

    /// `RSTOS0` is "Originator sent a SYN followed by a RST".
    #[test]
    fn a_reset_without_a_syn_is_no_attempt_that_was_given_up() {
        assert_eq!(play(&[(O, T, 0)]), ("OTH", "R".into()));
        assert_eq!(play(&[(O, A, 0), (O, T, 0)]), ("OTH", "AR".into()));
    }

    #[test]
    fn a_reset_after_both_have_closed_leaves_a_normal_end() {
        assert_eq!(
            after_open(&[(O, F | A, 0), (R, F | A, 0), (O, T, 0)]),
            ("SF", "ShAFfR".into())
        );
        // The client closes and resets before the server's FIN is there.
        assert_eq!(
            after_open(&[(O, F | A, 0), (O, T, 0), (R, F | A, 0)]),
            ("SF", "ShAFRf".into())
        );
        assert_eq!(after_open(&[(O, F | A, 0), (O, T, 0)]), ("RSTO", "ShAFR".into()));
    }

    #[test]
    fn an_answered_syn_establishes_whether_or_not_the_last_segment_of_the_handshake_was_seen() {
        assert_eq!(play(&OPEN[..2]), ("S1", "Sh".into()));
        assert_eq!(play(&OPEN[1..]), ("S1", "hA".into()));
    }

    #[test]
    fn both_opening_at_once_is_a_connection() {
        assert_eq!(
            play(&[
                (O, S, 0),
                (R, S, 0),
                (O, S | A, 0),
                (R, S | A, 0),
                (O, A, 0),
                (R, A, 0)
            ]),
            ("S1", "SsAa".into())
        );
    }

    /// "'f', 'h', 'r' and 's' can be recorded multiple times for either direction if the associated
    /// sequence number differs from the last-seen packet of the same flag type."
    #[test]
    fn opening_and_ending_segments_stand_again_under_another_number() {
        assert_eq!(play_numbered(&[(O, S, 0, 1), (O, S, 0, 1), (O, S, 0, 2)]).1, "SS");
        assert_eq!(play_numbered(&[(R, T, 0, 1), (R, T, 0, 1), (R, T, 0, 2)]).1, "rr");
        // The same end of the stream, with and without the last octets.
        assert_eq!(play_numbered(&[(O, F, 5, 1), (O, F, 0, 6), (O, F, 0, 7)]).1, "FF");
    }

    #[test]
    fn flags_that_exclude_each_other_are_marked() {
        assert_eq!(play(&[(O, S | F, 0)]).1, "Q");
        assert_eq!(play(&[(O, S | T, 0)]).1, "Q");
        assert_eq!(play(&[(O, F | T, 0)]).1, "I");
    }

    #[test]
    fn payload_that_comes_with_a_fin_has_no_letter_of_its_own() {
        assert_eq!(after_open(&[(O, F | A, 10)]), ("S2", "ShAF".into()));
    }

    #[test]
    fn only_a_new_sequence_number_after_the_end_is_reuse() {
        let mut connection = Connection::default();
        let mut history = History::default();
        let segment = |flags| TcpSegment {
            sequence: 9,
            acknowledgement: 0,
            flags: TcpFlags(flags),
            window: 0,
        };
        connection.observe(
            segment(S),
            0,
            Seen::default(),
            O,
            (&mut history, &mut Times::default()),
        );
        assert!(!connection.is_reuse(10));

        connection.observe(
            segment(T | A),
            0,
            Seen::default(),
            R,
            (&mut history, &mut Times::default()),
        );
        assert!(connection.is_over() && connection.is_reuse(10) && !connection.is_reuse(9));
    }

    #[test]
    fn an_end_that_was_missed_is_known_by_another_number_of_the_originator() {
        let mut connection = Connection::default();
        let mut history = History::default();
        let segment = TcpSegment {
            sequence: 9,
            acknowledgement: 0,
            flags: TcpFlags(S),
            window: 0,
        };
        assert!(!connection.is_opened_again(9, O));

        let noted = (&mut history, &mut Times::default());
        connection.observe(segment, 0, Seen::default(), O, noted);
        assert!(!connection.is_opened_again(10, O));

        let answer = TcpSegment {
            acknowledgement: 10,
            flags: TcpFlags(S | A),
            ..segment
        };
        let noted = (&mut history, &mut Times::default());
        connection.observe(answer, 0, Seen::default(), R, noted);

        assert!(connection.is_opened_again(10, O));
        assert!(!connection.is_opened_again(9, O) && !connection.is_opened_again(10, R));
    }
}
