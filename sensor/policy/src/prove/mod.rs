//! What a policy says about every flow there can be.
mod bits;
mod clock;
mod region;
mod space;
