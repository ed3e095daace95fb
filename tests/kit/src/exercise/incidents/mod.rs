//! The twelve planted incidents, one file each.
//!
//! | # | what | today |
//! | --- | --- | --- |
//! | 1 | [`direct_c2`]: malware reports to its masters past the security cloud | denied, 6(3)ウ |
//! | 2 | [`mobile_router`]: a mobile router on the LGWAN side becomes a second exit | denied, 3(2) and 6(3)ウ |
//! | 3 | [`vendor`]: a vendor after its contract, another beside its path | denied, 6(8) |
//! | 4 | [`screen_copy`]: files go up through a screen session | allowed; needs a detector |
//! | 5 | [`rogue_router`]: a host advertises itself as IPv6 router | allowed; needs a detector |
//! | 6 | [`name_tunnel`]: data in DNS names through the resolver | allowed; needs a detector |
//! | 7 | [`election_ddos`]: a flood on the election results' site | allowed; needs a detector |
//! | 8 | [`disaster_post`]: a post in a disaster that skips the sanitising gateway | denied, 6(3)イ |
//! | 9 | [`smb_sweep`]: ransomware tries every host over SMB | denied, 6(6), 6(3)イ, 6(3)ア |
//! | 10 | [`insider`]: an employee uploads through the proxy | allowed; needs a detector |
//! | 11 | [`dead_tap`]: a tap falls silent | needs a detector |
//! | 12 | [`lgwan_names`]: LGWAN names are asked in the wrong place | denied, 6(3)イ and 6(3)ア |

pub(super) mod dead_tap;
pub(super) mod direct_c2;
pub(super) mod disaster_post;
pub(super) mod election_ddos;
pub(super) mod insider;
pub(super) mod lgwan_names;
pub(super) mod mobile_router;
pub(super) mod name_tunnel;
pub(super) mod rogue_router;
pub(super) mod screen_copy;
pub(super) mod smb_sweep;
pub(super) mod vendor;

use super::script::Script;

/// The incidents in the order of their numbers.
pub(super) const INCIDENTS: [fn(&mut Script); 12] = [
    direct_c2::play,
    mobile_router::play,
    vendor::play,
    screen_copy::play,
    rogue_router::play,
    name_tunnel::play,
    election_ddos::play,
    disaster_post::play,
    smb_sweep::play,
    insider::play,
    dead_tap::play,
    lgwan_names::play,
];
