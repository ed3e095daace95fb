//! Which files include which: units of files, and whose word counts over whose.
//!
//! A unit is the files of one folder, or one file that was included by itself. The unit that nobody
//! includes is the policy's own. Included units come before those that include them. The files of
//! [`CATALOGUE`] are a unit that every other includes without saying so.

use std::collections::HashMap;

use super::table::Table;
use crate::error::{Report, Sink, shown};
use crate::file::{At, File};

/// The folder of the files that lie beneath a policy as though its folder included them.
pub(crate) const CATALOGUE: &str = "(catalogue)";

/// Whether a file lies beneath a policy.
pub(crate) fn is_beneath(name: &str) -> bool {
    name.strip_prefix(CATALOGUE)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The unit of a file, by its position among the units.
pub(super) type UnitId = usize;

/// All units, included ones first.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// By unit, the units that it includes, directly or not; itself left out.
    below: Vec<Vec<bool>>,
    /// By file.
    of_file: Vec<UnitId>,
}

impl Units {
    pub(super) fn of(&self, file: usize) -> UnitId {
        self.of_file.get(file).copied().unwrap_or_default()
    }

    /// Whether what `unit` says counts over what `other` says.
    pub(super) fn overrides(&self, unit: UnitId, other: UnitId) -> bool {
        self.below
            .get(unit)
            .and_then(|below| below.get(other))
            .copied()
            .unwrap_or_default()
    }

    /// The unit that nobody includes.
    pub(super) fn top(&self) -> UnitId {
        self.below.len().saturating_sub(1)
    }

    /// The unit that lies beneath the others, where there are others.
    pub(super) fn beneath(&self, names: impl Iterator<Item = impl AsRef<str>>) -> Option<UnitId> {
        let file = names.into_iter().position(|name| is_beneath(name.as_ref()))?;
        Some(self.of(file)).filter(|unit| *unit != self.top())
    }

    /// Finds the units of `files`, each given with what it includes.
    pub(super) fn find(files: &[(File, Vec<At<String>>)], sink: &mut Sink) -> Self {
        // Unit 0 is the policy's own while the others are found.
        let mut names: Vec<String> = vec![String::new()];
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut of_file = vec![0; files.len()];
        let catalogue = beneath(files, &mut names, &mut of_file);
        for (file, include) in files
            .iter()
            .flat_map(|(file, all)| all.iter().map(move |one| (file, one)))
        {
            let target = resolve(&file.name, &include.value);
            if numbers.contains_key(&target) {
                continue;
            }
            let number = names.len();
            let mut found = false;
            for ((other, _), unit) in files.iter().zip(&mut of_file) {
                let name = normal(&other.name);
                if name == target || folder(&name) == target {
                    found = true;
                    if *unit == 0 {
                        *unit = number;
                    }
                }
            }
            if !found {
                sink.push(
                    Report::error(
                        "policy::include",
                        format!("nothing was read from `{}`", shown(&include.value)),
                    )
                    .at(&include.place, "includes nothing")
                    .help(
                        "name a folder with `*.toml` files, or one such file, seen from this file's folder",
                    ),
                );
                continue;
            }
            numbers.insert(target.clone(), number);
            names.push(target);
        }
        let mut edges: Vec<Vec<(usize, &At<String>)>> = vec![Vec::new(); names.len()];
        for ((file, includes), unit) in files.iter().zip(&of_file) {
            for include in includes {
                if let (Some(to), Some(edges)) = (
                    numbers.get(&resolve(&file.name, &include.value)),
                    edges.get_mut(*unit),
                ) {
                    edges.push((*to, include));
                }
            }
        }
        if let Some((number, include)) = &catalogue {
            for (unit, edges) in edges.iter_mut().enumerate().filter(|(unit, _)| unit != number) {
                // What a catalogue includes in turn lies beneath it.
                if !names.get(unit).is_some_and(|name| is_beneath(name)) {
                    edges.push((*number, include));
                }
            }
        }
        let mut walk = Walk {
            edges: &edges,
            state: vec![State::New; names.len()],
            order: Vec::new(),
        };
        // The policy's own files first; what only a circle reaches comes after them.
        for unit in 0..names.len() {
            if walk.state.get(unit) == Some(&State::New) {
                walk.visit(unit, sink);
            }
        }
        Self::ordered(&walk.order, &edges, &of_file)
    }

    fn ordered(order: &[usize], edges: &[Vec<(usize, &At<String>)>], of_file: &[usize]) -> Self {
        let mut position = vec![0; edges.len()];
        for (place, unit) in order.iter().enumerate() {
            if let Some(slot) = position.get_mut(*unit) {
                *slot = place;
            }
        }
        let at = |unit: usize| position.get(unit).copied().unwrap_or_default();
        let mut below: Vec<Vec<bool>> = Vec::with_capacity(order.len());
        for (place, unit) in order.iter().enumerate() {
            let mut own = vec![false; order.len()];
            for to in edges.get(*unit).into_iter().flatten().map(|(to, _)| at(*to)) {
                // In a circle, which was complained about, a unit stands after one that it is in.
                if to >= place {
                    continue;
                }
                let further = below.get(to).cloned().unwrap_or_default();
                for (mine, theirs) in own.iter_mut().zip(further) {
                    *mine |= theirs;
                }
                if let Some(mine) = own.get_mut(to) {
                    *mine = true;
                }
            }
            below.push(own);
        }
        Self {
            below,
            of_file: of_file.iter().map(|unit| at(*unit)).collect(),
        }
    }
}

/// Makes the files of [`CATALOGUE`] a unit, where there are others; also what stands for the words
/// that include it.
fn beneath(
    files: &[(File, Vec<At<String>>)],
    names: &mut Vec<String>,
    of_file: &mut [usize],
) -> Option<(usize, At<String>)> {
    let first = files.iter().find(|(file, _)| is_beneath(&file.name))?;
    if files.iter().all(|(file, _)| is_beneath(&file.name)) {
        return None;
    }
    let number = names.len();
    names.push(CATALOGUE.to_owned());
    for ((file, _), unit) in files.iter().zip(of_file) {
        if is_beneath(&file.name) {
            *unit = number;
        }
    }
    let include = At {
        value: CATALOGUE.to_owned(),
        place: first.0.place(0..0),
    };
    Some((number, include))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    Open,
    Done,
}

struct Walk<'a> {
    edges: &'a [Vec<(usize, &'a At<String>)>],
    state: Vec<State>,
    order: Vec<usize>,
}

impl Walk<'_> {
    fn visit(&mut self, unit: usize, sink: &mut Sink) {
        let edges = self.edges;
        self.set(unit, State::Open);
        for (to, include) in edges.get(unit).into_iter().flatten() {
            match self.state.get(*to) {
                Some(State::New) => self.visit(*to, sink),
                Some(State::Open) => sink.push(
                    Report::error(
                        "policy::include",
                        format!("`{}` includes itself", shown(&include.value)),
                    )
                    .at(
                        &include.place,
                        "leads back to a folder or file that includes this one",
                    )
                    .help("remove it; what is included must not include in turn"),
                ),
                _ => {}
            }
        }
        self.set(unit, State::Done);
        self.order.push(unit);
    }

    fn set(&mut self, unit: usize, to: State) {
        if let Some(state) = self.state.get_mut(unit) {
            *state = to;
        }
    }
}

/// What `[policy]` of a file includes. Wrong types are complained about where `[policy]` is read.
pub(crate) fn included(file: &File, document: &Table<'_>) -> Vec<At<String>> {
    let policy = document
        .value("policy")
        .and_then(|item| item.get().as_table().map(|table| (item, table)));
    let include = policy.and_then(|(item, table)| {
        Table::new(file, table, item.place(), "the `[policy]` table").value("include")
    });
    let items = include.map(super::table::Item::each).unwrap_or_default();
    let mut included = Vec::new();
    for item in items {
        if let Some(text) = item.str() {
            included.push(At {
                value: text.to_owned(),
                place: item.place(),
            });
        }
    }
    included
}

/// The name of what a file calls `relative`.
pub(crate) fn resolve(file: &str, relative: &str) -> String {
    if relative.starts_with('/') {
        return normal(relative);
    }
    let folder = folder(file);
    if folder.is_empty() {
        normal(relative)
    } else {
        normal(&format!("{folder}/{relative}"))
    }
}

/// The folder of a file, empty where the name has none.
fn folder(file: &str) -> String {
    match file.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
        None => String::new(),
    }
}

/// The name without `.`, and without `..` behind a name.
pub(crate) fn normal(name: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if name.starts_with('/') {
        format!("/{joined}")
    } else {
        joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_from_the_file_that_says_them() {
        assert_eq!(resolve("site/zones.toml", "../three-zones"), "three-zones");
        assert_eq!(resolve("./site/zones.toml", "lists/x.txt"), "site/lists/x.txt");
        assert_eq!(resolve("../a/b.toml", "../.."), "../..");
        assert_eq!(resolve("/etc/a/b.toml", "../c/"), "/etc/c");
        assert_eq!(resolve("b.toml", "."), "");
        assert_eq!(resolve("b.toml", "/etc/x"), "/etc/x");
    }
}
