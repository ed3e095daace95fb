//! Which boxes can meet a box, found by where their originators are.

use super::region::{Axis, Cube};

/// Boxes from more spots than this stand in a list of their own.
const WIDE: u32 = 64;

/// Numbers of boxes, by the spots of their originators.
#[derive(Debug, Default)]
pub(crate) struct Index {
    by_spot: Vec<Vec<usize>>,
    wide: Vec<usize>,
    count: usize,
}

impl Index {
    /// Files boxes that belong to numbers; the numbers ascend.
    pub(crate) fn new<'c>(spots: usize, cubes: impl Iterator<Item = (usize, &'c Cube)>) -> Self {
        let mut index = Self {
            by_spot: vec![Vec::new(); spots],
            ..Self::default()
        };
        for (number, cube) in cubes {
            index.count = index.count.max(number.saturating_add(1));
            let from = cube.get(Axis::From);
            if from.count() > WIDE {
                push(&mut index.wide, number);
                continue;
            }
            for spot in from.iter() {
                if let Some(list) = index.by_spot.get_mut(spot) {
                    push(list, number);
                }
            }
        }
        index
    }

    /// The numbers whose boxes may meet `cube`, ascending.
    pub(crate) fn near(&self, cube: &Cube) -> Vec<usize> {
        let from = cube.get(Axis::From);
        if from.count() > WIDE {
            return (0..self.count).collect();
        }
        let lists = from.iter().filter_map(|spot| self.by_spot.get(spot));
        let mut near: Vec<usize> = lists.flatten().chain(&self.wide).copied().collect();
        near.sort_unstable();
        near.dedup();
        near
    }
}

fn push(list: &mut Vec<usize>, number: usize) {
    if list.last() != Some(&number) {
        list.push(number);
    }
}
