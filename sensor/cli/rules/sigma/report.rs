//! What became of every rule, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use sekisho_policy::sigma::{Import, Outcome, Remark};
use serde_json::{Value, json};

use crate::cli::language::Language;
use crate::cli::terminal::clean;

/// One line a rule, those that do not map with their reasons, and the sum.
pub(super) fn text(import: &Import, written: Option<&Path>, language: Language) -> String {
    let say = |ja, en| language.pick(ja, en);
    let mut out = String::new();
    for Outcome {
        file,
        line,
        title,
        result,
        left_out,
    } in import.outcomes()
    {
        let place = format!("{}:{line}", clean(file));
        let title = clean(title);
        match result {
            Ok(id) => {
                let _ = writeln!(out, "{place}: {id}: {title}");
                let left = say("省いた例外", "exception left out");
                reasons_of(&mut out, &format!("{left}: "), file, left_out, language);
            }
            Err(remarks) => {
                let no = say("写せません", "does not map");
                let _ = writeln!(out, "{place}: {no}: {title}");
                reasons_of(&mut out, "", file, remarks, language);
            }
        }
    }
    for damage in import.damage() {
        let damaged = say("壊れています", "damaged");
        let _ = writeln!(
            out,
            "{}:{}: {damaged}: {}",
            clean(&damage.file),
            damage.line,
            clean(&damage.what)
        );
    }
    sum(&mut out, import, language);
    if let Some(path) = written {
        let _ = writeln!(
            out,
            "{}: {}",
            say("書き出し先", "Written to"),
            clean(&path.display().to_string())
        );
    }
    out
}

fn reasons_of(out: &mut String, before: &str, file: &str, remarks: &[Remark], language: Language) {
    for remark in remarks {
        let why = remark.why.text();
        let why = clean(language.of(&why));
        let _ = writeln!(out, "  {}:{}: {before}{why}", clean(file), remark.line);
    }
}

fn sum(out: &mut String, import: &Import, language: Language) {
    let (all, imported, damaged) = (import.outcomes().len(), import.imported(), import.damage().len());
    let left = all.saturating_sub(imported);
    let _ = match language {
        Language::Japanese => writeln!(
            out,
            "規則 {all} 件のうち {imported} 件を取り込み、{left} 件は写せません。"
        ),
        Language::English => writeln!(out, "{imported} of {all} rules imported, {left} do not map."),
    };
    let reasons: Vec<_> = reasons(import)
        .into_iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if !reasons.is_empty() {
        let _ = writeln!(
            out,
            "{}: {}",
            language.pick("理由", "Reasons"),
            reasons.join(", ")
        );
    }
    if damaged > 0 {
        let _ = match language {
            Language::Japanese => writeln!(out, "壊れていて読めないもの: {damaged} 件"),
            Language::English => writeln!(out, "Damaged and not read: {damaged}"),
        };
    }
}

/// Rules by the first reason for which they do not map.
fn reasons(import: &Import) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for outcome in import.outcomes() {
        if let Err(remarks) = &outcome.result
            && let Some(first) = remarks.first()
        {
            let count: &mut usize = reasons.entry(first.why.name()).or_default();
            *count = count.saturating_add(1);
        }
    }
    reasons
}

/// The same as one object; with the file itself where it is written nowhere else.
pub(super) fn json(import: &Import, written: Option<&Path>, text: Option<&str>) -> Value {
    let rule = |outcome: &Outcome| {
        let remarks = outcome
            .result
            .as_ref()
            .err()
            .map(|remarks| remarks.iter().map(remark).collect::<Vec<_>>());
        json!({
            "file": outcome.file,
            "line": outcome.line,
            "title": outcome.title,
            "rule": outcome.result.as_ref().ok(),
            "reasons": remarks.unwrap_or_default(),
            "left_out": outcome.left_out.iter().map(remark).collect::<Vec<_>>(),
        })
    };
    let all = import.outcomes().len();
    json!({
        "rules": import.outcomes().iter().map(rule).collect::<Vec<_>>(),
        "damaged": import.damage().iter().map(|damage| json!({
            "file": damage.file,
            "line": damage.line,
            "what": damage.what,
        })).collect::<Vec<_>>(),
        "sum": {
            "rules": all,
            "imported": import.imported(),
            "not_mapped": all.saturating_sub(import.imported()),
            "by_reason": reasons(import),
        },
        "written": written.map(|path| path.display().to_string()),
        "text": text,
    })
}

fn remark(remark: &Remark) -> Value {
    json!({
        "line": remark.line,
        "reason": remark.why.name(),
        "what": remark.why.what(),
        "words": remark.why.text(),
    })
}
