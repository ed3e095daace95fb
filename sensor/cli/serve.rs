//! `sekisho serve`: the dashboard on a data directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::{Context as _, bail};
use sekisho_store::Embedded;
use sekisho_web::{AppState, PolicyFolder, Server, router};

use super::catalogue::Choice;
use super::interrupt::Interrupt;
use super::language::Language;
use super::outcome::Outcome;
use super::terminal;

/// Where the dashboard listens unless told otherwise.
pub(crate) const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sekisho serve --data /var/lib/sekisho --listen 127.0.0.1:8080\n\n\
    It listens on loopback addresses only, because it has no accounts yet."
)]
pub(crate) struct Args {
    /// Data directory that `replay --out` made
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Policy folder that services may be sanctioned in from the dashboard; without it nothing is written
    #[arg(long, value_name = "DIR")]
    policy: Option<PathBuf>,
    /// Loopback address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = DEFAULT_ADDRESS)]
    listen: SocketAddr,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let interrupt = Interrupt::listen()?;
    let dashboard = Dashboard::bind(args.listen)?.adding_to(args.policy.as_deref(), &Choice::default());
    dashboard.serve(&args.data, &interrupt)?;
    Ok(Outcome::Done)
}

/// A dashboard that has its port and nothing to show yet.
pub(crate) struct Dashboard {
    runtime: tokio::runtime::Runtime,
    server: Server,
    policy: Option<PolicyFolder>,
}

impl Dashboard {
    /// Takes the port, so that a port in use is said before any long work.
    pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .context("cannot start the dashboard's threads")?;
        let server = runtime.block_on(Server::bind(address))?;
        Ok(Self {
            runtime,
            server,
            policy: None,
        })
    }

    /// The same, with a policy folder that it may add sanctioned services to.
    pub(crate) fn adding_to(mut self, folder: Option<&Path>, catalogue: &Choice) -> Self {
        self.policy = folder.map(|path| PolicyFolder {
            path: path.to_owned(),
            catalogue: catalogue.read().unwrap_or_default(),
        });
        self
    }

    /// The same in a thread of its own, while something else goes on.
    pub(crate) fn serve_aside(self, data: &Path, interrupt: Arc<Interrupt>) -> anyhow::Result<Served> {
        let data = data.to_owned();
        let thread = std::thread::Builder::new().name("dashboard".to_owned());
        let thread = thread.spawn(move || self.serve(&data, &interrupt));
        Ok(Served(thread.context("cannot start the dashboard's thread")?))
    }

    /// Shows a data directory until it is asked to end.
    pub(crate) fn serve(self, data: &Path, interrupt: &Interrupt) -> anyhow::Result<()> {
        let store = Embedded::open(data)?;
        let address = self.server.local_addr();
        let language = Language::of_environment();
        terminal::say(&format!(
            "{} http://{address}/  ({})",
            language.pick("ダッシュボード:", "Dashboard:"),
            language.pick(
                "このマシンからのみ接続可。Ctrl-C で終了",
                "reachable from this machine only; Ctrl-C ends it"
            )
        ));
        let app = router(AppState {
            store: Arc::new(store),
            policy: self.policy,
        });
        self.runtime.block_on(self.server.serve(app, interrupt.wait()))?;
        Ok(())
    }
}

/// A dashboard that is served by another thread.
pub(crate) struct Served(JoinHandle<anyhow::Result<()>>);

impl Served {
    /// Waits for its end, which was asked for.
    pub(crate) fn end(self) -> anyhow::Result<()> {
        self.0
            .join()
            .unwrap_or_else(|_| bail!("the dashboard failed; this is a fault of Sekisho"))
    }
}
