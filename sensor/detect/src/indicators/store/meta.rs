//! What is kept of an indicator besides its value: 16 octets.

use sekisho_model::Timestamp;
use sekisho_model::indicator::Scope;

/// No note.
pub(super) const NO_NOTE: u32 = u32::MAX;

/// Which names are meant, in the low bits of the flags.
const SCOPE: u8 = 0b0000_0011;
/// The URL is asked for under TLS.
const TLS: u8 = 0b0000_0100;
/// The address has a port.
const PORT: u8 = 0b0000_1000;

/// List, line, confidence, end and note of one indicator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meta {
    /// Line in its list, or number among the list's objects; the last that can be expressed for more.
    pub(super) line: u32,
    /// Seconds since the epoch, rounded up; 0 where it does not expire.
    expires: u32,
    /// Number of its note.
    pub(super) note: u32,
    /// Number of its list.
    pub(super) list: u16,
    /// 0 to 100.
    pub(super) confidence: u8,
    flags: u8,
}

impl Meta {
    pub(super) fn new(list: u16, line: u64, confidence: u8, expires: Option<Timestamp>) -> Self {
        Self {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            expires: expires.map_or(0, seconds),
            note: NO_NOTE,
            list,
            confidence: confidence.min(100),
            flags: 0,
        }
    }

    /// The end as it is kept; what lies beyond the year 2106 is no end.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        (self.expires != 0).then(|| Timestamp::from_seconds(i64::from(self.expires), 0))
    }

    pub(super) fn holds_at(&self, at: Timestamp) -> bool {
        self.expires().is_none_or(|expires| at < expires)
    }

    /// Whether it tells more than another of the same value: it is believed more, or holds longer.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        let worth = |meta: &Self| (meta.confidence, meta.expires.wrapping_sub(1));
        worth(self) > worth(other)
    }

    pub(super) const fn with_scope(mut self, scope: Scope) -> Self {
        self.flags |= match scope {
            Scope::Tree => 0,
            Scope::Below => 1,
            Scope::Exact => 2,
        };
        self
    }

    pub(super) const fn scope(self) -> Scope {
        match self.flags & SCOPE {
            1 => Scope::Below,
            2 => Scope::Exact,
            _ => Scope::Tree,
        }
    }

    pub(super) const fn with_tls(mut self, is_tls: bool) -> Self {
        if is_tls {
            self.flags |= TLS;
        }
        self
    }

    pub(super) const fn is_tls(self) -> bool {
        self.flags & TLS != 0
    }

    pub(super) const fn with_port(mut self, has_port: bool) -> Self {
        if has_port {
            self.flags |= PORT;
        }
        self
    }

    pub(super) const fn has_port(self) -> bool {
        self.flags & PORT != 0
    }
}

/// Whole seconds, at least 1; 0, no end, where they are more than can be expressed.
fn seconds(at: Timestamp) -> u32 {
    let nanos = at.nanos();
    let seconds = nanos.div_euclid(1_000_000_000);
    let is_whole = nanos.rem_euclid(1_000_000_000) == 0;
    let seconds = if is_whole {
        seconds
    } else {
        seconds.saturating_add(1)
    };
    u32::try_from(seconds.max(1)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_octets_hold_it() {
        assert_eq!(size_of::<Meta>(), 16);
    }

    #[test]
    fn an_end_is_kept_to_the_second_and_one_before_the_epoch_is_over() {
        let end = |at| Meta::new(0, 1, 50, Some(at)).expires();

        assert_eq!(
            end(Timestamp::from_seconds(10, 0)),
            Some(Timestamp::from_seconds(10, 0))
        );
        assert_eq!(
            end(Timestamp::from_seconds(10, 1)),
            Some(Timestamp::from_seconds(11, 0))
        );
        assert_eq!(end(Timestamp::MIN), Some(Timestamp::from_seconds(1, 0)));
        assert_eq!(end(Timestamp::MAX), None);
    }

    #[test]
    fn what_is_believed_more_is_better_and_then_what_holds_longer() {
        let meta = |confidence, expires| Meta::new(0, 1, confidence, expires);
        let end = Some(Timestamp::from_seconds(10, 0));

        assert!(meta(60, end).is_better_than(&meta(50, None)));
        assert!(meta(50, None).is_better_than(&meta(50, end)));
        assert!(!meta(50, end).is_better_than(&meta(50, end)));
    }
}
