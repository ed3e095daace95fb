//! How a TCP connection goes, seen from between: the state of each end, as Zeek keeps it.
//!
//! Sources: RFC 9293 section 3.3.2; Zeek's endpoint states and the function `conn_state` of its
//! base/protocols/conn, which the table in [`Connection::conn_state`] follows line by line.

use sekisho_model::{ConnState, TcpFlags};
use sekisho_wire::TcpSegment;

use crate::history::Letters;

/// State of one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum End {
    /// Nothing seen from it.
    #[default]
    Inactive,
    /// It sent a SYN.
    SynSent,
    /// It sent a SYN-ACK that answers a SYN which was not seen.
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

/// State of a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Connection {
    orig: End,
    resp: End,
    /// Sequence number of the originator's SYN.
    syn: u32,
    syn_seen: bool,
    payload_seen: bool,
}

impl Connection {
    /// Takes one segment into account and says its letters.
    #[inline]
    pub(crate) fn observe(
        &mut self,
        segment: TcpSegment,
        payload_octets: u32,
        by_originator: bool,
    ) -> Letters {
        let flags = segment.flags;
        let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
        let (fin, rst) = (flags.has(TcpFlags::FIN), flags.has(TcpFlags::RST));
        let mut letters = 0;
        if syn && (fin || rst) {
            letters |= Letters::Q;
        } else if syn {
            letters |= if ack { Letters::H } else { Letters::S };
        }
        if payload_octets > 0 {
            letters |= Letters::D;
            self.payload_seen = true;
        } else if ack && !syn && !fin && !rst {
            letters |= Letters::A;
        }
        if fin && !syn {
            letters |= Letters::F;
        }
        if rst && !syn {
            letters |= Letters::R;
        }
        if by_originator && syn && !ack {
            (self.syn, self.syn_seen) = (segment.sequence, true);
        }
        let (mine, peer) = if by_originator {
            (self.orig, self.resp)
        } else {
            (self.resp, self.orig)
        };
        let next = step(mine, peer, flags, by_originator);
        if by_originator {
            self.orig = next;
        } else {
            self.resp = next;
        }
        Letters(letters)
    }

    /// Whether it is over: one side reset it, both closed it, or one closed it and the other was
    /// never heard, as on a mirror that shows one direction.
    pub(crate) fn is_over(&self) -> bool {
        match (self.orig, self.resp) {
            (End::Reset, _) | (_, End::Reset) => true,
            (End::Closed, other) | (other, End::Closed) => matches!(other, End::Closed | End::Inactive),
            _ => false,
        }
    }

    /// Whether both sides completed the handshake.
    pub(crate) fn is_established(&self) -> bool {
        self.orig == End::Established && self.resp == End::Established
    }

    /// Whether the responder was ever heard.
    pub(crate) fn is_answered(&self) -> bool {
        self.resp != End::Inactive
    }

    /// Whether a SYN with this sequence number begins another connection over the same ports.
    pub(crate) fn is_reuse(&self, sequence: u32) -> bool {
        self.is_over() && !(self.syn_seen && self.syn == sequence)
    }

    /// Zeek's word for the connection so far.
    pub(crate) fn conn_state(&self) -> ConnState {
        let inactive = |end| matches!(end, End::Inactive | End::Partial);
        match (self.orig, self.resp) {
            (End::SynSent, End::Reset) => ConnState::Rej,
            (End::Reset, End::Reset) if !self.payload_seen => ConnState::Rej,
            (orig, End::Reset) => {
                if inactive(orig) {
                    ConnState::Rstrh
                } else {
                    ConnState::Rstr
                }
            }
            (End::Reset, resp) => {
                if inactive(resp) {
                    ConnState::Rstos0
                } else {
                    ConnState::Rsto
                }
            }
            (End::Closed, End::Closed) => ConnState::SF,
            (End::Closed, resp) => {
                if inactive(resp) {
                    ConnState::Sh
                } else {
                    ConnState::S2
                }
            }
            (orig, End::Closed) => {
                if inactive(orig) {
                    ConnState::Shr
                } else {
                    ConnState::S3
                }
            }
            (End::SynSent, End::Inactive) => ConnState::S0,
            (End::Established, End::Established) => ConnState::S1,
            _ => ConnState::Oth,
        }
    }
}

/// The state of an end after it sent a segment.
fn step(mine: End, peer: End, flags: TcpFlags, by_originator: bool) -> End {
    let (syn, ack) = (flags.has(TcpFlags::SYN), flags.has(TcpFlags::ACK));
    if flags.has(TcpFlags::RST) {
        return End::Reset;
    }
    if mine == End::Reset || (mine == End::Closed && !syn) {
        return mine;
    }
    if flags.has(TcpFlags::FIN) {
        return End::Closed;
    }
    match mine {
        End::Inactive if syn && !ack => End::SynSent,
        // A SYN-ACK completes the responder's side; when its SYN was not seen it only shows that
        // there was one.
        End::Inactive if syn => {
            if peer == End::Inactive {
                End::SynAckSent
            } else {
                End::Established
            }
        }
        End::Inactive => End::Partial,
        // Simultaneous open: a SYN-ACK from either side answers the other's SYN.
        End::SynSent if syn && ack => End::Established,
        End::SynSent if ack && !syn && by_originator && peer == End::Established => End::Established,
        End::SynAckSent if ack && !syn => End::Established,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, Noted};

    const O: bool = true;
    const R: bool = false;

    /// Plays segments (by originator, flags, payload octets) and gives state and history.
    fn play(segments: &[(bool, u8, u32)]) -> (&'static str, String) {
        let (mut connection, mut history) = (Connection::default(), History::default());
        let mut noted = Noted::default();
        for &(by_originator, flags, payload) in segments {
            let segment = TcpSegment {
                sequence: 1,
                acknowledgement: 1,
                flags: TcpFlags(flags),
                window: 1000,
            };
            let letters = connection.observe(segment, payload, by_originator);
            history.add(noted.new_of(letters, by_originator), by_originator);
        }
        (connection.conn_state().name(), history.text())
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

    #[test]
    fn a_segment_with_syn_and_fin_is_marked() {
        assert_eq!(play(&[(O, S | F, 0)]).1, "Q");
    }

    #[test]
    fn only_a_new_sequence_number_after_the_end_is_reuse() {
        let mut connection = Connection::default();
        let segment = |flags| TcpSegment {
            sequence: 9,
            acknowledgement: 0,
            flags: TcpFlags(flags),
            window: 0,
        };
        connection.observe(segment(S), 0, O);
        assert!(!connection.is_reuse(10));

        connection.observe(segment(T | A), 0, R);
        assert!(connection.is_over() && connection.is_reuse(10) && !connection.is_reuse(9));
    }
}
