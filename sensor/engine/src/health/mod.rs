//! A sensor that knows when it is blind: the ledger of capture health, its alerts, and what is wrong with the
//! mirror.
//!
//! ```text
//! packets ─▶ mirror    what the packets of a sample say: one direction, gaps, copies, …
//! reader ──▶ watch     a look each second of packet time, a sample each minute
//!              │ ledger   intervals, those that touch put together
//!              └ episodes the intervals of a day and a cause: one alert
//! ```
//!
//! All of it happens where packets are read, so that its cost is a comparison a packet and a sample of
//! [`Settings::sample`] packets a minute, and that the answer is the same for any number of workers. A file
//! gives the same ledger on every run; what only the system knows (ports, the clock of the host) is asked
//! of live sources alone.

mod alerts;
mod episodes;
mod ledger;
pub mod mirror;
mod settings;
mod silence;
mod watch;

pub(crate) use alerts::alert;
pub(crate) use watch::{Report, Watch};

pub use mirror::{Context, Known, Mirror, TcpSample};
pub use settings::Settings;
