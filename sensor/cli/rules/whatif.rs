//! `sekisho rules whatif`: what another policy would have said of traffic that happened.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use sekisho_policy::whatif::{Change, Counted, Port, Report, Sample, Volume, WhatIf};
use sekisho_policy::{Observation, Policy};
use serde_json::{Value, json};

use super::traffic::{See, Traffic};
use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::report::grouped;
use crate::cli::terminal;

/// Changes that are printed; the rest is counted.
const SHOWN: usize = 40;
/// Values of a line before it says how many more there are.
const VALUES: usize = 5;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho rules whatif rules/three-zones site/ --capture monday.pcapng\n  \
    sekisho rules whatif site/ site-new/ --data /var/lib/sekisho --since 30d\n\n\
    Exit codes: 0 the two judge all of it alike, 1 they do not, 2 a policy or the traffic cannot be read, \
    3 the input was damaged or the run interrupted; what could be read was judged."
)]
pub(crate) struct Args {
    /// Policy folder as it is
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// Policy folder as it is to be
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    #[command(flatten)]
    traffic: Traffic,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
}

impl See for WhatIf {
    fn see(&mut self, seen: &Observation<'_>) {
        self.observe(seen);
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let (Some(before), Some(after)) = (super::load(&args.before), super::load(&args.after)) else {
        return Ok(Outcome::Refused);
    };
    let by_vlan = before.uses_vlans() || after.uses_vlans();
    let calendar = after.calendar().clone();
    let policies = json!({ "before": described(&before), "after": described(&after) });
    let (seen, read) = args
        .traffic
        .read(by_vlan, &calendar, WhatIf::new(before, after))?;
    let report = seen.report();
    if args.json {
        super::print(&format!("{}\n", as_json(policies, &report)));
    } else {
        let language = Language::of_environment();
        let local = |at| language.of(&calendar.local(at).text()).to_owned();
        super::print(&as_text(&report, &local, language));
    }
    Ok(match read {
        Outcome::Done if report.is_changed() => Outcome::Findings,
        read => read,
    })
}

fn described(policy: &Policy) -> Value {
    json!({ "name": policy.name(), "version": policy.version(), "hash": policy.files().hash() })
}

fn as_text(
    report: &Report,
    local: &dyn Fn(sekisho_model::Timestamp) -> String,
    language: Language,
) -> String {
    let say = |ja, en| language.pick(ja, en);
    let mut out = String::new();
    let Some((first, last)) = report.span else {
        return format!("{}\n", say("フローはありません。", "There was no flow."));
    };
    let _ = writeln!(
        out,
        "{} – {}: {}",
        local(first),
        local(last),
        volume(report.total(), language)
    );
    for (standing, same) in &report.same {
        let label = standing.label();
        let _ = writeln!(
            out,
            "  {}{}: {}",
            say("変わらず", "still "),
            language.pick(&label.ja, &label.en),
            volume(*same, language)
        );
    }
    for (was, is, changed) in report.totals() {
        let title = was.to(is);
        let _ = writeln!(
            out,
            "  {}: {}",
            language.pick(&title.ja, &title.en),
            volume(changed, language)
        );
    }
    if !report.is_changed() {
        let same = say(
            "この通信については、二つのポリシーの判定は同じです。",
            "Of this traffic the two policies say the same.",
        );
        let _ = writeln!(out, "{same}");
    }
    for change in report.changes.iter().take(SHOWN) {
        let _ = writeln!(out);
        one(&mut out, change, local, language);
    }
    let more = report.changes.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(
            out,
            "\n{more} {}",
            say("件を省略(--json で全件)", "more (--json has all)")
        );
    }
    for ((was, is), unlisted) in &report.unlisted {
        let title = was.to(*is);
        let _ = writeln!(
            out,
            "{} ({}): {}",
            say("区別しなかったもの", "not told apart"),
            language.pick(&title.ja, &title.en),
            volume(*unlisted, language)
        );
    }
    out
}

fn one(
    out: &mut String,
    change: &Change,
    local: &dyn Fn(sekisho_model::Timestamp) -> String,
    language: Language,
) {
    let say = |ja, en| language.pick(ja, en);
    let title = change.title();
    let _ = writeln!(
        out,
        "{}: {} {}: {}",
        language.pick(&title.ja, &title.en),
        terminal::clean(&zones(change)),
        change.protocol,
        volume(change.volume, language)
    );
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "    {name}: {}", terminal::clean(value));
        }
    };
    line(
        say("規則", "rule"),
        &format!(
            "{} -> {}",
            rule(&change.rule_was, &change.owner_was, language),
            rule(&change.rule_is, &change.owner_is, language)
        ),
    );
    line(say("応答あり", "answered"), &volume(change.answered, language));
    line(say("ポート", "ports"), &values(&change.ports, port, language));
    let address = |address: &IpAddr| address.to_string();
    line(say("発信元", "from"), &values(&change.origs, address, language));
    line(say("宛先", "to"), &values(&change.resps, address, language));
    line(
        say("期間", "seen"),
        &format!("{} – {}", local(change.first), local(change.last)),
    );
    for sample in &change.samples {
        line(
            say("例", "example"),
            &format!("{}, {}", flow(sample), local(sample.at)),
        );
    }
}

/// The zones, by both policies where they differ.
fn zones(change: &Change) -> String {
    let pair = |(orig, resp): &(Arc<str>, Arc<str>)| format!("{orig} -> {resp}");
    let (were, are) = (pair(&change.zones_were), pair(&change.zones_are));
    if were == are {
        are
    } else {
        format!("{are} ({were})")
    }
}

fn rule(id: &str, owner: &str, language: Language) -> String {
    match (id, owner) {
        ("", _) => "-".to_owned(),
        (id, "") => id.to_owned(),
        (id, owner) => format!("{id} ({} {owner})", language.pick("所管", "owner")),
    }
}

fn volume(volume: Volume, language: Language) -> String {
    let (flows, octets) = (grouped(volume.flows), grouped(volume.octets));
    let going_on = volume.records.saturating_sub(volume.flows);
    let more = match (going_on, language) {
        (0, _) => String::new(),
        (more, Language::Japanese) => format!("(継続中の記録 {} 件)", grouped(more)),
        (more, Language::English) => format!(" (and {} records of flows that go on)", grouped(more)),
    };
    match language {
        Language::Japanese => format!("フロー {flows} 件{more}、{octets} オクテット"),
        Language::English => format!(
            "{flows} {}{more}, {octets} octets",
            if volume.flows == 1 { "flow" } else { "flows" }
        ),
    }
}

fn port(port: &Port) -> String {
    let number = port.number.map(|number| number.to_string());
    let words: Vec<_> = number
        .into_iter()
        .chain((!port.service.is_empty()).then(|| port.service.clone()))
        .collect();
    if words.is_empty() {
        "-".to_owned()
    } else {
        words.join(" ")
    }
}

/// The most frequent values with how often they were seen.
fn values<T: Ord + Clone>(counted: &Counted<T>, name: impl Fn(&T) -> String, language: Language) -> String {
    let ranked = counted.ranked();
    let mut parts: Vec<_> = ranked
        .iter()
        .take(VALUES)
        .map(|(value, count)| format!("{} ({})", name(value), grouped(*count)))
        .collect();
    let more = ranked.len().saturating_sub(VALUES);
    let at_least = if counted.rest() > 0 {
        language.pick("以上", " or more")
    } else {
        ""
    };
    if more > 0 {
        parts.push(match language {
            Language::Japanese => format!("ほか{more}{at_least}"),
            Language::English => format!("{more}{at_least} others"),
        });
    }
    parts.join(language.pick("、", ", "))
}

fn flow(sample: &Sample) -> String {
    let port = match (sample.port.number, sample.resp) {
        (Some(number), IpAddr::V6(resp)) => format!("[{resp}]:{number}"),
        (Some(number), IpAddr::V4(resp)) => format!("{resp}:{number}"),
        (None, resp) => resp.to_string(),
    };
    let service = &sample.port.service;
    let gap = if service.is_empty() { "" } else { " " };
    format!("{} {} -> {port}{gap}{service}", sample.protocol, sample.orig)
}

fn as_json(mut policies: Value, report: &Report) -> Value {
    let span = report.span.unzip();
    let listed = json!({
        "first": span.0,
        "last": span.1,
        "total": counts(report.total()),
        "same": report.same.iter().map(|(standing, volume)| json!({
            "verdict": standing.name(),
            "volume": counts(*volume),
        })).collect::<Vec<_>>(),
        "changed": report.totals().into_iter().map(|(was, is, volume)| json!({
            "was": was.name(),
            "is": is.name(),
            "volume": counts(volume),
        })).collect::<Vec<_>>(),
        "changes": report.changes.iter().map(change).collect::<Vec<_>>(),
        "not_told_apart": report.unlisted.iter().map(|((was, is), volume)| json!({
            "was": was.name(),
            "is": is.name(),
            "volume": counts(*volume),
        })).collect::<Vec<_>>(),
    });
    if let (Some(all), Value::Object(listed)) = (policies.as_object_mut(), listed) {
        all.extend(listed);
    }
    policies
}

fn counts(volume: Volume) -> Value {
    json!({ "flows": volume.flows, "records": volume.records, "octets": volume.octets })
}

fn change(change: &Change) -> Value {
    let side = |(orig, resp): &(_, _), rule, owner| json!({ "orig_zone": orig, "resp_zone": resp, "rule": rule, "owner": owner });
    json!({
        "was": change.was.name(),
        "is": change.is.name(),
        "before": side(&change.zones_were, &change.rule_was, &change.owner_was),
        "after": side(&change.zones_are, &change.rule_is, &change.owner_is),
        "protocol": change.protocol.to_string(),
        "volume": counts(change.volume),
        "answered": counts(change.answered),
        "ports": change.ports.ranked().iter().map(|(port, count)| json!({
            "port": port.number, "service": port.service, "records": count,
        })).collect::<Vec<_>>(),
        "ports_not_told_apart": change.ports.rest(),
        "originators": addresses(&change.origs),
        "originators_not_told_apart": change.origs.rest(),
        "responders": addresses(&change.resps),
        "responders_not_told_apart": change.resps.rest(),
        "first": change.first,
        "last": change.last,
        "examples": change.samples.iter().map(|sample| json!({
            "orig": sample.orig, "resp": sample.resp, "resp_port": sample.port.number,
            "protocol": sample.protocol.to_string(), "service": sample.port.service, "start": sample.at,
        })).collect::<Vec<_>>(),
    })
}

fn addresses(counted: &Counted<IpAddr>) -> Vec<Value> {
    let ranked = counted.ranked();
    let row = |(address, count): &(&IpAddr, u64)| json!({ "address": address, "records": count });
    ranked.iter().map(row).collect()
}
