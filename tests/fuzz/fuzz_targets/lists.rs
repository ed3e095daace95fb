//! Any octets as a list of indicators in the format that the first octet names: read without a panic,
//! every indicator in a form that is read back the same, found where it is listed, and given back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_detect::indicators::{Added, Builder, Defaults, Format, List, Manifest, Settings, read};
use sekisho_model::Timestamp;
use sekisho_model::indicator::{Indicator, Value};

fuzz_target!(|input: &[u8]| {
    let Some((first, mut rest)) = input.split_first() else {
        return;
    };
    let format = Format::ALL[usize::from(*first) % Format::ALL.len()];
    let list = List::named("list");
    let settings = Settings {
        source: list.source.clone(),
        kind: None,
        defaults: Defaults::default(),
        now: Some(Timestamp::from_seconds(1_793_750_400, 0)),
    };
    let mut builder = Builder::default();
    builder.begin(list);
    let mut taken: Vec<Indicator> = Vec::new();
    let report = read(format, &mut rest, &settings, &mut |indicator| {
        let added = builder.add(&indicator);
        if added == Added::New {
            taken.push(indicator);
        }
        added
    });
    if let Ok(text) = std::str::from_utf8(input) {
        let _ = Manifest::parse(text);
    }
    let Ok(report) = report else { return };
    assert_eq!(report.total(), taken.len() as u64);
    let all = builder.finish(String::new());
    assert_eq!(all.len(), taken.len());
    for indicator in &taken {
        let text = indicator.value.to_string();
        assert_eq!(
            Value::parse(indicator.value.kind(), &text).as_ref(),
            Ok(&indicator.value),
            "{text}"
        );
        check(&all, indicator);
    }
    assert_eq!(all.iter().count(), taken.len());
});

/// What is listed is found.
fn check(all: &sekisho_detect::indicators::Indicators, indicator: &Indicator) {
    let at = Timestamp::MIN;
    let found = match &indicator.value {
        Value::Address { network, port } => all.address(network.addr(), port.unwrap_or(1), at),
        Value::Domain(domain) => {
            let below = format!("x.{}", domain.name);
            all.name(&domain.name, at).or_else(|| all.name(&below, at))
        }
        // A path of many parts is looked for by the first of them.
        Value::Url(url) => all.url_host(&url.host, at).map(|(id, _)| id),
        Value::Ja4(text) => all.ja4(text, at),
        Value::UserAgent(text) => all.user_agent(text, at),
        Value::Ja3(_) => all.ja3(&indicator.value.to_string(), at),
        Value::CertificateSha1(_) => all.certificate_sha1(&indicator.value.to_string(), at),
        Value::CertificateSha256(_) => all.certificate_sha256(&indicator.value.to_string(), at),
    };
    assert!(
        found.is_some_and(|id| all.indicator(id).is_some()),
        "{}",
        indicator.value
    );
}
