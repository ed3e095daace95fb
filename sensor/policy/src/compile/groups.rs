//! Groups: the zones that each comes to, through groups of groups.

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_model::Text;

use super::unique;
use crate::Group;
use crate::error::{Report, Sink, nearest, shown};
use crate::parse::{Declarations, GroupDecl};
use crate::zones::{ZoneId, Zones};

/// Groups that a policy may declare.
const MAX_GROUPS: usize = 1024;

/// The zones of each group.
#[derive(Debug, Default)]
pub(super) struct Groups {
    /// In the order of the files.
    ids: Vec<(Arc<str>, Text)>,
    zones: HashMap<String, Vec<ZoneId>>,
}

impl Groups {
    pub(super) fn find(&self, id: &str) -> Option<&[ZoneId]> {
        self.zones.get(id).map(Vec::as_slice)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(|(id, _)| &**id)
    }

    pub(super) fn into_described(self) -> Vec<Group> {
        let Self { ids, zones } = self;
        ids.into_iter()
            .map(|(id, label)| Group {
                zones: zones.get(&*id).cloned().unwrap_or_default(),
                label,
                id,
            })
            .collect()
    }
}

pub(super) fn compile(declared: &Declarations, zones: &Zones, sink: &mut Sink) -> Groups {
    let named = declared.zones.iter().map(|zone| &zone.id);
    unique(
        named.chain(declared.groups.iter().map(|group| &group.id)),
        "zone or group",
        sink,
    );
    if let Some(group) = declared.groups.get(MAX_GROUPS) {
        sink.push(
            Report::error(
                "policy::limit",
                format!("the policy has more than {MAX_GROUPS} groups"),
            )
            .at(&group.id.place, "one group too many")
            .help("join groups that hold the same zones"),
        );
    }
    let mut work = Work {
        declared,
        zones,
        by_id: declared
            .groups
            .iter()
            .take(MAX_GROUPS)
            .map(|group| (group.id.value.as_str(), group))
            .collect(),
        done: HashMap::new(),
        open: Vec::new(),
    };
    for group in declared.groups.iter().take(MAX_GROUPS) {
        work.resolve(group, sink);
    }
    Groups {
        zones: work.done,
        ids: declared
            .groups
            .iter()
            .take(MAX_GROUPS)
            .map(|group| (Arc::from(group.id.value.as_str()), group.label.clone()))
            .collect(),
    }
}

struct Work<'a> {
    declared: &'a Declarations,
    zones: &'a Zones,
    by_id: HashMap<&'a str, &'a GroupDecl>,
    done: HashMap<String, Vec<ZoneId>>,
    /// Groups that are being resolved: one that is met again holds itself.
    open: Vec<&'a str>,
}

impl<'a> Work<'a> {
    fn resolve(&mut self, group: &'a GroupDecl, sink: &mut Sink) {
        if self.done.contains_key(&group.id.value) {
            return;
        }
        self.open.push(&group.id.value);
        let mut zones = Vec::new();
        for member in &group.zones {
            if let Some(zone) = self
                .zones
                .find(&member.value)
                .filter(|zone| *zone != ZoneId::LINK)
            {
                zones.push(zone);
                continue;
            }
            if self.open.contains(&member.value.as_str()) {
                sink.push(
                    Report::error(
                        "policy::group",
                        format!("the group `{}` holds itself", group.id.value),
                    )
                    .at(&member.place, "leads back to this group")
                    .help("remove it; a group holds zones, and groups that do not hold it"),
                );
                continue;
            }
            let Some(inner) = self.by_id.get(member.value.as_str()).copied() else {
                self.missing(member, sink);
                continue;
            };
            self.resolve(inner, sink);
            zones.extend(self.done.get(&inner.id.value).into_iter().flatten());
        }
        self.open.pop();
        zones.sort_unstable();
        zones.dedup();
        self.done.insert(group.id.value.clone(), zones);
    }

    fn missing(&self, member: &crate::file::At<String>, sink: &mut Sink) {
        if self.declared.incomplete {
            return;
        }
        let zones = self.zones.declared().map(|(_, zone)| &*zone.id);
        let help = nearest(&member.value, zones.chain(self.by_id.keys().copied())).map_or_else(
            || "name zones that `[zone.…]` declares, or other groups".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        sink.push(
            Report::error(
                "policy::no-such-zone",
                format!(
                    "the group names the zone `{}`, which does not exist",
                    shown(&member.value)
                ),
            )
            .at(&member.place, "no such zone")
            .help(help),
        );
    }
}
