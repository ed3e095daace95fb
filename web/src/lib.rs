//! The dashboard: the API under `/api/v1` and the embedded user interface.
//!
//! It reads a [`Store`](sekisho_store::Store) and nothing else; counting and judging happened
//! before. What it changes are the alerts of looking back, the exceptions from alerts and, where it is given
//! the policy folder, the services that are sanctioned there, by POST from its own pages; every other resource is read with GET. Until accounts exist it listens on loopback only
//! and refuses requests for any other host.
//!
//! ```no_run
//! use std::sync::Arc;
//! use sekisho_store::Embedded;
//! use sekisho_web::{AppState, Server, router};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Embedded::open("data".as_ref())?;
//! let server = Server::bind("127.0.0.1:8080".parse()?).await?;
//! let app = router(AppState { store: Arc::new(store), policy: None });
//! server.serve(app, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod assets;
mod error;
mod guard;
mod query;
pub mod server;
mod state;

use axum::Router;
use axum::middleware::from_fn;

pub use server::{ServeError, Server};
pub use state::{AppState, PolicyFolder};

/// Every resource of the API, and the user interface on every other path.
pub fn router(state: AppState) -> Router {
    api::routes()
        .fallback(assets::serve)
        .with_state(state::App::new(state))
        .layer(from_fn(guard::guard))
}

/// The OpenAPI document of the API, as JSON text.
#[must_use]
pub fn openapi() -> String {
    api::openapi::document()
}
