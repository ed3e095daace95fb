//! Just enough of JSON to find a member by its key, in one pass and without building anything.
//!
//! Source: RFC 8259.

/// What stands after the first `"key":` at any depth.
pub(super) fn find<'a>(line: &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let mut rest = line;
    loop {
        let at = rest.iter().position(|octet| *octet == b'"')?;
        let (found, after) = quoted(rest.get(at..)?)?;
        rest = after;
        if found == key
            && let Some(value) = after.trim_ascii_start().strip_prefix(b":")
        {
            return Some(value.trim_ascii_start());
        }
    }
}

/// The text that a value is, escapes as they stand.
pub(super) fn text(value: &[u8]) -> Option<&[u8]> {
    quoted(value).map(|(text, _)| text)
}

/// The texts of the list that a value is, in it and in what it holds, at most `max`.
pub(super) fn texts(value: &[u8], max: usize) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let Some(mut rest) = value.strip_prefix(b"[") else {
        return found;
    };
    while found.len() < max {
        let Some(at) = rest.iter().position(|octet| matches!(octet, b'"' | b']')) else {
            break;
        };
        let Some((text, after)) = rest.get(at..).and_then(quoted) else {
            break;
        };
        found.push(text);
        rest = after;
    }
    found
}

/// The text between two quotation marks at the start, and what follows it.
fn quoted(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = octets.strip_prefix(b"\"")?;
    let mut is_escaped = false;
    let end = inner.iter().position(|octet| {
        let is_end = *octet == b'"' && !is_escaped;
        is_escaped = *octet == b'\\' && !is_escaped;
        is_end
    })?;
    Some((inner.get(..end)?, inner.get(end.saturating_add(1)..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_found_and_what_only_looks_like_one_is_not() {
        let line =
            br#"{"id": 1, "note": "a \"method\": \"x\"", "method" : "login", "params": ["w", null, "x"]}"#;

        assert_eq!(find(line, b"method").and_then(text), Some(&b"login"[..]));
        assert_eq!(texts(find(line, b"params").unwrap(), 8), [&b"w"[..], b"x"]);
        assert_eq!(find(line, b"login"), None);
    }
}
