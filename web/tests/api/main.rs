//! The API over a real data directory: every resource, every refusal, and the document about them.

mod assets;
mod document;
mod lists;
mod lookback;
mod refusals;
mod resources;
mod sanctions;
mod site;
