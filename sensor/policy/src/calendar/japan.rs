//! The holidays of Japan.
//!
//! Source: 国民の祝日に関する法律 (Act on National Holidays, Act No. 178 of 1948) as amended:
//! article 2 (the holidays; Act No. 43 of 2005 for the days since 2007, Act No. 52 of 2014 for
//! Mountain Day), article 3 paragraph 2 (a holiday on a Sunday moves the rest to the next day that
//! is none) and paragraph 3 (a day between two holidays). Foundation Day and the Emperor's Birthday
//! by Cabinet Order No. 376 of 1966 and Act No. 63 of 2017. The accession of 2019 by Act No. 99 of
//! 2018; the moved days of 2020 and 2021 by the Olympics special measures act (Act No. 33 of 2015
//! as amended by Acts No. 55 of 2018 and No. 68 of 2020). The equinoxes are those that the
//! National Astronomical Observatory announces in the official gazette of the February before;
//! for years that are not announced yet, its formula for 1980 to 2099.

use super::day::Day;

/// The first year of this table; the years before have no holidays in it.
pub(super) const FIRST_YEAR: i16 = 2007;
/// The last year for which the equinoxes can be told.
pub(super) const LAST_YEAR: i16 = 2099;

/// When in a year a holiday is.
#[derive(Debug, Clone, Copy)]
enum When {
    /// Month and day.
    Fixed(i8, i8),
    /// Month, and which of its Mondays: Happy Monday.
    Monday(i8, u8),
    /// 春分日.
    Vernal,
    /// 秋分日.
    Autumnal,
}

/// A holiday, from its first to its last year.
struct Holiday {
    when: When,
    years: (i16, i16),
    /// Years in which it was moved or did not take place.
    but: &'static [i16],
}

const fn holiday(when: When) -> Holiday {
    since(when, FIRST_YEAR)
}

const fn since(when: When, year: i16) -> Holiday {
    Holiday {
        when,
        years: (year, LAST_YEAR),
        but: &[],
    }
}

const fn once(year: i16, month: i8, day: i8) -> Holiday {
    Holiday {
        when: When::Fixed(month, day),
        years: (year, year),
        but: &[],
    }
}

/// Article 2 and the special acts.
const HOLIDAYS: &[Holiday] = &[
    // 元日 New Year's Day
    holiday(When::Fixed(1, 1)),
    // 成人の日 Coming of Age Day
    holiday(When::Monday(1, 2)),
    // 建国記念の日 Foundation Day
    holiday(When::Fixed(2, 11)),
    // 天皇誕生日 the Emperor's Birthday; none in 2019
    Holiday {
        when: When::Fixed(12, 23),
        years: (FIRST_YEAR, 2018),
        but: &[],
    },
    since(When::Fixed(2, 23), 2020),
    // 春分の日 Vernal Equinox Day
    holiday(When::Vernal),
    // 昭和の日 Showa Day
    holiday(When::Fixed(4, 29)),
    // 憲法記念日 Constitution Memorial Day
    holiday(When::Fixed(5, 3)),
    // みどりの日 Greenery Day
    holiday(When::Fixed(5, 4)),
    // こどもの日 Children's Day
    holiday(When::Fixed(5, 5)),
    // 海の日 Marine Day
    Holiday {
        when: When::Monday(7, 3),
        years: (FIRST_YEAR, LAST_YEAR),
        but: &[2020, 2021],
    },
    once(2020, 7, 23),
    once(2021, 7, 22),
    // 山の日 Mountain Day
    Holiday {
        when: When::Fixed(8, 11),
        years: (2016, LAST_YEAR),
        but: &[2020, 2021],
    },
    once(2020, 8, 10),
    once(2021, 8, 8),
    // 敬老の日 Respect for the Aged Day
    holiday(When::Monday(9, 3)),
    // 秋分の日 Autumnal Equinox Day
    holiday(When::Autumnal),
    // 体育の日, since 2020 スポーツの日 Sports Day
    Holiday {
        when: When::Monday(10, 2),
        years: (FIRST_YEAR, LAST_YEAR),
        but: &[2020, 2021],
    },
    once(2020, 7, 24),
    once(2021, 7, 23),
    // 文化の日 Culture Day
    holiday(When::Fixed(11, 3)),
    // 勤労感謝の日 Labour Thanksgiving Day
    holiday(When::Fixed(11, 23)),
    // 天皇の即位の日, 即位礼正殿の儀の行われる日
    once(2019, 5, 1),
    once(2019, 10, 22),
];

/// Announced equinoxes: year, day in March, day in September.
const ANNOUNCED: &[(i16, i8, i8)] = &[
    (2015, 21, 23),
    (2016, 20, 22),
    (2017, 20, 23),
    (2018, 21, 23),
    (2019, 21, 23),
    (2020, 20, 22),
    (2021, 20, 23),
    (2022, 21, 23),
    (2023, 21, 23),
    (2024, 20, 22),
    (2025, 20, 23),
    (2026, 20, 23),
    (2027, 21, 23),
];

/// Every holiday of a year, substitute and citizens' holidays too, sorted.
pub(super) fn of_year(year: i16) -> Vec<Day> {
    let mut named: Vec<Day> = HOLIDAYS
        .iter()
        .filter(|holiday| (holiday.years.0..=holiday.years.1).contains(&year) && !holiday.but.contains(&year))
        .filter_map(|holiday| day(holiday.when, year))
        .collect();
    named.sort_unstable();
    let mut days = named.clone();
    // Article 3, paragraph 2: 振替休日.
    for sunday in named.iter().filter(|day| day.weekday() == 6) {
        let mut substitute = sunday.after();
        while named.contains(&substitute) {
            substitute = substitute.after();
        }
        days.push(substitute);
    }
    // Article 3, paragraph 3: 国民の休日.
    for day in &named {
        let between = day.after();
        if !named.contains(&between) && named.contains(&between.after()) {
            days.push(between);
        }
    }
    days.sort_unstable();
    days.dedup();
    days
}

fn day(when: When, year: i16) -> Option<Day> {
    match when {
        When::Fixed(month, day) => Day::of(year, month, day),
        When::Monday(month, which) => {
            let first = Day::of(year, month, 1)?;
            let to_monday = i32::from(7_u8.saturating_sub(first.weekday()).rem_euclid(7));
            let weeks = i32::from(which.saturating_sub(1)).saturating_mul(7);
            Some(Day(first.0.saturating_add(to_monday).saturating_add(weeks)))
        }
        When::Vernal => Day::of(
            year,
            3,
            announced(year).map_or_else(|| formula(year, 208_431), |it| it.0),
        ),
        When::Autumnal => Day::of(
            year,
            9,
            announced(year).map_or_else(|| formula(year, 232_488), |it| it.1),
        ),
    }
}

fn announced(year: i16) -> Option<(i8, i8)> {
    let row = ANNOUNCED.iter().find(|row| row.0 == year)?;
    Some((row.1, row.2))
}

/// The day of the month of an equinox from 1980 to 2099: `base` ten-thousandths of a day, and
/// 0.242194 days more each year, less the leap days since 1980.
fn formula(year: i16, base: i64) -> i8 {
    let years = i64::from(year).saturating_sub(1980);
    let days = base
        .saturating_mul(100)
        .saturating_add(years.saturating_mul(242_194))
        .div_euclid(1_000_000)
        .saturating_sub(years.div_euclid(4));
    i8::try_from(days).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(year: i16) -> String {
        let days = of_year(year).into_iter().map(|day| {
            let (_, month, day) = day.date();
            format!("{month}/{day}")
        });
        days.collect::<Vec<_>>().join(" ")
    }

    // The lists are those of the Cabinet Office, 「国民の祝日」について.

    #[test]
    fn the_accession_year_has_citizens_holidays_around_it_and_no_emperors_birthday() {
        assert_eq!(
            listed(2019),
            "1/1 1/14 2/11 3/21 4/29 4/30 5/1 5/2 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/23 10/14 10/22 11/3 \
             11/4 11/23"
        );
    }

    #[test]
    fn the_olympic_years_have_their_moved_days() {
        assert_eq!(
            listed(2020),
            "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/23 7/24 8/10 9/21 9/22 11/3 11/23"
        );
        assert_eq!(
            listed(2021),
            "1/1 1/11 2/11 2/23 3/20 4/29 5/3 5/4 5/5 7/22 7/23 8/8 8/9 9/20 9/23 11/3 11/23"
        );
    }

    #[test]
    fn plain_years_are_those_of_the_cabinet_office() {
        assert_eq!(
            listed(2015),
            "1/1 1/12 2/11 3/21 4/29 5/3 5/4 5/5 5/6 7/20 9/21 9/22 9/23 10/12 11/3 11/23 12/23"
        );
        assert_eq!(
            listed(2024),
            "1/1 1/8 2/11 2/12 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/15 8/11 8/12 9/16 9/22 9/23 10/14 11/3 11/4 \
             11/23"
        );
        assert_eq!(
            listed(2025),
            "1/1 1/13 2/11 2/23 2/24 3/20 4/29 5/3 5/4 5/5 5/6 7/21 8/11 9/15 9/23 10/13 11/3 11/23 11/24"
        );
        assert_eq!(
            listed(2026),
            "1/1 1/12 2/11 2/23 3/20 4/29 5/3 5/4 5/5 5/6 7/20 8/11 9/21 9/22 9/23 10/12 11/3 11/23"
        );
        assert_eq!(
            listed(2027),
            "1/1 1/11 2/11 2/23 3/21 3/22 4/29 5/3 5/4 5/5 7/19 8/11 9/20 9/23 10/11 11/3 11/23"
        );
    }

    #[test]
    fn the_formula_gives_the_announced_equinoxes() {
        for (year, march, september) in ANNOUNCED {
            assert_eq!(formula(*year, 208_431), *march, "{year}");
            assert_eq!(formula(*year, 232_488), *september, "{year}");
        }
    }

    #[test]
    fn there_was_no_mountain_day_before_2016() {
        assert!(!listed(2015).contains("8/11"));
        assert!(listed(2016).contains("8/11"));
    }
}
