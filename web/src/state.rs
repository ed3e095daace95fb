//! What handlers work on: the store, asked off the threads that serve connections.

use std::sync::Arc;

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
}

/// The state behind the handlers.
#[derive(Clone)]
pub(crate) struct App {
    store: Arc<dyn Store>,
    questions: Arc<Semaphore>,
}

impl App {
    pub(crate) fn new(state: AppState) -> Self {
        Self {
            store: state.store,
            questions: Arc::new(Semaphore::new(QUESTIONS)),
        }
    }

    /// Asks the store on a thread that may block.
    pub(crate) async fn ask<T, Q>(&self, question: Q) -> Result<T, ApiError>
    where
        T: Send + 'static,
        Q: FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    {
        let permit = Arc::clone(&self.questions).acquire_owned().await;
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
