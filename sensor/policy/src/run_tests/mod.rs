//! The tests that a policy carries: flows, and what is expected of them.

mod result;

pub use result::{Declaration, DeclarationKind, TestPlace, TestResult, TestRun};
