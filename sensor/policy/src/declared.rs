//! What a compiled policy says of its parts, for those who count, report and build on it.

use std::sync::Arc;

use sekisho_model::{Text, Timestamp};

use crate::calendar::Window;
use crate::entry::{Exception, Path};
use crate::parse::{RuleDecl, TestDecl};
use crate::{EntryId, Gateway, Leg, Policy, ZoneId};

/// What the files declare and others compile: rules and tests, as they are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Declared {
    /// `[[rule]]`, in the order of the files.
    pub(crate) rules: Vec<RuleDecl>,
    /// `[[test]]`, then the tests of paths and exceptions, then those of rules; each says by
    /// [`TestDecl::of`] under which entry or rule it stands.
    pub(crate) tests: Vec<TestDecl>,
}

/// Several zones under one name.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) id: Arc<str>,
    pub(crate) zones: Vec<ZoneId>,
    pub(crate) label: Text,
}

/// A path or an exception, or one leg of it, as it is written.
#[derive(Debug, Clone, Copy)]
pub struct EntryInfo<'p> {
    path: &'p Path,
    /// Which entry it is.
    pub entry: EntryId,
    /// The gateway between its two legs, where it goes over one.
    pub gateway: Option<&'p Gateway>,
}

impl<'p> EntryInfo<'p> {
    /// The id; both legs over a gateway have the same.
    #[must_use]
    pub const fn id(&self) -> &'p Arc<str> {
        &self.path.id
    }

    /// What people call it; empty where it has no title.
    #[must_use]
    pub const fn title(&self) -> &'p Text {
        &self.path.title
    }

    /// The clause that it rests on; empty where none is named.
    #[must_use]
    pub fn clause(&self) -> &'p str {
        &self.path.clause
    }

    /// Who answers for it; empty where nobody is named.
    #[must_use]
    pub fn owner(&self) -> &'p str {
        &self.path.owner
    }

    /// Who approved it; empty where nobody is named.
    #[must_use]
    pub fn approver(&self) -> &'p str {
        &self.path.approver
    }

    /// The contract that it serves; empty where none is named.
    #[must_use]
    pub fn contract(&self) -> &'p str {
        &self.path.contract
    }

    /// The day on which to look at it again, as it is written; empty where none is.
    #[must_use]
    pub fn review(&self) -> &'p str {
        &self.path.review
    }

    /// The first instant of its term, where it has one.
    #[must_use]
    pub const fn starts(&self) -> Option<Timestamp> {
        self.path.starts
    }

    /// The first instant after its term, where it has one.
    #[must_use]
    pub const fn expires(&self) -> Option<Timestamp> {
        self.path.expires
    }

    /// When it is open, where not always.
    #[must_use]
    pub const fn window(&self) -> Option<&'p Window> {
        self.path.window.as_ref()
    }

    /// Whether it is an exception: allowed for a while, on application.
    #[must_use]
    pub const fn is_exception(&self) -> bool {
        self.path.exception.is_some()
    }

    /// The number of an exception's application; empty for a path.
    #[must_use]
    pub fn application(&self) -> &'p str {
        self.of_exception(|exception| &exception.application)
    }

    /// Who applied for an exception; empty for a path.
    #[must_use]
    pub fn applicant(&self) -> &'p str {
        self.of_exception(|exception| &exception.applicant)
    }

    /// What an exception is for; empty for a path.
    #[must_use]
    pub fn purpose(&self) -> &'p str {
        self.of_exception(|exception| &exception.purpose)
    }

    fn of_exception(&self, text: fn(&Exception) -> &str) -> &'p str {
        self.path.exception.as_ref().map_or("", text)
    }
}

impl Policy {
    /// The id of a path or exception as the policy file gives it.
    #[must_use]
    pub fn entry_name(&self, entry: EntryId) -> &Arc<str> {
        self.paths
            .get(entry.index())
            .map_or(&self.rules.none, |path| &path.id)
    }

    /// A path or exception, or one leg of it; `None` where it is another policy's.
    #[must_use]
    pub fn entry(&self, entry: EntryId) -> Option<EntryInfo<'_>> {
        let path = self.paths.get(entry.index())?;
        Some(EntryInfo {
            path,
            entry,
            gateway: path.via.and_then(|via| self.gateways.get(via)),
        })
    }

    /// All paths and exceptions in the order of the files; one over a gateway comes twice, its leg to
    /// the near side first.
    pub fn entries(&self) -> impl Iterator<Item = EntryInfo<'_>> {
        let legs = |path: &Path| match path.via {
            None => &[Leg::Whole][..],
            Some(_) => &[Leg::Near, Leg::Far][..],
        };
        (0_u32..).zip(&self.paths).flat_map(move |(number, path)| {
            legs(path).iter().filter_map(move |leg| {
                self.entry(EntryId {
                    path: number,
                    leg: *leg,
                })
            })
        })
    }

    /// The exceptions, in the order of the files.
    pub fn exceptions(&self) -> impl Iterator<Item = EntryInfo<'_>> {
        self.entries().filter(EntryInfo::is_exception)
    }

    /// The gateways, in the order of the files.
    #[must_use]
    pub fn gateways(&self) -> &[Gateway] {
        &self.gateways
    }

    /// The gateway that a leg belongs to.
    #[must_use]
    pub fn gateway_of(&self, entry: EntryId) -> Option<&Gateway> {
        self.entry(entry)?.gateway
    }

    /// The legs that go over a gateway, named by its id.
    pub fn entries_via(&self, gateway: &str) -> impl Iterator<Item = EntryInfo<'_>> {
        self.entries()
            .filter(move |entry| entry.gateway.is_some_and(|via| *via.id == *gateway))
    }

    /// The groups in the order of the files, each with its label and the zones that it comes to.
    pub fn groups(&self) -> impl Iterator<Item = (&Arc<str>, &Text, &[ZoneId])> {
        let groups = self.groups.iter();
        groups.map(|group| (&group.id, &group.label, group.zones.as_slice()))
    }

    /// Rules and tests as they are written.
    pub(crate) fn declared(&self) -> &Declared {
        &self.declared
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    #[test]
    fn an_entry_over_a_gateway_comes_as_two_legs_and_an_exception_with_its_application() {
        let text = concat!(
            "schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n",
            "[zone.a]\nnetworks = [\"10.0.0.0/24\"]\n[zone.b]\nnetworks = [\"10.1.0.0/24\"]\n",
            "[group.all]\nzones = [\"a\", \"b\"]\n",
            "[gateway.g]\nnear = [\"10.0.0.9\"]\nfar = [\"10.1.0.9\"]\n",
            "[[path]]\nid = \"P1\"\nfrom = \"a\"\nto = \"b\"\nprotocol = \"tcp\"\nvia = \"g\"\nowner = \"o\"\n",
            "[[exception]]\nid = \"E1\"\nfrom = \"b\"\nto = \"a\"\nprotocol = \"udp\"\napplication = \"12\"\n",
            "applicant = \"x\"\napprover = \"y\"\npurpose = \"z\"\nstarts = \"2026-11-01\"\nexpires = \"2026-11-30\"\n",
        );
        let policy = Policy::compile(&[Source {
            name: "a.toml".to_owned(),
            text: text.into(),
        }])
        .unwrap();

        let legs: Vec<_> = policy
            .entries()
            .map(|entry| (&**entry.id(), entry.entry.leg()))
            .collect();
        assert_eq!(legs, [("P1", Leg::Near), ("P1", Leg::Far), ("E1", Leg::Whole)]);
        assert_eq!(
            policy
                .entries_via("g")
                .map(|entry| entry.owner())
                .collect::<Vec<_>>(),
            ["o", "o"]
        );
        let exception = policy.exceptions().next().unwrap();
        assert_eq!(
            (
                exception.application(),
                exception.applicant(),
                exception.approver(),
                exception.purpose()
            ),
            ("12", "x", "y", "z")
        );
        let (id, _, zones) = policy.groups().next().unwrap();
        assert_eq!((&**id, zones.len()), ("all", 2));
    }
}
