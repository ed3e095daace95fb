//! Exceptions from alerts: what is known and accepted, by whom, why and until when.
//!
//! An exception silences the alerts that it covers, those that are kept already and those to come: they
//! are marked with it and counted, and are not lost. It is never removed, only ended; an ended one
//! silences nothing any more, and what it silenced is seen again. One whose time is over silences what
//! was seen before its end.

use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{AlertEnd, AlertRow, StoreError};

/// Letters of a reason or an owner at most.
pub const MAX_WORDS: usize = 1_000;

/// Which alerts an exception covers: all that is said must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Covers {
    /// Id of the rule; always said.
    pub rule: String,
    /// Address or network of the originator.
    #[serde(default)]
    pub orig: Option<IpNet>,
    /// Address or network of the responder.
    #[serde(default)]
    pub resp: Option<IpNet>,
    /// Port of the responder.
    #[serde(default)]
    pub port: Option<u16>,
    /// Transport protocol.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Zone of the originator.
    #[serde(default)]
    pub orig_zone: Option<String>,
    /// Zone of the responder.
    #[serde(default)]
    pub resp_zone: Option<String>,
    /// Whether originator and responder may stand the other way round.
    #[serde(default)]
    pub either_direction: bool,
}

/// An exception that is to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewException {
    /// Which alerts.
    pub covers: Covers,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The first instant of packet time at which it holds no more.
    pub until: Timestamp,
    /// The alert that it was made from.
    pub from_alert: Option<u64>,
    /// Who makes it.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
}

/// An exception that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// Its number.
    pub id: u64,
    /// Which alerts.
    pub covers: Covers,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The first instant of packet time at which it holds no more.
    pub until: Timestamp,
    /// The alert that it was made from.
    pub from_alert: Option<u64>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created: Timestamp,
    /// When it was ended; none where it was not.
    pub ended: Option<Timestamp>,
    /// Who ended it.
    pub ended_by: Option<String>,
    /// Alerts that it silences.
    pub silenced: u64,
}

/// What an exception silences on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SilencedDay {
    /// Days since the epoch, by UTC.
    pub day: i64,
    /// Alerts.
    pub alerts: u64,
    /// Flows behind them.
    pub flows: u64,
}

impl Covers {
    /// The alerts like one: between the same two ends, over the same port, for the same rule.
    #[must_use]
    pub fn like(alert: &AlertRow) -> Self {
        let network = |end: &AlertEnd| IpNet::from(end.address);
        Self {
            rule: alert.rule.clone(),
            orig: alert.orig.as_ref().map(network),
            resp: alert.resp.as_ref().map(network),
            port: alert.resp.as_ref().map(|end| end.port).filter(|port| *port != 0),
            protocol: Some(alert.protocol.clone()).filter(|word| !word.is_empty()),
            ..Self::default()
        }
    }

    /// Whether an alert is one of them, whenever it was seen.
    #[must_use]
    pub fn covers(&self, alert: &AlertRow) -> bool {
        let ends = |orig: Option<&AlertEnd>, resp: Option<&AlertEnd>| {
            is_in(self.orig, orig)
                && is_in(self.resp, resp)
                && is_zone(self.orig_zone.as_deref(), orig)
                && is_zone(self.resp_zone.as_deref(), resp)
                && self
                    .port
                    .is_none_or(|port| resp.is_some_and(|end| end.port == port))
        };
        let (orig, resp) = (alert.orig.as_ref(), alert.resp.as_ref());
        self.rule == alert.rule
            && self.protocol.as_ref().is_none_or(|word| *word == alert.protocol)
            && (ends(orig, resp) || self.either_direction && ends(resp, orig))
    }
}

impl NewException {
    /// Refuses what nobody could answer for.
    ///
    /// # Errors
    ///
    /// [`StoreError::Query`] where the rule, the reason or the owner is missing or too long, or where it
    /// covers every alert of a rule.
    pub fn check(&self) -> Result<(), StoreError> {
        for (name, words) in [
            ("rule", &self.covers.rule),
            ("reason", &self.reason),
            ("owner", &self.owner),
        ] {
            if words.trim().is_empty() || words.chars().count() > MAX_WORDS {
                return Err(StoreError::Query(format!(
                    "{name} is needed, of {MAX_WORDS} letters at most"
                )));
            }
        }
        let Covers {
            orig,
            resp,
            orig_zone,
            resp_zone,
            ..
        } = &self.covers;
        if orig.is_none() && resp.is_none() && orig_zone.is_none() && resp_zone.is_none() {
            return Err(StoreError::Query(
                "an exception needs an address, a network or a zone of one end; change the policy to end a rule"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

impl Exception {
    /// Whether it silences an alert.
    #[must_use]
    pub fn silences(&self, alert: &AlertRow) -> bool {
        self.ended.is_none() && alert.last_seen < self.until && self.covers.covers(alert)
    }

    /// Whether its time is over at an instant.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }
}

fn is_in(network: Option<IpNet>, end: Option<&AlertEnd>) -> bool {
    let contains = |network: IpNet, address: IpAddr| network.contains(&address.to_canonical());
    network.is_none_or(|network| end.is_some_and(|end| contains(network, end.address)))
}

fn is_zone(zone: Option<&str>, end: Option<&AlertEnd>) -> bool {
    zone.is_none_or(|zone| end.is_some_and(|end| end.zone == zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn alert() -> AlertRow {
        let mut row = AlertRow::from(&samples::alert(1));
        let end = |address: &str, port, zone: &str| {
            Some(AlertEnd {
                address: address.parse().unwrap(),
                port,
                zone: zone.to_owned(),
                mac: None,
            })
        };
        row.orig = end("192.0.2.1", 50_000, "office");
        row.resp = end("198.51.100.2", 443, "server");
        row
    }

    #[test]
    fn everything_that_is_said_must_hold() {
        let alert = alert();
        let like = Covers::like(&alert);
        assert!(like.covers(&alert));

        let others: [fn(&mut AlertRow); 5] = [
            |other| other.rule = "OTHER".to_owned(),
            |other| other.orig.as_mut().unwrap().address = "192.0.2.9".parse().unwrap(),
            |other| other.resp.as_mut().unwrap().address = "198.51.100.9".parse().unwrap(),
            |other| other.resp.as_mut().unwrap().port = 80,
            |other| other.resp = None,
        ];
        for change in others {
            let mut other = alert.clone();
            change(&mut other);
            assert!(!like.covers(&other));
        }
        let mut same = alert.clone();
        same.orig.as_mut().unwrap().port = 50_001;
        assert!(like.covers(&same));
    }

    #[test]
    fn networks_zones_and_the_other_direction_count_where_they_are_said() {
        let alert = alert();
        let mut covers = Covers {
            rule: alert.rule.clone(),
            orig: Some("192.0.2.0/24".parse().unwrap()),
            resp_zone: Some("server".to_owned()),
            ..Covers::default()
        };
        let mut turned = alert.clone();
        std::mem::swap(&mut turned.orig, &mut turned.resp);

        assert!(covers.covers(&alert) && !covers.covers(&turned));
        covers.either_direction = true;
        assert!(covers.covers(&turned));
        covers.resp_zone = Some("office".to_owned());
        assert!(!covers.covers(&alert));
    }
}
