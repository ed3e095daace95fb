//! Reassembly over whole frames: policy, limits, properties and real captures.

mod captures;
mod limits;
mod policy;
mod properties;
mod support;
