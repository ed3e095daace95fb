//! What is wrong with a path or an exception, seen beside all others.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sekisho_model::{Text, Timestamp, Verdict};

use super::ask::Ask;
use super::claims::{Claim, Claims};
use super::example::Example;
use super::index::Index;
use super::model::Model;
use super::region::{Budget, Exhausted, Region};
use super::{Remark, RemarkKind};
use crate::Policy;
use crate::conditions::End;
use crate::zones::ZoneId;

/// Steps that one entry may take.
const STEPS: u64 = 400_000;

/// Other entries that a remark names.
const MAX_OTHERS: usize = 8;

/// All remarks on the entries of a policy, in the order of precedence.
pub(super) struct Entries<'m, 'p> {
    pub(super) model: &'m Model<'p, 1>,
    pub(super) claims: &'m Claims,
    pub(super) policy: &'p Policy,
    pub(super) at: Timestamp,
    index: Index,
}

impl<'m, 'p> Entries<'m, 'p> {
    pub(super) fn new(
        model: &'m Model<'p, 1>,
        claims: &'m Claims,
        policy: &'p Policy,
        at: Timestamp,
    ) -> Self {
        let cubes = claims
            .entries
            .iter()
            .enumerate()
            .flat_map(|(number, claim)| claim.reach.0.iter().map(move |cube| (number, cube)));
        Self {
            model,
            claims,
            policy,
            at,
            index: Index::new(model.spots.len(), cubes),
        }
    }

    fn asks(&self) -> &'m [Ask<'p>] {
        let [asks] = &self.model.asks;
        asks
    }

    /// Looks at every entry; `budget` is what all of them together may cost.
    pub(super) fn remarks(&self, budget: &mut Budget) -> Vec<Remark> {
        let mut remarks = Vec::new();
        for (number, (ask, claim)) in self.asks().iter().zip(&self.claims.entries).enumerate() {
            let mut own = budget.part(STEPS);
            let before = remarks.len();
            if self.entry(number, ask, claim, &mut own, &mut remarks).is_err() {
                remarks.truncate(before);
                remarks.push(undecided(&claim.id));
            }
            budget.give_back(own);
        }
        self.join_legs(remarks)
    }

    /// A path over a gateway is two entries of one id: it decides nothing only where neither does.
    fn join_legs(&self, remarks: Vec<Remark>) -> Vec<Remark> {
        let mut legs: HashMap<&Arc<str>, usize> = HashMap::new();
        for claim in &self.claims.entries {
            let count = legs.entry(&claim.id).or_default();
            *count = count.saturating_add(1);
        }
        let mut idle: HashMap<Arc<str>, usize> = HashMap::new();
        for remark in remarks.iter().filter(|remark| remark.kind.is_idle()) {
            let count = idle.entry(Arc::clone(&remark.entry)).or_default();
            *count = count.saturating_add(1);
        }
        let mut seen = HashSet::new();
        let mut stays = |remark: &Remark| {
            let all = legs.get(&remark.entry).copied().unwrap_or(1);
            let of_all = !remark.kind.is_idle() || idle.get(&remark.entry) == Some(&all);
            let once =
                all == 1 || seen.insert((remark.kind, Arc::clone(&remark.entry), remark.others.clone()));
            of_all && once
        };
        remarks.into_iter().filter(|remark| stays(remark)).collect()
    }

    fn entry(
        &self,
        number: usize,
        ask: &Ask<'_>,
        claim: &Claim,
        budget: &mut Budget,
        out: &mut Vec<Remark>,
    ) -> Result<(), Exhausted> {
        let remark = |kind, others, text, example| Remark {
            kind,
            entry: Arc::clone(&claim.id),
            others,
            text,
            example,
        };
        self.outlives(ask, claim, out);
        let mut judged = claim.region.clone();
        for cube in &self.claims.unjudged.0 {
            judged.take(cube, budget)?;
        }
        if judged.is_empty() {
            out.push(remark(
                RemarkKind::Unreachable,
                Vec::new(),
                self.unreachable(ask, claim),
                None,
            ));
            return Ok(());
        }
        let mut rest = judged.clone();
        for cube in &self.claims.open.0 {
            rest.take(cube, budget)?;
        }
        if rest.is_empty() {
            let text = Text::new(
                "経路がなくても許可されている通信だけを許可しています",
                "allows only what is allowed without a path",
            );
            out.push(remark(RemarkKind::Redundant, Vec::new(), text, None));
            return Ok(());
        }
        let near = self.near(claim);
        self.conflicts(number, &judged, &near, budget, out)?;
        let own = rest.clone();
        let first = self.take(
            &mut rest,
            near.iter().copied().filter(|other| *other < number),
            budget,
        )?;
        if ask.exception {
            let mut left = own;
            let paths = near.iter().copied().filter(|other| {
                *other != number && self.asks().get(*other).is_some_and(|other| !other.exception)
            });
            let paths = self.take(&mut left, paths, budget)?;
            if left.is_empty() {
                let names = listed(&paths);
                let text = Text::new(
                    format!("例外は不要です。経路 {names} がすべて許可しています"),
                    format!("the exception is needless: {names} allows all of it"),
                );
                out.push(remark(RemarkKind::Needless, paths, text, None));
                return Ok(());
            }
        }
        if rest.is_empty() {
            let names = listed(&first);
            let text = Text::new(
                format!("使われません。先に選ばれる {names} がすべて許可しています"),
                format!("is never chosen: {names}, asked first, allows all of it"),
            );
            out.push(remark(RemarkKind::Shadowed, first, text, None));
            return Ok(());
        }
        let partly = !first.is_empty();
        let left = rest.clone();
        let later = self.take(
            &mut rest,
            near.iter().copied().filter(|other| *other > number),
            budget,
        )?;
        if rest.is_empty() {
            let others: Vec<_> = first.into_iter().chain(later).take(MAX_OTHERS).collect();
            let names = listed(&others);
            let text = Text::new(
                format!("取り除いても判定は変わりません。{names} がすべて許可しています"),
                format!("removing it changes no verdict: {names} allows all of it"),
            );
            out.push(remark(RemarkKind::Redundant, others, text, None));
            return Ok(());
        }
        if partly {
            let names = listed(&first);
            let text = Text::new(
                format!("一部は先に選ばれる {names} が許可しています"),
                format!("a part of it is allowed by {names}, which is asked first"),
            );
            let id = &claim.id;
            let example = self.example(&left, |rule| rule == id);
            out.push(remark(RemarkKind::PartlyShadowed, first, text, example));
        }
        Ok(())
    }

    /// The entries whose reach may meet that of `claim`.
    fn near(&self, claim: &Claim) -> Vec<usize> {
        let mut near: Vec<usize> = claim
            .reach
            .0
            .iter()
            .flat_map(|cube| self.index.near(cube))
            .collect();
        near.sort_unstable();
        near.dedup();
        near
    }

    /// Takes what the other entries allow out of `rest`; gives the ids of those that took some.
    fn take(
        &self,
        rest: &mut Region,
        others: impl Iterator<Item = usize>,
        budget: &mut Budget,
    ) -> Result<Vec<Arc<str>>, Exhausted> {
        let mut took = Vec::new();
        for other in others.filter_map(|other| self.claims.entries.get(other)) {
            if rest.is_empty() {
                break;
            }
            budget.spend(rest.0.len())?;
            let meets = other.region.0.iter().any(|cube| rest.meets(cube));
            if !meets {
                continue;
            }
            if took.len() < MAX_OTHERS {
                took.push(Arc::clone(&other.id));
            }
            for cube in &other.region.0 {
                rest.take(cube, budget)?;
            }
        }
        Ok(took)
    }

    fn example(&self, region: &Region, rule: impl Fn(&Arc<str>) -> bool) -> Option<Example> {
        region.0.iter().find_map(|cube| {
            self.model.example(cube, |[judged]| {
                judged.verdict == Verdict::Allowed && rule(&judged.rule)
            })
        })
    }

    /// Two owners or approvers of the same flows, and conditions that another entry undoes.
    fn conflicts(
        &self,
        number: usize,
        judged: &Region,
        near: &[usize],
        budget: &mut Budget,
        out: &mut Vec<Remark>,
    ) -> Result<(), Exhausted> {
        let (Some(ask), Some(claim)) = (self.asks().get(number), self.claims.entries.get(number)) else {
            return Ok(());
        };
        let mut forbidden = claim.reach.clone();
        for cube in claim
            .region
            .0
            .iter()
            .chain(&self.claims.unjudged.0)
            .chain(&self.claims.open.0)
        {
            forbidden.take(cube, budget)?;
        }
        let differ = |mine: &str, theirs: &str| !mine.is_empty() && !theirs.is_empty() && mine != theirs;
        for other in near.iter().copied().filter(|other| *other != number) {
            let (Some(theirs), Some(their_claim)) = (self.asks().get(other), self.claims.entries.get(other))
            else {
                continue;
            };
            if their_claim.id == claim.id {
                continue;
            }
            budget.spend(judged.0.len().saturating_add(forbidden.0.len()))?;
            let meets = |region: &Region| their_claim.region.0.iter().any(|cube| region.meets(cube));
            let keepers = other > number && differ(ask.owner, theirs.owner);
            if keepers && meets(judged) {
                let (mine, other) = (ask.owner, theirs.owner);
                let text = Text::new(
                    format!(
                        "同じ通信に責任者が二人います: {mine} と {}の {other}",
                        their_claim.id
                    ),
                    format!(
                        "the same flows have two owners: {mine}, and {other} by {}",
                        their_claim.id
                    ),
                );
                out.push(conflict(claim, their_claim, text, None));
            }
            if !ask.exception && !theirs.exception && meets(&forbidden) {
                let undone = their_claim.region.0.iter().flat_map(|cube| forbidden.and(cube).0);
                let undone = Region(undone.collect());
                let what = undone.0.first().map(|cube| self.model.words(cube).text());
                let what = what.unwrap_or_default();
                let id = &their_claim.id;
                let text = Text::new(
                    format!("この経路の条件は {id} により効きません: {}", what.ja),
                    format!("its conditions are undone by {id}, which allows {}", what.en),
                );
                let example = self.example(&undone, |rule| *rule != claim.id);
                out.push(conflict(claim, their_claim, text, example));
            }
        }
        Ok(())
    }

    /// An exception that lasts longer than what it was asked for.
    fn outlives(&self, ask: &Ask<'_>, claim: &Claim, out: &mut Vec<Remark>) {
        if !ask.exception {
            return;
        }
        let Some(end) = ask.expires else { return };
        let review = self.policy.calendar().date_end(ask.review).ok();
        if review.is_some_and(|review| review < end) {
            out.push(Remark {
                kind: RemarkKind::Outlives,
                entry: Arc::clone(&claim.id),
                others: Vec::new(),
                text: Text::new(
                    format!("見直し期日 {} の後も有効です", ask.review),
                    format!("lasts beyond its review on {}", ask.review),
                ),
                example: None,
            });
        }
        let contract = ask.contract;
        let ended = self.asks().iter().filter(|other| {
            let same = !other.exception && !contract.is_empty() && other.contract == contract;
            same && other.expires.is_some_and(|theirs| theirs < end)
        });
        let ended: Vec<Arc<str>> = ended.map(|other| Arc::clone(other.id)).take(MAX_OTHERS).collect();
        if !ended.is_empty() {
            let names = listed(&ended);
            out.push(Remark {
                kind: RemarkKind::Outlives,
                entry: Arc::clone(&claim.id),
                text: Text::new(
                    format!("契約 {contract} の経路 {names} の期限の後も有効です"),
                    format!("lasts beyond {names}, which ends with the contract {contract}"),
                ),
                others: ended,
                example: None,
            });
        }
    }

    /// Why no flow can ever use the entry.
    fn unreachable(&self, ask: &Ask<'_>, claim: &Claim) -> Text {
        let calendar = self.policy.calendar();
        if let (Some(starts), Some(expires)) = (ask.starts, ask.expires)
            && starts >= expires
        {
            return Text::new(
                "開始日が期限より後です".to_owned(),
                "starts after it expires".to_owned(),
            );
        }
        if let Some(expires) = ask.expires.filter(|expires| *expires <= self.at) {
            let end = calendar.local(expires).text();
            return Text::new(
                format!("期限切れです({})", end.ja),
                format!("expired at {}", end.en),
            );
        }
        if let Some((calendar, window)) = ask.window
            && window.is_never(calendar)
        {
            let text = window.text();
            return Text::new(
                format!("時間帯 {text} に当たる時刻がありません"),
                format!("its window `{text}` is never open"),
            );
        }
        for (name, end) in [("from", &ask.from), ("to", &ask.to)] {
            if let Some(text) = self.dead_end(name, end.zones) {
                return text;
            }
            let spots = self.model.at_end(0, end.zones);
            let anywhere = end.hosts.as_ref().is_none_or(|hosts| {
                let spots = spots.iter().filter_map(|spot| self.model.spots.get(spot));
                spots
                    .into_iter()
                    .any(|spot| hosts.iter().any(|host| host.network.contains(&spot.address)))
            });
            if !anywhere {
                return Text::new(
                    format!("`{name}_hosts` のホストが `{name}` のゾーンにありません"),
                    format!("no host of `{name}_hosts` is in a zone of `{name}`"),
                );
            }
        }
        if claim.region.is_empty() {
            return Text::new(
                "期間内に時間帯に当たる時刻がありません".to_owned(),
                "its window is not open within its term".to_owned(),
            );
        }
        Text::new(
            "判定しない通信(除外ゾーン、未登録どうし)だけが対象です".to_owned(),
            "speaks only of flows that are not judged: excluded zones, or two unregistered ends".to_owned(),
        )
    }

    /// An end in which no host can be, or of which nothing is judged.
    fn dead_end(&self, name: &str, end: &End) -> Option<Text> {
        let End::Zones(zones) = end else { return None };
        let ids = |test: &dyn Fn(ZoneId) -> bool| {
            let zones = zones.iter().filter(|zone| test(**zone));
            let ids: Vec<_> = zones
                .map(|zone| format!("`{}`", self.policy.zone_name(*zone)))
                .collect();
            (ids.len() == self.count(end)).then(|| ids.join(", "))
        };
        if let Some(ids) = ids(&|zone| self.model.in_zone(0, |other| other == zone).is_empty()) {
            return Some(Text::new(
                format!("`{name}` のゾーン {ids} に入るアドレスがありません"),
                format!("no address can be in the zone {ids} of `{name}`"),
            ));
        }
        ids(&|zone| self.policy.is_excluded(zone)).map(|ids| {
            Text::new(
                format!("`{name}` のゾーン {ids} は除外されています"),
                format!("the zone {ids} of `{name}` is excluded"),
            )
        })
    }

    fn count(&self, end: &End) -> usize {
        match end {
            End::Any => usize::MAX,
            End::Zones(zones) => zones.len(),
        }
    }
}

fn conflict(claim: &Claim, other: &Claim, text: Text, example: Option<Example>) -> Remark {
    Remark {
        kind: RemarkKind::Conflicting,
        entry: Arc::clone(&claim.id),
        others: vec![Arc::clone(&other.id)],
        text,
        example,
    }
}

fn undecided(id: &Arc<str>) -> Remark {
    Remark {
        kind: RemarkKind::Undecided,
        entry: Arc::clone(id),
        others: Vec::new(),
        text: Text::new(
            "検証の計算量の上限に達しました",
            "not decided within the limit of the proof's work",
        ),
        example: None,
    }
}

fn listed(ids: &[Arc<str>]) -> String {
    ids.iter().map(|id| &**id).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::ask::EndAsk;
    use super::super::sample;
    use super::*;
    use crate::conditions::Protocols;

    /// Remarks on an exception until the end of 2026 with a review and a contract, beside a path of
    /// contract C-12 that ends in November.
    fn remarks(review: &str, contract: &str) -> Vec<(RemarkKind, String)> {
        let policy = sample::policy();
        let ends = sample::ends(&policy);
        let ids: [Arc<str>; 2] = [Arc::from("EXC"), Arc::from("PATH")];
        let end = |text| policy.calendar().date_end(text).ok();
        let ask = |id, exception, expires, contract, review| Ask {
            id,
            exception,
            from: EndAsk {
                zones: &ends[0],
                hosts: None,
            },
            to: EndAsk {
                zones: &ends[1],
                hosts: None,
            },
            protocols: Protocols::ALL,
            ports: None,
            services: None,
            tunnels: None,
            next_hops: None,
            window: None,
            starts: None,
            expires,
            owner: "",
            contract,
            review,
        };
        let asks = vec![
            ask(&ids[0], true, end("2026-12-31"), contract, review),
            ask(&ids[1], false, end("2026-11-30"), "C-12", ""),
        ];
        let at = Timestamp::parse("2026-11-01T00:00:00+09:00").unwrap();
        let model = Model::of([&policy], [asks], at).unwrap();
        let claims = model.claims(0).unwrap();
        let remarks = Entries::new(&model, &claims, &policy, at).remarks(&mut Budget::new(10_000));
        let of_exception = remarks.into_iter().filter(|remark| &*remark.entry == "EXC");
        of_exception.map(|remark| (remark.kind, remark.text.en)).collect()
    }

    #[test]
    fn an_exception_that_lasts_longer_than_its_reason_is_named() {
        let outlives = |text: &str| vec![(RemarkKind::Outlives, text.to_owned())];

        assert_eq!(remarks("", ""), []);
        assert_eq!(remarks("2026-12-31", "C-13"), []);
        assert_eq!(
            remarks("2026-12-30", ""),
            outlives("lasts beyond its review on 2026-12-30")
        );
        assert_eq!(
            remarks("", "C-12"),
            outlives("lasts beyond PATH, which ends with the contract C-12")
        );
    }
}
