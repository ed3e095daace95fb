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

impl<const N: usize> Model<'_, N> {
    /// A box in words, its zones by the names of the last policy.
    pub(crate) fn words(&self, cube: &Cube) -> Flows {
        let mut ja = Vec::new();
        let mut en = Vec::new();
        for part in [
            self.named(
                cube,
                Axis::Service,
                &self.services,
                ("アプリケーション", "service"),
            ),
            self.named(cube, Axis::Tunnel, &self.tunnels, ("トンネル", "tunnel")),
            self.mac_words(cube, Axis::OrigMac, ("送信元MAC", "originator's MAC")),
            self.mac_words(cube, Axis::RespMac, ("宛先MAC", "responder's MAC")),
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

    fn named(&self, cube: &Cube, axis: Axis, words: &[String], label: (&str, &str)) -> Option<Text> {
        let set = cube.get(axis);
        if set.covers(self.whole.get(axis)) {
            return None;
        }
        let name = |point: usize| {
            let index = point.checked_sub(NAMED)?;
            words.get(index).cloned()
        };
        let bound = words.len().saturating_add(NAMED);
        let of = |has: bool| {
            let points = (0..bound).filter(|point| set.has(*point) == has);
            short(&points.filter_map(name).collect::<Vec<_>>())
        };
        let (ja, en) = label;
        let (known, other) = (set.has(NOT_KNOWN), set.has(OTHER));
        Some(match (known, other) {
            (true, true) => Text::new(
                format!("{ja}は{}以外", of(false)),
                format!("{en} not {}", of(false)),
            ),
            (false, true) => {
                let but = of(false);
                if but.is_empty() {
                    Text::new(format!("{ja}が判明"), format!("{en} known"))
                } else {
                    Text::new(
                        format!("{ja}が判明し{but}以外"),
                        format!("{en} known and not {but}"),
                    )
                }
            }
            (true, false) => {
                let named = of(true);
                if named.is_empty() {
                    Text::new(format!("{ja}は不明"), format!("{en} not known"))
                } else {
                    Text::new(
                        format!("{ja}は{named}または不明"),
                        format!("{en} {named} or not known"),
                    )
                }
            }
            (false, false) => Text::new(format!("{ja}は{}", of(true)), format!("{en} {}", of(true))),
        })
    }

    fn mac_words(&self, cube: &Cube, axis: Axis, label: (&str, &str)) -> Option<Text> {
        let words: Vec<String> = self.macs.iter().map(ToString::to_string).collect();
        self.named(cube, axis, &words, label)
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
            .map(|policy| policy.calendar().local(first))?;
        Some(Text::new(
            format!("一部の時間({local} など)"),
            format!("at some times ({local} is one)"),
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
