//! Sekisho for programs that embed it: the crates of the sensor under one roof.
//!
//! ```no_run
//! use sekisho::capture::{FileSource, Order};
//! use sekisho::engine::{Config, Outputs, Progress, replay};
//! use sekisho::policy::Policy;
//!
//! let mut source = FileSource::open(&["capture.pcapng".into()], Order::ByTime)?;
//! let config = Config {
//!     workers: 2,
//!     flow: Default::default(),
//!     policy: Policy::none().into(),
//!     indicators: Default::default(),
//!     reload: None,
//!     filter: None,
//!     checkpoint: None,
//!     health: Default::default(),
//! };
//! let summary = replay(&config, &mut source, Outputs::default(), &Progress::default())?;
//! assert!(summary.flows <= summary.packets);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub use sekisho_capture as capture;
pub use sekisho_detect as detect;
pub use sekisho_engine as engine;
pub use sekisho_export as export;
pub use sekisho_filter as filter;
pub use sekisho_flow as flow;
pub use sekisho_model as model;
pub use sekisho_policy as policy;
pub use sekisho_store as store;
pub use sekisho_web as web;
pub use sekisho_wire as wire;
