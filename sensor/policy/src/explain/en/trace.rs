//! The steps of a judgement, in English.

use std::net::IpAddr;

use sekisho_model::Verdict;

use super::{condition, named, when};
use crate::builtin;
use crate::entry::{Entry, Leg, Path};
use crate::matcher::Failure;
use crate::trace::PlacedBy;
use crate::zones::Zone;
use crate::{Gateway, Judgement, Policy};

pub(in crate::explain) fn placed(zone: &Zone, by: PlacedBy, address: IpAddr, orig: bool) -> String {
    let end = if orig { "Originator" } else { "Responder" };
    let zone = super::zone(zone);
    match by {
        PlacedBy::Network(network) => format!("{end} {address} is in {zone} by the network {network}."),
        PlacedBy::Mac(mac) => format!("{end} {address} is in {zone} by the MAC address {mac}."),
        PlacedBy::Vlan(vlan) => format!("{end} {address} is in {zone} by VLAN {vlan}."),
        PlacedBy::Nothing => format!("{end} {address} is in no declared zone ({zone})."),
    }
}

pub(in crate::explain) fn asked(
    policy: &Policy,
    path: &Path,
    entry: &Entry,
    gateway: Option<&Gateway>,
    failure: Option<Failure>,
) -> String {
    let name = named(path);
    let leg = match (entry.id.leg, gateway) {
        (Leg::Near, Some(gateway)) => format!(" (as far as {})", gateway.label.en),
        (Leg::Far, Some(gateway)) => format!(" (from {} on)", gateway.label.en),
        _ => String::new(),
    };
    let at = |at: Option<_>| at.map_or_else(String::new, |at| when(policy, at));
    let why = match failure {
        None => "allows it".to_owned(),
        Some(Failure::Service) => {
            format!("another service (allowed: {})", condition::services(path, entry))
        }
        Some(Failure::Tunnel) => format!("carried otherwise (allowed: {})", condition::tunnels(path)),
        Some(Failure::Mac) => "not the registered MAC address".to_owned(),
        Some(Failure::NextHop) => "past the required next hop".to_owned(),
        Some(Failure::Early) => format!("begins at {}", at(path.starts)),
        Some(Failure::Expired) => format!("ended at {}", at(path.expires)),
        Some(Failure::Window) => format!(
            "outside the window (allowed: {})",
            path.window.as_ref().map_or("", |window| window.text())
        ),
    };
    format!("{name}{leg}: {why}")
}

pub(in crate::explain) fn verdict(judgement: &Judgement, path: Option<&Path>) -> String {
    let rule = &*judgement.rule;
    match (judgement.verdict, path) {
        (Verdict::Unknown, _) if judgement.excluded => "Not judged: an end is excluded.".to_owned(),
        (Verdict::Unknown, _) => "Not judged.".to_owned(),
        (Verdict::Allowed, Some(path)) => format!("Allowed by {}.", named(path)),
        (Verdict::Allowed, None) if rule == builtin::INTRA_ALLOW.id => {
            format!("Allowed: it stays inside one zone ({rule}).")
        }
        (Verdict::Allowed, None) if rule == builtin::LINK_LOCAL.id => {
            format!("Allowed: it crosses no router ({rule}).")
        }
        (Verdict::Allowed, None) => format!("Allowed: an ICMP error about another flow ({rule})."),
        (Verdict::Denied, Some(path)) => {
            format!(
                "Denied: it does not meet a condition of {}, and no other path allows it ({rule}).",
                named(path)
            )
        }
        (Verdict::Denied, None) => format!("Denied: no path allows it ({rule})."),
    }
}
