//! What a path or exception asks beyond zones, protocol and port.

mod each;
mod ends;
mod explained;
mod kit;
mod precedence;
mod time;
