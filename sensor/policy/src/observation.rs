//! A flow that was seen, with what is counted of it: what a tool that looks at past traffic reads.

use sekisho_model::{ConnState, DirectionBy, FlowRecord, Protocol, Timestamp};

use crate::Question;

/// One record of a flow that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation<'a> {
    /// What the policy is asked.
    pub question: Question<'a>,
    /// IP octets in both directions.
    pub octets: u64,
    /// Last packet of the record.
    pub end: Timestamp,
    /// Whether it is the first record of its flow: a long flow has several.
    pub begins: bool,
    /// Whether the responder took up what the originator began.
    pub answered: bool,
    /// Whether it is certain who began.
    pub directed: bool,
}

impl<'a> Observation<'a> {
    /// What a record says.
    #[must_use]
    pub fn of(record: &'a FlowRecord) -> Self {
        Self {
            question: Question::of(record),
            octets: record.octets(),
            end: record.end,
            begins: record.part == 0,
            answered: is_answered(
                record.protocol,
                record.conn_state.map_or("", ConnState::name),
                (record.to_resp.packets, record.to_orig.packets),
            ),
            directed: is_directed(record.direction_by.name()),
        }
    }
}

/// Whether both sides took part: of TCP that the connection was established, or was under way when
/// the capture began. `packets` are those of the originator and of the responder.
#[must_use]
pub fn is_answered(protocol: Protocol, conn_state: &str, packets: (u64, u64)) -> bool {
    let (orig, resp) = packets;
    let both = orig > 0 && resp > 0;
    if protocol != Protocol::TCP {
        return both;
    }
    match conn_state {
        "S1" | "S2" | "S3" | "SF" | "RSTO" | "RSTR" => true,
        "OTH" => both,
        _ => false,
    }
}

/// Whether the ends were told apart by more than whose packet was seen first.
#[must_use]
pub fn is_directed(direction_by: &str) -> bool {
    direction_by != DirectionBy::First.name()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_connection_is_not_answered_although_both_sides_sent() {
        // Zeek's conn.log documentation: REJ is an attempt that was rejected, SF a normal end.
        assert!(is_answered(Protocol::TCP, "SF", (6, 5)));
        assert!(!is_answered(Protocol::TCP, "REJ", (1, 1)));
        assert!(!is_answered(Protocol::TCP, "S0", (3, 0)));
        assert!(is_answered(Protocol::UDP, "", (1, 1)));
        assert!(!is_answered(Protocol::UDP, "", (9, 0)));
    }

    #[test]
    fn a_record_with_an_established_connection_is_answered() {
        let mut record = FlowRecord::example();
        assert!(!Observation::of(&record).answered);

        record.conn_state = Some(ConnState::S1);
        record.part = 1;

        let seen = Observation::of(&record);
        assert!(seen.answered && !seen.begins && seen.directed);
        assert_eq!((seen.octets, seen.question.resp_port), (60, 443));
    }
}
