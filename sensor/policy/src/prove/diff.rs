//! Which communication another policy newly allows, newly denies, and judges for the first time.

use std::collections::HashSet;
use std::sync::Arc;

use sekisho_model::{Text, Timestamp, Verdict};

use super::claims::Claims;
use super::example::Example;
use super::index::Index;
use super::model::Model;
use super::region::{Budget, Cube, Exhausted, Region};
use super::words::Flows;
use crate::Policy;

/// What changes from one policy to another, for every flow there can be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Difference {
    /// The changes: newly allowed first, then newly denied, then the others.
    pub lines: Vec<DifferenceLine>,
    /// Whether nothing is missing: the work stayed within its limit.
    pub complete: bool,
}

/// Flows of which the two policies say different things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DifferenceLine {
    /// What the first policy says.
    pub was: Verdict,
    /// What the second policy says.
    pub is: Verdict,
    /// The flows in words, by the names of the second policy.
    pub flows: Flows,
    /// One of them; absent where none could be made: two ends in VLANs that exclude each other.
    pub example: Option<Example>,
    /// The rule by which the first policy judges the example.
    pub rule_was: Arc<str>,
    /// The rule by which the second policy judges it.
    pub rule_is: Arc<str>,
}

impl DifferenceLine {
    /// The change in words.
    #[must_use]
    pub fn change(&self) -> Text {
        let (ja, en) = match (self.was, self.is) {
            (Verdict::Denied, Verdict::Allowed) => ("新たに許可", "newly allowed"),
            (Verdict::Allowed, Verdict::Denied) => ("新たに拒否", "newly denied"),
            (Verdict::Unknown, Verdict::Allowed) => ("判定なしから許可へ", "not judged before, allowed now"),
            (Verdict::Unknown, Verdict::Denied) => ("判定なしから拒否へ", "not judged before, denied now"),
            (Verdict::Allowed, Verdict::Unknown) => ("許可から判定なしへ", "allowed before, not judged now"),
            (Verdict::Denied, Verdict::Unknown) => ("拒否から判定なしへ", "denied before, not judged now"),
            _ => ("変更なし", "unchanged"),
        };
        Text::new(ja, en)
    }
}

/// Steps that one difference may take.
const STEPS: u64 = 40_000_000;

/// Lines that one difference may have.
const MAX_LINES: usize = 4096;

/// The changes that are looked for, those that open something first.
const CHANGES: [(Verdict, Verdict); 6] = [
    (Verdict::Denied, Verdict::Allowed),
    (Verdict::Unknown, Verdict::Allowed),
    (Verdict::Allowed, Verdict::Denied),
    (Verdict::Unknown, Verdict::Denied),
    (Verdict::Allowed, Verdict::Unknown),
    (Verdict::Denied, Verdict::Unknown),
];

/// What changes from policy `a` to policy `b`, for every flow from `at` on.
#[must_use]
pub fn diff(a: &Policy, b: &Policy, at: Timestamp) -> Difference {
    let mut difference = Difference {
        lines: Vec::new(),
        complete: true,
    };
    let mut budget = Budget::new(STEPS);
    if compare(a, b, at, &mut difference, &mut budget).is_err() {
        difference.complete = false;
    }
    difference
}

fn compare(
    a: &Policy,
    b: &Policy,
    at: Timestamp,
    into: &mut Difference,
    budget: &mut Budget,
) -> Result<(), Exhausted> {
    let model = Model::new([a, b], at)?;
    each_change(&model, budget, |was, is, region| {
        let room = MAX_LINES.saturating_sub(into.lines.len());
        into.complete &= region.0.len() <= room;
        let lines = region.0.iter().take(room).map(|cube| line(&model, cube, was, is));
        into.lines.extend(lines);
    })
}

/// The region of each change, in as few boxes as were found.
pub(super) fn each_change(
    model: &Model<'_, 2>,
    budget: &mut Budget,
    mut then: impl FnMut(Verdict, Verdict, Region),
) -> Result<(), Exhausted> {
    let sides = [Side::new(model, 0)?, Side::new(model, 1)?];
    let [first, second] = &sides;
    for (was, is) in CHANGES {
        let region = match (was, is) {
            (Verdict::Allowed, Verdict::Unknown) => first.allowed_within(&second.claims.unjudged, budget)?,
            (Verdict::Unknown, Verdict::Allowed) => second.allowed_within(&first.claims.unjudged, budget)?,
            (_, Verdict::Allowed) => second.allowed_beyond(first, budget)?,
            (Verdict::Allowed, _) => first.allowed_beyond(second, budget)?,
            (Verdict::Unknown, _) => first.unjudged_denied_by(second, budget)?,
            (_, _) => second.unjudged_denied_by(first, budget)?,
        };
        then(was, is, region.merged(budget)?);
    }
    Ok(())
}

/// One of the two policies.
struct Side {
    claims: Claims,
    /// Everything that it allows, in boxes that may overlap.
    allowed: Vec<Cube>,
    index: Index,
    known: HashSet<Cube>,
}

impl Side {
    fn new(model: &Model<'_, 2>, policy: usize) -> Result<Self, Exhausted> {
        let claims = model.claims(policy)?;
        let entries = claims.entries.iter().flat_map(|claim| &claim.region.0);
        let allowed: Vec<Cube> = entries.chain(&claims.open.0).cloned().collect();
        Ok(Self {
            index: Index::new(model.spots.len(), allowed.iter().enumerate()),
            known: allowed.iter().cloned().collect(),
            allowed,
            claims,
        })
    }

    /// What is allowed here and denied by `other`.
    fn allowed_beyond(&self, other: &Self, budget: &mut Budget) -> Result<Region, Exhausted> {
        self.each_allowed(budget, |cube, budget| {
            // What the other allows too, or does not judge, is not denied by it.
            if other.known.contains(cube) {
                return Ok(Region::default());
            }
            let mut region = Region(vec![cube.clone()]);
            take_all(&mut region, &self.claims.unjudged, budget)?;
            take_all(&mut region, &other.claims.unjudged, budget)?;
            other.take_allowed(cube, &mut region, budget)?;
            Ok(region)
        })
    }

    /// What is allowed here and in `within`.
    fn allowed_within(&self, within: &Region, budget: &mut Budget) -> Result<Region, Exhausted> {
        self.each_allowed(budget, |cube, budget| {
            budget.spend(within.0.len())?;
            let mut region = Region::default();
            for part in &within.0 {
                let Some(both) = part.and(cube) else { continue };
                add(&mut region, both, budget)?;
            }
            take_all(&mut region, &self.claims.unjudged, budget)?;
            Ok(region)
        })
    }

    /// The union over everything that is allowed, in boxes that are apart.
    fn each_allowed(
        &self,
        budget: &mut Budget,
        of: impl Fn(&Cube, &mut Budget) -> Result<Region, Exhausted>,
    ) -> Result<Region, Exhausted> {
        let mut all = Region::default();
        for (number, cube) in self.allowed.iter().enumerate() {
            budget.spend(1)?;
            let mut parts = of(cube, budget)?;
            let before = |other: &usize| *other < number;
            for other in self.index.near(cube).into_iter().filter(before) {
                if parts.is_empty() {
                    break;
                }
                if let Some(known) = self.allowed.get(other) {
                    parts.take(known, budget)?;
                }
            }
            all.0.append(&mut parts.0);
        }
        Ok(all)
    }

    /// What is not judged here and denied by `other`.
    fn unjudged_denied_by(&self, other: &Self, budget: &mut Budget) -> Result<Region, Exhausted> {
        let mut region = Region::default();
        for cube in &self.claims.unjudged.0 {
            let mut part = Region(vec![cube.clone()]);
            take_all(&mut part, &other.claims.unjudged, budget)?;
            if part.is_empty() {
                continue;
            }
            other.take_allowed(cube, &mut part, budget)?;
            for cube in part.0 {
                add(&mut region, cube, budget)?;
            }
        }
        Ok(region)
    }

    /// Takes what is allowed here out of a region inside `cube`.
    fn take_allowed(&self, cube: &Cube, region: &mut Region, budget: &mut Budget) -> Result<(), Exhausted> {
        for number in self.index.near(cube) {
            if region.is_empty() {
                break;
            }
            if let Some(allowed) = self.allowed.get(number) {
                region.take(allowed, budget)?;
            }
        }
        Ok(())
    }
}

fn take_all(region: &mut Region, others: &Region, budget: &mut Budget) -> Result<(), Exhausted> {
    others.0.iter().try_for_each(|other| region.take(other, budget))
}

/// Adds what of a box is not in the region yet.
fn add(region: &mut Region, cube: Cube, budget: &mut Budget) -> Result<(), Exhausted> {
    let mut fresh = Region(vec![cube]);
    take_all(&mut fresh, region, budget)?;
    region.0.append(&mut fresh.0);
    Ok(())
}

fn line(model: &Model<'_, 2>, cube: &Cube, was: Verdict, is: Verdict) -> DifferenceLine {
    let example = model.example(cube, |[first, second]| {
        first.verdict == was && second.verdict == is
    });
    let [a, b] = model.policies;
    let rule = |policy: &Policy| {
        let judged = example.as_ref().map(|example| policy.judge(&example.question()));
        judged.map_or_else(|| Arc::from(""), |judged| judged.rule)
    };
    DifferenceLine {
        was,
        is,
        flows: model.words(cube),
        rule_was: rule(a),
        rule_is: rule(b),
        example,
    }
}
