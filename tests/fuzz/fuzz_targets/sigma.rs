//! Any octets as files of Sigma rules: every document becomes a rule or says why not, and what comes out is a
//! policy with just the rules that were imported, alone and beside another one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_policy::sigma::{Import, MARK};
use sekisho_policy::{Policy, Source};

/// A policy that the rules stand beside.
const BESIDE: &str = "schema = 1\n[policy]\nname = \"site\"\nversion = \"1\"\nmode = \"learn\"\n";

fuzz_target!(|input: &[u8]| {
    // The first octet says whether exceptions may be left out. A NUL stands between files.
    let Some((options, files)) = input.split_first() else {
        return;
    };
    let import = imported(*options, files);
    let again = imported(*options, files);
    assert_eq!(import.text(true), again.text(true), "an import is another one each time");

    let lines = files.iter().filter(|octet| matches!(octet, b'\n' | b'\r')).count() + 1;
    let mut ids = Vec::new();
    for outcome in import.outcomes() {
        assert!((1..=lines).contains(&outcome.line), "{outcome:?}");
        let refusal = outcome.result.as_ref().err();
        assert!(refusal.is_none_or(|remarks| !remarks.is_empty()), "{outcome:?}");
        for remark in refusal.into_iter().flatten().chain(&outcome.left_out) {
            assert!((1..=lines).contains(&remark.line), "{remark:?}");
            let said = remark.why.text();
            assert!(!said.ja.is_empty() && !said.en.is_empty(), "{remark:?}");
        }
        ids.extend(outcome.result.as_ref().ok());
    }
    assert_eq!(import.imported(), ids.len());
    for damage in import.damage() {
        assert!(damage.line <= lines && !damage.what.is_empty(), "{damage:?}");
    }

    let alone = compiled(&[("sigma.toml", &import.text(true))]);
    let beside = compiled(&[("site.toml", BESIDE), ("sigma.toml", &import.text(false))]);
    for policy in [&alone, &beside] {
        let rules: Vec<_> = policy.rules().iter().map(|rule| rule.id().to_string()).collect();
        for id in &ids {
            assert!(rules.contains(id), "{id} is not in the file");
        }
        assert_eq!(rules.len(), ids.len(), "{}", import.text(true));
    }
});

fn imported(options: u8, files: &[u8]) -> Import {
    let mut import = Import::new(0);
    if options & 1 != 0 {
        import.leave_filters_out();
    }
    for (index, text) in files.split(|octet| *octet == 0).enumerate() {
        import.read(&format!("{index}.yml"), text);
    }
    import
}

fn compiled(files: &[(&str, &str)]) -> Policy {
    let sources: Vec<_> = files
        .iter()
        .map(|(name, text)| Source {
            name: (*name).to_owned(),
            text: text.as_bytes().to_vec(),
        })
        .collect();
    let (_, last) = files.last().expect("there is a file");
    assert!(last.starts_with(MARK));
    Policy::compile(&sources).unwrap_or_else(|errors| {
        let reasons: Vec<_> = errors.reports().map(ToString::to_string).collect();
        panic!("{reasons:?}\n{last}")
    })
}
