//! An algebra of regions: which flows, as unions of boxes.
//!
//! A box is a product of sets, one for each thing that decides about a flow; what is taken out of a
//! box leaves at most one box for each of them.

use std::collections::HashMap;

use super::bits::Bits;
use crate::calendar::Ranges;

/// What decides about a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Axis {
    /// Where the originator is.
    From,
    /// Where the responder is.
    To,
    /// The transport protocol, by its number.
    Protocol,
    /// The application protocol.
    Service,
    /// The time.
    Time,
    /// What carries the flow.
    Tunnel,
    /// The originator's MAC address.
    OrigMac,
    /// The responder's MAC address.
    RespMac,
}

/// How many axes have sets of bits; the responder's port has ranges.
pub(crate) const AXES: usize = 8;

impl Axis {
    pub(crate) const ALL: [Self; AXES] = [
        Self::From,
        Self::To,
        Self::Protocol,
        Self::Service,
        Self::Time,
        Self::Tunnel,
        Self::OrigMac,
        Self::RespMac,
    ];
}

/// A product of sets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Cube {
    pub(crate) axes: [Bits; AXES],
    /// Half-open ranges of ports; all of them for a protocol without ports.
    pub(crate) ports: Ranges<u32>,
}

impl Cube {
    pub(crate) fn get(&self, axis: Axis) -> &Bits {
        // The order of the variants is the order of the array.
        let [from, to, protocol, service, time, tunnel, orig_mac, resp_mac] = &self.axes;
        match axis {
            Axis::From => from,
            Axis::To => to,
            Axis::Protocol => protocol,
            Axis::Service => service,
            Axis::Time => time,
            Axis::Tunnel => tunnel,
            Axis::OrigMac => orig_mac,
            Axis::RespMac => resp_mac,
        }
    }

    pub(crate) fn with(&self, axis: Axis, bits: Bits) -> Self {
        let mut cube = self.clone();
        let place = Axis::ALL.iter().position(|it| *it == axis);
        if let Some(slot) = place.and_then(|place| cube.axes.get_mut(place)) {
            *slot = bits;
        }
        cube
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ports.is_empty() || self.axes.iter().any(Bits::is_empty)
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.axes
            .iter()
            .zip(&other.axes)
            .all(|(mine, theirs)| mine.meets(theirs))
            && self.ports.meets(&other.ports)
    }

    /// What is in both; `None` where nothing is.
    pub(crate) fn and(&self, other: &Self) -> Option<Self> {
        if !self.meets(other) {
            return None;
        }
        let mut cube = self.clone();
        for (mine, theirs) in cube.axes.iter_mut().zip(&other.axes) {
            *mine = mine.and(theirs);
        }
        cube.ports = self.ports.and(&other.ports);
        Some(cube)
    }

    /// What is here and not in `other`, as boxes that are apart from each other.
    fn minus(&self, other: &Self, out: &mut Vec<Self>) {
        let mut rest = self.clone();
        for (place, theirs) in other.axes.iter().enumerate() {
            let Some(mine) = rest.axes.get(place) else {
                continue;
            };
            let left = mine.minus(theirs);
            if left.is_empty() {
                continue;
            }
            let both = mine.and(theirs);
            let mut apart = rest.clone();
            if let Some(slot) = apart.axes.get_mut(place) {
                *slot = left;
            }
            out.push(apart);
            if let Some(slot) = rest.axes.get_mut(place) {
                *slot = both;
            }
        }
        let left = rest.ports.minus(&other.ports);
        if !left.is_empty() {
            rest.ports = left;
            out.push(rest);
        }
    }
}

/// How much work one answer may take: boxes that may be looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget(u64);

/// The work was more than the budget; the question is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

impl Budget {
    pub(crate) const fn new(steps: u64) -> Self {
        Self(steps)
    }

    /// A part of the budget, at most `steps`; what is left of it is given back.
    pub(crate) fn part(&mut self, steps: u64) -> Self {
        let part = self.0.min(steps);
        self.0 = self.0.saturating_sub(part);
        Self(part)
    }

    pub(crate) fn give_back(&mut self, part: Self) {
        self.0 = self.0.saturating_add(part.0);
    }

    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.0 = self.0.checked_sub(steps).ok_or(Exhausted)?;
        Ok(())
    }
}

/// A union of boxes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Region(pub(crate) Vec<Cube>);

impl Region {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, cube: Cube) {
        if !cube.is_empty() {
            self.0.push(cube);
        }
    }

    pub(crate) fn meets(&self, other: &Cube) -> bool {
        self.0.iter().any(|cube| cube.meets(other))
    }

    /// Takes out what is in `other`.
    pub(crate) fn take(&mut self, other: &Cube, budget: &mut Budget) -> Result<(), Exhausted> {
        budget.spend(self.0.len())?;
        if !self.meets(other) {
            return Ok(());
        }
        let mut left = Vec::with_capacity(self.0.len());
        for cube in std::mem::take(&mut self.0) {
            if cube.meets(other) {
                cube.minus(other, &mut left);
            } else {
                left.push(cube);
            }
        }
        self.0 = left;
        Ok(())
    }

    /// What is in both.
    pub(crate) fn and(&self, other: &Cube) -> Self {
        Self(self.0.iter().filter_map(|cube| cube.and(other)).collect())
    }

    /// The same region in fewer boxes: those that differ in one axis only become one.
    pub(crate) fn merged(mut self, budget: &mut Budget) -> Result<Self, Exhausted> {
        loop {
            let before = self.0.len();
            for axis in 0..=AXES {
                budget.spend(self.0.len())?;
                self.0 = join(self.0, axis);
            }
            if self.0.len() == before {
                return Ok(self);
            }
        }
    }
}

/// Joins the boxes that differ in one axis only; the last one stands for the ports.
fn join(cubes: Vec<Cube>, axis: usize) -> Vec<Cube> {
    let mut joined: Vec<Cube> = Vec::with_capacity(cubes.len());
    let mut known: HashMap<Cube, usize> = HashMap::with_capacity(cubes.len());
    for cube in cubes {
        let mut rest = cube.clone();
        match rest.axes.get_mut(axis) {
            Some(bits) => *bits = Bits::of(0, []),
            None => rest.ports = Ranges::new(Vec::new()),
        }
        let place = *known.entry(rest).or_insert(joined.len());
        let Some(other) = joined.get_mut(place) else {
            joined.push(cube);
            continue;
        };
        match (other.axes.get_mut(axis), cube.axes.get(axis)) {
            (Some(bits), Some(more)) => *bits = bits.or(more),
            _ => other.ports = Ranges::new(other.ports.iter().chain(cube.ports.iter()).collect()),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIDE: usize = 3;

    /// Points of a space of two axes and the ports, all other axes being one point.
    fn points() -> impl Iterator<Item = (usize, usize, u32)> {
        (0..SIDE).flat_map(|a| (0..SIDE).flat_map(move |b| (0..4).map(move |port| (a, b, port))))
    }

    fn cube(from: &[usize], time: &[usize], ports: &[(u32, u32)]) -> Cube {
        let one = || Bits::all(1);
        let side = |numbers: &[usize]| Bits::of(SIDE, numbers.iter().copied());
        Cube {
            axes: [side(from), one(), one(), one(), side(time), one(), one(), one()],
            ports: Ranges::new(ports.to_vec()),
        }
    }

    fn has(region: &Region, (from, time, port): (usize, usize, u32)) -> bool {
        region.0.iter().any(|cube| {
            cube.get(Axis::From).has(from) && cube.get(Axis::Time).has(time) && cube.ports.has(port)
        })
    }

    fn any_cube() -> impl Strategy<Value = Cube> {
        let side = || prop::collection::vec(0..SIDE, 1..=SIDE);
        let ports = prop::collection::vec((0..4_u32, 1..5_u32), 1..3);
        (side(), side(), ports).prop_map(|(from, time, ports)| cube(&from, &time, &ports))
    }

    fn region_of(cubes: &[Cube]) -> Region {
        let mut region = Region::default();
        cubes.iter().for_each(|cube| region.push(cube.clone()));
        region
    }

    proptest! {
        #[test]
        fn taking_out_joining_and_meeting_are_those_of_sets_of_points(
            first in prop::collection::vec(any_cube(), 0..5),
            second in prop::collection::vec(any_cube(), 0..5),
        ) {
            let (a, b) = (region_of(&first), region_of(&second));
            let mut budget = Budget::new(1_000_000);
            let mut left = a.clone();
            for cube in &b.0 {
                left.take(cube, &mut budget).unwrap();
            }
            let merged = left.clone().merged(&mut budget).unwrap();
            let again = a.clone().merged(&mut budget).unwrap();

            for point in points() {
                let expected = has(&a, point) && !has(&b, point);
                prop_assert_eq!(has(&left, point), expected);
                prop_assert_eq!(has(&merged, point), expected);
                prop_assert_eq!(has(&again, point), has(&a, point));
            }
            prop_assert!(merged.0.len() <= left.0.len());
            prop_assert!(left.0.iter().all(|cube| !cube.is_empty()));
            for cube in &b.0 {
                let both = a.and(cube);
                let of_cube = Region(vec![cube.clone()]);
                prop_assert_eq!(a.meets(cube), points().any(|point| has(&a, point) && has(&of_cube, point)));
                for point in points() {
                    prop_assert_eq!(has(&both, point), has(&a, point) && has(&of_cube, point));
                }
            }
        }
    }

    #[test]
    fn a_box_joins_another_that_differs_in_one_thing() {
        let region = region_of(&[cube(&[0], &[0, 1], &[(80, 81)]), cube(&[2], &[0, 1], &[(80, 81)])]);

        let merged = region.merged(&mut Budget::new(100)).unwrap();

        assert_eq!(merged.0, [cube(&[0, 2], &[0, 1], &[(80, 81)])]);
    }

    #[test]
    fn work_beyond_the_budget_is_an_answer_of_its_own() {
        let mut region = region_of(&[cube(&[0], &[0], &[(0, 9)]), cube(&[1], &[0], &[(0, 9)])]);

        assert_eq!(
            region.take(&cube(&[2], &[0], &[(0, 9)]), &mut Budget::new(1)),
            Err(Exhausted)
        );
    }
}
