//! `sekisho rules explain`: how the verdict on one flow comes about.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::PathBuf;

use anyhow::bail;
use sekisho_model::{MacAddress, Protocol, Verdict};
use sekisho_policy::{Near, Policy, Question, SERVICES, TUNNELS, Trace};
use serde_json::{Value, json};

use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal;

/// Neighbours that are named.
const NEAR: usize = 5;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho rules explain 10.20.16.21 203.0.113.9 443 --policy rules/three-zones\n  \
    sekisho rules explain 10.20.16.21 10.20.1.53 53 --protocol udp --service dns --policy site/\n  \
    sekisho rules explain 172.28.5.4 10.90.2.4 3389 --time 2026-11-04T22:15 --policy site/\n  \
    sekisho rules explain 10.90.1.5 10.20.1.10 --protocol icmp --policy site/\n\n\
    What is not given is not known, and contradicts no path.\n\n\
    Exit codes: 0 allowed, 1 denied or not judged, 2 bad usage, or the policy cannot be read."
)]
pub(crate) struct Args {
    /// Address of the originator
    #[arg(value_name = "SRC")]
    orig: IpAddr,
    /// Address of the responder
    #[arg(value_name = "DST")]
    resp: IpAddr,
    /// Port of the responder; not for protocols without ports
    #[arg(value_name = "PORT")]
    port: Option<u16>,
    /// Policy folder
    #[arg(long, value_name = "DIR")]
    policy: PathBuf,
    /// Transport protocol: a word or a number
    #[arg(long, visible_alias = "proto", value_name = "WORD", default_value = "tcp", value_parser = protocol)]
    protocol: Protocol,
    /// When, on the clocks of the policy, such as 2026-11-04T10:00; without it, now
    #[arg(long, value_name = "TIME")]
    time: Option<String>,
    /// Application protocol, such as tls
    #[arg(long, value_name = "WORD")]
    service: Option<String>,
    /// Outer VLAN id of its frames
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u16).range(1..=4094))]
    vlan: Option<u16>,
    /// MAC address on the originator's side
    #[arg(long, value_name = "MAC", value_parser = mac)]
    orig_mac: Option<MacAddress>,
    /// MAC address on the responder's side: the next hop
    #[arg(long, value_name = "MAC", value_parser = mac)]
    resp_mac: Option<MacAddress>,
    /// Kind of the tunnel that carries it, such as gre
    #[arg(long, value_name = "WORD")]
    tunnel: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

fn protocol(word: &str) -> Result<Protocol, String> {
    Protocol::parse(word)
        .ok_or_else(|| "write a word such as tcp, udp or icmp, or a number to 255".to_owned())
}

fn mac(text: &str) -> Result<MacAddress, String> {
    MacAddress::parse(text).ok_or_else(|| "write a MAC address such as 52:54:00:12:34:56".to_owned())
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    check(args)?;
    let Some(policy) = super::load(&args.policy) else {
        return Ok(Outcome::Refused);
    };
    let at = match &args.time {
        None => super::instant(&policy, None)?,
        Some(text) => policy
            .calendar()
            .date_start(text)
            .map_err(|fault| anyhow::anyhow!("--time {text}: {}; {}", fault.message, fault.help))?,
    };
    let question = Question {
        vlan: args.vlan,
        orig_mac: args.orig_mac,
        resp_mac: args.resp_mac,
        service: args.service.as_deref(),
        tunnel: args.tunnel.as_deref(),
        ..Question::new(args.orig, args.resp, args.protocol, args.port.unwrap_or(0), at)
    };
    let trace = policy.trace(&question);
    let is_open = trace.judgement.verdict == Verdict::Allowed || trace.judgement.excluded;
    let near = policy.near(&question, if is_open { 0 } else { NEAR });
    if args.json {
        super::print(&format!("{}\n", as_json(&policy, &question, &trace, &near)));
    } else {
        let language = Language::of_environment();
        super::print(&as_text(&policy, &question, &trace, &near, language));
    }
    Ok(match trace.judgement.verdict {
        Verdict::Allowed => Outcome::Done,
        Verdict::Denied | Verdict::Unknown => Outcome::Findings,
    })
}

/// What the parser of the command line cannot know.
fn check(args: &Args) -> anyhow::Result<()> {
    match (args.protocol.has_ports(), args.port) {
        (true, None) => bail!("PORT is needed: {} has ports", args.protocol),
        (false, Some(_)) => bail!("{} has no ports; leave PORT out", args.protocol),
        _ => {}
    }
    for (option, word, words) in [
        ("--service", &args.service, SERVICES),
        ("--tunnel", &args.tunnel, TUNNELS),
    ] {
        if let Some(word) = word
            && !words.contains(&word.as_str())
        {
            bail!(
                "{option} {}: write one of {}",
                terminal::clean(word),
                words.join(", ")
            );
        }
    }
    Ok(())
}

fn as_text(
    policy: &Policy,
    question: &Question<'_>,
    trace: &Trace,
    near: &[Near],
    language: Language,
) -> String {
    let mut out = String::new();
    let mut line = |indent: &str, text: &str| {
        let _ = writeln!(out, "{indent}{}", terminal::clean(text));
    };
    line(
        "",
        &flow(
            question,
            language.of(&policy.calendar().local(question.at).text()),
        ),
    );
    for words in [&trace.orig.words, &trace.resp.words] {
        line("  ", language.pick(&words.ja, &words.en));
    }
    if !trace.candidates.is_empty() {
        line("  ", language.pick("調べた経路(順に):", "Paths asked, in order:"));
    }
    for candidate in &trace.candidates {
        line("    ", language.pick(&candidate.words.ja, &candidate.words.en));
    }
    line("", language.pick(&trace.verdict.ja, &trace.verdict.en));
    if !near.is_empty() {
        line(
            "",
            language.pick("近い経路と違い:", "Nearest paths, and the difference:"),
        );
        for near in near {
            let title = language.pick(&near.title.ja, &near.title.en);
            let gap = if title.is_empty() { "" } else { " " };
            line(
                "  ",
                &format!(
                    "{}{gap}{title}: {}",
                    near.id,
                    language.pick(&near.words.ja, &near.words.en)
                ),
            );
        }
    }
    out
}

fn flow(question: &Question<'_>, at: &str) -> String {
    let Question {
        orig, resp, protocol, ..
    } = question;
    let resp = match (protocol.has_ports(), resp) {
        (true, IpAddr::V6(resp)) => format!("[{resp}]:{}", question.resp_port),
        (true, IpAddr::V4(resp)) => format!("{resp}:{}", question.resp_port),
        (false, resp) => resp.to_string(),
    };
    let mut text = format!("{protocol} {orig} -> {resp}");
    for (name, value) in [
        ("", question.service.map(str::to_owned)),
        ("vlan ", question.vlan.map(|vlan| vlan.to_string())),
        ("from ", question.orig_mac.map(|mac| mac.to_string())),
        ("to ", question.resp_mac.map(|mac| mac.to_string())),
        ("in ", question.tunnel.map(str::to_owned)),
    ] {
        if let Some(value) = value {
            let _ = write!(text, " {name}{value}");
        }
    }
    let _ = write!(text, ", {at}");
    text
}

fn as_json(policy: &Policy, question: &Question<'_>, trace: &Trace, near: &[Near]) -> Value {
    let judgement = &trace.judgement;
    json!({
        "flow": {
            "orig": question.orig,
            "resp": question.resp,
            "protocol": question.protocol.to_string(),
            "resp_port": question.has_ports.then_some(question.resp_port),
            "time": question.at,
            "service": question.service,
            "vlan": question.vlan,
            "orig_mac": question.orig_mac,
            "resp_mac": question.resp_mac,
            "tunnel": question.tunnel,
        },
        "orig_zone": policy.zone_name(judgement.orig_zone),
        "orig_placed": trace.orig.words,
        "resp_zone": policy.zone_name(judgement.resp_zone),
        "resp_placed": trace.resp.words,
        "asked": trace.candidates.iter().map(|candidate| json!({
            "path": policy.entry_name(candidate.entry),
            "failed": candidate.failed,
            "words": candidate.words,
        })).collect::<Vec<_>>(),
        "verdict": judgement.verdict,
        "rule": judgement.rule,
        "excluded": judgement.excluded,
        "policy_version": policy.version(),
        "words": trace.verdict,
        "near": near.iter().map(|near| json!({
            "path": near.id,
            "title": near.title,
            "differs": near.differs,
            "words": near.words,
        })).collect::<Vec<_>>(),
    })
}
