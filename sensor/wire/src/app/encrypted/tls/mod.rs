//! TLS: what a handshake says before it is encrypted.

pub mod hello;
