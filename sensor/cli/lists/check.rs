//! `sekisho lists check`: what lists hold, what is wrong with them and what is odd.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::PathBuf;

use sekisho_detect::indicators::{self, Indicators, Listed, Loaded, Remark, instant};
use sekisho_model::Timestamp;
use sekisho_model::indicator::Kind;
use serde_json::{Value, json};

use crate::cli::language::Language;
use crate::cli::outcome::Outcome;
use crate::cli::terminal::clean;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  sekisho lists check /etc/sekisho/lists\n  sekisho lists check feodo.csv bundle.json --json\n  \
    sekisho lists check lists/ --at 2027-04-01\n\n\
    Exit codes: 0 every line was read, 1 lines or objects are no indicator, or none is left that holds, \
    2 a file cannot be read, or is no well-formed JSON."
)]
pub(crate) struct Args {
    /// Lists, or folders of lists
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Count what is expired at this time; without it, now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let at = match args.at.as_deref() {
        None => super::now(),
        Some(text) => instant(text).ok_or_else(|| {
            anyhow::anyhow!("--at {text}: write a date as 2027-04-01 or a time as RFC 3339")
        })?,
    };
    let loaded = indicators::load(&args.paths, Some(at))?;
    let text = if args.json {
        format!("{}\n", as_json(&loaded, at))
    } else {
        as_text(&loaded, Language::of_environment())
    };
    // A reader that has closed the pipe has seen what it wanted.
    let _ = io::stdout().write_all(text.as_bytes());
    let bad: u64 = loaded.files.iter().map(|file| file.report.bad).sum();
    let holding = loaded.files.iter().map(holding).sum::<u64>();
    Ok(if bad > 0 || holding == 0 {
        Outcome::Findings
    } else {
        Outcome::Done
    })
}

/// Indicators that are not expired.
fn holding(file: &Listed) -> u64 {
    file.report.total().saturating_sub(file.report.expired)
}

fn as_text(loaded: &Loaded, language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    let mut out = String::new();
    for file in &loaded.files {
        file_text(&mut out, file, language);
    }
    for path in &loaded.unnamed {
        let path = clean(&path.display().to_string());
        let why = say(
            "lists.toml にないため読みません",
            "not read: lists.toml does not name it",
        );
        let _ = writeln!(out, "{path}: {why}");
    }
    let all = &loaded.indicators;
    let octets = all.octets().checked_div(all.len()).unwrap_or(0);
    let _ = writeln!(
        out,
        "{}: {} ({}: {}, {} {})",
        say("合計", "Total"),
        all.len(),
        say("メモリー", "memory"),
        all.octets(),
        say("1件あたりのオクテット:", "octets; each:"),
        octets,
    );
    if all.notes_dropped() > 0 {
        let words = say(
            "件の注記は長さの合計の上限を超えたため保持しません",
            "notes found no room",
        );
        let _ = writeln!(out, "{} {words}", all.notes_dropped());
    }
    out
}

fn file_text(out: &mut String, file: &Listed, language: Language) {
    let say = |ja, en| language.pick(ja, en);
    let report = &file.report;
    let name = clean(&file.path.display().to_string());
    let source = clean(&file.source);
    let kinds: Vec<_> = report
        .taken
        .iter()
        .map(|(kind, number)| format!("{} {number}", kind.name()))
        .collect();
    let kinds = if kinds.is_empty() {
        "0".to_owned()
    } else {
        kinds.join(", ")
    };
    let _ = writeln!(out, "{name} ({}, {source}): {kinds}", file.format.name());
    for (number, words) in [
        (report.duplicates, say("重複", "said twice")),
        (report.expired, say("期限切れ", "expired")),
        (report.full, say("上限を超えた", "without room")),
    ] {
        if number > 0 {
            let _ = writeln!(out, "  {number} {words}");
        }
    }
    for (why, number) in &report.passed_over {
        let words = match why.name() {
            "other_kind" => say(
                "通信に現れない種類(ファイルのハッシュ値など)",
                "of a kind that traffic does not show",
            ),
            "combined" => say(
                "複数の条件の組合せ(1つの値では照合できない)",
                "that combine several conditions",
            ),
            "revoked" => say("提供元が取り消したもの", "taken back by their source"),
            _ => say("検知用でないもの(to_ids)", "not for detection (to_ids)"),
        };
        let _ = writeln!(out, "  {number} {words}");
    }
    if report.bad > 0 {
        let words = match report.bad {
            1 => say("行が誤り:", "mistake:"),
            _ => say("行が誤り:", "mistakes:"),
        };
        let _ = writeln!(out, "  {} {words}", report.bad);
        for bad in &report.first_bad {
            let _ = writeln!(out, "    {}: {}: {}", bad.line, bad.what, clean(&bad.text));
        }
        let more = report
            .bad
            .saturating_sub(u64::try_from(report.first_bad.len()).unwrap_or(0));
        if more > 0 {
            let _ = writeln!(out, "    … +{more}");
        }
    }
    if !report.first_remarks.is_empty() {
        let _ = writeln!(out, "  {}", say("確認してください:", "Worth a look:"));
        for remark in &report.first_remarks {
            let words = remark_words(remark.what, language);
            let _ = writeln!(out, "    {}: {}: {words}", remark.line, clean(&remark.text));
        }
        let all: u64 = report.remarks.values().sum();
        let more = all.saturating_sub(u64::try_from(report.first_remarks.len()).unwrap_or(0));
        if more > 0 {
            let _ = writeln!(out, "    … +{more}");
        }
    }
}

fn remark_words(remark: Remark, language: Language) -> &'static str {
    match remark {
        Remark::SharedDomain => language.pick(
            "多くの利用者が名前を分け合うドメイン。*. を付けない限り、その名前だけを照合します",
            "many share this domain; without *. only the name itself is looked for",
        ),
        Remark::PrivateAddress => language.pick("組織内のアドレス", "an address of private networks"),
        Remark::WideNetwork => language.pick("広いネットワーク", "a wide network"),
    }
}

fn as_json(loaded: &Loaded, at: Timestamp) -> Value {
    let Loaded {
        indicators,
        files,
        unnamed,
    } = loaded;
    json!({
        "at": at,
        "version": indicators.version(),
        "indicators": indicators.len(),
        "octets": indicators.octets(),
        "notes_dropped": indicators.notes_dropped(),
        "by_kind": by_kind(indicators),
        "files": files.iter().map(file_json).collect::<Vec<_>>(),
        "unnamed": unnamed.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}

fn by_kind(indicators: &Indicators) -> Value {
    let kinds = Kind::ALL.into_iter().filter(|kind| indicators.count(*kind) > 0);
    kinds
        .map(|kind| (kind.name().to_owned(), Value::from(indicators.count(kind))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn file_json(file: &Listed) -> Value {
    let report = &file.report;
    let taken = report
        .taken
        .iter()
        .map(|(kind, number)| (kind.name().to_owned(), Value::from(*number)));
    let passed = report
        .passed_over
        .iter()
        .map(|(why, number)| (why.name().to_owned(), Value::from(*number)));
    let remarks = report
        .remarks
        .iter()
        .map(|(what, number)| (what.name().to_owned(), Value::from(*number)));
    let first_bad = report
        .first_bad
        .iter()
        .map(|bad| json!({ "line": bad.line, "why": bad.what.words(), "text": bad.text }));
    let first_remarks = report
        .first_remarks
        .iter()
        .map(|one| json!({ "line": one.line, "what": one.what.name(), "text": one.text }));
    json!({
        "path": file.path.display().to_string(),
        "format": file.format.name(),
        "source": &*file.source,
        "lines": report.lines,
        "taken": taken.collect::<serde_json::Map<_, _>>(),
        "duplicates": report.duplicates,
        "expired": report.expired,
        "full": report.full,
        "bad": report.bad,
        "first_bad": first_bad.collect::<Vec<_>>(),
        "passed_over": passed.collect::<serde_json::Map<_, _>>(),
        "remarks": remarks.collect::<serde_json::Map<_, _>>(),
        "first_remarks": first_remarks.collect::<Vec<_>>(),
    })
}
