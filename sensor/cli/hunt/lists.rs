//! What is hunted for: lists of indicators, one indicator, or an expression.

use std::io::{self, BufRead};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use sekisho_detect::indicators::{Added, Defaults, Format, Report, Settings, load, read};
use sekisho_filter::{Environment, Filter};
use sekisho_model::indicator::{Indicator, Value, ValueError};

use crate::cli::language::Language;
use crate::cli::replay::explain_filter;
use crate::cli::terminal::{self, clean};

/// Indicators of a list from standard input at most.
const MAX_INDICATORS: usize = 4_000_000;

/// What is hunted for.
pub(super) enum Target {
    Indicators(Vec<Indicator>),
    Expression(Filter),
}

/// Reads what the command was given.
pub(super) fn target(what: &[String], names: &dyn Environment, language: Language) -> anyhow::Result<Target> {
    if let [text] = what
        && text != "-"
        && !Path::new(text).exists()
    {
        return indicator_or_expression(text, names);
    }
    let mut indicators = Vec::new();
    let mut paths = Vec::new();
    for text in what {
        if text == "-" {
            read_list("-", &mut io::stdin().lock(), &mut indicators, language)?;
        } else {
            paths.push(PathBuf::from(text));
        }
    }
    if !paths.is_empty() {
        let loaded = load(&paths, None)?;
        for file in &loaded.files {
            say(&file.path.display().to_string(), &file.report, language);
        }
        indicators.extend(loaded.indicators.iter());
    }
    if indicators.is_empty() {
        bail!(
            "{}",
            language.pick("指標が1つもありません", "there is not one indicator in it")
        );
    }
    Ok(Target::Indicators(indicators))
}

/// Endings of list files: a list that is not there must not be taken for a name that was never seen.
const ENDINGS: [&str; 8] = ["txt", "csv", "json", "stix", "misp", "dat", "list", "intel"];

/// Whether a text can only be the path of a file.
fn is_path(text: &str) -> bool {
    let is_url = text.contains("://");
    let is_network = text.split_once('/').is_some_and(|(address, length)| {
        address.parse::<std::net::IpAddr>().is_ok() && length.parse::<u8>().is_ok()
    });
    let ending = text
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase());
    let has_ending = ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    !text.contains(' ') && !is_url && !is_network && (text.contains('/') || has_ending)
}

/// One indicator, or else an expression.
fn indicator_or_expression(text: &str, names: &dyn Environment) -> anyhow::Result<Target> {
    if is_path(text) {
        bail!("{}: there is no such file", clean(text));
    }
    let indicator = match Value::guess(text) {
        Ok(value) => return Ok(Target::Indicators(vec![Indicator::new(value, &"-".into(), 1)])),
        Err(error) => error,
    };
    let expression = match Filter::parse_with(text, names) {
        Ok(filter) => return Ok(Target::Expression(filter)),
        Err(error) => error,
    };
    if indicator != ValueError::Unknown {
        bail!("{}: as an indicator, {indicator}", clean(text));
    }
    bail!(
        "{} is neither a file nor an indicator, and as an expression: {}",
        clean(text),
        explain_filter(text, &expression)
    );
}

fn read_list(
    name: &str,
    input: &mut dyn BufRead,
    indicators: &mut Vec<Indicator>,
    language: Language,
) -> anyhow::Result<()> {
    let begin = input
        .fill_buf()
        .with_context(|| format!("cannot read {}", clean(name)))?;
    let format = Format::guess(name, begin);
    let file_name = Path::new(name).file_name().and_then(|name| name.to_str());
    let settings = Settings {
        source: Arc::from(file_name.unwrap_or(name)),
        kind: None,
        defaults: Defaults::default(),
        now: None,
    };
    let report = read(format, input, &settings, &mut |indicator| {
        if indicators.len() >= MAX_INDICATORS {
            return Added::Full;
        }
        indicators.push(indicator);
        Added::New
    })
    .with_context(|| format!("cannot read {} as {}", clean(name), format.name()))?;
    say(name, &report, language);
    Ok(())
}

/// Says what of a list was not used.
fn say(name: &str, report: &Report, language: Language) {
    let name = clean(name);
    for bad in &report.first_bad {
        terminal::say(&format!(
            "{name}:{}: {}: {}",
            bad.line,
            bad.what,
            clean(&bad.text)
        ));
    }
    let passed_over: u64 = report.passed_over.values().sum();
    if report.bad > 0 || report.full > 0 || passed_over > 0 {
        terminal::say(&match language {
            Language::Japanese => format!(
                "{name}: 指標{}件、誤った行{}件、対象外{passed_over}件、上限を超えた{}件",
                report.total(),
                report.bad,
                report.full
            ),
            Language::English => format!(
                "{name}: indicators {}, bad lines {}, passed over {passed_over}, beyond the limit {}",
                report.total(),
                report.bad,
                report.full
            ),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_not_there_is_told_from_an_indicator() {
        for path in [
            "lists/today.csv",
            "today.txt",
            "./today",
            "/var/lib/list",
            "x.JSON",
        ] {
            assert!(is_path(path), "{path}");
        }
        for other in [
            "evil.example",
            "http://evil.example/gate.txt",
            "203.0.113.0/24",
            "2001:db8::/32",
            "server_name matches \"\\.txt$\" and path contains \"/\"",
            "203.0.113.7",
        ] {
            assert!(!is_path(other), "{other}");
        }
    }
}
