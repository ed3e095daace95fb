//! Every time that there can be, as one sample instant for each set of instants at which the same
//! windows are open and the same terms run.

use std::collections::HashSet;

use sekisho_model::Timestamp;

use super::bits::Bits;
use super::region::Exhausted;
use crate::calendar::{Calendar, DAY_MINUTES, Day, Window, begin_of};

/// Sample instants that one proof may need.
const MAX_INSTANTS: usize = 16_384;

/// Steps of the search for them.
const MAX_STEPS: usize = 4_000_000;

/// What the times of one or two policies are made of.
#[derive(Debug, Default)]
pub(crate) struct Times<'p> {
    /// Windows that are not always open, each with the calendar that made it.
    pub(crate) windows: Vec<(&'p Calendar, &'p Window)>,
    /// Begins and ends of terms.
    pub(crate) edges: Vec<Timestamp>,
}

/// The sample instants, the earliest of each kind.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) instants: Vec<Timestamp>,
}

impl Clock {
    /// The instants at which `test` holds.
    pub(crate) fn set(&self, test: impl Fn(Timestamp) -> bool) -> Bits {
        let instants = self.instants.iter().enumerate();
        Bits::of(
            self.instants.len(),
            instants.filter(|(_, at)| test(**at)).map(|(index, _)| index),
        )
    }
}

/// What a day is like for all windows together.
type Kind = (usize, Vec<(usize, usize, usize, i32)>, Option<Day>);

impl Times<'_> {
    /// The times from `at` to the end of 2099.
    pub(crate) fn clock(mut self, at: Timestamp) -> Result<Clock, Exhausted> {
        self.windows.sort_by_key(|(_, window)| window.text());
        self.windows.dedup_by(|a, b| std::ptr::eq(a.0, b.0) && a.1 == b.1);
        self.edges.retain(|edge| *edge > at);
        self.edges.sort_unstable();
        self.edges.dedup();
        let mut found = Found {
            seen: HashSet::new(),
            instants: Vec::new(),
            steps: 0,
        };
        found.add(&self, at)?;
        if self.windows.is_empty() {
            for edge in &self.edges {
                found.add(&self, *edge)?;
            }
        } else {
            self.walk(at, &mut found)?;
        }
        Ok(Clock {
            instants: found.instants,
        })
    }

    /// Looks at the first day of each kind, minute by minute where something may change.
    fn walk(&self, at: Timestamp, found: &mut Found) -> Result<(), Exhausted> {
        let mut calendars: Vec<&Calendar> = Vec::new();
        for (calendar, _) in &self.windows {
            if !calendars.iter().any(|known| std::ptr::eq(*known, *calendar)) {
                calendars.push(calendar);
            }
        }
        let Some(first_calendar) = calendars.first().copied() else {
            return Ok(());
        };
        let dates = self.dates(first_calendar);
        let shifts: HashSet<Day> = calendars
            .iter()
            .flat_map(|calendar| calendar.clock_changes())
            .flat_map(|change| around(first_calendar, change))
            .collect();
        let mut kinds: HashSet<Kind> = HashSet::new();
        let first = first_calendar.local(at).day;
        for number in first.0..=Day::LAST.0 {
            let day = Day(number);
            let Some(begin) = first_calendar.instant_of(begin_of(day)) else {
                continue;
            };
            let past = dates.partition_point(|date| *date <= day);
            let like = calendars.iter().map(|calendar| {
                let class = |day: Day| calendar.class(day);
                let offset = calendar.local(begin).offset;
                (class(day.before()), class(day), class(day.after()), offset)
            });
            let kind = (past, like.collect(), shifts.contains(&day).then_some(day));
            found.spend(1)?;
            if !kinds.insert(kind) {
                continue;
            }
            for instant in self.changes(day, begin, &calendars, shifts.contains(&day)) {
                if instant >= at {
                    found.add(self, instant)?;
                }
            }
        }
        Ok(())
    }

    /// The days on which, or next to which, something happens on its very date; sorted. Each of
    /// them is like no other, and so are the days between two of them.
    fn dates(&self, calendar: &Calendar) -> Vec<Day> {
        let mut days: Vec<Day> = Vec::new();
        self.edges
            .iter()
            .for_each(|edge| days.extend(around(calendar, *edge)));
        for (its, window) in &self.windows {
            let edges = window.dated().flat_map(|(start, end)| [start, end]);
            for instant in edges.filter_map(|minute| its.instant_of(minute)) {
                days.extend(around(calendar, instant));
            }
        }
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The instants of a day at which a window may open or close, or a term begin or end.
    fn changes(&self, day: Day, begin: Timestamp, calendars: &[&Calendar], shifts: bool) -> Vec<Timestamp> {
        let Some(first) = calendars.first() else {
            return Vec::new();
        };
        let end = first.instant_of(begin_of(day.after())).unwrap_or(begin);
        let mut instants = vec![begin];
        for (calendar, window) in &self.windows {
            for day in [day.before(), day, day.after()] {
                let base = begin_of(day);
                let minutes = window.day(calendar.class(day.before()), calendar.class(day));
                let edges = minutes.iter().flat_map(|(start, end)| [start, end]);
                let weekly = edges.map(|minute| base.saturating_add(i64::from(minute)));
                let last = base.saturating_add(i64::from(DAY_MINUTES));
                let dated = window.dated().flat_map(|(start, end)| [start, end]);
                let dated = dated.filter(|minute| (base..=last).contains(minute));
                instants.extend(
                    weekly
                        .chain(dated)
                        .filter_map(|minute| calendar.instant_of(minute)),
                );
            }
        }
        if shifts {
            for calendar in calendars {
                instants.extend(calendar.clock_changes());
            }
        }
        instants.extend(&self.edges);
        instants.retain(|instant| (begin..end).contains(instant));
        instants.sort_unstable();
        instants.dedup();
        instants
    }

    /// The windows that are open and the terms that run at an instant.
    fn signature(&self, at: Timestamp) -> (usize, Bits) {
        let open = self.windows.iter().enumerate();
        let open = open.filter(|(_, (calendar, window))| window.is_open(calendar, at));
        let terms = self.edges.partition_point(|edge| *edge <= at);
        (terms, Bits::of(self.windows.len(), open.map(|(index, _)| index)))
    }
}

/// The day of an instant, and those beside it.
fn around(calendar: &Calendar, instant: Timestamp) -> [Day; 3] {
    let day = calendar.local(instant).day;
    [day.before(), day, day.after()]
}

/// What was found so far.
struct Found {
    seen: HashSet<(usize, Bits)>,
    instants: Vec<Timestamp>,
    steps: usize,
}

impl Found {
    fn spend(&mut self, steps: usize) -> Result<(), Exhausted> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps > MAX_STEPS || self.instants.len() > MAX_INSTANTS {
            return Err(Exhausted);
        }
        Ok(())
    }

    fn add(&mut self, times: &Times<'_>, at: Timestamp) -> Result<(), Exhausted> {
        self.spend(times.windows.len().saturating_add(1))?;
        if self.seen.insert(times.signature(at)) {
            self.instants.push(at);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::{CalendarDecl, EventDecl};

    fn calendar(timezone: &str) -> Calendar {
        Calendar::of(&CalendarDecl {
            timezone: Some(timezone.to_owned()),
            holidays: Some(vec!["jp".to_owned()]),
            events: vec![EventDecl {
                name: "senkyo".to_owned(),
                from: "2026-11-03T07:00".to_owned(),
                to: "2026-11-25T20:00".to_owned(),
                ..EventDecl::default()
            }],
            ..CalendarDecl::default()
        })
        .unwrap()
    }

    const TEXTS: [&str; 8] = [
        "workday 08:30-17:15",
        "sat 09:00-12:00",
        "holiday 22:00-05:00",
        "event:senkyo",
        "event:senkyo 08:00-09:00",
        "2026-12-24 18:00-02:00",
        "02:00-03:00",
        "offday",
    ];

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn without_windows_and_terms_one_instant_stands_for_all() {
        let clock = Times::default().clock(at("2026-11-01T00:00:00Z")).unwrap();

        assert_eq!(clock.instants, [at("2026-11-01T00:00:00Z")]);
    }

    #[test]
    fn a_term_that_is_over_does_not_count() {
        let times = Times {
            windows: Vec::new(),
            edges: vec![
                at("2026-10-31T00:00:00Z"),
                at("2027-03-31T15:00:00Z"),
                at("2027-03-31T15:00:00Z"),
            ],
        };

        let clock = times.clock(at("2026-11-01T00:00:00Z")).unwrap();

        assert_eq!(
            clock.instants,
            [at("2026-11-01T00:00:00Z"), at("2027-03-31T15:00:00Z")]
        );
    }

    #[test]
    fn ten_thousand_terms_are_within_the_limit_and_a_hundred_thousand_are_not() {
        let times = |count: i64| Times {
            windows: Vec::new(),
            edges: (0..count)
                .map(|day| Timestamp::from_seconds(1_800_000_000 + day * 3600, 0))
                .collect(),
        };

        assert!(times(10_000).clock(at("2026-11-01T00:00:00Z")).is_ok());
        assert!(times(100_000).clock(at("2026-11-01T00:00:00Z")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn every_instant_is_like_one_of_the_samples(
            chosen in prop::collection::vec(0..TEXTS.len(), 1..5),
            edges in prop::collection::vec(1_793_000_000_i64..1_830_000_000, 0..3),
            zone in prop::sample::select(vec!["Asia/Tokyo", "Europe/Berlin"]),
            near in prop::collection::vec(1_793_000_000_i64..1_800_000_000, 200),
            far in prop::collection::vec(1_793_000_000_i64..4_000_000_000, 200),
        ) {
            let calendar = calendar(zone);
            let windows: Vec<Window> = chosen.iter().map(|text| calendar.window(TEXTS[*text]).unwrap()).collect();
            let times = || Times {
                windows: windows.iter().map(|window| (&calendar, window)).collect(),
                edges: edges.iter().map(|second| Timestamp::from_seconds(*second, 0)).collect(),
            };
            let start = Timestamp::from_seconds(1_793_000_000, 0);

            let clock = times().clock(start).unwrap();

            let mut plain = times();
            plain.edges.sort_unstable();
            let known: HashSet<_> = clock.instants.iter().map(|at| plain.signature(*at)).collect();
            prop_assert_eq!(known.len(), clock.instants.len());
            for second in near.into_iter().chain(far) {
                let instant = Timestamp::from_seconds(second, 0);
                prop_assert!(known.contains(&plain.signature(instant)), "{}", calendar.local(instant));
            }
        }
    }
}
