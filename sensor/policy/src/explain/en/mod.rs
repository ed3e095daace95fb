//! The explanation in English.

mod condition;
pub(super) mod trace;

use sekisho_model::Timestamp;

use super::facts::{Facts, LISTED, Openness, Stranger};
use super::nearest::{Difference, Nearest};
use super::template::{Slot, Template, wanted};
use super::{moment, service};
use crate::Policy;
use crate::conditions::{End, Ports};
use crate::entry::{Host, Path};
use crate::zones::Zone;

pub(super) fn title(facts: &Facts<'_>) -> String {
    if let Some(failed) = &facts.failed {
        return condition::title(failed, facts);
    }
    let what = match facts.past() {
        Some((_, gateway)) => format!("Communication past {}", gateway.label.en),
        None => "Communication outside any allowed path".to_owned(),
    };
    format!(
        "{what} ({} → {})",
        facts.orig.zone.label.en, facts.resp.zone.label.en
    )
}

pub(super) fn observed(facts: &Facts<'_>) -> Template {
    let answer = if facts.answered {
        "The responder answered."
    } else {
        "No answer was seen."
    };
    let (orig, resp) = (zone(facts.orig.zone), zone(facts.resp.zone));
    let said = Template::default()
        .slot(Slot::Orig)
        .say(&format!(" in {orig} talked to "))
        .slot(Slot::Resp)
        .say(&format!(" in {resp} over "))
        .then(&over(facts))
        .say(&format!(". {answer}"));
    match &facts.failed {
        Some(failed) => condition::observed(said, failed, facts),
        None => said,
    }
}

pub(super) fn expected(facts: &Facts<'_>) -> String {
    if let Some(failed) = &facts.failed {
        return condition::expected(failed);
    }
    let between = if facts.inside {
        format!("between hosts of {}", zone(facts.orig.zone))
    } else {
        format!("from {} to {}", zone(facts.orig.zone), zone(facts.resp.zone))
    };
    let basis = if facts.clause.is_empty() {
        String::new()
    } else {
        format!(" This rests on clause {}.", facts.clause)
    };
    if facts.between.is_empty() {
        return format!("The policy allows no path {between}.{basis}");
    }
    let mut paths: Vec<_> = facts
        .between
        .iter()
        .map(|path| over_gateway(path, facts))
        .collect();
    if facts.more > 0 {
        paths.push(format!("{} more", facts.more));
    }
    format!(
        "The only paths that the policy allows {between} are: {}.{basis}",
        paths.join(", ")
    )
}

pub(super) fn nearest(facts: &Facts<'_>) -> Template {
    if let Some(failed) = &facts.failed {
        return condition::nearest(failed, facts).into();
    }
    let Some(nearest) = &facts.nearest else {
        return Template::from(if facts.inside {
            format!("No allowed path begins or ends in {}.", zone(facts.orig.zone))
        } else {
            format!(
                "No allowed path begins in {} or ends in {}.",
                zone(facts.orig.zone),
                zone(facts.resp.zone)
            )
        });
    };
    let differs: Vec<_> = nearest
        .differs
        .iter()
        .map(|what| difference(*what, nearest, facts))
        .collect();
    Template::from(format!("The nearest allowed path is {}.", named(nearest.path)))
        .say(" This flow differs in ")
        .list(&differs, ", ")
        .say(".")
}

pub(super) fn silenced_by(facts: &Facts<'_>) -> Template {
    if let Some(failed) = &facts.failed {
        return condition::silenced_by(failed, facts).into();
    }
    if let Some((path, gateway)) = facts.past() {
        return Template::from(format!(
            "Over {}, as {} says, this alert would not be raised.",
            gateway.label.en, path.id
        ));
    }
    if let Some((path, ends)) = facts.unnamed() {
        let added = [("from_hosts", Slot::Orig), ("to_hosts", Slot::Resp)];
        let added: Vec<_> = (added.into_iter().zip(ends))
            .filter(|(_, lacks)| *lacks)
            .map(|((key, slot), _)| Template::default().slot(slot).say(&format!(" in `{key}`")))
            .collect();
        return Template::from("With ".to_owned())
            .list(&added, " and ")
            .say(&format!(" of {}, this alert would not be raised. ", path.id))
            .say(condition::how_to_change(path));
    }
    let begin = if facts.inside && facts.narrowed() == [false; 2] {
        format!("With intra = \"allow\" in [zone.{}], or a", facts.orig.zone.id)
    } else {
        "With a".to_owned()
    };
    Template::from(format!("{begin} [[path]] that has "))
        .then(&wanted(facts, ", "))
        .say(", this alert would not be raised. ")
        .say(match facts.openness() {
            Openness::Hosts => "It is narrowed to hosts, as the nearest path is; add it only for an approved need.",
            Openness::Zones => "A path is open to every host of its zones, so add it only for an approved need.",
            Openness::Unregistered => {
                "But a path that names unknown is open to every unregistered address: declare the address as a \
                 zone first, and add the path only for an approved need."
            }
        })
}

pub(super) fn first_step(facts: &Facts<'_>) -> Template {
    if let Some(failed) = &facts.failed {
        return condition::first_step(failed);
    }
    if let Some((_, gateway)) = facts.past() {
        return Template::default()
            .say("Find out from the firewall's rules and the device's settings how ")
            .slot(Slot::Orig)
            .say(&format!(
                " can talk past {}. Close that way, and secure the records of what was exchanged.",
                gateway.label.en
            ));
    }
    let address = Slot::Orig;
    match facts.stranger {
        Some(Stranger::Inside) => {
            let unregistered = Template::default()
                .slot(address)
                .say(" is registered in no zone. Find the device by the MAC address ");
            let mac = if facts.record.orig_mac.is_some() {
                unregistered.slot(Slot::OrigMac)
            } else {
                unregistered.say("of the frames")
            };
            mac.say(
                " and its switch port; \
                 if it is not a managed device, take it off the network.",
            )
        }
        Some(Stranger::Outside) => Template::default().slot(address).say(
            " does not belong to the organisation. Check the settings and logs of the device at the border \
             (firewall or router) that let this communication through, and block it if nobody needs it.",
        ),
        None => Template::default()
            .say("Ask the user or administrator of ")
            .slot(address)
            .say(&format!(
                "{} what this communication is for. \
                 If the work needs it, have a path approved and add it to the policy; \
                 if nobody knows of it, secure the records and take the device off the network.",
                keeper(facts.orig.zone)
            )),
    }
}

fn keeper(zone: &Zone) -> String {
    let words = zone.keepers().join(", ");
    if words.is_empty() {
        String::new()
    } else {
        format!(" ({} belongs to {words})", zone.label.en)
    }
}

fn zone(zone: &Zone) -> String {
    if zone.label.en == *zone.id {
        zone.id.to_string()
    } else {
        format!("{} ({})", zone.label.en, zone.id)
    }
}

fn over(facts: &Facts<'_>) -> Template {
    let record = facts.record;
    if service::is_icmp(record) {
        let word = service::icmp(record.protocol, record.orig.port)
            .map_or_else(String::new, |(_, en)| format!(" ({en})"));
        return Template::from(format!("{} type {} code ", record.protocol, record.orig.port))
            .slot(Slot::RespPort)
            .say(&word);
    }
    if !record.protocol.has_ports() {
        return Template::from(match record.protocol.name() {
            Some(name) => format!("protocol {name}"),
            None => format!("IP protocol number {}", record.protocol),
        });
    }
    let word = service::word(record.protocol, record.resp.port)
        .map_or_else(String::new, |word| format!(" ({word})"));
    Template::from(format!("{}/", record.protocol))
        .slot(Slot::RespPort)
        .say(&word)
}

/// `PATH-0002 "Business terminals to the file server" (tcp/443)`.
fn named(path: &Path) -> String {
    let title = if path.title.en.is_empty() {
        String::new()
    } else {
        format!("\"{}\" ", path.title.en)
    };
    format!("{} {title}({})", path.id, service_of(path))
}

/// The path with the gateway that it leads over.
fn over_gateway(path: &Path, facts: &Facts<'_>) -> String {
    match path.via {
        Some(_) => format!("{} over {}", named(path), via(path, facts)),
        None => named(path),
    }
}

fn service_of(path: &Path) -> String {
    let service = path.conditions.service.to_string();
    if service.is_empty() {
        "any protocol".to_owned()
    } else {
        service
    }
}

fn difference(what: Difference, nearest: &Nearest<'_>, facts: &Facts<'_>) -> Template {
    let conditions = &nearest.path.conditions;
    let record = facts.record;
    let is = Template::from;
    let [from_hosts, to_hosts] = nearest.hosts;
    let hosts = |hosts: Option<&[Host]>| some_of(&facts.policy.hosts(hosts));
    let (name, allowed, seen) = match what {
        Difference::From => (
            "the originator's zone",
            end(&conditions.from, facts),
            is(label(facts.orig.zone)),
        ),
        Difference::To => (
            "the responder's zone",
            end(&conditions.to, facts),
            is(label(facts.resp.zone)),
        ),
        Difference::FromHosts => return is(format!("the originating host (allowed: {})", hosts(from_hosts))),
        Difference::ToHosts => return is(format!("the responding host (allowed: {})", hosts(to_hosts))),
        Difference::Via => {
            return is(format!(
                "the gateway (allowed: over {}; seen: past it)",
                via(nearest.path, facts)
            ));
        }
        Difference::Protocol => {
            let allowed: Vec<_> = nearest
                .service
                .protocols
                .iter()
                .map(|protocol| protocol.to_string())
                .collect();
            (
                "the protocol",
                allowed.join(", "),
                is(record.protocol.to_string()),
            )
        }
        Difference::Ports => {
            let allowed: Vec<_> = nearest.service.ports.iter().flat_map(Ports::words).collect();
            (
                "the responder port",
                allowed.join(", "),
                Template::default().slot(Slot::RespPort),
            )
        }
        Difference::Direction => {
            let (one, other) = (label(facts.orig.zone), label(facts.resp.zone));
            (
                "the direction",
                format!("{other} → {one}"),
                is(format!("{one} → {other}")),
            )
        }
    };
    is(format!("{name} (allowed: {allowed}; seen: "))
        .then(&seen)
        .say(")")
}

/// What people call the gateway of a path.
fn via(path: &Path, facts: &Facts<'_>) -> String {
    let gateway = path.via.and_then(|via| facts.policy.gateways.get(via));
    gateway.map_or_else(String::new, |gateway| gateway.label.en.clone())
}

fn some_of(words: &[String]) -> String {
    let first: Vec<_> = words.iter().take(LISTED).map(String::as_str).collect();
    if words.len() > LISTED {
        format!("{} and others", first.join(", "))
    } else {
        first.join(", ")
    }
}

fn label(zone: &Zone) -> String {
    zone.label.en.clone()
}

fn end(end: &End, facts: &Facts<'_>) -> String {
    match end {
        End::Any => "any zone".to_owned(),
        End::Zones(zones) => {
            let labels: Vec<_> = zones
                .iter()
                .filter_map(|zone| facts.zones.get(*zone))
                .map(label)
                .collect();
            labels.join(", ")
        }
    }
}

/// `2026-11-04 (Wed) 10:00`.
pub(super) fn when(policy: &Policy, at: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    moment(policy, at, DAYS)
}
