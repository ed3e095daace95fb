//! Signals. SIGINT and SIGTERM: the first asks everything to come to an end, the second ends at once.
//! SIGHUP: read the policy again where a run follows one, else an end as by SIGTERM.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context as _;
use sekisho_engine::Progress;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::Notify;

/// Shared between the thread that hears signals and what they are about.
#[derive(Debug, Default)]
pub(crate) struct Interrupt {
    /// The replay that is going on.
    pub(crate) progress: Progress,
    asked: AtomicBool,
    rereads: AtomicBool,
    reread: AtomicBool,
    notify: Notify,
}

impl Interrupt {
    /// Begins to listen for signals; once a process.
    pub(crate) fn listen() -> anyhow::Result<Arc<Self>> {
        let interrupt = Arc::new(Self::default());
        interrupt.begin()?;
        Ok(interrupt)
    }

    /// Begins to listen for signals, in a thread of its own; once a process.
    pub(crate) fn begin(self: &Arc<Self>) -> anyhow::Result<()> {
        let heard = Arc::clone(self);
        let mut signals =
            Signals::new([SIGINT, SIGTERM, SIGHUP]).context("cannot listen for signals such as Ctrl-C")?;
        std::thread::Builder::new()
            .name("signals".to_owned())
            .spawn(move || signals.forever().for_each(|signal| heard.hear(signal)))
            .context("cannot start the thread that listens for signals")?;
        Ok(())
    }

    /// Asks everything to come to an end; true where that had been asked before.
    pub(crate) fn ask(&self) -> bool {
        let was_asked = self.asked.swap(true, Ordering::SeqCst);
        self.progress.stop().ask();
        self.notify.notify_one();
        was_asked
    }

    fn hear(&self, signal: i32) {
        if signal == SIGHUP && self.rereads.load(Ordering::SeqCst) {
            self.reread.store(true, Ordering::SeqCst);
            return;
        }
        if self.ask() {
            std::process::exit(130);
        }
    }

    /// From now on SIGHUP asks for the policy to be read again.
    pub(crate) fn reread_on_hangup(&self) {
        self.rereads.store(true, Ordering::SeqCst);
    }

    /// Whether SIGHUP came since this was last asked.
    pub(crate) fn take_reread(&self) -> bool {
        self.reread.swap(false, Ordering::SeqCst)
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
