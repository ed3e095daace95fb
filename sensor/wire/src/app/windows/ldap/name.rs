//! What of a name or a value in the directory may be kept: accounts stand as digests, secrets as
//! dots.
//!
//! Source: RFC 4514 (a distinguished name as text), RFC 4519 section 2; MS-ADTS section 6.1.1 (the
//! containers that every domain has).

use crate::app::text;

/// Attributes whose values are names of accounts; of filters `cn` is not one, as it names all else.
const ACCOUNTS: &[&str] = &["samaccountname", "uid", "userprincipalname", "mail", "anr"];
/// What else begins the name of an account's entry.
const COMMON_NAMES: &[&str] = &["cn", "2.5.4.3", "oid.2.5.4.3", "0.9.2342.19200300.100.1.1"];
/// Attributes whose values are names of entries, of persons mostly.
const ENTRIES: &[&str] = &[
    "distinguishedname",
    "entrydn",
    "manager",
    "member",
    "uniquemember",
];
/// Object identifiers of `userPassword` and `unicodePwd`.
const SECRETS: &[&str] = &["2.5.4.35", "1.2.840.113556.1.4.90"];
/// Entries of this name hold others and are no accounts.
const CONTAINERS: &[&str] = &[
    "aggregate",
    "builtin",
    "computers",
    "configuration",
    "managed service accounts",
    "partitions",
    "policies",
    "schema",
    "services",
    "sites",
    "system",
    "users",
];

/// A value that a filter asks for, of at most `max` octets.
pub(super) fn value(attribute: &[u8], value: &[u8], max: usize) -> String {
    let kind = kind(attribute);
    let is_secret = SECRETS.contains(&&*kind) || kind.contains("password") || kind.contains("pwd");
    if is_secret {
        "...".to_owned()
    } else if ACCOUNTS.contains(&&*kind) && !value.is_empty() {
        user(value)
    } else if ENTRIES.contains(&&*kind) {
        bounded(value, max)
    } else {
        text::bounded(value, max).0.into()
    }
}

/// A distinguished name, in which the entry's own name is a digest where it may be an account's.
pub(super) fn of(name: &[u8]) -> String {
    bounded(name, text::MAX)
}

fn bounded(name: &[u8], max: usize) -> String {
    let end = first(name);
    let (own, rest) = name.split_at_checked(end).unwrap_or((name, &[]));
    let Some(equals) = own.iter().position(|octet| *octet == b'=') else {
        return text::bounded(name, max).0.into();
    };
    let (attribute, own) = own.split_at_checked(equals).unwrap_or((own, &[]));
    let own = own.get(1..).unwrap_or_default().trim_ascii();
    let kind = kind(attribute);
    let is_account = ACCOUNTS.contains(&&*kind) || COMMON_NAMES.contains(&&*kind);
    let is_container = CONTAINERS
        .iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(own));
    if !is_account || is_container || own.is_empty() {
        return text::bounded(name, max).0.into();
    }
    let attribute = text::bounded(attribute, max).0;
    format!("{attribute}={}{}", user(own), text::bounded(rest, max).0)
}

/// Octets of the first part of a name; a comma behind a backslash or in quotes belongs to it.
fn first(name: &[u8]) -> usize {
    let (mut is_escaped, mut is_quoted) = (false, false);
    name.iter()
        .position(|octet| {
            let is_end = matches!(octet, b',' | b';') && !is_escaped && !is_quoted;
            is_quoted ^= *octet == b'"' && !is_escaped;
            is_escaped = *octet == b'\\' && !is_escaped;
            is_end
        })
        .unwrap_or(name.len())
}

/// An attribute's name in lower case, without its options.
fn kind(attribute: &[u8]) -> String {
    let name = attribute.split(|octet| *octet == b';').next().unwrap_or_default();
    text::of(name.trim_ascii()).to_ascii_lowercase()
}

fn user(name: &[u8]) -> String {
    let account = name.split(|octet| *octet == b'@').next().unwrap_or_default();
    format!("user:{}", text::user_digest(account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_dots_whatever_their_attribute_is_called() {
        for attribute in [
            "userPassword",
            "unicodePwd",
            "ms-Mcs-AdmPwd",
            "USERPASSWORD;x",
            "2.5.4.35",
        ] {
            assert_eq!(value(attribute.as_bytes(), b"hunter2", 64), "...", "{attribute}");
        }
        assert_eq!(value(b"objectClass", b"user", 64), "user");
    }

    #[test]
    fn an_entry_is_named_by_a_digest_and_its_place() {
        let digest = |name: &str| text::user_digest(name.as_bytes());
        for (name, kept) in [
            (
                "CN=Yamada Taro,OU=Sales,DC=example",
                format!("CN=user:{},OU=Sales,DC=example", digest("Yamada Taro")),
            ),
            (
                "uid = taro, dc=example",
                format!("uid =user:{}, dc=example", digest("taro")),
            ),
            (
                "CN=Yamada\\, Taro,DC=x",
                format!("CN=user:{},DC=x", digest("Yamada\\, Taro")),
            ),
            (
                "CN=\"Yamada, Taro\",DC=x",
                format!("CN=user:{},DC=x", digest("\"Yamada, Taro\"")),
            ),
            ("CN=Users,DC=example", "CN=Users,DC=example".to_owned()),
            ("dc=example,dc=com", "dc=example,dc=com".to_owned()),
            ("", String::new()),
        ] {
            assert_eq!(of(name.as_bytes()), kept);
        }
        assert_eq!(
            value(b"member", b"CN=taro,DC=x", 64),
            format!("CN=user:{},DC=x", digest("taro"))
        );
    }
}
