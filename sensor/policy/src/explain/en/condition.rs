//! Conditions that were not met, in English.

use sekisho_model::Timestamp;

pub(super) use super::super::condition::services;
use super::super::condition::{Failed, listed};
use super::super::facts::Facts;
use super::super::template::{Slot, Template};
use super::named;
use crate::conditions::Tunnels;
use crate::entry::Path;
use crate::matcher::Failure;

pub(super) fn title(failed: &Failed<'_>, facts: &Facts<'_>) -> String {
    let what = match failed.what {
        Failure::Service => "Another service than the path allows",
        Failure::Tunnel => "Communication carried otherwise than the path allows",
        Failure::Mac => "Another device at a registered address",
        Failure::NextHop => "Communication past the required next hop",
        Failure::Early if failed.is_exception() => "Exception used before its begin",
        Failure::Early => "Path used before its begin",
        Failure::Expired if failed.is_exception() => "Exception used after its end",
        Failure::Expired => "Path used after its end",
        Failure::Window if failed.is_exception() => "Exception used outside its window",
        Failure::Window => "Communication outside the allowed time",
    };
    format!(
        "{what} ({} → {})",
        facts.orig.zone.label.en, facts.resp.zone.label.en
    )
}

/// Goes on with what was seen of the condition.
pub(super) fn observed(said: Template, failed: &Failed<'_>, facts: &Facts<'_>) -> Template {
    match failed.what {
        Failure::Service => said.say(&format!(" Its content is {}.", facts.service())),
        Failure::Tunnel => match facts.tunnel() {
            Some(kind) => said.say(&format!(" A {kind} tunnel carried it.")),
            None => said.say(" No tunnel carried it."),
        },
        Failure::Mac => {
            let [orig, resp] = failed.differing(facts.record);
            let said = if orig {
                said.say(" The originator's MAC address was ")
                    .slot(Slot::OrigMac)
                    .say(".")
            } else {
                said
            };
            if resp {
                said.say(" The responder's MAC address was ")
                    .slot(Slot::RespMac)
                    .say(".")
            } else {
                said
            }
        }
        Failure::NextHop => said
            .say(" Its frames went to the next hop ")
            .slot(Slot::RespMac)
            .say("."),
        Failure::Early | Failure::Expired | Failure::Window => {
            said.say(" It began at ").slot(Slot::When).say(".")
        }
    }
}

pub(super) fn expected(failed: &Failed<'_>) -> String {
    let path = called(failed);
    let asked = match failed.what {
        Failure::Service => format!(
            "{path} allows only the services {}.",
            services(failed.path, failed.entry)
        ),
        Failure::Tunnel if failed.wants_no_tunnel() => {
            format!("{path} must not be carried in a tunnel.")
        }
        Failure::Tunnel => format!("{path} may be carried only by: {}.", tunnels(failed.path)),
        Failure::Mac => {
            let [orig, resp] = &failed.macs;
            let mut ends = Vec::new();
            for (what, macs) in [("originator", orig), ("responder", resp)] {
                if !macs.is_empty() {
                    ends.push(format!("{} for the {what}", listed(macs)));
                }
            }
            format!("{path} registers the MAC address {}.", ends.join(" and "))
        }
        Failure::NextHop => format!("{path} must go over the next hop {}.", failed.next_hops()),
        Failure::Early => format!("{path} begins at {}.", date(failed, failed.path.starts)),
        Failure::Expired => format!("{path} ended at {}.", date(failed, failed.path.expires)),
        Failure::Window => format!(
            "{path} is open in the window `{}` ({}).",
            failed.window(),
            failed.policy.calendar.timezone()
        ),
    };
    format!("{asked}{}", responsible(failed))
}

pub(super) fn nearest(failed: &Failed<'_>, facts: &Facts<'_>) -> String {
    let differs = match failed.what {
        Failure::Service => format!(
            "the service (allowed: {}; seen: {})",
            services(failed.path, failed.entry),
            facts.service()
        ),
        Failure::Tunnel => format!(
            "the tunnel (allowed: {}; seen: {})",
            tunnels(failed.path),
            facts.tunnel().unwrap_or("none")
        ),
        Failure::Mac => format!(
            "the device's MAC address (registered: {})",
            listed(&failed.macs.concat())
        ),
        Failure::NextHop => format!("the next hop (allowed: {})", failed.next_hops()),
        Failure::Early => format!("the begin ({})", date(failed, failed.path.starts)),
        Failure::Expired => format!("the end ({})", date(failed, failed.path.expires)),
        Failure::Window => format!("the time (allowed: {})", failed.window()),
    };
    format!(
        "The nearest allowed path is {}. This flow differs only in {differs}.",
        named(failed.path)
    )
}

pub(super) fn silenced_by(failed: &Failed<'_>, facts: &Facts<'_>) -> String {
    let id = &failed.path.id;
    let change = match failed.what {
        Failure::Service => format!("With \"{}\" in `services` of {id}", facts.service()),
        Failure::Tunnel => format!(
            "With \"{}\" in `tunnel` of {id}",
            facts.tunnel().unwrap_or("none")
        ),
        Failure::Mac => {
            format!("With the MAC address of this device in `from_hosts` or `to_hosts` of {id}")
        }
        Failure::NextHop => format!("With this next hop in `next_hops` of {id}"),
        Failure::Early => format!("With `starts` of {id} before this flow"),
        Failure::Expired => format!("With `expires` of {id} after this flow"),
        Failure::Window => format!("With this time in `window` of {id}"),
    };
    let how = how_to_change(failed.path);
    format!("{change}, this alert would not be raised. {how}")
}

pub(super) const fn how_to_change(path: &Path) -> &'static str {
    if path.exception.is_some() {
        "Change an exception only after a new application was approved."
    } else {
        "Change it only for an approved need."
    }
}

pub(super) fn first_step(failed: &Failed<'_>) -> Template {
    let ask = whom(failed);
    let step = Template::default();
    match failed.what {
        Failure::Service => step
            .say("Find out which program on ")
            .slot(Slot::Orig)
            .say(" talks: an allowed port used for something else is a usual way out for stolen data ")
            .say("and in for remote control. ")
            .say(&format!(
                "If {ask} knows nothing of it, secure the records and take the device off the network."
            )),
        Failure::Tunnel if failed.wants_a_tunnel() => step
            .say("Find out from the settings and logs of the tunnel's devices why what ")
            .slot(Slot::Orig)
            .say(&format!(
                " sends goes past the tunnel. \
                 If {ask} planned no change, stop the communication and secure the records."
            )),
        Failure::Tunnel => step.say(&format!(
            "Find the devices at both ends of the tunnel, and ask {ask} whether it is approved. \
             If it is not, stop it and secure the records of what went through it."
        )),
        Failure::Mac => step.say(&format!(
            "Find the device that talked by its MAC address and its switch port. \
             Ask {ask} whether a device was replaced; if none was, treat it as an impostor and take it off \
             the network."
        )),
        Failure::NextHop => step
            .say("Check the default route of ")
            .slot(Slot::Orig)
            .say(" and the device with the MAC address ")
            .slot(Slot::RespMac)
            .say(&format!(
                ". If {ask} knows of no change of routes, take that device off the network."
            )),
        Failure::Early => step.say(&format!(
            "Ask {ask} whether an earlier begin is approved. If it is not, stop the communication."
        )),
        Failure::Expired => step.say(&format!(
            "Ask {ask} whether it is still needed. If not, remove the connection; if so, have it approved again. \
             Stop the communication until then."
        )),
        Failure::Window => step.say(&format!(
            "Ask {ask} whether work was planned at this time. \
             If none was, secure the records and stop the communication."
        )),
    }
}

fn called(failed: &Failed<'_>) -> String {
    let what = if failed.is_exception() {
        "The exception"
    } else {
        "The path"
    };
    let leg = failed
        .gateway
        .map_or_else(String::new, |gateway| format!(" over {}", gateway.label.en));
    format!("{what} {}{leg}", named(failed.path))
}

pub(super) fn tunnels(path: &Path) -> String {
    let words = path.tunnel.as_ref().map_or_else(Vec::new, Tunnels::words);
    let words: Vec<_> = words
        .into_iter()
        .map(|word| match word {
            "none" => "no tunnel",
            "any" => "any tunnel",
            kind => kind,
        })
        .collect();
    words.join(", ")
}

fn date(failed: &Failed<'_>, at: Option<Timestamp>) -> String {
    at.map_or_else(String::new, |at| super::when(failed.policy, at))
}

/// Who owns, applied for and approved it, and under which contract.
fn responsible(failed: &Failed<'_>) -> String {
    let path = failed.path;
    let mut parts = Vec::new();
    if let Some(exception) = &path.exception {
        parts.push(format!("application {}", exception.application));
        parts.push(format!("applicant {}", exception.applicant));
    }
    for (what, who) in [
        ("owner", &path.owner),
        ("approver", &path.approver),
        ("contract", &path.contract),
    ] {
        if !who.is_empty() {
            parts.push(format!("{what} {who}"));
        }
    }
    let purpose = path.exception.as_ref().map_or_else(String::new, |exception| {
        format!(" Its purpose: {}.", exception.purpose)
    });
    let basis = if path.clause.is_empty() {
        String::new()
    } else {
        format!(" This rests on clause {}.", path.clause)
    };
    let who = if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    };
    format!("{who}{purpose}{basis}")
}

fn whom(failed: &Failed<'_>) -> String {
    let path = failed.path;
    if !path.owner.is_empty() {
        return format!("{} (owner)", path.owner);
    }
    let applicant = path.exception.as_ref().map(|exception| &exception.applicant);
    match applicant {
        Some(applicant) => format!("{applicant} (applicant)"),
        None if !path.approver.is_empty() => format!("{} (approver)", path.approver),
        None => "the keeper of the path".to_owned(),
    }
}
