//! The flow of a test: fields by name, read into what is judged and what rules ask.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use sekisho_filter::Row;
use sekisho_model::fields::{Field, FieldKind, Value, find};
use sekisho_model::{Endpoint, FlowRecord, MacAddress, Protocol, Timestamp, Verdict};

use crate::error::shown;
use crate::parse::{TestDecl, TestValue};
use crate::rules::TEST_ZONES;
use crate::{Judgement, Policy, Question};

/// When a flow begins whose test does not say: a Wednesday, in the time zone of the policy.
pub const DEFAULT_TIME: &str = "2026-11-04T10:00";

/// Fields that a flow has without being given.
const KNOWN: [&str; 11] = [
    "start",
    "orig.address",
    "orig.zone",
    "orig.mac",
    "resp.address",
    "resp.zone",
    "resp.mac",
    "protocol",
    "verdict",
    "rule",
    "policy_version",
];

/// A flow that was judged.
pub(super) struct Flow<'a> {
    record: FlowRecord,
    /// Fields that the test gives beside those that make up the record.
    given: Vec<(&'static Field, Value<'a>)>,
    has_ports: (bool, bool),
    pub(super) judgement: Judgement,
}

impl Row for Flow<'_> {
    fn value(&self, field: &'static Field) -> Value<'_> {
        if let Some((_, value)) = self.given.iter().find(|(known, _)| std::ptr::eq(*known, field)) {
            return value.clone();
        }
        let is_known = match field.name {
            "orig.port" => self.has_ports.0,
            "resp.port" => self.has_ports.1,
            name => KNOWN.contains(&name),
        };
        if is_known {
            self.record.value(field)
        } else {
            Value::Absent
        }
    }
}

impl<'a> Flow<'a> {
    /// Id of the boundary that names the flow where it is denied.
    pub(super) fn boundary(&self, policy: &Policy) -> Option<Arc<str>> {
        let Judgement {
            orig_zone, resp_zone, ..
        } = self.judgement;
        let denied = self.judgement.verdict == Verdict::Denied;
        let crossed = policy.boundary_crossed(&self.record, orig_zone, resp_zone);
        crossed.filter(|_| denied).map(Arc::clone)
    }

    /// Reads and judges the flow of a test, or says what is wrong with it.
    pub(super) fn of(test: &'a TestDecl, policy: &Policy) -> Result<Self, String> {
        let mut reading = Reading {
            record: FlowRecord::example(),
            given: Vec::new(),
            time: None,
            orig: None,
            resp: None,
            related: false,
        };
        for (name, value) in &test.flow {
            reading
                .field(&name.value, &value.value, policy)
                .map_err(|wrong| format!("`{}` {wrong}", shown(&name.value)))?;
        }
        reading.judged(policy)
    }
}

/// An address with or without a port.
type End = (IpAddr, Option<u16>);

struct Reading<'a> {
    record: FlowRecord,
    given: Vec<(&'static Field, Value<'a>)>,
    time: Option<Timestamp>,
    orig: Option<End>,
    resp: Option<End>,
    related: bool,
}

impl<'a> Reading<'a> {
    fn field(&mut self, name: &str, value: &'a TestValue, policy: &Policy) -> Result<(), String> {
        match (name, value) {
            ("orig", TestValue::Text(text)) => self.orig = Some(end(text)?),
            ("resp", TestValue::Text(text)) => self.resp = Some(end(text)?),
            ("time", TestValue::Text(text) | TestValue::Time(text)) => {
                let instant = policy.calendar.date_start(text);
                self.time = Some(instant.map_err(|fault| fault.message)?);
            }
            ("orig_mac" | "orig.mac", TestValue::Text(text)) => self.record.orig_mac = Some(mac(text)?),
            ("resp_mac" | "resp.mac", TestValue::Text(text)) => self.record.resp_mac = Some(mac(text)?),
            ("related", TestValue::Flag(flag)) => self.related = *flag,
            ("protocol", TestValue::Text(text)) => {
                self.record.protocol =
                    Protocol::parse(text).ok_or_else(|| format!("is no protocol: `{}`", shown(text)))?;
            }
            ("protocol", TestValue::Number(number)) => {
                let number = u8::try_from(*number).map_err(|_| "is no protocol".to_owned())?;
                self.record.protocol = Protocol(number);
            }
            ("orig_classification" | "resp_classification", TestValue::Number(class)) => {
                let zone = class_zone(*class, policy)?;
                let orig = name.starts_with("orig");
                let field = find(if orig { "orig.zone" } else { "resp.zone" });
                let field = field.ok_or_else(|| "is no field".to_owned())?;
                self.given.push((field, Value::Text(Cow::Borrowed(zone))));
            }
            _ => {
                let field = find(name).ok_or_else(|| "has another value than it takes".to_owned())?;
                self.given.push((field, typed(field, value, policy)?));
            }
        }
        Ok(())
    }

    fn judged(mut self, policy: &Policy) -> Result<Flow<'a>, String> {
        let (Some((orig, orig_port)), Some((resp, resp_port))) = (self.orig, self.resp) else {
            return Err("`orig` and `resp` are missing".to_owned());
        };
        let at = match self.time {
            Some(time) => time,
            None => policy
                .calendar
                .date_start(DEFAULT_TIME)
                .map_err(|fault| fault.message)?,
        };
        let record = &mut self.record;
        record.orig = Endpoint {
            address: orig,
            port: orig_port.unwrap_or(0),
        };
        record.resp = Endpoint {
            address: resp,
            port: resp_port.unwrap_or(0),
        };
        record.has_ports = record.protocol.has_ports() && resp_port.is_some();
        let length = record.end.since(record.start);
        (record.start, record.end) = (at, at.plus(length));
        self.record.vlan = self.given.iter().find_map(|(field, value)| match value {
            Value::Number(number) if field.name == "vlan" => u16::try_from(*number).ok(),
            _ => None,
        });
        let word = |name: &str| {
            self.given.iter().find_map(|(field, value)| match value {
                Value::Text(text) if field.name == name => Some(&**text),
                _ => None,
            })
        };
        let record = &self.record;
        let judgement = policy.judge(&Question {
            vlan: record.vlan,
            orig_mac: record.orig_mac,
            resp_mac: record.resp_mac,
            has_ports: record.has_ports,
            service: word("service"),
            tunnel: word("tunnel"),
            related: self.related,
            ..Question::new(orig, resp, record.protocol, record.resp.port, at)
        });
        let mut record = self.record;
        record.orig_zone = Arc::clone(policy.zone_name(judgement.orig_zone));
        record.resp_zone = Arc::clone(policy.zone_name(judgement.resp_zone));
        record.verdict = judgement.verdict;
        record.rule = Arc::clone(&judgement.rule);
        record.policy_version = Arc::clone(policy.version());
        Ok(Flow {
            record,
            given: self.given,
            has_ports: (orig_port.is_some(), resp_port.is_some()),
            judgement,
        })
    }
}

/// The zone that stands for a classification in the tests of a catalogue.
fn class_zone(class: i64, policy: &Policy) -> Result<&'static str, String> {
    if policy.zones.declared().next().is_some() {
        return Err("is that of the zone; give an address of such a zone".to_owned());
    }
    let zone = usize::try_from(class.saturating_sub(1))
        .ok()
        .and_then(|index| TEST_ZONES.get(index));
    zone.copied()
        .ok_or_else(|| "takes a whole number from 1 to 3".to_owned())
}

fn end(text: &str) -> Result<End, String> {
    if let Ok(both) = text.parse::<SocketAddr>() {
        return Ok((both.ip(), Some(both.port())));
    }
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare.parse::<IpAddr>();
    address.map(|address| (address, None)).map_err(|_| {
        format!(
            "is no address with or without a port: `{}` (write 10.40.1.7:50211 or [2001:db8::1]:443)",
            shown(text)
        )
    })
}

fn mac(text: &str) -> Result<MacAddress, String> {
    MacAddress::parse(text).ok_or_else(|| format!("is no MAC address: `{}`", shown(text)))
}

fn typed<'a>(field: &Field, value: &'a TestValue, policy: &Policy) -> Result<Value<'a>, String> {
    let wrong = |what: &str| Err(format!("takes {what}"));
    match (field.kind, value) {
        (FieldKind::Text, TestValue::Text(text)) => Ok(Value::Text(Cow::Borrowed(text))),
        (FieldKind::Text, TestValue::Number(number)) => Ok(Value::Text(Cow::Owned(number.to_string()))),
        (FieldKind::Text, _) => wrong("a text"),
        (FieldKind::Number, TestValue::Number(number)) => match u64::try_from(*number) {
            Ok(number) => Ok(Value::Number(number)),
            Err(_) => wrong("a whole number from 0"),
        },
        (FieldKind::Number, _) => wrong("a whole number"),
        (FieldKind::Address, TestValue::Text(text)) => match text.parse() {
            Ok(address) => Ok(Value::Address(address)),
            Err(_) => wrong("an address"),
        },
        (FieldKind::Address, _) => wrong("an address"),
        (FieldKind::Time, TestValue::Text(text) | TestValue::Time(text)) => {
            let instant = policy.calendar.date_start(text);
            instant.map(Value::Time).map_err(|fault| fault.message)
        }
        (FieldKind::Time, _) => wrong("a time"),
        (FieldKind::Seconds, TestValue::Fraction(seconds)) => Ok(Value::Seconds(*seconds)),
        (FieldKind::Seconds, TestValue::Number(seconds)) => {
            let seconds = u32::try_from(*seconds).map_err(|_| "takes seconds from 0".to_owned())?;
            Ok(Value::Seconds(f64::from(seconds)))
        }
        (FieldKind::Seconds, _) => wrong("a number of seconds"),
    }
}

impl fmt::Display for Flow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |end: Endpoint, has_port: bool| {
            if has_port {
                SocketAddr::new(end.address, end.port).to_string()
            } else {
                end.address.to_string()
            }
        };
        let (orig, resp) = self.has_ports;
        write!(
            f,
            "{} {} -> {}",
            self.record.protocol,
            end(self.record.orig, orig),
            end(self.record.resp, resp)
        )?;
        for (field, value) in &self.given {
            match value {
                Value::Text(text) if field.name == "service" => write!(f, " {}", shown(text))?,
                Value::Text(text) => write!(f, " {}={}", field.name, shown(text))?,
                Value::Number(number) => write!(f, " {}={number}", field.name)?,
                Value::Address(address) => write!(f, " {}={address}", field.name)?,
                Value::Time(time) => write!(f, " {}={time}", field.name)?,
                Value::Seconds(seconds) => write!(f, " {}={seconds}s", field.name)?,
                Value::Absent => {}
            }
        }
        Ok(())
    }
}
