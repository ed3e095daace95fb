//! The policy as JSON, for the dashboard and for programs.

use serde_json::{Value, json};

use crate::conditions::{Conditions, End, Ports, Protocols};
use crate::zones::{Zone, ZoneId};
use crate::{Boundary, Path, Policy};

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
            "zones": self.zones.declared().map(|(_, declared)| zone(declared)).collect::<Vec<_>>(),
            "paths": self.paths.iter().map(|path| self.path(path)).collect::<Vec<_>>(),
            "boundaries": self.boundaries.iter().map(|boundary| self.boundary(boundary)).collect::<Vec<_>>(),
        })
    }

    fn path(&self, path: &Path) -> Value {
        let Conditions { from, to, service } = &path.conditions;
        json!({
            "id": path.id,
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
        "intra": if zone.intra_deny { "deny" } else { "allow" },
        "classification": zone.classification,
        "clause": zone.clause,
        "department": zone.department,
        "owner": zone.owner,
        "review": zone.review,
        "excluded": zone.excluded,
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
