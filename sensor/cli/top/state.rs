//! What a sensor answered, and what two answers say of the time between them.

use std::collections::VecDeque;

use sekisho_model::summary::Summary;

use super::ask::Answer;
use crate::cli::terminal::clean;

/// Rates that are remembered: the columns of a wide screen.
const HISTORY: usize = 240;

/// Rates of traffic, a second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Rates {
    pub(super) packets: f64,
    pub(super) bits: f64,
    pub(super) flows: f64,
}

/// What is shown.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Who is asked.
    pub(super) server: String,
    pub(super) answer: Answer,
    /// Of the newest time in which something changed; of the whole run where there is no earlier answer.
    pub(super) rates: Rates,
    /// Packets a second, the newest last.
    pub(super) history: VecDeque<u64>,
    /// Why the newest question was not answered.
    pub(super) failure: Option<String>,
}

impl State {
    pub(super) fn new(server: &str) -> Self {
        Self {
            server: clean(server),
            ..Self::default()
        }
    }

    /// Takes an answer in the place of the one before.
    pub(super) fn take(&mut self, answer: Answer) {
        self.failure = None;
        let before = self.answer.summary.as_ref();
        let rates = answer.summary.as_ref().and_then(|now| match before {
            Some(before) if before.first_packet == now.first_packet => between(before, now),
            _ => whole(now),
        });
        if let Some(rates) = rates {
            self.rates = rates;
            self.history.push_back(rounded(rates.packets));
            if self.history.len() > HISTORY {
                self.history.pop_front();
            }
        }
        self.answer = answer;
    }

    /// No answer came.
    pub(super) fn fail(&mut self, error: &anyhow::Error) {
        self.failure = Some(clean(&format!("{error:#}")));
    }

    /// Whether the sensor runs.
    pub(super) fn is_watching(&self) -> bool {
        self.answer
            .summary
            .as_ref()
            .is_some_and(|summary| summary.ongoing)
    }
}

/// The rates between two summaries of one run; nothing where no time has passed.
fn between(before: &Summary, now: &Summary) -> Option<Rates> {
    let seconds = now.watched_until?.since(before.watched_until?).as_secs_f64();
    rates(
        now.packets.saturating_sub(before.packets),
        now.frame_octets.saturating_sub(before.frame_octets),
        now.flows.saturating_sub(before.flows),
        seconds,
    )
}

/// The rates of a whole run.
fn whole(now: &Summary) -> Option<Rates> {
    let seconds = now.watched_until?.since(now.first_packet?).as_secs_f64();
    rates(now.packets, now.frame_octets, now.flows, seconds)
}

#[expect(clippy::cast_precision_loss, reason = "rates for people; 53 bits are enough")]
fn rates(packets: u64, octets: u64, flows: u64, seconds: f64) -> Option<Rates> {
    (seconds > 0.0).then(|| Rates {
        packets: packets as f64 / seconds,
        bits: octets as f64 * 8.0 / seconds,
        flows: flows as f64 / seconds,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates are positive and far below 2^63"
)]
fn rounded(rate: f64) -> u64 {
    rate.round() as u64
}

#[cfg(test)]
pub(super) mod tests {
    use sekisho_model::blind::{BlindTotals, MirrorFinding, MirrorReport};
    use sekisho_model::summary::{InputFile, MatrixCell, PortCounters, Volume};
    use sekisho_model::{BlindInterval, BlindKind, Text, Timestamp};

    use super::super::ask::{Alert, End};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(1_793_750_400 + second, 0)
    }

    fn summary(seconds: i64, packets: u64) -> Summary {
        let volume = Volume {
            flows: 12,
            packets: 99,
            octets: 5_000,
        };
        let mut summary = Summary {
            packets,
            frame_octets: packets * 500,
            flows: 40,
            first_packet: Some(at(0)),
            last_packet: Some(at(seconds)),
            watched_until: Some(at(seconds)),
            policy_name: "three zones".to_owned(),
            ongoing: true,
            ..Summary::default()
        };
        summary.alerts.by_severity = [("1".to_owned(), 3), ("3".to_owned(), 2)].into();
        summary.zones = (0..30_u64)
            .map(|number| MatrixCell {
                orig_zone: format!("office{number}"),
                resp_zone: "server".to_owned(),
                allowed: volume,
                denied: Volume {
                    flows: number,
                    ..volume
                },
                unknown: Volume::default(),
            })
            .collect();
        summary.losses = [("ring_dropped".to_owned(), 7)].into();
        summary.input.files = vec![InputFile {
            path: "eth1".to_owned(),
            format: "ring".to_owned(),
            packets,
            damage: None,
            port: Some(PortCounters {
                filtered: 0,
                ring_dropped: 7,
                received: packets,
                dropped: 0,
            }),
        }];
        let silence = BlindTotals {
            intervals: 1,
            seconds: 75.0,
        };
        summary.health.blind = [("silence".to_owned(), silence)].into();
        summary.health.mirror = Some(MirrorReport {
            findings: vec![MirrorFinding {
                id: "duplicates".to_owned(),
                title: Text::new("同じパケットが二度届いている", "Packets arrive twice"),
                observed: Text::default(),
                matters: Text::default(),
                change: Text::default(),
                commands: Vec::new(),
            }],
            ..MirrorReport::default()
        });
        summary
    }

    impl State {
        /// With this in every name that comes from a network.
        pub(in super::super) fn hurt(&mut self, name: &str) {
            for alert in &mut self.answer.alerts {
                name.clone_into(&mut alert.title.en);
            }
        }
    }

    /// A sensor that watches, with alerts of two rules.
    pub(in super::super) fn example() -> State {
        let end = |address: &str| {
            Some(End {
                address: address.to_owned(),
            })
        };
        let alert = |number: usize| Alert {
            rule: if number == 1 { "BLIND-SILENCE" } else { "PATH-DENY" }.to_owned(),
            title: Text::new("許可されていない通信", "Communication that no path allows"),
            severity: u8::try_from(1 + number % 4).unwrap(),
            last_seen: "2026-11-04T00:01:00.000000+00:00".to_owned(),
            count: 3,
            orig: end("192.0.2.1"),
            resp: end("2001:db8:20:1::35"),
        };
        let mut state = State::new("127.0.0.1:8080");
        state.take(Answer {
            version: "0.1.0".to_owned(),
            summary: Some(summary(60, 6_000)),
            alerts: (0..60).map(alert).collect(),
            blind: vec![BlindInterval::new(BlindKind::Silence, "eth1", at(0), at(75))],
        });
        state
    }

    #[test]
    fn rates_are_of_the_time_between_two_answers() {
        let mut state = example();
        assert_eq!((state.rates.packets, state.rates.bits), (100.0, 400_000.0));

        for (seconds, packets) in [(70, 6_050), (70, 6_050)] {
            let answer = Answer {
                summary: Some(summary(seconds, packets)),
                ..state.answer.clone()
            };
            state.take(answer);

            assert_eq!((state.rates.packets, state.rates.bits), (5.0, 20_000.0));
        }
        assert_eq!(state.history, [100, 5]);
    }
}
