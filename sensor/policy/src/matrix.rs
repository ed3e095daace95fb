//! From a pair of zones to the few paths that can allow a flow between them.
//!
//! Paths that name both ends stand in the cell of the pair, those that name one end in a list of
//! that zone, the others in one list. Each list is sorted the most specific first, so the first
//! match of the first list that has one is the answer, and `*` does not fill every cell.

use sekisho_model::Protocol;

use crate::conditions::{Conditions, End, Service};
use crate::zones::ZoneId;

/// The index over all paths of a policy.
#[derive(Debug, Clone, Default)]
pub(crate) struct Matrix {
    /// Zones of the policy, built-in ones too: the width of a row.
    zones: usize,
    /// The paths, the most specific first.
    ranked: Vec<Ranked>,
    /// By originator and responder zone; positions in `ranked`, ascending, as in all lists.
    cells: Vec<Vec<u32>>,
    /// From this zone to `*`.
    from: Vec<Vec<u32>>,
    /// From `*` to this zone.
    to: Vec<Vec<u32>>,
    /// From `*` to `*`.
    anywhere: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Ranked {
    service: Service,
    /// Position among the paths in the order of the files.
    path: usize,
}

impl Matrix {
    /// Builds the index over `zones` zones for paths that stand in the order of the files.
    pub(crate) fn new<'a>(zones: usize, paths: impl Iterator<Item = &'a Conditions>) -> Self {
        let mut order: Vec<(usize, &Conditions)> = paths.enumerate().collect();
        order.sort_by_key(|(path, conditions)| (conditions.rank(), *path));
        let mut matrix = Self {
            zones,
            ranked: Vec::with_capacity(order.len()),
            cells: vec![Vec::new(); zones.saturating_mul(zones)],
            from: vec![Vec::new(); zones],
            to: vec![Vec::new(); zones],
            anywhere: Vec::new(),
        };
        for (path, conditions) in order {
            matrix.insert(path, conditions);
        }
        matrix
    }

    fn insert(&mut self, path: usize, conditions: &Conditions) {
        let Ok(position) = u32::try_from(self.ranked.len()) else {
            return;
        };
        self.ranked.push(Ranked {
            service: conditions.service.clone(),
            path,
        });
        let put = |list: Option<&mut Vec<u32>>| list.into_iter().for_each(|list| list.push(position));
        match (&conditions.from, &conditions.to) {
            (End::Any, End::Any) => self.anywhere.push(position),
            (End::Zones(from), End::Any) => {
                from.iter().for_each(|zone| put(self.from.get_mut(zone.index())));
            }
            (End::Any, End::Zones(to)) => {
                to.iter().for_each(|zone| put(self.to.get_mut(zone.index())));
            }
            (End::Zones(from), End::Zones(to)) => {
                for orig in from {
                    for resp in to {
                        let cell = self.cell(*orig, *resp);
                        put(self.cells.get_mut(cell));
                    }
                }
            }
        }
    }

    fn cell(&self, orig: ZoneId, resp: ZoneId) -> usize {
        orig.index()
            .saturating_mul(self.zones)
            .saturating_add(resp.index())
    }

    /// The most specific path that allows the flow, as a position in the order of the files.
    pub(crate) fn find(
        &self,
        orig: ZoneId,
        resp: ZoneId,
        protocol: Protocol,
        resp_port: u16,
    ) -> Option<usize> {
        self.first(orig, resp, |service| service.has(protocol, resp_port))
    }

    /// Whether some path allows the protocol at some port.
    pub(crate) fn allows_protocol(&self, orig: ZoneId, resp: ZoneId, protocol: Protocol) -> bool {
        self.first(orig, resp, |service| service.protocols.has(protocol))
            .is_some()
    }

    fn first(&self, orig: ZoneId, resp: ZoneId, fits: impl Fn(&Service) -> bool) -> Option<usize> {
        let first = |list: Option<&Vec<u32>>| {
            let positions = list.map_or(&[] as &[u32], Vec::as_slice);
            positions.iter().copied().find(|position| {
                usize::try_from(*position)
                    .ok()
                    .and_then(|position| self.ranked.get(position))
                    .is_some_and(|ranked| fits(&ranked.service))
            })
        };
        let one_end = || {
            let (from, to) = (
                first(self.from.get(orig.index())),
                first(self.to.get(resp.index())),
            );
            from.into_iter().chain(to).min()
        };
        let position = first(self.cells.get(self.cell(orig, resp)))
            .or_else(one_end)
            .or_else(|| first(Some(&self.anywhere)))?;
        self.ranked
            .get(usize::try_from(position).ok()?)
            .map(|ranked| ranked.path)
    }
}
