//! Every step to the verdict on one flow, for a person who wants to know why.
//!
//! The steps are found by the same look-ups that judge, so they end in the same verdict.

use ipnet::IpNet;
use sekisho_model::{MacAddress, Text};

use crate::explain::words_of;
use crate::matcher::Asked;
use crate::zones::ZoneId;
use crate::{EntryId, Judgement, Policy, Question};

/// By what an address was placed in its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacedBy {
    /// The longest network that holds it.
    Network(IpNet),
    /// A MAC address of the zone.
    Mac(MacAddress),
    /// A VLAN of the zone.
    Vlan(u16),
    /// By nothing: it is in the built-in zone `unknown`.
    Nothing,
}

/// One end of the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The zone.
    pub zone: ZoneId,
    /// By what.
    pub by: PlacedBy,
    /// The same in words.
    pub words: Text,
}

/// A path or exception that speaks of the flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which one, and which leg.
    pub entry: EntryId,
    /// The built-in rule of the condition that the flow does not meet; `None` where it allows.
    pub failed: Option<&'static str>,
    /// The same in words.
    pub words: Text,
}

/// How a judgement came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Where the originator is.
    pub orig: Placed,
    /// Where the responder is.
    pub resp: Placed,
    /// What was asked, in the order of precedence; those after the first that allows are left out.
    pub candidates: Vec<Candidate>,
    /// The verdict.
    pub judgement: Judgement,
    /// What gave the verdict, in words.
    pub verdict: Text,
}

impl Policy {
    /// Judges one flow and says each step of it.
    #[must_use]
    pub fn trace(&self, question: &Question<'_>) -> Trace {
        let judgement = self.judge(question);
        let (orig, resp) = (judgement.orig_zone, judgement.resp_zone);
        let place = |zone, by, address, orig| Placed {
            zone,
            by,
            words: words_of::placed(self, zone, by, address, orig),
        };
        let asked = if self.asks_paths(&judgement) {
            self.matcher
                .asked_of(&self.paths, &self.calendar, (orig, resp), question)
        } else {
            Vec::new()
        };
        let candidates = asked.into_iter().map(|Asked { entry, failure }| {
            let rule = failure.and_then(|failure| crate::builtin::find(self.failed_rule(entry, failure)));
            Candidate {
                entry: entry.id,
                failed: rule.map(|rule| rule.id),
                words: words_of::asked(self, entry, failure),
            }
        });
        Trace {
            orig: place(
                orig,
                self.zones
                    .placed_by(question.orig, question.orig_mac, question.vlan, orig),
                question.orig,
                true,
            ),
            resp: place(
                resp,
                self.zones
                    .placed_by(question.resp, question.resp_mac, question.vlan, resp),
                question.resp,
                false,
            ),
            candidates: candidates.collect(),
            verdict: words_of::verdict(self, &judgement),
            judgement,
        }
    }

    /// Whether paths decide: neither end is excluded or on the link, and not both are unknown.
    fn asks_paths(&self, judgement: &Judgement) -> bool {
        let (orig, resp) = (judgement.orig_zone, judgement.resp_zone);
        let open = |zone| self.zones.get(zone).is_some_and(|zone| !zone.intra_deny);
        !(judgement.excluded
            || orig == ZoneId::LINK
            || resp == ZoneId::LINK
            || (orig, resp) == (ZoneId::UNKNOWN, ZoneId::UNKNOWN)
            || (orig == resp && open(orig)))
    }
}
