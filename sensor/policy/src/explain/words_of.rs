//! The steps of a judgement in both languages.

use std::net::IpAddr;

use sekisho_model::Text;

use super::{en, ja};
use crate::entry::Entry;
use crate::matcher::Failure;
use crate::trace::PlacedBy;
use crate::zones::ZoneId;
use crate::{Judgement, Policy};

/// Where an address is, and by what.
pub(crate) fn placed(policy: &Policy, zone: ZoneId, by: PlacedBy, address: IpAddr, orig: bool) -> Text {
    let Some(zone) = policy.zones.get(zone) else {
        return Text::default();
    };
    Text {
        ja: ja::trace::placed(zone, by, address, orig),
        en: en::trace::placed(zone, by, address, orig),
    }
}

/// What a path or exception says of the flow.
pub(crate) fn asked(policy: &Policy, entry: &Entry, failure: Option<Failure>) -> Text {
    let Some(path) = policy.paths.get(entry.id.index()) else {
        return Text::default();
    };
    let gateway = policy.gateway_of(entry.id);
    Text {
        ja: ja::trace::asked(policy, path, entry, gateway, failure),
        en: en::trace::asked(policy, path, entry, gateway, failure),
    }
}

/// The verdict and what gave it.
pub(crate) fn verdict(policy: &Policy, judgement: &Judgement) -> Text {
    let path = judgement.entry.and_then(|entry| policy.paths.get(entry.index()));
    Text {
        ja: ja::trace::verdict(judgement, path),
        en: en::trace::verdict(judgement, path),
    }
}
