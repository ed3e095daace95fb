//! Handshake messages out of records: one record holds several, one message spans several.
//!
//! At most [`MAX_MESSAGE`] octets of a message are held; a longer one is passed over.

/// Octets of the longest message that is read.
pub(in crate::app::encrypted) const MAX_MESSAGE: usize = 64 * 1024;
const HEADER_LEN: usize = 4;

pub(in crate::app::encrypted) const CLIENT_HELLO: u8 = 1;
pub(in crate::app::encrypted) const SERVER_HELLO: u8 = 2;
/// `HelloRetryRequest` of drafts of TLS 1.3 up to 21.
pub(in crate::app::encrypted) const HELLO_RETRY_DRAFT: u8 = 6;
pub(in crate::app::encrypted) const CERTIFICATE: u8 = 11;
pub(in crate::app::encrypted) const SERVER_KEY_EXCHANGE: u8 = 12;
pub(in crate::app::encrypted) const SERVER_HELLO_DONE: u8 = 14;

/// Whether a type of message is registered and may stand in clear.
pub(in crate::app::encrypted) const fn is_known(kind: u8) -> bool {
    matches!(kind, 0..=6 | 8 | 11..=16 | 20..=25 | 67)
}

/// The messages of one end.
#[derive(Debug, Default)]
pub(super) struct Messages {
    held: Vec<u8>,
    /// Octets of a message that is too long to be read.
    skip: usize,
}

/// What came of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fed {
    /// Whole messages were handed out, the rest is held.
    Fine,
    /// A message is too long.
    TooLong,
    /// This is no message: damaged, or encrypted.
    Unknown,
}

impl Messages {
    /// Octets that wait.
    pub(super) fn held(&self) -> usize {
        self.held.capacity()
    }

    /// Takes the body of a record and hands out type and body of each message that is whole now,
    /// until `each` wants no more.
    pub(super) fn feed(&mut self, body: &[u8], mut each: impl FnMut(u8, &[u8]) -> bool) -> Fed {
        let passed = self.skip.min(body.len());
        self.skip = self.skip.saturating_sub(passed);
        let body = body.get(passed..).unwrap_or_default();
        let mut held = std::mem::take(&mut self.held);
        let is_joined = !held.is_empty();
        if is_joined {
            held.extend_from_slice(body);
        }
        let mut rest = if is_joined { &held } else { body };
        while let Some(&[kind, high, middle, low]) = rest.first_chunk::<HEADER_LEN>() {
            if !is_known(kind) {
                return Fed::Unknown;
            }
            let len = u32::from_be_bytes([0, high, middle, low]);
            let end = HEADER_LEN.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
            if end > MAX_MESSAGE {
                self.skip = end.saturating_sub(rest.len());
                return Fed::TooLong;
            }
            let Some((message, after)) = rest.split_at_checked(end) else {
                break;
            };
            rest = after;
            if !each(kind, message.get(HEADER_LEN..).unwrap_or_default()) {
                return Fed::Fine;
            }
        }
        let left = rest.len();
        self.held = if is_joined {
            held.drain(..held.len().saturating_sub(left));
            held
        } else {
            rest.to_vec()
        };
        Fed::Fine
    }

    /// Type and body, as far as they are there, of the message that has begun.
    pub(super) fn begun(&self) -> Option<(u8, &[u8])> {
        let (&[kind, ..], body) = self.held.split_first_chunk::<HEADER_LEN>()?;
        Some((kind, body))
    }

    /// Whether a message has begun that is not whole.
    pub(super) const fn is_within(&self) -> bool {
        !self.held.is_empty() || self.skip > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_whole_however_records_cut_them() {
        let stream = [&[14, 0, 0, 0, 16, 0, 0, 3, 7, 8, 9][..], &[2, 0, 0, 1, 5]].concat();
        for size in 1..=stream.len() {
            let mut messages = Messages::default();
            let mut seen = Vec::new();
            for record in stream.chunks(size) {
                let fed = messages.feed(record, |kind, body| {
                    seen.push((kind, body.to_vec()));
                    true
                });
                assert_eq!(fed, Fed::Fine);
            }

            assert_eq!(
                seen,
                [(14, vec![]), (16, vec![7, 8, 9]), (2, vec![5])],
                "records of {size}"
            );
        }
    }

    #[test]
    fn a_message_that_is_too_long_is_passed_over_and_the_next_is_read() {
        let mut messages = Messages::default();
        let mut seen = Vec::new();

        assert_eq!(messages.feed(&[11, 1, 0, 0, 0, 0], |_, _| true), Fed::TooLong);
        for record in [0; (1 << 16) - 2].chunks(1 << 14) {
            messages.feed(record, |_, _| panic!("within the message"));
        }
        messages.feed(&[14, 0, 0, 0], |kind, _| {
            seen.push(kind);
            true
        });

        assert_eq!(seen, [14]);
    }
}
