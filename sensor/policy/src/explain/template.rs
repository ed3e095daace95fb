//! A text with places for what differs from flow to flow of a kind.

use sekisho_model::FlowRecord;

use super::facts::Facts;

/// What stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The originator's address.
    Orig,
    /// The responder's address.
    Resp,
    /// The MAC address of the originator's side.
    OrigMac,
    /// The responder's port.
    RespPort,
    /// The MAC address of the responder's side.
    RespMac,
    /// When the flow began.
    When,
}

/// The text around the places, and where they are in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Template {
    text: String,
    /// Each before the octet at its number, in their order.
    slots: Vec<(usize, Slot)>,
}

impl Template {
    /// Goes on with words.
    pub(super) fn say(mut self, words: &str) -> Self {
        self.text.push_str(words);
        self
    }

    /// Goes on with a place.
    pub(super) fn slot(mut self, slot: Slot) -> Self {
        self.slots.push((self.text.len(), slot));
        self
    }

    /// Goes on with what another says.
    pub(super) fn then(mut self, other: &Self) -> Self {
        let len = self.text.len();
        self.text.push_str(&other.text);
        let moved = other
            .slots
            .iter()
            .map(|(at, slot)| (at.saturating_add(len), *slot));
        self.slots.extend(moved);
        self
    }

    /// Goes on with what all of them say, and `between` between them.
    pub(super) fn list(self, all: &[Self], between: &str) -> Self {
        all.iter().enumerate().fold(self, |said, (place, one)| {
            if place == 0 {
                said.then(one)
            } else {
                said.say(between).then(one)
            }
        })
    }

    /// The text about one flow; `when` says when it began.
    pub(super) fn fill(&self, shown: &Shown, when: impl Fn() -> String) -> String {
        let mut filled = String::with_capacity(self.text.len().saturating_add(128));
        let mut from = 0;
        for (at, slot) in &self.slots {
            filled.push_str(self.text.get(from..*at).unwrap_or_default());
            match slot {
                Slot::When => filled.push_str(&when()),
                slot => filled.push_str(shown.get(*slot)),
            }
            from = *at;
        }
        filled.push_str(self.text.get(from..).unwrap_or_default());
        filled
    }
}

/// What a path would have to say to allow the flow, as a policy file writes it: no wider than the path
/// that the flow resembles.
pub(super) fn wanted(facts: &Facts<'_>, between: &str) -> Template {
    let [orig, resp] = facts.narrowed();
    let end = |key: &str, zone: &str, host: Option<Slot>| {
        let named = Template::from(format!("{key} = \"{zone}\""));
        match host {
            Some(host) => named
                .say(&format!("{between}{key}_hosts = [\""))
                .slot(host)
                .say("\"]"),
            None => named,
        }
    };
    let protocol = facts.record.protocol;
    let named = end("from", &facts.orig.zone.id, orig.then_some(Slot::Orig))
        .say(between)
        .then(&end("to", &facts.resp.zone.id, resp.then_some(Slot::Resp)))
        .say(between)
        .say(&format!("protocol = \"{protocol}\""));
    if !protocol.has_ports() {
        return named;
    }
    named.say(between).say("ports = [").slot(Slot::RespPort).say("]")
}

/// What stands in the places of one flow, as text.
#[derive(Debug)]
pub(super) struct Shown {
    orig: String,
    resp: String,
    orig_mac: String,
    resp_mac: String,
    resp_port: String,
}

impl From<String> for Template {
    fn from(text: String) -> Self {
        Self {
            text,
            slots: Vec::new(),
        }
    }
}

impl Shown {
    pub(super) fn of(record: &FlowRecord) -> Self {
        Self {
            orig: record.orig.address.to_string(),
            resp: record.resp.address.to_string(),
            orig_mac: record.orig_mac.map_or_else(String::new, |mac| mac.to_string()),
            resp_mac: record.resp_mac.map_or_else(String::new, |mac| mac.to_string()),
            resp_port: record.resp.port.to_string(),
        }
    }

    fn get(&self, slot: Slot) -> &str {
        match slot {
            Slot::Orig => &self.orig,
            Slot::Resp => &self.resp,
            Slot::OrigMac => &self.orig_mac,
            Slot::RespPort => &self.resp_port,
            Slot::RespMac => &self.resp_mac,
            Slot::When => "",
        }
    }
}
