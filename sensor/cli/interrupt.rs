//! Ctrl-C and SIGTERM: the first asks everything to come to an end, the second ends at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use sekisho_engine::Progress;
use tokio::sync::Notify;

/// Shared between the signal handler and what it ends.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    /// The replay that is going on.
    pub(crate) progress: Progress,
    asked: AtomicBool,
    notify: Notify,
}

impl Interrupt {
    /// Begins to listen for signals; once a process.
    pub(crate) fn listen() -> anyhow::Result<Arc<Self>> {
        let interrupt = Arc::new(Self::default());
        let handler = Arc::clone(&interrupt);
        ctrlc::set_handler(move || {
            if handler.asked.swap(true, Ordering::SeqCst) {
                std::process::exit(130);
            }
            handler.progress.stop().ask();
            handler.notify.notify_one();
        })
        .context("cannot listen for Ctrl-C")?;
        Ok(interrupt)
    }

    /// Whether an end was asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Waits until an end is asked for.
    pub(crate) async fn wait(&self) {
        if !self.is_asked() {
            self.notify.notified().await;
        }
    }
}
