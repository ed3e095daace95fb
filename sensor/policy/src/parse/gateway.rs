//! `[gateway.…]`: a host that takes communication apart and sends it on, as for sanitising.

use std::time::Duration;

use ipnet::IpNet;
use sekisho_model::Text;

use super::network;
use super::table::{Key, Table, key};
use super::zone;
use crate::error::{Report, Sink, shown};
use crate::file::At;

pub(super) const KEYS: &[Key] = &[
    key("near", "near = [\"10.25.1.1\"]"),
    key("far", "far = [\"10.25.2.1\"]"),
    key("pair_within", "pair_within = \"60s\""),
    key("label", "label.ja = \"…\""),
    key("owner", "owner = \"…\""),
];

/// How long after one leg the other may begin, where the gateway does not say.
const PAIR_WITHIN: Duration = Duration::from_secs(60);

/// What one gateway declares.
#[derive(Debug)]
pub(crate) struct GatewayDecl {
    pub(crate) id: At<String>,
    pub(crate) near: Vec<At<IpNet>>,
    pub(crate) far: Vec<At<IpNet>>,
    pub(crate) pair_within: Duration,
    pub(crate) label: Text,
    pub(crate) owner: String,
}

pub(super) fn parse(id: At<String>, table: &Table<'_>, sink: &mut Sink) -> GatewayDecl {
    zone::check_id(&id, "gateway", sink);
    table.check_keys(KEYS, sink);
    let mut side = |name: &str| {
        let Some((texts, _)) = table.words_of(KEYS, name, sink) else {
            table.missing(KEYS, name, sink);
            return Vec::new();
        };
        network::parse_all(texts, sink)
    };
    GatewayDecl {
        near: side("near"),
        far: side("far"),
        pair_within: pair_within(table, sink),
        label: table.bilingual(KEYS, "label", sink),
        owner: table.optional(KEYS, "owner", sink),
        id,
    }
}

fn pair_within(table: &Table<'_>, sink: &mut Sink) -> Duration {
    let Some(text) = table.text(KEYS, "pair_within", sink) else {
        return PAIR_WITHIN;
    };
    let seconds = [("ms", 0), ("s", 1), ("m", 60), ("h", 3600)]
        .iter()
        .find_map(|(unit, seconds)| Some((text.value.strip_suffix(unit)?, *seconds)))
        .and_then(|(number, seconds): (&str, u64)| number.parse::<u64>().ok()?.checked_mul(seconds))
        .filter(|seconds| (1..=86_400).contains(seconds));
    seconds.map_or_else(
        || {
            sink.push(
                Report::error(
                    "policy::value",
                    format!(
                        "`pair_within` must be a time from 1s to 24h, found `{}`",
                        shown(&text.value)
                    ),
                )
                .at(&text.place, "not such a time")
                .help("write `60s`, `5m` or `1h`"),
            );
            PAIR_WITHIN
        },
        Duration::from_secs,
    )
}
