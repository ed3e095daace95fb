//! Which clauses of the written policy the declarations cite.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::Policy;

/// What cites a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CitedBy {
    /// A zone.
    Zone,
    /// A path.
    Path,
    /// An exception.
    Exception,
    /// A boundary.
    Boundary,
    /// A rule.
    Rule,
    /// A statement.
    Statement,
    /// Rules of a catalogue that the policy stands on, all of them together.
    Catalogue,
}

impl CitedBy {
    /// The word in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Path => "path",
            Self::Exception => "exception",
            Self::Boundary => "boundary",
            Self::Rule => "rule",
            Self::Statement => "statement",
            Self::Catalogue => "catalogue",
        }
    }
}

/// A declaration that cites a clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// The clause; empty where it cites none.
    pub clause: String,
    /// What kind of declaration it is.
    pub by: CitedBy,
    /// Its id; of a catalogue its version.
    pub id: Arc<str>,
}

impl Policy {
    /// Every declaration that can cite a clause, once for each clause of its list (`2(17), 6(3)イ`);
    /// once with an empty clause where it cites none.
    #[must_use]
    pub fn citations(&self) -> Vec<Citation> {
        let zones = self.zones.declared();
        let zones = zones.map(|(_, zone)| (CitedBy::Zone, &zone.id, &*zone.clause));
        let paths = self.paths.iter().map(|path| {
            let by = if path.exception.is_some() {
                CitedBy::Exception
            } else {
                CitedBy::Path
            };
            (by, &path.id, path.clause.as_str())
        });
        let boundaries = self
            .boundaries
            .iter()
            .map(|boundary| (CitedBy::Boundary, &boundary.id, &*boundary.clause));
        let statements = self
            .statements
            .iter()
            .map(|statement| (CitedBy::Statement, &statement.id, statement.clause.as_str()));
        let (beneath, own): (Vec<_>, Vec<_>) =
            self.declared().rules.iter().partition(|rule| rule.of_catalogue);
        let rules = own.into_iter().map(|rule| Citation {
            clause: rule.clause.clone(),
            by: CitedBy::Rule,
            id: Arc::from(rule.id.value.as_str()),
        });
        let catalogue = Citation {
            clause: String::new(),
            by: CitedBy::Catalogue,
            id: self
                .catalogues()
                .first()
                .map_or_else(|| Arc::from(""), |first| Arc::clone(&first.version)),
        };
        let of_catalogue: BTreeSet<String> = beneath
            .into_iter()
            .flat_map(|rule| {
                each(&Citation {
                    clause: rule.clause.clone(),
                    ..catalogue.clone()
                })
            })
            .map(|citation| citation.clause)
            .filter(|clause| !clause.is_empty())
            .collect();
        zones
            .chain(paths)
            .chain(boundaries)
            .chain(statements)
            .map(|(by, id, clause)| Citation {
                clause: clause.to_owned(),
                by,
                id: Arc::clone(id),
            })
            .chain(rules)
            .flat_map(|citation| each(&citation))
            .chain(of_catalogue.into_iter().map(|clause| Citation {
                clause,
                ..catalogue.clone()
            }))
            .collect()
    }
}

/// A citation for each clause of a list.
fn each(citation: &Citation) -> Vec<Citation> {
    let clauses = citation.clause.split([',', '、']).map(str::trim);
    let one = |clause: &str| Citation {
        clause: clause.to_owned(),
        ..citation.clone()
    };
    let cited: Vec<_> = clauses.filter(|clause| !clause.is_empty()).map(one).collect();
    if cited.is_empty() { vec![one("")] } else { cited }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    #[test]
    fn every_declaration_cites_its_clauses() {
        let text = "schema = 1\n[policy]\nname = \"x\"\nversion = \"1\"\n\
            [zone.a]\nnetworks = [\"10.1.0.0/16\"]\nclause = \"6(3)ア\"\n\
            [zone.b]\nnetworks = [\"10.2.0.0/16\"]\n\
            [[path]]\nid = \"P\"\nfrom = \"a\"\nto = \"b\"\nclause = \"2(17)、6(3)イ\"\n\
            [[boundary]]\nid = \"B\"\nfrom = \"b\"\nto = \"a\"\nclause = \"6(6)\"\n\
            [[statement]]\nid = \"S\"\nnever = \"b -> a\"\nclause = \"6(6)\"\n";
        let policy = Policy::compile(&[Source {
            name: "x.toml".to_owned(),
            text: text.into(),
        }])
        .unwrap();

        let cited: Vec<_> = policy
            .citations()
            .into_iter()
            .map(|citation| format!("{} {} {}", citation.by.name(), citation.id, citation.clause))
            .collect();

        assert_eq!(
            cited,
            [
                "zone a 6(3)ア",
                "zone b ",
                "path P 2(17)",
                "path P 6(3)イ",
                "boundary B 6(6)",
                "statement S 6(6)"
            ]
        );
    }
}
