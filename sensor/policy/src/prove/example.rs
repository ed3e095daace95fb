//! A concrete flow of a region, as one can be put to the policy.

use std::fmt;
use std::net::IpAddr;

use sekisho_model::{MacAddress, Protocol, Text, Timestamp};

use super::model::{Model, NAMED, NOT_KNOWN};
use super::region::{Axis, Cube};
use crate::calendar::Calendar;
use crate::{Judgement, Question};

/// A flow that shows what a proof means; [`Policy::judge`](crate::Policy::judge) gives the verdict
/// that it is shown for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// Address of the originator.
    pub orig: IpAddr,
    /// Address of the responder.
    pub resp: IpAddr,
    /// VLAN that places one of them in its zone.
    pub vlan: Option<u16>,
    /// MAC address of the originator.
    pub orig_mac: Option<MacAddress>,
    /// MAC address of the responder.
    pub resp_mac: Option<MacAddress>,
    /// Transport protocol.
    pub protocol: Protocol,
    /// Port of the responder; 0 where the protocol has none.
    pub resp_port: u16,
    /// When.
    pub at: Timestamp,
    /// Application protocol; absent where not known.
    pub service: Option<String>,
    /// Kind of tunnel that carries it.
    pub tunnel: Option<String>,
}

impl Example {
    /// The flow as the policy is asked about it.
    #[must_use]
    pub fn question(&self) -> Question<'_> {
        Question {
            vlan: self.vlan,
            orig_mac: self.orig_mac,
            resp_mac: self.resp_mac,
            service: self.service.as_deref(),
            tunnel: self.tunnel.as_deref(),
            ..Question::new(self.orig, self.resp, self.protocol, self.resp_port, self.at)
        }
    }

    /// The flow in one line, with the time on the clocks of the policy.
    #[must_use]
    pub fn line(&self, calendar: &Calendar) -> Text {
        let at = calendar.local(self.at).text();
        Text::new(format!("{self}, {}", at.ja), format!("{self}, {}", at.en))
    }
}

/// `tcp 10.20.1.7 -> 203.0.113.9:443 tls vlan 10`.
impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> ", self.protocol, self.orig)?;
        match (self.protocol.has_ports(), self.resp) {
            (true, IpAddr::V6(resp)) => write!(f, "[{resp}]:{}", self.resp_port)?,
            (true, IpAddr::V4(resp)) => write!(f, "{resp}:{}", self.resp_port)?,
            (false, resp) => write!(f, "{resp}")?,
        }
        if let Some(service) = &self.service {
            write!(f, " {service}")?;
        }
        if let Some(vlan) = self.vlan {
            write!(f, " vlan {vlan}")?;
        }
        if let Some(mac) = self.orig_mac {
            write!(f, " from {mac}")?;
        }
        if let Some(mac) = self.resp_mac {
            write!(f, " to {mac}")?;
        }
        if let Some(tunnel) = &self.tunnel {
            write!(f, " in {tunnel}")?;
        }
        Ok(())
    }
}

/// Flows of one box that are tried until one can be.
const MAX_TRIES: usize = 256;

/// Points of one axis that are tried.
const MAX_POINTS: usize = 12;

/// A word that no policy uses.
const OTHER_WORD: &str = "other";

/// A MAC address that no policy uses: locally administered, IEEE 802 clause 8.4.
const OTHER_MAC: MacAddress = MacAddress([0x02, 0, 0, 0, 0, 1]);

impl<const N: usize> Model<'_, N> {
    /// A flow of the box of which every policy says what `fits` wants.
    ///
    /// `None` where none of those tried can be: two ends in VLANs that exclude each other.
    pub(crate) fn example(&self, cube: &Cube, fits: impl Fn([&Judgement; N]) -> bool) -> Option<Example> {
        let mut tries = 0..MAX_TRIES;
        for from in cube.get(Axis::From).iter().take(MAX_POINTS) {
            for to in cube.get(Axis::To).iter().take(MAX_POINTS) {
                for protocol in protocols(cube) {
                    for service in cube.get(Axis::Service).iter().take(2) {
                        tries.next()?;
                        let example = self.flow(cube, from, to, protocol, service);
                        if let Some(example) = example.filter(|example| self.is(example, from, to, &fits)) {
                            return Some(example);
                        }
                    }
                }
            }
        }
        None
    }

    /// Whether the policies put the ends of the flow where they are meant to be, and judge as wanted.
    fn is(&self, example: &Example, from: usize, to: usize, fits: &impl Fn([&Judgement; N]) -> bool) -> bool {
        let judged = self.policies.map(|policy| policy.judge(&example.question()));
        let zone = |spot: usize, policy: usize| self.zones.get(spot).and_then(|zones| zones.get(policy));
        let placed = judged.iter().enumerate().all(|(policy, judgement)| {
            zone(from, policy) == Some(&judgement.orig_zone) && zone(to, policy) == Some(&judgement.resp_zone)
        });
        placed && fits(judged.each_ref())
    }

    fn flow(
        &self,
        cube: &Cube,
        from: usize,
        to: usize,
        protocol: Protocol,
        service: usize,
    ) -> Option<Example> {
        let (orig, resp) = (self.spots.get(from)?, self.spots.get(to)?);
        if orig.vlan.is_some() && resp.vlan.is_some() && orig.vlan != resp.vlan {
            return None;
        }
        let port = cube.ports.first()?;
        let named = |words: &[String], point: usize| match point {
            NOT_KNOWN => None,
            point => {
                let word = point.checked_sub(NAMED).and_then(|index| words.get(index));
                Some(word.map_or_else(|| OTHER_WORD.to_owned(), Clone::clone))
            }
        };
        Some(Example {
            orig: orig.address,
            resp: resp.address,
            vlan: orig.vlan.or(resp.vlan),
            orig_mac: self.mac(cube.get(Axis::OrigMac), orig.mac)?,
            resp_mac: self.mac(cube.get(Axis::RespMac), resp.mac)?,
            protocol,
            resp_port: if protocol.has_ports() {
                u16::try_from(port).ok()?
            } else {
                0
            },
            at: self.clock.instants.get(cube.get(Axis::Time).first()?).copied()?,
            service: named(&self.services, service),
            tunnel: named(&self.tunnels, cube.get(Axis::Tunnel).first()?),
        })
    }

    /// The MAC address of an end: the one that places it, where the box has it, else the first.
    /// The inner `None` is an address that is not known.
    fn mac(&self, set: &super::bits::Bits, placed: Option<MacAddress>) -> Option<Option<MacAddress>> {
        let Some(mac) = placed else {
            let point = set.first()?;
            let named = point.checked_sub(NAMED).and_then(|index| self.macs.get(index));
            return Some((point != NOT_KNOWN).then(|| named.copied().unwrap_or(OTHER_MAC)));
        };
        let place = self.macs.iter().position(|known| *known == mac)?;
        set.has(place.saturating_add(NAMED)).then_some(Some(mac))
    }
}

/// Protocols of a box, the usual ones first.
fn protocols(cube: &Cube) -> impl Iterator<Item = Protocol> {
    let set = cube.get(Axis::Protocol);
    let usual = [Protocol::TCP, Protocol::UDP, Protocol::ICMP];
    let first = set.iter().next();
    let first = first.and_then(|number| u8::try_from(number).ok()).map(Protocol);
    let usual: Vec<Protocol> = usual
        .into_iter()
        .filter(|protocol| set.has(usize::from(protocol.0)))
        .collect();
    let first = first.filter(|first| !usual.contains(first));
    usual.into_iter().chain(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_asks_what_it_shows() {
        let mac = MacAddress([0, 0x11, 0x22, 0x33, 0x44, 0x55]);
        let example = Example {
            orig: "10.20.1.7".parse().unwrap(),
            resp: "2001:db8::9".parse().unwrap(),
            vlan: Some(10),
            orig_mac: Some(mac),
            resp_mac: Some(OTHER_MAC),
            protocol: Protocol::TCP,
            resp_port: 443,
            at: Timestamp::parse("2026-11-04T10:00:00+09:00").unwrap(),
            service: Some("tls".to_owned()),
            tunnel: Some("gre".to_owned()),
        };

        let question = example.question();

        assert_eq!(
            example.line(&Calendar::default()).en,
            "tcp 10.20.1.7 -> [2001:db8::9]:443 tls vlan 10 from 00:11:22:33:44:55 to 02:00:00:00:00:01 in gre, \
             2026-11-04 10:00 (Wed) +09:00"
        );
        assert_eq!((question.orig, question.resp), (example.orig, example.resp));
        assert_eq!((question.protocol, question.resp_port), (Protocol::TCP, 443));
        assert_eq!((question.vlan, question.at), (Some(10), example.at));
        assert_eq!(
            (question.orig_mac, question.resp_mac),
            (Some(mac), Some(OTHER_MAC))
        );
        assert_eq!((question.service, question.tunnel), (Some("tls"), Some("gre")));
    }
}
