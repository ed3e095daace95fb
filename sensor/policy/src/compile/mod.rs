//! From declarations to a policy: everything that has to be looked up across places.

mod crossings;
mod statements;
mod zones;

use std::collections::HashMap;
use std::sync::Arc;

use sekisho_model::Text;

use crate::Source;
use crate::error::{PolicyErrors, Report, Sink};
use crate::file::{At, File};
use crate::matrix::Matrix;
use crate::parse::{self, Declarations, HeaderDecl};
use crate::zones::Zones;
use crate::{Boundary, Files, Mode, Path, Policy, warnings};

impl Policy {
    /// Compiles the files of a policy folder; they make one policy together.
    ///
    /// # Errors
    ///
    /// Every error of every file, each with its place and a remedy. Nothing is compiled then.
    pub fn compile(sources: &[Source]) -> Result<Self, PolicyErrors> {
        let mut sink = Sink::default();
        let mut declared = Declarations::default();
        for (order, source) in sources.iter().enumerate() {
            match File::decode(source, order) {
                Ok(file) => parse::file(&file, &mut declared, &mut sink),
                Err(report) => {
                    declared.incomplete = true;
                    sink.push(*report);
                }
            }
        }
        let header = header(&mut declared, &mut sink);
        let zones = zones::compile(&declared, &mut sink);
        unique(
            declared
                .paths
                .iter()
                .map(|path| &path.id)
                .chain(declared.boundaries.iter().map(|boundary| &boundary.id))
                .chain(declared.statements.iter().map(|statement| &statement.id)),
            "id",
            &mut sink,
        );
        unique_lists(&declared, &mut sink);
        let paths = crossings::paths(&declared, &zones, &mut sink);
        let boundaries = crossings::boundaries(&declared, &zones, &mut sink);
        let calendar = crate::calendar::Calendar::default();
        let statements = statements::compile(&declared, &zones, &calendar, &mut sink);
        if sink.is_empty() {
            warnings::find(&declared, &header, &zones, &paths, &mut sink);
        }
        let warnings = sink.finish()?;
        let lists = declared.lists.into_iter().map(|list| list.value).collect();
        Ok(Self {
            calendar,
            statements,
            files: Arc::new(Files::of(sources)),
            ..assemble(header, zones, paths, boundaries, lists, warnings)
        })
    }

    /// No policy: every address is `unknown` and every verdict is unknown.
    #[must_use]
    pub fn none() -> Self {
        let empty = Header {
            name: String::new(),
            version: String::new(),
            mode: Mode::Enforce,
            label: Text::default(),
            source: String::new(),
        };
        let none = assemble(
            empty,
            Zones::none(),
            Vec::new(),
            Vec::new(),
            Vec::new(),
            Vec::new(),
        );
        Self { none: true, ..none }
    }
}

fn assemble(
    header: Header,
    zones: Zones,
    paths: Vec<Path>,
    boundaries: Vec<Boundary>,
    lists: Vec<crate::List>,
    warnings: Vec<Report>,
) -> Policy {
    Policy {
        none: false,
        matrix: Matrix::new(zones.len(), paths.iter().map(|path| &path.conditions)),
        name: header.name,
        version: Arc::from(header.version),
        mode: header.mode,
        label: header.label,
        source: header.source,
        zones,
        paths,
        boundaries,
        lists,
        warnings,
        rules: crate::builtin::RuleIds::default(),
        calendar: crate::calendar::Calendar::default(),
        statements: Vec::new(),
        files: Arc::default(),
    }
}

/// What `[policy]` says, without its place.
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) mode: Mode,
    pub(crate) label: Text,
    pub(crate) source: String,
}

fn header(declared: &mut Declarations, sink: &mut Sink) -> Header {
    let mut headers = std::mem::take(&mut declared.headers).into_iter();
    let first = headers.next();
    if first.is_none() && !declared.incomplete {
        sink.push(
            Report::error("policy::header", "no file has the table `[policy]`").help(
                "write it in one of the files:\n[policy]\nname = \"three zones\"\nversion = \"2026-11\"",
            ),
        );
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
        },
        |first| Header {
            name: first.name,
            version: first.version,
            mode: first.mode,
            label: first.label,
            source: first.source,
        },
    )
}

fn unique_lists(declared: &Declarations, sink: &mut Sink) {
    let names: Vec<_> = declared
        .lists
        .iter()
        .map(|list| At {
            value: list.value.name.to_string(),
            place: list.place.clone(),
        })
        .collect();
    unique(names.iter(), "list", sink);
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
