//! What the names in an expression stand for, taken from a policy.

use std::sync::{Arc, OnceLock};

use sekisho_filter::{self as filter, Environment, GroupFacts, WindowError, ZoneFacts};
use sekisho_model::{Text, Timestamp};

use crate::calendar::{Calendar, Window};
use crate::declared::Group;
use crate::lists::{List, ListKind, ListValue};
use crate::zones::{Zone, ZoneId, Zones};

/// The lists, zones, groups and windows of a policy, for [`sekisho_filter::Filter::parse_with`].
///
/// A list is made ready when it is first asked for, once for all expressions.
pub struct Names<'p> {
    zones: Vec<ZoneFacts>,
    groups: Vec<GroupFacts>,
    lists: Vec<(&'p List, OnceLock<Arc<filter::List>>)>,
    calendar: &'p Calendar,
    shared: OnceLock<Arc<Calendar>>,
    knows_every_zone: bool,
}

impl<'p> Names<'p> {
    pub(crate) fn new(
        zones: &'p Zones,
        groups: &'p [Group],
        lists: &'p [List],
        calendar: &'p Calendar,
    ) -> Self {
        let built_in = [ZoneId::UNKNOWN, ZoneId::LINK];
        let built_in = built_in.into_iter().filter_map(|zone| zones.get(zone));
        let declared = zones.declared().map(|(_, zone)| zone);
        // Without a policy there are no zones that one could ask about.
        let has_zones = zones.declared().next().is_some();
        let zones_known = built_in.chain(declared).filter(|_| has_zones);
        Self {
            zones: zones_known.map(facts).collect(),
            groups: groups
                .iter()
                .map(|group| GroupFacts {
                    id: Arc::clone(&group.id),
                    label: group.label.clone(),
                    zones: group
                        .zones
                        .iter()
                        .filter_map(|zone| zones.get(*zone))
                        .map(|zone| Arc::clone(&zone.id))
                        .collect(),
                })
                .collect(),
            lists: lists.iter().map(|list| (list, OnceLock::new())).collect(),
            calendar,
            shared: OnceLock::new(),
            knows_every_zone: has_zones,
        }
    }

    /// The same for the rules of a policy, which may be a catalogue without zones: there every
    /// comparison with what is known of a zone is false, but for the zones that stand for the classes
    /// in tests.
    pub(crate) fn for_rules(mut self) -> Self {
        if self.zones.is_empty() {
            self.zones = (1_u8..)
                .zip(TEST_ZONES)
                .map(|(class, id)| ZoneFacts {
                    id: Arc::from(id),
                    classification: Some(class),
                    ..ZoneFacts::default()
                })
                .collect();
        }
        self
    }

    /// The same for searching what is kept: records may carry zones of policies that were.
    #[must_use]
    pub fn of_records(mut self) -> Self {
        self.knows_every_zone = false;
        self
    }
}

/// What a zone of each classification is called in the tests of a catalogue, which has no zones. No
/// zone can be declared by such a name.
pub(crate) const TEST_ZONES: [&str; 3] = ["(1)", "(2)", "(3)"];

fn facts(zone: &Zone) -> ZoneFacts {
    ZoneFacts {
        id: Arc::clone(&zone.id),
        label: zone.label.clone(),
        classification: zone.classification,
        department: zone.department.clone(),
        owner: zone.owner.clone(),
    }
}

impl Environment for Names<'_> {
    fn list(&self, name: &str) -> Option<Arc<filter::List>> {
        let (list, ready) = self.lists.iter().find(|(list, _)| *list.name == *name)?;
        Some(Arc::clone(ready.get_or_init(|| Arc::new(made_ready(list)))))
    }

    fn lists(&self) -> Vec<(&str, filter::ListKind)> {
        let lists = self.lists.iter();
        lists.map(|(list, _)| (&*list.name, kind(list.kind))).collect()
    }

    fn zones(&self) -> &[ZoneFacts] {
        &self.zones
    }

    fn groups(&self) -> &[GroupFacts] {
        &self.groups
    }

    fn knows_every_zone(&self) -> bool {
        self.knows_every_zone
    }

    fn window(&self, text: &str) -> Result<Arc<dyn filter::Window>, WindowError> {
        let window = self.calendar.window(text).map_err(|fault| WindowError {
            at: fault.span.start,
            len: fault.span.len(),
            message: fault.message,
            help: fault.help,
        })?;
        let calendar = self.shared.get_or_init(|| Arc::new(self.calendar.clone()));
        Ok(Arc::new(Hours {
            window,
            calendar: Arc::clone(calendar),
        }))
    }

    fn windows(&self) -> Vec<(&str, Text)> {
        let windows = self.calendar.windows();
        windows.map(|(name, label, _, _)| (name, label.clone())).collect()
    }
}

/// A window with the calendar that made it.
#[derive(Debug)]
struct Hours {
    window: Window,
    calendar: Arc<Calendar>,
}

impl filter::Window for Hours {
    fn is_open(&self, at: Timestamp) -> bool {
        self.window.is_open(&self.calendar, at)
    }
}

fn made_ready(list: &List) -> filter::List {
    let values = list.values.iter().map(|listed| {
        let value = match &listed.value {
            ListValue::Network(network) => filter::ListValue::Network(*network),
            ListValue::Mac(mac) => filter::ListValue::Mac(*mac),
            ListValue::Ports(low, high) => filter::ListValue::Ports(*low, *high),
            ListValue::Text(text) => filter::ListValue::Text(Arc::clone(text)),
        };
        (value, listed.until)
    });
    filter::List::new(Arc::clone(&list.name), kind(list.kind), values)
}

const fn kind(kind: ListKind) -> filter::ListKind {
    match kind {
        ListKind::Address => filter::ListKind::Address,
        ListKind::Network => filter::ListKind::Network,
        ListKind::Mac => filter::ListKind::Mac,
        ListKind::Name => filter::ListKind::Name,
        ListKind::Suffix => filter::ListKind::Suffix,
        ListKind::Port => filter::ListKind::Port,
        ListKind::Fingerprint => filter::ListKind::Fingerprint,
        ListKind::Text => filter::ListKind::Text,
    }
}
