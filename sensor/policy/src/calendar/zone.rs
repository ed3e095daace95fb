//! A time zone as a table: from which second on which offset holds.
//!
//! The transitions come from the tz database that is built into the program, so that the same
//! packets give the same answers on every machine.

use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use sekisho_model::Timestamp;

use super::fault::WindowFault;
use crate::error::{nearest, shown};

/// The time zone where a policy names none.
pub(super) const DEFAULT: &str = "Asia/Tokyo";

/// Offsets of a zone over all of packet time.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    /// Seconds east of UTC before the first change.
    first: i32,
    /// From this second since the epoch on, this offset; sorted.
    changes: Box<[(i64, i32)]>,
    zone: TimeZone,
}

impl Zone {
    /// Reads `Asia/Tokyo` or `+09:00`.
    pub(super) fn parse(text: &str) -> Result<Self, WindowFault> {
        if text.starts_with(['+', '-']) {
            let offset = offset(text).ok_or_else(|| {
                WindowFault::new(
                    0..text.len(),
                    format!("`{}` is no offset from UTC", shown(text)),
                    "write hours and minutes with a sign, as `+09:00`; at most 14:00",
                )
            })?;
            return Ok(Self::of(TimeZone::fixed(offset)));
        }
        let database = TimeZoneDatabase::bundled();
        // The database finds names whatever their case; one spelling is enough for a policy.
        let named = database
            .get(text)
            .ok()
            .filter(|zone| zone.iana_name() == Some(text));
        named.map(Self::of).ok_or_else(|| {
            let names: Vec<String> = database.available().map(|name| name.to_string()).collect();
            let same = names.iter().find(|name| name.eq_ignore_ascii_case(text));
            let near = same
                .map(String::as_str)
                .or_else(|| nearest(text, names.iter().map(String::as_str)));
            let help = match near {
                Some(name) => format!("did you mean `{name}`?"),
                None => "write a name of the tz database such as `Asia/Tokyo`, or an offset such as `+09:00`"
                    .to_owned(),
            };
            WindowFault::new(0..text.len(), format!("`{}` is no time zone", shown(text)), help)
        })
    }

    /// Coordinated Universal Time.
    pub(super) fn utc() -> Self {
        Self::of(TimeZone::UTC)
    }

    fn of(zone: TimeZone) -> Self {
        let instant = |at: Timestamp| {
            jiff::Timestamp::from_second(at.nanos().div_euclid(1_000_000_000)).unwrap_or_default()
        };
        let (from, to) = (instant(Timestamp::MIN), instant(Timestamp::MAX));
        let changes = zone
            .following(from)
            .take_while(|change| change.timestamp() <= to)
            .map(|change| (change.timestamp().as_second(), change.offset().seconds()))
            .collect();
        Self {
            first: zone.to_offset(from).seconds(),
            changes,
            zone,
        }
    }

    /// Seconds east of UTC at an instant, given in seconds since the epoch.
    pub(super) fn offset_at(&self, second: i64) -> i32 {
        // Most zones have not changed their clocks for long.
        if let Some((from, offset)) = self.changes.last()
            && *from <= second
        {
            return *offset;
        }
        let after = self.changes.partition_point(|(from, _)| *from <= second);
        let change = after.checked_sub(1).and_then(|last| self.changes.get(last));
        change.map_or(self.first, |(_, offset)| *offset)
    }

    /// The seconds since the epoch at which the offset changes.
    pub(super) fn changes(&self) -> impl Iterator<Item = i64> {
        self.changes.iter().map(|(from, _)| *from)
    }

    /// Whether the clocks are ever put forward or back from the year 2000 on.
    pub(super) fn changes_clocks(&self) -> bool {
        self.changes.last().is_some_and(|(from, _)| *from >= 946_684_800)
    }

    pub(super) fn jiff(&self) -> &TimeZone {
        &self.zone
    }
}

fn offset(text: &str) -> Option<Offset> {
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (super::day::digits(hours, 2)?, super::day::digits(minutes, 2)?);
    let total = i32::from(hours.checked_mul(60)?.checked_add(minutes)?);
    if minutes > 59 || total > 14 * 60 {
        return None;
    }
    let seconds = total.saturating_mul(60);
    let seconds = if text.starts_with('-') {
        seconds.saturating_neg()
    } else {
        seconds
    };
    Offset::from_seconds(seconds).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tokyo_has_one_offset_since_1951_and_berlin_changes_in_march_and_october() {
        let tokyo = Zone::parse("Asia/Tokyo").unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();

        // 2026-03-29T01:00:00Z and 2026-10-25T01:00:00Z, Directive 2000/84/EC.
        assert_eq!(berlin.offset_at(1_774_746_000 - 1), 3_600);
        assert_eq!(berlin.offset_at(1_774_746_000), 7_200);
        assert_eq!(berlin.offset_at(1_792_890_000 - 1), 7_200);
        assert_eq!(berlin.offset_at(1_792_890_000), 3_600);
        assert_eq!(tokyo.offset_at(1_774_746_000), 32_400);
        assert!(berlin.changes_clocks() && !tokyo.changes_clocks());
        for change in [1_774_746_000, 1_792_890_000] {
            assert!(berlin.changes().any(|at| at == change), "{change}");
        }
        // Japan's last summer time ended in September 1951.
        assert!(tokyo.changes().all(|at| at < -568_000_000));
    }

    #[test]
    fn offsets_and_names_are_checked() {
        assert_eq!(Zone::parse("-03:30").unwrap().offset_at(0), -12_600);
        for wrong in [
            "+9",
            "+09:60",
            "+15:00",
            "09:00",
            "asia/tokyo",
            "Asia/Tokio",
            "JST",
            "",
        ] {
            assert!(Zone::parse(wrong).is_err(), "{wrong}");
        }
        let fault = Zone::parse("asia/tokyo").unwrap_err();
        assert_eq!(fault.help, "did you mean `Asia/Tokyo`?");
    }

    proptest! {
        #[test]
        fn the_table_says_what_the_time_zone_database_says(
            second in -9_000_000_000_i64..9_000_000_000,
            name in prop::sample::select(vec!["Asia/Tokyo", "Europe/Berlin", "America/St_Johns", "Africa/Casablanca"]),
        ) {
            let zone = Zone::parse(name).unwrap();
            let offset = zone.zone.to_offset(jiff::Timestamp::from_second(second).unwrap());
            prop_assert_eq!(zone.offset_at(second), offset.seconds());
        }
    }
}
