//! Names of the domain name system, and which names an indicator means.
//!
//! | written | means |
//! | --- | --- |
//! | `x` or `.x` | the name x and every name below it |
//! | `*.x` | every name below x, and not x |
//! | `=x` | the name x alone |
//!
//! A name of one label is a top-level domain or a name of a local network, and may be meant alone only.
//!
//! Source: RFC 1035 section 2.3.4 (labels of 63 octets, names of 253 characters); names on the wire
//! hold `_` too. Other letters than those of ASCII are written as RFC 5890's A-labels (`xn--`).

use std::fmt;

use super::ValueError;

/// Characters of a name without the dot at its end.
const MAX_NAME: usize = 253;
/// Characters of a label.
const MAX_LABEL: usize = 63;

/// Which names an indicator means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The name and every name below it.
    Tree,
    /// The names below it, not itself.
    Below,
    /// The name alone.
    Exact,
}

/// A name, names below it, or both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain {
    /// The name as [`normal_name`] gives it.
    pub name: Box<str>,
    /// Which names are meant.
    pub scope: Scope,
}

impl Domain {
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        let (scope, name) = if let Some(name) = text.strip_prefix('=') {
            (Scope::Exact, name)
        } else if let Some(name) = text.strip_prefix("*.") {
            (Scope::Below, name)
        } else {
            (Scope::Tree, text.strip_prefix('.').unwrap_or(text))
        };
        let name: Box<str> = normal_name(name)?.into();
        if scope != Scope::Exact && !name.contains('.') {
            return Err(ValueError::PublicSuffix);
        }
        Ok(Self { name, scope })
    }

    /// Whether it means a name in its normal form.
    #[must_use]
    pub fn means(&self, name: &str) -> bool {
        let below = || {
            let rest = name.strip_suffix(&*self.name);
            rest.is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        };
        match self.scope {
            Scope::Exact => name == &*self.name,
            Scope::Below => below(),
            Scope::Tree => name == &*self.name || below(),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.scope {
            Scope::Tree => "",
            Scope::Below => "*.",
            Scope::Exact => "=",
        })?;
        f.write_str(&self.name)
    }
}

/// A name in small letters, without a dot at its end.
///
/// # Errors
///
/// [`ValueError::Name`] where it is none: an empty or too long label, a character that names do not
/// have, an address.
pub fn normal_name(text: &str) -> Result<String, ValueError> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > MAX_NAME {
        return Err(ValueError::TooLong);
    }
    let is_label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    if !text.split('.').all(is_label) {
        return Err(ValueError::Name);
    }
    // A last label of digits only is one of an address, not of a name (RFC 3696 section 2).
    let last = text.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(ValueError::Name);
    }
    Ok(text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_write_a_name_means_what_the_table_says() {
        let cases = [
            ("evil.example", [true, true, true]),
            (".evil.example", [true, true, true]),
            ("*.evil.example", [false, true, true]),
            ("=evil.example", [true, false, false]),
        ];
        for (text, expected) in cases {
            let domain = Domain::parse(text).unwrap();

            let names = ["evil.example", "www.evil.example", "a.b.evil.example"];
            assert_eq!(names.map(|name| domain.means(name)), expected, "{text}");
            for other in [
                "notevil.example",
                "example",
                "evil.example.net",
                ".evil.example",
                "",
            ] {
                assert!(!domain.means(other), "{text} {other}");
            }
        }
    }

    #[test]
    fn a_top_level_domain_is_meant_alone_or_not_at_all() {
        for wide in ["com", ".com", "*.com", "com."] {
            assert_eq!(Domain::parse(wide), Err(ValueError::PublicSuffix), "{wide}");
        }
        assert!(Domain::parse("=com").unwrap().means("com"));
    }

    #[test]
    fn names_are_small_letters_without_a_dot_at_the_end() {
        assert_eq!(
            normal_name("WWW.Evil.Example.").as_deref(),
            Ok("www.evil.example")
        );
        assert_eq!(
            normal_name("_dmarc.xn--wgv71a119e.jp").as_deref(),
            Ok("_dmarc.xn--wgv71a119e.jp")
        );
        for wrong in [
            "",
            ".",
            "a..b",
            "-",
            "a b.c",
            "1.2.3.4",
            "日本語.jp",
            "a.b/c",
            "*.x",
        ] {
            let is_odd = wrong == "-"; // A label of hyphens is no host's, but names on the wire hold it.
            assert_eq!(normal_name(wrong).is_err(), !is_odd, "{wrong}");
        }
        assert_eq!(
            normal_name(&format!("{}.example", "a".repeat(64))),
            Err(ValueError::Name)
        );
        assert_eq!(normal_name(&"a.".repeat(127)), Ok("a.".repeat(126) + "a"));
        assert_eq!(normal_name(&"ab.".repeat(85)), Err(ValueError::TooLong));
    }
}
