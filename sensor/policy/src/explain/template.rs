//! A text with places for what differs from flow to flow of a kind.

use sekisho_model::FlowRecord;

/// What stands in a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The originator's address.
    Orig,
    /// The responder's address.
    Resp,
    /// The MAC address of the originator's side.
    OrigMac,
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

/// What stands in the places of one flow, as text.
#[derive(Debug)]
pub(super) struct Shown {
    orig: String,
    resp: String,
    orig_mac: String,
    resp_mac: String,
}

impl Shown {
    pub(super) fn of(record: &FlowRecord) -> Self {
        Self {
            orig: record.orig.address.to_string(),
            resp: record.resp.address.to_string(),
            orig_mac: record.orig_mac.map_or_else(String::new, |mac| mac.to_string()),
            resp_mac: record.resp_mac.map_or_else(String::new, |mac| mac.to_string()),
        }
    }

    fn get(&self, slot: Slot) -> &str {
        match slot {
            Slot::Orig => &self.orig,
            Slot::Resp => &self.resp,
            Slot::OrigMac => &self.orig_mac,
            Slot::RespMac => &self.resp_mac,
            Slot::When => "",
        }
    }
}
