//! What a site may set, and what it is where nothing is set.

use std::time::Duration;

use super::mirror::Known;

/// When a lack of sight becomes an interval of the ledger, and when an alert.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Seconds without a frame that are silence, on a port that was busy before; a port that knows longer
    /// pauses gets more, see the module `silence`.
    pub silence: Duration,
    /// Thousandths of the frames of a minute that are lost before it is an alert; or of the octets of TCP
    /// that were acknowledged and never seen.
    pub loss_per_mille: u64,
    /// Hundredths of the TCP connections of a minute that show one direction only.
    pub one_sided_percent: u64,
    /// Packets of a minute that are looked at closely.
    pub sample: u64,
    /// Stations that were there before, so that a tap that was moved is found.
    pub known: Known,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(30),
            loss_per_mille: 10,
            one_sided_percent: 50,
            sample: 4_096,
            known: Known::default(),
        }
    }
}
