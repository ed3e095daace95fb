//! Numbers for flows and alerts that are the same on every run.

/// Mixes two numbers into one of 53 bits, so that a program that keeps numbers as doubles (every
/// browser) reads it exactly. The mixing is the finalising step of SplitMix64.
#[must_use]
pub const fn stable_id(first: u64, second: u64) -> u64 {
    let mut mixed = first ^ second.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 11
}
