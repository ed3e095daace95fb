//! Flows and alerts for other programs.
//!
//! An [`Exporter`] is handed every record and alert in order and writes them where it will. So far
//! there is one: [`Eve`], JSON lines with Suricata's names. Strings come from the network and from
//! policy files; every exporter escapes them for its format.

mod eve;
mod json;
mod line;

use std::io;

use sekisho_model::app::Said;
use sekisho_model::summary::Summary;
use sekisho_model::{Alert, FlowRecord};

pub use eve::{Eve, SaidLines};
pub use json::{is_hostile, write_line};

/// Something that records are written to.
pub trait Exporter: Send {
    /// Writes a flow record.
    ///
    /// # Errors
    ///
    /// What the target of the export said.
    fn flow(&mut self, record: &FlowRecord) -> io::Result<()>;

    /// Writes what an application protocol said.
    ///
    /// # Errors
    ///
    /// What the target of the export said.
    fn said(&mut self, said: &Said) -> io::Result<()>;

    /// Whether it takes what was said as lines of EVE that others have written: [`SaidLines`].
    fn takes_said_lines(&self) -> bool {
        false
    }

    /// Writes such a line.
    ///
    /// # Errors
    ///
    /// What the target of the export said.
    fn said_line(&mut self, line: &[u8]) -> io::Result<()> {
        let _ = line;
        Ok(())
    }

    /// Writes an alert, folded.
    ///
    /// # Errors
    ///
    /// What the target of the export said.
    fn alert(&mut self, alert: &Alert) -> io::Result<()>;

    /// From now on denied flows raise alerts, or do not: the policy has changed.
    fn raises_alerts(&mut self, alerts: bool) {
        let _ = alerts;
    }

    /// Hands on what is held back, for whoever watches while the run goes on.
    ///
    /// # Errors
    ///
    /// What the target of the export said.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Writes the last word and everything still held back.
    ///
    /// # Errors
    ///
    /// What the target of the export said.
    fn finish(&mut self, summary: &Summary) -> io::Result<()>;
}
