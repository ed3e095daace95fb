//! Paths and exceptions: everything that they name is looked up.

use std::sync::Arc;

use sekisho_model::Timestamp;

use super::{Ends, crossings, lists, terms};
use crate::calendar::Calendar;
use crate::entry::{Exception, Gateway, Host, Onward, Path};
use crate::error::{Report, Sink, nearest, shown};
use crate::file::At;
use crate::lists::{List, ListKind};
use crate::parse::{Declarations, HopDecl, HostDecl, PathDecl};

/// Everything that paths may name.
pub(super) struct Known<'a> {
    pub(super) ends: &'a Ends<'a>,
    pub(super) calendar: &'a Calendar,
    pub(super) lists: &'a [List],
    pub(super) gateways: &'a [Gateway],
}

pub(super) fn compile(declared: &Declarations, known: &Known<'_>, sink: &mut Sink) -> Vec<Path> {
    declared
        .paths
        .iter()
        .map(|path| one(path, declared, known, sink))
        .collect()
}

fn one(path: &PathDecl, declared: &Declarations, known: &Known<'_>, sink: &mut Sink) -> Path {
    let what = if path.exception.is_some() {
        "exception"
    } else {
        "path"
    };
    let starts = path
        .starts
        .as_ref()
        .and_then(|text| terms::starts(text, known.calendar, sink));
    let expires = path
        .expires
        .as_ref()
        .and_then(|text| terms::expires(text, known.calendar, sink));
    backwards(path, starts, expires, sink);
    let incomplete = declared.incomplete;
    Path {
        id: Arc::from(path.id.value.as_str()),
        conditions: crossings::conditions(&path.conditions, what, known.ends, declared, sink),
        from_hosts: hosts(path.from_hosts.as_deref(), known, incomplete, sink),
        to_hosts: hosts(path.to_hosts.as_deref(), known, incomplete, sink),
        services: path.services.clone(),
        via: path
            .via
            .as_ref()
            .and_then(|via| gateway(via, known, incomplete, sink)),
        onward: path
            .onward
            .as_ref()
            .map_or_else(Onward::default, |onward| Onward {
                service: onward.service.clone(),
                services: onward.services.clone(),
            }),
        next_hops: next_hops(path, known, incomplete, sink),
        tunnel: path.tunnel.clone(),
        window: path
            .window
            .as_ref()
            .and_then(|texts| terms::window(texts, known.calendar, sink)),
        starts,
        expires,
        title: crossings::either(&path.title),
        clause: path.clause.clone(),
        owner: path.owner.clone(),
        approver: path.approver.clone(),
        contract: path.contract.clone(),
        review: path
            .review
            .as_ref()
            .map_or_else(String::new, |text| text.value.clone()),
        exception: path.exception.as_ref().map(|exception| Exception {
            application: exception.application.clone(),
            applicant: exception.applicant.clone(),
            purpose: exception.purpose.clone(),
        }),
    }
}

fn backwards(path: &PathDecl, starts: Option<Timestamp>, expires: Option<Timestamp>, sink: &mut Sink) {
    if let (Some(starts), Some(expires), Some(start), Some(end)) =
        (starts, expires, &path.starts, &path.expires)
        && expires <= starts
    {
        sink.push(
            Report::error(
                "policy::date",
                format!("`{}` ends before it begins", path.id.value),
            )
            .at(&end.place, "the end")
            .at(&start.place, "the begin")
            .help("write `starts` before `expires`"),
        );
    }
}

fn hosts(
    hosts: Option<&[HostDecl]>,
    known: &Known<'_>,
    incomplete: bool,
    sink: &mut Sink,
) -> Option<Vec<Host>> {
    const KINDS: &[ListKind] = &[ListKind::Address, ListKind::Network];
    let found = hosts?.iter().filter_map(|host| match host {
        HostDecl::Network(network, mac) => Some(Host::Network(network.value, *mac)),
        HostDecl::List(name) => lists::find(name, known.lists, KINDS, incomplete, sink).map(Host::List),
    });
    Some(found.collect())
}

fn next_hops(
    path: &PathDecl,
    known: &Known<'_>,
    incomplete: bool,
    sink: &mut Sink,
) -> Option<Vec<(sekisho_model::MacAddress, Option<Timestamp>)>> {
    let mut hops = Vec::new();
    for hop in path.next_hops.as_ref()? {
        match hop {
            HopDecl::Mac(mac) => hops.push((*mac, None)),
            HopDecl::List(name) => {
                let list = lists::find(name, known.lists, &[ListKind::Mac], incomplete, sink);
                hops.extend(
                    list.and_then(|list| known.lists.get(list))
                        .into_iter()
                        .flat_map(List::macs),
                );
            }
        }
    }
    hops.sort_unstable();
    Some(hops)
}

fn gateway(via: &At<String>, known: &Known<'_>, incomplete: bool, sink: &mut Sink) -> Option<usize> {
    let found = known
        .gateways
        .iter()
        .position(|gateway| *gateway.id == *via.value);
    if found.is_some() || incomplete {
        return found;
    }
    let ids = known.gateways.iter().map(|gateway| &*gateway.id);
    let help = nearest(&via.value, ids).map_or_else(
        || "declare it by `[gateway.ID]` with `near` and `far`".to_owned(),
        |id| format!("did you mean `{id}`?"),
    );
    sink.push(
        Report::error(
            "policy::no-such-gateway",
            format!("there is no gateway `{}`", shown(&via.value)),
        )
        .at(&via.place, "no such gateway")
        .help(help),
    );
    None
}
