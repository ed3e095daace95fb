//! Values as they are written: numbers, addresses, networks, times and durations.

use std::net::IpAddr;

use ipnet::IpNet;
use sekisho_model::Timestamp;

use crate::ast::Literal;
use crate::error::Fault;

/// A whole number: decimal, `0x` hexadecimal, or with `k`, `M`, `G`, `T` (thousands) or
/// `Ki`, `Mi`, `Gi`, `Ti` (1024s).
pub(crate) fn number(literal: &Literal) -> Result<u64, Fault> {
    const UNITS: &[(&str, u64)] = &[
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
    ];
    let text = literal.text.as_str();
    let plain = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => match UNITS
            .iter()
            .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, size)))
        {
            Some((digits, size)) => digits.parse::<u64>().ok().and_then(|n| n.checked_mul(*size)),
            None => text.parse().ok(),
        },
    };
    plain.ok_or_else(|| {
        Fault::new(
            literal.span,
            format!("`{text}` is not a whole number"),
            "not a number",
        )
        .help("write for example 443, 0x12, 10k or 5Mi")
    })
}

/// A length of time: seconds, or with a unit.
pub(crate) fn seconds(literal: &Literal) -> Result<f64, Fault> {
    const UNITS: &[(&str, f64)] = &[
        ("us", 0.000_001),
        ("ms", 0.001),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3_600.0),
        ("d", 86_400.0),
    ];
    let text = literal.text.as_str();
    let (digits, size) = UNITS
        .iter()
        .find_map(|(unit, size)| Some((text.strip_suffix(unit)?, *size)))
        .unwrap_or((text, 1.0));
    let plain = digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number = digits.parse::<f64>().ok().filter(|n| plain && n.is_finite());
    number.map(|number| number * size).ok_or_else(|| {
        Fault::new(
            literal.span,
            format!("`{text}` is not a length of time"),
            "not a duration",
        )
        .help("write seconds or a unit: 1.5, 500ms, 10s, 5m, 2h, 1d")
    })
}

/// An instant, in nanoseconds since the epoch.
pub(crate) fn time(literal: &Literal) -> Result<i64, Fault> {
    let text = literal.text.as_str();
    let parsed = Timestamp::parse(text).map(Timestamp::nanos);
    parsed.ok_or_else(|| {
        let help = if Timestamp::parse(&format!("{text}Z")).is_some() {
            format!("say in which time zone: \"{text}+09:00\", or \"{text}Z\" for UTC")
        } else {
            "write it in RFC 3339, such as \"2026-11-02T09:00:00+09:00\"".to_owned()
        };
        Fault::new(literal.span, format!("`{text}` is not an instant"), "not a time").help(help)
    })
}

/// The first and the last address of an address (itself) or a network.
pub(crate) fn addresses(literal: &Literal) -> Result<(IpAddr, IpAddr), Fault> {
    let text = literal.text.as_str();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok((address, address));
    }
    let fault = |message: String, label| Fault::new(literal.span, message, label);
    let Some((address, prefix)) = text.split_once('/') else {
        return Err(fault(format!("`{text}` is not an address"), "not an address")
            .help("write for example 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32"));
    };
    let network = text.parse::<IpNet>().map_err(|_| {
        let help = match address.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => format!("`{prefix}` should be a prefix length from 0 to 32"),
            Ok(IpAddr::V6(_)) => format!("`{prefix}` should be a prefix length from 0 to 128"),
            Err(_) => "write for example 10.0.0.0/8 or 2001:db8::/32".to_owned(),
        };
        fault(format!("`{text}` is not a network"), "not a network").help(help)
    })?;
    if network.trunc() != network {
        return Err(fault(
            format!("`{text}` has address bits after its prefix"),
            "host bits set",
        )
        .help(format!(
            "the network is `{}`; the address alone is `{address}`",
            network.trunc()
        )));
    }
    Ok((network.network(), network.broadcast()))
}

/// Whether a word that stands alone is meant as an address or a network.
pub(crate) fn looks_like_address(word: &str) -> bool {
    let address = word.split('/').next().unwrap_or(word);
    let v4 = address.contains('.') && address.chars().all(|c| c.is_ascii_digit() || c == '.');
    let v6 = address.contains(':')
        && address
            .chars()
            .all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'));
    v4 || v6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn literal(text: &str) -> Literal {
        Literal {
            text: text.to_owned(),
            quoted: false,
            span: crate::ast::Span::default(),
        }
    }

    #[test]
    fn numbers_take_units_and_stay_whole() {
        let of = |text: &str| number(&literal(text)).ok();

        assert_eq!(of("0"), Some(0));
        assert_eq!(of("10k"), Some(10_000));
        assert_eq!(of("5Mi"), Some(5 << 20));
        assert_eq!(of("0x12"), Some(18));
        assert_eq!(of("18446744073709551615"), Some(u64::MAX));
        for wrong in ["18446744073709551616", "99999999999T", "-1", "1.5", "k", "", "0x"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_take_units_and_fractions() {
        let of = |text: &str| seconds(&literal(text)).ok();

        assert_eq!(of("1.5"), Some(1.5));
        assert_eq!(of("10m"), Some(600.0));
        assert_eq!(of("500ms"), Some(0.5));
        for wrong in ["", "s", "inf", "nan", "1e3", "-1s", "5 s"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_network_is_its_first_and_last_address() {
        let (low, high) = addresses(&literal("2001:db8::/127")).unwrap();

        assert_eq!(
            (low.to_string(), high.to_string()),
            ("2001:db8::".into(), "2001:db8::1".into())
        );
        assert!(addresses(&literal("10.0.0.1/8")).is_err());
        assert!(addresses(&literal("10.0.0.0/33")).is_err());
    }
}
