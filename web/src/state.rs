//! What handlers work on: the store, asked off the threads that serve connections.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use sekisho_policy::{Policy, Source};
use sekisho_store::{Store, StoreError};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::ApiError;

/// Questions that the store works on at once; further ones wait. A question may read many files,
/// so this bounds the memory and the disk load of many open pages.
const QUESTIONS: usize = 4;

/// What the dashboard shows.
#[derive(Clone)]
pub struct AppState {
    /// Flows, alerts, the summary and the policy of a data directory.
    pub store: Arc<dyn Store>,
    /// Where sanctioned services are written to; none where the dashboard is to change no policy.
    pub policy: Option<PolicyFolder>,
}

/// A policy folder that the dashboard may add to.
#[derive(Debug, Clone)]
pub struct PolicyFolder {
    /// The folder.
    pub path: PathBuf,
    /// The catalogue that lies beneath.
    pub catalogue: Vec<Source>,
}

/// The state behind the handlers.
#[derive(Clone)]
pub(crate) struct App {
    store: Arc<dyn Store>,
    questions: Arc<Semaphore>,
    /// One hunt at a time, beside the questions.
    hunts: Arc<Semaphore>,
    policy: Arc<Mutex<Option<InForce>>>,
    folder: Option<Arc<PolicyFolder>>,
}

/// The policy of the last run, by the hash of its text.
struct InForce {
    hash: String,
    policy: Arc<Policy>,
}

impl App {
    pub(crate) fn new(state: AppState) -> Self {
        Self {
            store: state.store,
            questions: Arc::new(Semaphore::new(QUESTIONS)),
            hunts: Arc::new(Semaphore::new(1)),
            policy: Arc::default(),
            folder: state.policy.map(Arc::new),
        }
    }

    /// The policy folder that may be added to.
    pub(crate) fn policy_folder(&self) -> Option<Arc<PolicyFolder>> {
        self.folder.clone()
    }

    /// The policy of the last run, compiled once from the text that the store keeps; none where no run
    /// had one, or where its text is of a language that is read no more.
    pub(crate) async fn policy(&self) -> Result<Arc<Policy>, ApiError> {
        let known = Arc::clone(&self.policy);
        self.ask(move |store| {
            let versions = store.policy_versions()?;
            let Some(version) = versions.first() else {
                return Ok(Arc::new(Policy::none()));
            };
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(in_force) = known.as_ref().filter(|in_force| in_force.hash == version.hash) {
                return Ok(Arc::clone(&in_force.policy));
            }
            let files = store.policy_text(&version.hash)?.unwrap_or_default();
            let sources: Vec<Source> = files
                .into_iter()
                .map(|(name, text)| Source {
                    name,
                    text: text.into(),
                })
                .collect();
            let policy = Arc::new(Policy::compile(&sources).unwrap_or_else(|_| Policy::none()));
            *known = Some(InForce {
                hash: version.hash.clone(),
                policy: Arc::clone(&policy),
            });
            Ok(policy)
        })
        .await
    }

    /// Asks the store on a thread that may block.
    pub(crate) async fn ask<T, Q>(&self, question: Q) -> Result<T, ApiError>
    where
        T: Send + 'static,
        Q: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.questions).acquire_owned().await;
        self.ask_with(permit, question).await
    }

    /// Asks something that takes long, beside the other questions; refused while another one is asked.
    pub(crate) async fn hunt<T, Q>(&self, question: Q) -> Result<T, ApiError>
    where
        T: Send + 'static,
        Q: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.hunts).try_acquire_owned();
        self.ask_with(permit.map_err(|_| ApiError::Busy)?, question).await
    }

    async fn ask_with<P, T, Q>(&self, permit: P, question: Q) -> Result<T, ApiError>
    where
        P: Send + 'static,
        T: Send + 'static,
        Q: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let store = Arc::clone(&self.store);
        let answer = spawn_blocking(move || {
            // Held until the answer is there, even where the client has gone away.
            let _permit = permit;
            question(store.as_ref())
        });
        match answer.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(ApiError::from(error)),
            Err(error) => {
                tracing::error!(%error, "Store call did not end");
                Err(ApiError::Internal)
            }
        }
    }
}
