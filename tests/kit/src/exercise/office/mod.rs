//! An ordinary morning: every flow here is allowed by the three-zone preset.

mod admin;
mod business;
mod files;
mod guests;
pub(super) mod hello;
mod leases;
mod lgwan;
mod link;
mod mail;
mod names;
mod printing;
mod school;
mod screens;
mod time;
mod trouble;
mod vendor;
mod web;

use super::script::{END_NS, SECOND, START_NS, Script};
use crate::Random;

/// Everything that happens, one line a kind of traffic.
pub(super) const TRAFFIC: &[fn(&mut Script)] = &[
    names::play,
    time::play,
    link::play,
    business::play,
    files::play,
    web::play,
    mail::play,
    printing::play,
    screens::play,
    lgwan::play,
    admin::play,
    vendor::play,
    school::play,
    guests::play,
    trouble::play,
];

/// An instant of the half hour; the first ten minutes are the busiest.
fn sometime(random: &mut Random) -> u64 {
    let last = if random.chance(45) {
        START_NS + 600 * SECOND
    } else {
        END_NS
    };
    random.between(START_NS, last)
}
