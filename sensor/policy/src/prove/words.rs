//! A box of flows in words.

use std::collections::BTreeMap;

use sekisho_model::{Protocol, Text};

use super::bits::Bits;
use super::model::{Model, NAMED, NOT_KNOWN, OTHER, PORTS};
use super::region::{Axis, Cube};
use super::space::Spot;
use crate::calendar::Ranges;
use crate::zones::ZoneId;

/// Items of a list that are named.
const SHOWN: usize = 6;

/// Flows in words: `office -> server tcp/443`, and on what further conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flows {
    /// Zones of the originators, and hosts where not all of a zone are meant.
    pub from: String,
    /// Zones of the responders, in the same way.
    pub to: String,
    /// `tcp/443`, `any`.
    pub service: String,
    /// Application protocol, tunnel, MAC address and time, where not all are meant.
    pub conditions: Text,
}

impl Flows {
    /// All of it in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let line = |conditions: &str, separator: &str| {
            let flows = format!("{} -> {} {}", self.from, self.to, self.service);
            if conditions.is_empty() {
                flows
            } else {
                format!("{flows}{separator}{conditions}")
            }
        };
        Text::new(line(&self.conditions.ja, "、"), line(&self.conditions.en, ", "))
    }
}

/// What an axis is called in Japanese and English, and what it is called where nothing is there
/// and where anything is.
struct Label {
    what: (&'static str, &'static str),
    absent: (&'static str, &'static str),
    present: (&'static str, &'static str),
}

const fn label(ja: &'static str, en: &'static str) -> Label {
    Label {
        what: (ja, en),
        absent: ("不明", "not known"),
        present: ("判明", "known"),
    }
}

const SERVICE: Label = label("アプリケーション", "service");
const ORIG_MAC: Label = label("起点側MAC", "originator's MAC");
const RESP_MAC: Label = label("応答側MAC", "responder's MAC");
const TUNNEL: Label = Label {
    what: ("トンネル", "tunnel"),
    absent: ("なし", "none"),
    present: ("あり", "any"),
};

impl<const N: usize> Model<'_, N> {
    /// A box in words, its zones by the names of the last policy.
    pub(crate) fn words(&self, cube: &Cube) -> Flows {
        let mut ja = Vec::new();
        let mut en = Vec::new();
        let macs: Vec<String> = self.macs.iter().map(ToString::to_string).collect();
        for part in [
            self.named(cube, Axis::Service, &self.services, &SERVICE),
            self.named(cube, Axis::Tunnel, &self.tunnels, &TUNNEL),
            self.named(cube, Axis::OrigMac, &macs, &ORIG_MAC),
            self.named(cube, Axis::RespMac, &macs, &RESP_MAC),
            self.time(cube),
        ]
        .into_iter()
        .flatten()
        {
            ja.push(part.ja);
            en.push(part.en);
        }
        Flows {
            from: self.places(cube.get(Axis::From)),
            to: self.places(cube.get(Axis::To)),
            service: service(cube),
            conditions: Text::new(ja.join("、"), en.join(", ")),
        }
    }

    fn places(&self, spots: &Bits) -> String {
        let all = self.whole.get(Axis::From);
        if all.covers(spots) && spots.covers(all) {
            return "*".to_owned();
        }
        let last = N.saturating_sub(1);
        let Some(policy) = self.policies.get(last) else {
            return String::new();
        };
        let mut zones: BTreeMap<ZoneId, Vec<&Spot>> = BTreeMap::new();
        for spot in spots.iter() {
            let zone = self.zones.get(spot).and_then(|zones| zones.get(last));
            if let (Some(zone), Some(spot)) = (zone, self.spots.get(spot)) {
                zones.entry(*zone).or_default().push(spot);
            }
        }
        let known = self.by_zone.last();
        let whole = |zone, here| {
            known
                .and_then(|known| known.get(&zone))
                .is_some_and(|all| all.len() == here)
        };
        let part = |(zone, here): (ZoneId, Vec<&Spot>)| {
            let name = policy.zone_name(zone);
            if whole(zone, here.len()) {
                return name.to_string();
            }
            let hosts = here.iter().map(|spot| {
                let more = if spot.more { " …" } else { "" };
                format!("{}{more}", spot.network)
            });
            format!("{name}({})", short(&hosts.collect::<Vec<_>>()))
        };
        let parts: Vec<String> = zones.into_iter().map(part).collect();
        short(&parts)
    }

    fn named(&self, cube: &Cube, axis: Axis, words: &[String], label: &Label) -> Option<Text> {
        let set = cube.get(axis);
        if set.covers(self.whole.get(axis)) {
            return None;
        }
        let name = |point: usize| words.get(point.checked_sub(NAMED)?).cloned();
        let bound = words.len().saturating_add(NAMED);
        let of = |has: bool| {
            let points = (0..bound).filter(|point| set.has(*point) == has);
            short(&points.filter_map(name).collect::<Vec<_>>())
        };
        let (named, but) = (of(true), of(false));
        let [what, absent, present] = [label.what, label.absent, label.present];
        let (ja, en) = match (set.has(NOT_KNOWN), set.has(OTHER)) {
            (true, true) => (format!("{but}以外"), format!("not {but}")),
            (false, true) if but.is_empty() => (present.0.to_owned(), present.1.to_owned()),
            (false, true) => (
                format!("{}で{but}以外", present.0),
                format!("{} and not {but}", present.1),
            ),
            (true, false) if named.is_empty() => (absent.0.to_owned(), absent.1.to_owned()),
            (true, false) => (
                format!("{named}または{}", absent.0),
                format!("{named} or {}", absent.1),
            ),
            (false, false) => (named.clone(), named),
        };
        Some(Text::new(format!("{}は{ja}", what.0), format!("{} {en}", what.1)))
    }

    /// The time by the window or term that it is, or by its first instant.
    fn time(&self, cube: &Cube) -> Option<Text> {
        let set = cube.get(Axis::Time);
        if set.covers(self.whole.get(Axis::Time)) {
            return None;
        }
        for (calendar, window) in self.asks.iter().flatten().filter_map(|ask| ask.window) {
            let open = self.clock.set(|at| window.is_open(calendar, at));
            let text = window.text();
            if &open == set {
                return Some(Text::new(format!("時間帯 {text}"), format!("at {text}")));
            }
            if &self.whole.get(Axis::Time).minus(&open) == set {
                return Some(Text::new(
                    format!("時間帯 {text} 以外"),
                    format!("outside {text}"),
                ));
            }
        }
        let first = self.clock.instants.get(set.first()?).copied()?;
        let local = self
            .policies
            .last()
            .map(|policy| policy.calendar().local(first).text())?;
        Some(Text::new(
            format!("一部の時間({} など)", local.ja),
            format!("at some times ({} is one)", local.en),
        ))
    }
}

/// The first of a list, and how many more.
fn short(items: &[String]) -> String {
    match items.get(..SHOWN) {
        Some(first) if items.len() > SHOWN => {
            format!("{} +{}", first.join(","), items.len().saturating_sub(SHOWN))
        }
        _ => items.join(","),
    }
}

fn service(cube: &Cube) -> String {
    let set = cube.get(Axis::Protocol);
    let names = |has: bool| {
        let numbers = (0..=u8::MAX).filter(|number| set.has(usize::from(*number)) == has);
        numbers
            .map(|number| Protocol(number).to_string())
            .collect::<Vec<_>>()
    };
    let with_ports = |protocol: &u8| Protocol(*protocol).has_ports();
    let some_ports = (0..=u8::MAX)
        .filter(with_ports)
        .any(|number| set.has(usize::from(number)));
    let protocols = match set.count() {
        256 => "any".to_owned(),
        128..=255 => format!("!{}", short(&names(false))),
        _ => short(&names(true)),
    };
    if !some_ports || cube.ports.covers(PORTS.0, PORTS.1) {
        return protocols;
    }
    format!("{protocols}/{}", ports(&cube.ports))
}

fn ports(ranges: &Ranges<u32>) -> String {
    let words = ranges.iter().map(|(low, end)| {
        let high = end.saturating_sub(1);
        if low == high {
            low.to_string()
        } else {
            format!("{low}-{high}")
        }
    });
    short(&words.collect::<Vec<_>>())
}
