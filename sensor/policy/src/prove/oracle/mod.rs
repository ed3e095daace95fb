//! The prover, the difference, what-if and the judge held against brute force over a small space: four
//! zones, every protocol and port that their entries tell apart, application protocols, and times
//! within and without every window and term.
//!
//! `PROPTEST_CASES` sets how many random policies are tried.

mod naive;
mod sketch;

use std::sync::Arc;

use proptest::prelude::*;
use sekisho_model::{Timestamp, Verdict};

use super::diff::each_change;
use super::model::{Model, NAMED, NOT_KNOWN, OTHER};
use super::region::{Axis, Budget, Cube};
use super::{Outcome, RemarkKind};
use crate::whatif::{Standing, WhatIf};
use crate::{Observation, Policy, Source};
use naive::{AT, Answers, Places, Point, order, points};
use sketch::{Sketch, pair, sketch};

/// A sketch with its answers at every point.
struct Walked {
    sketch: Sketch,
    policy: Policy,
    points: &'static [Point],
    places: Places,
    answers: Vec<Answers>,
    order: Vec<usize>,
    before: Vec<Option<Verdict>>,
    /// By entry and point: whether it speaks of the flow, and whether it allows it.
    spoken: Vec<Vec<bool>>,
    allowed: Vec<Vec<bool>>,
}

impl Walked {
    fn new(sketch: Sketch) -> Self {
        let text = sketch.text();
        let source = Source {
            name: "oracle.toml".to_owned(),
            text: text.clone().into(),
        };
        let policy = match Policy::compile(&[source]) {
            Ok(policy) => policy,
            Err(errors) => panic!("{errors:?}\n{text}"),
        };
        let points = points();
        let places = Places::new(&sketch);
        let answers: Vec<Answers> = sketch.entries.iter().map(|entry| places.entry(entry)).collect();
        let of = |test: &dyn Fn(&Answers, &Point) -> bool| -> Vec<Vec<bool>> {
            let test = |entry: &Answers| points.iter().map(|point| test(entry, point)).collect();
            answers.iter().map(test).collect()
        };
        Self {
            order: order(&sketch),
            spoken: of(&|entry, point| entry.speaks_of(point)),
            allowed: of(&|entry, point| entry.speaks_of(point) && entry.holds(point)),
            before: points
                .iter()
                .map(|point| places.before_paths(&sketch, point))
                .collect(),
            sketch,
            policy,
            points,
            places,
            answers,
        }
    }

    /// Verdict of a flow, without one of the entries.
    fn verdict(&self, point: usize, without: Option<usize>) -> Verdict {
        let allows = |(entry, allowed): (usize, &Vec<bool>)| allowed[point] && Some(entry) != without;
        self.before[point].unwrap_or_else(|| {
            if self.allowed.iter().enumerate().any(allows) {
                Verdict::Allowed
            } else {
                Verdict::Denied
            }
        })
    }

    /// The rule of a flow about which the paths are asked.
    fn rule(&self, point: usize) -> String {
        let mut asked = self.order.iter().copied();
        if let Some(entry) = asked.clone().find(|entry| self.allowed[*entry][point]) {
            return self.sketch.id(entry);
        }
        let candidate = asked.find(|entry| self.spoken[*entry][point]);
        let flow = &self.points[point];
        let rule = match candidate {
            Some(entry) => self.answers[entry].failed(flow).unwrap(),
            None if self.places.inside(flow) => "INTRA-DENY",
            None => "PATH-DENY",
        };
        rule.to_owned()
    }

    fn unjudged(&self, point: usize) -> bool {
        self.before[point] == Some(Verdict::Unknown)
    }

    fn open(&self, point: usize) -> bool {
        self.before[point] == Some(Verdict::Allowed)
    }

    /// What the prover is to say of an entry's place among the others.
    fn place(&self, entry: usize) -> Option<RemarkKind> {
        let all = || 0..self.points.len();
        let judged: Vec<usize> = all()
            .filter(|point| self.allowed[entry][*point] && !self.unjudged(*point))
            .collect();
        if judged.is_empty() {
            return Some(RemarkKind::Unreachable);
        }
        let own: Vec<usize> = judged.into_iter().filter(|point| !self.open(*point)).collect();
        if own.is_empty() {
            return Some(RemarkKind::Redundant);
        }
        let by = |others: &[usize], point: usize| others.iter().any(|other| self.allowed[*other][point]);
        let covered = |others: &[usize]| own.iter().all(|point| by(others, *point));
        let rank = self.order.iter().position(|other| *other == entry).unwrap();
        let (earlier, later) = (&self.order[..rank], &self.order[rank + 1..]);
        let others = [earlier, later].concat();
        let is_path = |other: &usize| !self.sketch.entries[*other].exception;
        let paths: Vec<usize> = others.iter().copied().filter(is_path).collect();
        if self.sketch.entries[entry].exception && covered(&paths) {
            return Some(RemarkKind::Needless);
        }
        if covered(earlier) {
            return Some(RemarkKind::Shadowed);
        }
        if covered(&others) {
            return Some(RemarkKind::Redundant);
        }
        let partly = own.iter().any(|point| by(earlier, *point));
        partly.then_some(RemarkKind::PartlyShadowed)
    }

    /// Whether a path allows what the conditions of another forbid, or both have an owner.
    fn conflict(&self, entry: usize, other: usize) -> bool {
        let (mine, theirs) = (&self.sketch.entries[entry], &self.sketch.entries[other]);
        let rank = |entry| self.order.iter().position(|other| *other == entry).unwrap();
        let points = || (0..self.points.len()).filter(|point| self.allowed[other][*point]);
        let reachable = (0..self.points.len())
            .any(|point| self.allowed[entry][point] && !self.unjudged(point) && !self.open(point));
        if !reachable {
            return false;
        }
        let owners = mine.owner.is_some() && theirs.owner.is_some() && mine.owner != theirs.owner;
        let shared = owners
            && rank(entry) < rank(other)
            && points().any(|point| self.allowed[entry][point] && !self.unjudged(point));
        let undone = !mine.exception
            && !theirs.exception
            && points().any(|point| {
                self.spoken[entry][point] && !self.allowed[entry][point] && self.before[point].is_none()
            });
        shared || undone
    }
}

fn at() -> Timestamp {
    Timestamp::parse(AT).unwrap()
}

fn check_judge(walked: &Walked, sample: usize) -> Result<(), TestCaseError> {
    let points = walked.points.iter().enumerate();
    for (number, point) in points.skip(sample).step_by(JUDGED) {
        let judged = walked.policy.judge(&point.question());
        let right = judged.verdict == walked.verdict(number, None)
            && (walked.before[number].is_some() || *judged.rule == *walked.rule(number));
        if !right {
            let expected = (walked.verdict(number, None), walked.rule(number));
            prop_assert!(
                false,
                "{:?}\n{:?}\n{:?}\n{}",
                judged,
                expected,
                point.question(),
                walked.sketch.text()
            );
        }
    }
    Ok(())
}

fn check_proof(walked: &Walked) -> Result<(), TestCaseError> {
    let text = walked.sketch.text();
    let proof = walked.policy.prove(at());
    prop_assert!(proof.complete);
    for entry in 0..walked.sketch.entries.len() {
        let id = walked.sketch.id(entry);
        let remarks = || proof.remarks.iter().filter(|remark| *remark.entry == id);
        let beside = [RemarkKind::Conflicting, RemarkKind::Outlives];
        let place: Vec<_> = remarks().map(|remark| remark.kind).collect();
        let place: Vec<_> = place.into_iter().filter(|kind| !beside.contains(kind)).collect();
        let expected = walked.place(entry);
        prop_assert_eq!(
            &place,
            &expected.into_iter().collect::<Vec<_>>(),
            "{}\n{}",
            &id,
            &text
        );
        let same = (0..walked.points.len())
            .all(|point| walked.verdict(point, None) == walked.verdict(point, Some(entry)));
        let removable = place.iter().any(|kind| *kind != RemarkKind::PartlyShadowed);
        prop_assert_eq!(removable, same, "{}\n{}", &id, &text);
        for other in (0..walked.sketch.entries.len()).filter(|other| *other != entry) {
            let name = walked.sketch.id(other);
            let named = remarks()
                .filter(|remark| remark.kind == RemarkKind::Conflicting)
                .any(|remark| remark.others.iter().any(|other| **other == name));
            prop_assert_eq!(
                named,
                walked.conflict(entry, other),
                "{} {}\n{}",
                &id,
                &name,
                &text
            );
        }
        for example in remarks().filter_map(|remark| remark.example.as_ref()) {
            prop_assert_eq!(walked.policy.judge(&example.question()).verdict, Verdict::Allowed);
        }
    }
    for (number, statement) in walked.sketch.statements.iter().enumerate() {
        let points = || {
            let all = walked.points.iter().enumerate();
            all.filter(|(_, point)| walked.places.states(statement, point))
        };
        let refuted = points().any(|(point, _)| {
            let other = |entry: usize| !statement.only.contains(&entry) && walked.allowed[entry][point];
            let path = || (0..walked.sketch.entries.len()).any(other);
            !walked.unjudged(point) && (walked.open(point) || path())
        });
        let unjudged = points().any(|(point, _)| walked.unjudged(point));
        let outcome = &proof.answers[number].outcome;
        match outcome {
            Outcome::Proved => prop_assert!(!refuted && !unjudged, "S-{}\n{}", number, &text),
            Outcome::Refuted { example, .. } => {
                prop_assert!(refuted, "S-{} {}\n{}", number, example, &text);
                prop_assert_eq!(walked.policy.judge(&example.question()).verdict, Verdict::Allowed);
            }
            Outcome::NotJudged { .. } => prop_assert!(!refuted && unjudged, "S-{}\n{}", number, &text),
            Outcome::Undecided => prop_assert!(false, "S-{}\n{}", number, &text),
        }
    }
    Ok(())
}

/// Where a flow is in the space of a model.
fn located(model: &Model<'_, 2>, point: &Point) -> impl Fn(&Cube) -> bool {
    let question = point.question();
    let spot = |address: std::net::IpAddr| {
        let hosts = |other: std::net::IpAddr| -> Vec<bool> {
            let ends = model.asks.iter().flatten().flat_map(|ask| [&ask.from, &ask.to]);
            let hosts = ends.filter_map(|end| end.hosts.as_ref()).flatten();
            hosts.map(|host| host.network.contains(&other)).collect()
        };
        let zones = |other| model.policies.map(|policy| policy.zone_of(other, None));
        model
            .spots
            .iter()
            .position(|spot| zones(spot.address) == zones(address) && hosts(spot.address) == hosts(address))
            .unwrap()
    };
    let service = match question.service {
        None => NOT_KNOWN,
        Some(word) => {
            let known = model.services.iter().position(|service| service == word);
            known.map_or(OTHER, |place| place + NAMED)
        }
    };
    let time = |at: Timestamp| -> Vec<bool> {
        let asks = model.asks.iter().flatten();
        let like = asks.map(|ask| {
            let starts = ask.starts.is_none_or(|starts| starts <= at);
            let open = ask
                .window
                .is_none_or(|(calendar, window)| window.is_open(calendar, at));
            [starts, ask.expires.is_none_or(|expires| at < expires), open]
        });
        like.flatten().collect()
    };
    let instants = &model.clock.instants;
    let instant = instants
        .iter()
        .position(|at| time(*at) == time(question.at))
        .unwrap();
    let (protocol, port) = (question.protocol, u32::from(question.resp_port));
    let number = usize::from(protocol.0);
    let (from, to) = (spot(question.orig), spot(question.resp));
    move |cube| {
        cube.get(Axis::From).has(from)
            && cube.get(Axis::To).has(to)
            && cube.get(Axis::Protocol).has(number)
            && cube.get(Axis::Service).has(service)
            && cube.get(Axis::Time).has(instant)
            && cube.get(Axis::Tunnel).has(NOT_KNOWN)
            && cube.get(Axis::OrigMac).has(NOT_KNOWN)
            && cube.get(Axis::RespMac).has(NOT_KNOWN)
            && (!protocol.has_ports() || cube.ports.has(port))
    }
}

fn check_difference(first: &Walked, second: &Walked, sample: usize) -> Result<(), TestCaseError> {
    let text = || format!("{}\n---\n{}", first.sketch.text(), second.sketch.text());
    let model = Model::new([&first.policy, &second.policy], at()).unwrap();
    let mut changes = Vec::new();
    each_change(&model, &mut Budget::new(10_000_000), |was, is, region| {
        changes.extend(region.0.into_iter().map(|cube| (was, is, cube)));
    })
    .unwrap();
    let lines = super::diff(&first.policy, &second.policy, at());
    prop_assert!(lines.complete);
    prop_assert_eq!(lines.lines.len(), changes.len());
    for line in &lines.lines {
        let example = line.example.as_ref();
        prop_assert!(example.is_some(), "{:?}\n{}", line, text());
        let question = example.unwrap().question();
        let judged = [&first.policy, &second.policy].map(|policy| policy.judge(&question));
        prop_assert_eq!((judged[0].verdict, judged[1].verdict), (line.was, line.is));
        prop_assert_eq!(Arc::clone(&judged[1].rule), Arc::clone(&line.rule_is));
    }
    for (number, point) in first.points.iter().enumerate().skip(sample).step_by(STRIDE) {
        let (was, is) = (first.verdict(number, None), second.verdict(number, None));
        let has = located(&model, point);
        let found: Vec<_> = changes
            .iter()
            .filter(|(_, _, cube)| has(cube))
            .map(|(was, is, _)| (*was, *is))
            .collect();
        let expected = if was == is { Vec::new() } else { vec![(was, is)] };
        prop_assert_eq!(found, expected, "{:?}\n{}", point, text());
    }
    Ok(())
}

/// Shows what-if a flow for each point looked at, each of other octets, so that none can stand for another.
fn check_what_if(first: &Walked, second: &Walked, sample: usize) -> Result<(), TestCaseError> {
    let mut what_if = WhatIf::new(first.policy.clone(), second.policy.clone());
    let mut expected = [[0_u64; 3]; 3];
    for (number, point) in first.points.iter().enumerate().skip(sample).step_by(STRIDE) {
        let question = point.question();
        let octets = 1 + number as u64;
        what_if.observe(&Observation {
            question,
            octets,
            end: question.at,
            begins: true,
            answered: true,
            directed: true,
        });
        let [was, is] = [first, second].map(|walked| column(walked.verdict(number, None)));
        expected[was][is] += octets;
    }
    let report = what_if.report();
    let mut found = [[0_u64; 3]; 3];
    for was in Standing::ALL {
        for is in Standing::ALL {
            let [row, place] = [was, is].map(|standing| match standing {
                Standing::Allowed => column(Verdict::Allowed),
                Standing::Denied => column(Verdict::Denied),
                Standing::Unknown | Standing::Excluded => column(Verdict::Unknown),
            });
            found[row][place] += report.volume(was, is).octets;
        }
    }
    prop_assert_eq!(
        found,
        expected,
        "{}\n---\n{}",
        first.sketch.text(),
        second.sketch.text()
    );
    Ok(())
}

const fn column(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Allowed => 0,
        Verdict::Denied => 1,
        Verdict::Unknown => 2,
    }
}

/// Of so many points of the space one is put to the judge; which, is random.
const JUDGED: usize = 5;

/// Of so many points of the space one is looked at for a difference; which, is random.
const STRIDE: usize = 97;

fn cases() -> ProptestConfig {
    let default = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    match std::env::var("PROPTEST_CASES") {
        Ok(_) => default,
        Err(_) => ProptestConfig {
            cases: 200,
            ..default
        },
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn judge_and_prover_say_what_brute_force_says(sketch in sketch(), sample in 0..JUDGED) {
        let walked = Walked::new(sketch);
        check_judge(&walked, sample)?;
        check_proof(&walked)?;
    }

    #[test]
    fn a_difference_and_what_if_are_what_brute_force_finds((first, second) in pair(), sample in 0..STRIDE) {
        let (first, second) = (Walked::new(first), Walked::new(second));
        check_difference(&first, &second, sample)?;
        check_what_if(&first, &second, sample)?;
    }
}
