//! From declarations to a policy: everything that has to be looked up across places.

mod calendar;
mod crossings;
mod gateways;
mod groups;
mod lists;
mod paths;
mod statements;
mod terms;
mod tests;
mod zones;

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_model::Text;

use crate::conditions::End;
use crate::error::{PolicyErrors, Report, Sink};
use crate::file::{At, File};
use crate::matcher::Matcher;
use crate::parse::{self, Declarations, HeaderDecl};
use crate::rules;
use crate::zones::Zones;
use crate::{Catalogue, Declared, Files, Mode, Policy, Source, entry, lint, warnings};

use groups::Groups;

/// What ends may name.
pub(crate) struct Ends<'a> {
    pub(crate) zones: &'a Zones,
    groups: &'a Groups,
}

impl Ends<'_> {
    /// The zones of a zone's or a group's id.
    pub(crate) fn find(&self, id: &str) -> Option<End> {
        match self.zones.find(id) {
            Some(zone) => Some(End::zones(vec![zone])),
            None => self.groups.find(id).map(|zones| End::zones(zones.to_vec())),
        }
    }

    /// Every id that may be named.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let zones = self.zones.declared().map(|(_, zone)| &*zone.id);
        zones.chain(self.groups.names())
    }
}

impl Policy {
    /// Compiles the files of a policy folder, those that they include and the lists that they
    /// name; they make one policy together.
    ///
    /// A name that ends in `.toml` or in no extension is a policy file, any other one that of a
    /// list. What a file includes is found among the names.
    ///
    /// # Errors
    ///
    /// Every error of every file, each with its place and a remedy. Nothing is compiled then.
    pub fn compile(sources: &[Source]) -> Result<Self, PolicyErrors> {
        let mut sink = Sink::default();
        let mut incomplete = false;
        let (mut files, mut data) = (Vec::new(), Vec::new());
        for (order, source) in sources.iter().enumerate() {
            match File::decode(source, order) {
                Ok(file) if is_policy_file(&source.name) => files.push(file),
                Ok(file) => data.push(file),
                Err(report) => {
                    incomplete = true;
                    sink.push(*report);
                }
            }
        }
        let mut declared = parse::files(&files, &mut sink);
        declared.incomplete |= incomplete;
        let policy = Self::of(declared, &data, sources, sink)?;
        Ok(if sources.iter().all(crate::is_beneath) && !sources.is_empty() {
            policy.of_no_zones()
        } else {
            policy
        })
    }

    /// A catalogue with no policy above it.
    fn of_no_zones(self) -> Self {
        let catalogue = Catalogue {
            name: self.name,
            version: self.version,
            label: self.label,
        };
        Self {
            lists: self.lists,
            sanctions: self.sanctions,
            declared_rules: self.declared_rules,
            declared: self.declared,
            calendar: self.calendar,
            catalogues: vec![catalogue],
            ..Self::none()
        }
    }

    fn of(
        mut declared: Declarations,
        data: &[File],
        sources: &[Source],
        mut sink: Sink,
    ) -> Result<Self, PolicyErrors> {
        let sink = &mut sink;
        let header = header(&mut declared, sink);
        let mut catalogues: Vec<_> = declared.catalogues.iter().map(Catalogue::of).collect();
        catalogues.extend(header.catalogue.then(|| header.as_catalogue()));
        let calendar = calendar::compile(&declared, sink);
        let lists = lists::compile(&mut declared, data, &calendar, sink);
        let sanctions = lists::sanctions(&declared, &calendar);
        zones::fill(&mut declared, &lists, sink);
        let zones = zones::compile(&declared, sink);
        unique_ids(&declared, sink);
        let groups = groups::compile(&declared, &zones, sink);
        let gateways = gateways::compile(&declared, sink);
        let ends = Ends {
            zones: &zones,
            groups: &groups,
        };
        let known = paths::Known {
            ends: &ends,
            calendar: &calendar,
            lists: &lists,
            gateways: &gateways,
        };
        let paths = paths::compile(&declared, &known, sink);
        let boundaries = crossings::boundaries(&declared, &ends, sink);
        let statements = statements::compile(&declared, &ends, &calendar, sink);
        tests::check(&declared, sink);
        let groups = groups.into_described();
        let names = rules::Names::new(&zones, &groups, &lists, &calendar).for_rules();
        let declared_rules = rules::compile(&declared.rules, &names, &lists, sink);
        drop(names);
        let mut matcher = Matcher::default();
        if sink.is_empty() {
            match Matcher::new(zones.len(), entry::ranked(&paths, &gateways), &lists) {
                Ok(built) => matcher = built,
                Err(refusal) => {
                    let place = entry::ranked(&paths, &gateways)
                        .get(refusal.entry)
                        .and_then(|entry| declared.paths.get(entry.id.index()))
                        .map(|path| path.place.clone());
                    let report = Report::error("policy::limit", refusal.message).help(refusal.help);
                    sink.push(match place {
                        Some(place) => report.at(&place, refusal.label),
                        None => report,
                    });
                }
            }
        }
        let marks = lint::Marks::of(&declared, &zones, &calendar);
        if sink.is_empty() {
            warnings::find(&declared, &header, &zones, &paths, &matcher, sink);
        }
        let warnings = std::mem::take(sink).finish()?;
        Ok(Self {
            none: false,
            name: header.name,
            version: Arc::from(header.version),
            mode: header.mode,
            label: header.label,
            source: header.source,
            indicators: header.indicators,
            zones,
            groups,
            gateways,
            paths,
            matcher,
            boundaries,
            lists,
            sanctions,
            warnings,
            catalogues,
            rules: crate::builtin::RuleIds::default(),
            calendar,
            statements,
            files: Arc::new(Files::of(sources)),
            declared_rules: Arc::new(declared_rules),
            declared: Arc::new(Declared {
                rules: declared.rules,
                tests: declared.tests,
            }),
            marks: Arc::new(marks),
        })
    }

    /// No policy: every address is `unknown` and every verdict is unknown.
    #[must_use]
    pub fn none() -> Self {
        Self {
            none: true,
            name: String::new(),
            version: Arc::from(""),
            mode: Mode::Enforce,
            label: Text::default(),
            source: String::new(),
            indicators: Vec::new(),
            zones: Zones::none(),
            groups: Vec::new(),
            gateways: Vec::new(),
            paths: Vec::new(),
            matcher: Matcher::default(),
            boundaries: Vec::new(),
            lists: Vec::new(),
            sanctions: Vec::new(),
            warnings: Vec::new(),
            catalogues: Vec::new(),
            rules: crate::builtin::RuleIds::default(),
            calendar: crate::calendar::Calendar::default(),
            statements: Vec::new(),
            files: Arc::default(),
            declared_rules: Arc::default(),
            declared: Arc::default(),
            marks: Arc::default(),
        }
    }
}

/// Whether a name is that of a policy file; a list may be in a file of any other kind.
pub(crate) fn is_policy_file(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.rsplit_once('.')
        .is_none_or(|(_, extension)| extension == "toml")
}

/// What `[policy]` says, without its place.
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) mode: Mode,
    pub(crate) label: Text,
    pub(crate) source: String,
    pub(crate) indicators: Vec<String>,
    pub(crate) catalogue: bool,
}

impl Header {
    /// A catalogue that is a policy by itself.
    fn as_catalogue(&self) -> Catalogue {
        Catalogue {
            name: self.name.clone(),
            version: Arc::from(self.version.as_str()),
            label: self.label.clone(),
        }
    }
}

fn header(declared: &mut Declarations, sink: &mut Sink) -> Header {
    let mut headers = std::mem::take(&mut declared.headers).into_iter();
    let first = headers.next();
    if first.is_none() && !declared.incomplete {
        let report = Report::error("policy::header", "no file has the table `[policy]`")
            .help("write it in one of the files:\n[policy]\nname = \"three zones\"\nversion = \"2026-11\"");
        sink.push(match &declared.begin {
            Some(begin) => report.at(begin, "here, or in another file"),
            None => report,
        });
    }
    for further in headers {
        let report = Report::error("policy::header", "the table `[policy]` stands in two files")
            .at(&further.place, "a second `[policy]`")
            .help("keep one of them; all files of the folder make one policy");
        sink.push(match &first {
            Some(HeaderDecl { place, .. }) => report.at(place, "the first one"),
            None => report,
        });
    }
    first.map_or_else(
        || Header {
            name: String::new(),
            version: String::new(),
            mode: Mode::Enforce,
            label: Text::default(),
            source: String::new(),
            indicators: Vec::new(),
            catalogue: false,
        },
        |first| Header {
            name: first.name,
            version: first.version,
            mode: first.mode,
            label: first.label,
            source: first.source,
            indicators: first
                .indicators
                .iter()
                .map(|name| parse::resolve(&name.place.file.name, &name.value))
                .collect(),
            catalogue: first.catalogue,
        },
    )
}

fn unique_ids(declared: &Declarations, sink: &mut Sink) {
    let paths = declared.paths.iter().map(|path| &path.id);
    let boundaries = declared.boundaries.iter().map(|boundary| &boundary.id);
    let rules = declared.rules.iter().map(|rule| &rule.id);
    let statements = declared.statements.iter().map(|statement| &statement.id);
    unique(paths.chain(boundaries).chain(rules).chain(statements), "id", sink);
    unique(declared.lists.iter().map(|list| &list.name), "list", sink);
    unique(
        declared.gateways.iter().map(|gateway| &gateway.id),
        "gateway",
        sink,
    );
    let numbers: Vec<_> = declared
        .rules
        .iter()
        .filter_map(|rule| rule.number.as_ref())
        .map(|number| At {
            value: number.value.to_string(),
            place: number.place.clone(),
        })
        .collect();
    unique(numbers.iter(), "number", sink);
}

/// Complains about every id that is given twice. Empty ids were complained about before.
pub(crate) fn unique<'a>(ids: impl Iterator<Item = &'a At<String>>, what: &str, sink: &mut Sink) {
    let mut seen: HashMap<&str, &At<String>> = HashMap::new();
    for id in ids.filter(|id| !id.value.is_empty()) {
        if let Some(first) = seen.get(id.value.as_str()) {
            sink.push(
                Report::error(
                    "policy::duplicate",
                    format!("the {what} `{}` is given twice", id.value),
                )
                .at(&id.place, "given again")
                .at(&first.place, "first given here")
                .help("give each its own; alerts and reports name it by this word"),
            );
        } else {
            seen.insert(&id.value, id);
        }
    }
}
