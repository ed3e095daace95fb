//! IPv4 and IPv6 reassembly: fragments in, whole datagrams out, every frame accounted for.
//!
//! A [`Defragmenter`] is a plain state machine on packet time. [`Defragmenter::add`] takes one
//! fragment, as it lies in its frame, and answers with a [`Verdict`]: held, complete, or not held. A
//! complete datagram comes back in the shape of one frame ([`Rebuilt`]), so that whatever reads frames
//! reads it too. Fragments whose datagram never completes are given back as they were captured
//! ([`Released`]). So, at any time, in fragments:
//! given = part of complete datagrams + given back + not held + held now.
//!
//! # Policy
//!
//! Receivers differ in what they make of fragments that contradict each other, and a sender may count
//! on that. Every such case has a name ([`Anomaly`]), is counted, and is noted on what comes out.
//!
//! | case | IPv4 | IPv6 |
//! | --- | --- | --- |
//! | same range and octets again | ignored, and part of the datagram | the same (RFC 8200 section 4.5) |
//! | overlap | the octets that came first stay | datagram abandoned (RFC 5722) |
//! | two ends, or data past the end (teardrop) | the end that came first stays, what lies past it is left out | datagram abandoned |
//! | reaches past 65,535 octets (ping of death) | fragment refused | fragment refused |
//! | not the last, and no multiple of 8 octets | cut to one, as Linux does | fragment refused (RFC 8200 section 4.5) |
//! | more than [`FRAGMENTS`] frames | datagram abandoned | datagram abandoned |
//! | cut off by the snap length | datagram abandoned | datagram abandoned |
//!
//! "First" is the order of capture, the policy that Snort and Suricata call `first`: a later fragment
//! cannot change what was already there to be inspected, which is what an overlap on purpose wants. An
//! abandoned datagram gives back what was held, and its later fragments are not held either until the
//! timeout, so that it cannot be completed behind the monitor's back.
//!
//! # Limits
//!
//! Datagrams held, octets held (copies of frames and their bookkeeping, see [`Config`]) and frames of
//! one datagram. Where one of the first two is met the datagram begun longest ago goes first. Each of
//! them has a number in [`Counters`].
//!
//! Sources: RFC 791, RFC 815, RFC 1858, RFC 5722, RFC 6946, RFC 8200; the names of the anomalies follow
//! Zeek's weirds.

mod anomaly;
mod config;
mod datagram;
mod defragmenter;
mod fragment;
mod head;
mod overlap;
mod verdict;

pub use anomaly::{Anomalies, Anomaly, AnomalyCounts};
pub use config::{Config, Counters};
pub use datagram::FRAGMENTS;
pub use defragmenter::Defragmenter;
pub use fragment::{FragmentIn, Origin};
pub use verdict::{Cause, Rebuilt, Refusal, Released, Verdict};
