//! Domains below which anybody may register names: no list means all of them.
//!
//! Source: the Public Suffix List (publicsuffix.org), as the crate `psl` carries it. Its first part is
//! of registries (`com`, `co.jp`), its second of companies that give names away (`github.io`).

use sekisho_model::indicator::{Domain, Scope, ValueError};

use super::Remark;

/// Narrows an indicator that stands for a whole suffix, or refuses it.
///
/// A registry's suffix may be meant alone only (`=co.jp`). A company's is meant alone where nothing is
/// said, and with all names below it where those are written as meant (`*.github.io`).
pub(super) fn check(domain: &mut Domain) -> Result<Option<Remark>, ValueError> {
    if domain.scope == Scope::Exact {
        return Ok(None);
    }
    let Some(suffix) = psl::suffix(domain.name.as_bytes()) else {
        return Ok(None);
    };
    if suffix.as_bytes() != domain.name.as_bytes() {
        return Ok(None);
    }
    if suffix.typ() != Some(psl::Type::Private) {
        return Err(ValueError::PublicSuffix);
    }
    if domain.scope == Scope::Tree {
        domain.scope = Scope::Exact;
    }
    Ok(Some(Remark::SharedDomain))
}

#[cfg(test)]
mod tests {
    use sekisho_model::indicator::{Kind, Value};

    use super::*;

    fn checked(text: &str) -> Result<(String, Option<Remark>), ValueError> {
        let Value::Domain(mut domain) = Value::parse(Kind::Domain, text)? else {
            panic!("{text}")
        };
        let remark = check(&mut domain)?;
        Ok((domain.to_string(), remark))
    }

    #[test]
    fn a_suffix_of_a_registry_is_meant_alone_or_refused() {
        for wide in ["co.jp", "*.co.jp", ".co.uk", "com", "okayama.jp", "lg.jp", "x.ck"] {
            assert_eq!(checked(wide), Err(ValueError::PublicSuffix), "{wide}");
        }
        assert_eq!(checked("=co.jp"), Ok(("=co.jp".to_owned(), None)));
        for name in [
            "evil.co.jp",
            "*.evil.com",
            "city.okayama.jp",
            "evil.example",
            "xn--wgv71a119e.jp",
        ] {
            assert_eq!(checked(name), Ok((name.to_owned(), None)), "{name}");
        }
    }

    #[test]
    fn a_suffix_of_a_company_is_meant_alone_unless_its_names_are_written() {
        let remark = Some(Remark::SharedDomain);
        assert_eq!(checked("github.io"), Ok(("=github.io".to_owned(), remark)));
        assert_eq!(checked("*.github.io"), Ok(("*.github.io".to_owned(), remark)));
        assert_eq!(checked("evil.github.io"), Ok(("evil.github.io".to_owned(), None)));
    }
}
