//! Words of lists in the form that indicators have: names in ASCII, instants.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use sekisho_model::Timestamp;
use sekisho_model::indicator::Kind;

/// The text with its labels of other letters as A-labels (RFC 5890, UTS #46); a user agent as it is.
pub(super) fn ascii(text: &str, kind: Option<Kind>) -> Cow<'_, str> {
    if text.is_ascii() || kind == Some(Kind::UserAgent) {
        return Cow::Borrowed(text);
    }
    let begin = text.find("://").map_or(0, |at| at.saturating_add(3));
    let (before, rest) = text.split_at_checked(begin).unwrap_or(("", text));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let labels: Vec<_> = name.split(['.', '。']).map(label).collect();
    Cow::Owned([before, &labels.join("."), after].concat())
}

fn label(label: &str) -> Cow<'_, str> {
    if label.is_ascii() {
        return Cow::Borrowed(label);
    }
    // What cannot be converted stays, and is refused as no name.
    idna::domain_to_ascii(label).map_or(Cow::Borrowed(label), Cow::Owned)
}

/// An instant: RFC 3339, a date and time or a date alone (in UTC), or seconds since the epoch.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(instant) = Timestamp::parse(text) {
        return Some(instant);
    }
    let time = text.strip_suffix(" UTC").unwrap_or(text);
    let time: DateTime = match time.parse::<DateTime>() {
        Ok(time) => time,
        Err(_) => text.parse::<Date>().ok()?.into(),
    };
    let zoned = time.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp::from_seconds(zoned.timestamp().as_second(), 0))
}

/// How far something is to be believed: 0 to 100, or a word.
pub(super) fn confidence(text: &str) -> Option<u8> {
    match text.trim().to_ascii_lowercase().as_str() {
        "low" => Some(25),
        "medium" | "moderate" => Some(50),
        "high" => Some(85),
        number => number.parse::<u8>().ok().filter(|number| *number <= 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_other_letters_become_a_labels() {
        // JPRS: 日本語.jp is xn--wgv71a119e.jp
        assert_eq!(ascii("*.日本語.jp", None), "*.xn--wgv71a119e.jp");
        assert_eq!(
            ascii("http://日本語.jp/道?x", None),
            "http://xn--wgv71a119e.jp/道?x"
        );
        assert_eq!(ascii("道具/1.0", Some(Kind::UserAgent)), "道具/1.0");
    }

    #[test]
    fn an_instant_is_written_in_any_usual_way() {
        let expected = Some(Timestamp::from_seconds(1_793_750_400, 0));
        for text in [
            "2026-11-04T00:00:00Z",
            "2026-11-04T09:00:00+09:00",
            "2026-11-04 00:00:00",
            "2026-11-04 00:00:00 UTC",
            "2026-11-04",
            "1793750400",
        ] {
            assert_eq!(instant(text), expected, "{text}");
        }
        assert_eq!(instant("soon"), None);
        assert_eq!(
            (confidence("85"), confidence("High"), confidence("101")),
            (Some(85), Some(85), None)
        );
    }
}
