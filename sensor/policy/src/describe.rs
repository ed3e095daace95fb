//! The policy as JSON, for the dashboard and for programs.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::calendar::Window;
use crate::conditions::{Conditions, End, Ports, Protocols, Tunnels};
use crate::entry::{Gateway, Host, Path};
use crate::file::At;
use crate::lists::{List, ListValue};
use crate::parse::{RuleDecl, Services, TestDecl, TestValue, spelled};
use crate::rules::Rule;
use crate::zones::{Zone, ZoneId};
use crate::{Boundary, Catalogue, Group, Policy};

impl Policy {
    /// The whole policy as one JSON object; empty texts and lists where there is no policy.
    ///
    /// An empty `protocol` or `ports` is any.
    #[must_use]
    pub fn describe(&self) -> Value {
        json!({
            "name": self.name,
            "version": self.version,
            "mode": if self.none { "" } else { self.mode.name() },
            "source": self.source,
            "label": self.label,
            "catalogues": self.catalogues.iter().map(catalogue).collect::<Vec<_>>(),
            "zones": self.zones.declared().map(|(_, declared)| zone(declared)).collect::<Vec<_>>(),
            "groups": self.groups.iter().map(|group| self.group(group)).collect::<Vec<_>>(),
            "gateways": self.gateways.iter().map(gateway).collect::<Vec<_>>(),
            "lists": self.lists.iter().map(list).collect::<Vec<_>>(),
            "calendar": self.described_calendar(),
            "paths": self.paths.iter().map(|path| self.path(path)).collect::<Vec<_>>(),
            "rules": self.declared().rules.iter().map(|declared| self.rule_described(declared)).collect::<Vec<_>>(),
            "tests": self.declared().tests.iter().map(test).collect::<Vec<_>>(),
            "boundaries": self.boundaries.iter().map(|boundary| self.boundary(boundary)).collect::<Vec<_>>(),
        })
    }

    fn path(&self, path: &Path) -> Value {
        let Conditions { from, to, service } = &path.conditions;
        let exception = path.exception.as_ref();
        let second = |services: Option<&Services>| services.map_or_else(Vec::new, |all| all.written.clone());
        let onward = &path.onward;
        json!({
            "id": path.id,
            "exception": exception.is_some(),
            "application": exception.map_or("", |exception| &exception.application),
            "applicant": exception.map_or("", |exception| &exception.applicant),
            "purpose": exception.map_or("", |exception| &exception.purpose),
            "from_hosts": self.hosts(path.from_hosts.as_deref()),
            "to_hosts": self.hosts(path.to_hosts.as_deref()),
            "services": second(path.services.as_ref()),
            "via": path.via.and_then(|via| self.gateways.get(via)).map_or("", |gateway| &gateway.id),
            "onward": {
                "protocol": onward.service.as_ref().map_or_else(Vec::new, |service| protocols(service.protocols)),
                "ports": ports(onward.service.as_ref().and_then(|service| service.ports.as_ref())),
                "services": second(onward.services.as_ref()),
            },
            "next_hops": path.next_hops.iter().flatten().map(|(hop, _)| hop.to_string()).collect::<Vec<_>>(),
            "tunnel": path.tunnel.as_ref().map_or_else(Vec::new, Tunnels::words),
            "window": path.window.as_ref().map_or("", Window::text),
            "starts": path.starts.map(|at| at.to_string()),
            "expires": path.expires.map(|at| at.to_string()),
            "from": self.end(from),
            "to": self.end(to),
            "protocol": protocols(service.protocols),
            "ports": ports(service.ports.as_ref()),
            "title": path.title,
            "clause": path.clause,
            "owner": path.owner,
            "approver": path.approver,
            "contract": path.contract,
            "review": path.review,
        })
    }

    /// Hosts as policy files write them; empty where the whole zones are meant.
    pub(crate) fn hosts(&self, hosts: Option<&[Host]>) -> Vec<String> {
        hosts
            .into_iter()
            .flatten()
            .map(|host| match host {
                Host::List(list) => {
                    format!("@{}", self.lists.get(*list).map_or("", |list| &list.name))
                }
                Host::Network(network, None) => spelled(&ListValue::Network(*network)),
                Host::Network(network, Some(mac)) => format!("{}={mac}", network.addr()),
            })
            .collect()
    }

    fn rule_described(&self, declared: &RuleDecl) -> Value {
        let compiled = self.rule(&declared.id.value);
        rule(declared, compiled.map_or(&[], Rule::empty_lists))
    }

    fn group(&self, group: &Group) -> Value {
        json!({
            "id": group.id,
            "label": group.label,
            "zones": group.zones.iter().map(|zone| self.zone_name(*zone)).collect::<Vec<_>>(),
        })
    }

    fn described_calendar(&self) -> Value {
        let windows = self.calendar.windows();
        json!({
            "timezone": if self.none { "" } else { self.calendar.timezone() },
            "windows": windows.map(|(name, label, shift, window)| json!({
                "name": name,
                "label": label,
                "shift": shift,
                "text": window.text(),
            })).collect::<Vec<_>>(),
        })
    }

    fn boundary(&self, boundary: &Boundary) -> Value {
        let Conditions { from, to, service } = &boundary.conditions;
        json!({
            "id": boundary.id,
            "from": self.end(from),
            "to": self.end(to),
            "protocol": protocols(service.protocols),
            "ports": ports(service.ports.as_ref()),
            "clause": boundary.clause,
            "severity": boundary.severity.map_or("", |severity| severity.name()),
            "title": boundary.title,
            "first_step": boundary.first_step,
            "attack": boundary.attack,
        })
    }

    fn end(&self, end: &End) -> Vec<String> {
        match end {
            End::Any => vec!["*".to_owned()],
            End::Zones(zones) => zones
                .iter()
                .map(|zone: &ZoneId| self.zone_name(*zone).to_string())
                .collect(),
        }
    }
}

fn zone(zone: &Zone) -> Value {
    json!({
        "id": zone.id,
        "label": zone.label,
        "networks": zone.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "vlans": zone.vlans,
        "macs": zone.macs,
        "intra": if zone.intra_deny { "deny" } else { "allow" },
        "classification": zone.classification,
        "clause": zone.clause,
        "department": zone.department,
        "owner": zone.owner,
        "review": zone.review,
        "excluded": zone.excluded,
    })
}

fn gateway(gateway: &Gateway) -> Value {
    json!({
        "id": gateway.id,
        "label": gateway.label,
        "near": gateway.near.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "far": gateway.far.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "pair_within_s": gateway.pair_within.as_secs(),
        "owner": gateway.owner,
    })
}

fn catalogue(catalogue: &Catalogue) -> Value {
    json!({ "name": catalogue.name, "version": catalogue.version, "label": catalogue.label })
}

fn rule(rule: &RuleDecl, empty: &[Arc<str>]) -> Value {
    let severity_by = rule.severity_by.iter();
    let text = |text: &Option<At<String>>| text.as_ref().map_or_else(String::new, |text| text.value.clone());
    json!({
        "id": rule.id.value,
        "title": rule.title,
        "severity": rule.severity.map_or("", |severity| severity.name()),
        "severity_by": severity_by.map(|(when, severity)| json!({
            "when": when.value,
            "severity": severity.name(),
        })).collect::<Vec<_>>(),
        "fold": rule.fold.name(),
        "needs": rule.needs.iter().map(|name| &name.value).collect::<Vec<_>>(),
        "empty_lists": empty,
        "catalogue": rule.of_catalogue,
        "when": text(&rule.when),
        "except": text(&rule.except),
        "why": rule.why,
        "legitimate": rule.legitimate,
        "first_step": rule.first_step,
        "source": rule.source,
        "version": rule.version,
        "clause": rule.clause,
        "category": text(&rule.category),
        "attack": rule.attack,
        "enabled": rule.enabled,
        "number": rule.number.as_ref().map(|number| number.value),
    })
}

fn test(test: &TestDecl) -> Value {
    let value = |value: &TestValue| match value {
        TestValue::Text(text) | TestValue::Time(text) => text.clone(),
        TestValue::Number(number) => number.to_string(),
        TestValue::Fraction(number) => number.to_string(),
        TestValue::Flag(flag) => flag.to_string(),
    };
    let flow = test.flow.iter();
    let flow: serde_json::Map<String, Value> = flow
        .map(|(name, field)| (name.value.clone(), json!(value(&field.value))))
        .collect();
    json!({ "of": test.of, "flow": flow, "expect": test.expect.value })
}

/// A list without its values, of which there may be many.
fn list(list: &List) -> Value {
    json!({
        "name": list.name,
        "role": list.role,
        "kind": list.kind.name(),
        "count": list.values.len(),
        "source": list.source,
        "owner": list.owner,
        "review": list.review,
    })
}

fn protocols(protocols: Protocols) -> Vec<String> {
    if protocols == Protocols::ALL {
        return Vec::new();
    }
    protocols.iter().map(|protocol| protocol.to_string()).collect()
}

fn ports(ports: Option<&Ports>) -> Vec<String> {
    ports.into_iter().flat_map(Ports::words).collect()
}
