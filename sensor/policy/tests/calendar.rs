//! The calendar as a policy's writer sees it, held against jiff's own civil times.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use sekisho_model::Timestamp;
use sekisho_policy::calendar::{
    Calendar, CalendarDecl, CalendarItem, Day, EventDecl, WEEK_MINUTES, Window, WindowDecl,
};

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn event(name: &str, from: &str, to: &str) -> EventDecl {
    EventDecl {
        name: name.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        ..EventDecl::default()
    }
}

fn window(name: &str, days: &[&str], times: &[&str]) -> WindowDecl {
    WindowDecl {
        name: name.to_owned(),
        days: texts(days),
        times: texts(times),
        ..WindowDecl::default()
    }
}

/// A Japanese office with an election.
fn office() -> Calendar {
    Calendar::of(&CalendarDecl {
        holidays: Some(texts(&["jp", "12-29..01-03"])),
        windows: vec![
            window("nichi", &["workday"], &["08:30-17:15"]),
            window("yakin", &["all"], &["22:00-05:00"]),
        ],
        events: vec![
            event("senkyo", "2026-11-06", "2026-11-08"),
            event("teiden", "2026-11-14T13:00", "2026-11-15T09:00"),
        ],
        ..CalendarDecl::default()
    })
    .unwrap()
}

fn tokyo(text: &str) -> Timestamp {
    Timestamp::parse(&format!("{text}+09:00")).unwrap()
}

fn open(calendar: &Calendar, text: &str, at: &str) -> bool {
    calendar.window(text).unwrap().is_open(calendar, tokyo(at))
}

#[test]
fn a_working_day_is_no_weekend_and_no_holiday() {
    let calendar = office();

    // 2026-11-23 is Labour Thanksgiving Day, a Monday; 2026-09-22 a citizens' holiday, a Tuesday.
    assert!(open(&calendar, "nichi", "2026-11-24T08:30:00"));
    assert!(!open(&calendar, "nichi", "2026-11-24T08:29:59"));
    assert!(open(&calendar, "nichi", "2026-11-24T17:14:59"));
    assert!(!open(&calendar, "nichi", "2026-11-24T17:15:00"));
    assert!(!open(&calendar, "nichi", "2026-11-23T10:00:00"));
    assert!(!open(&calendar, "nichi", "2026-09-22T10:00:00"));
    assert!(!open(&calendar, "nichi", "2026-05-06T10:00:00"));
    assert!(!open(&calendar, "nichi", "2026-11-22T10:00:00"));
    assert!(!open(&calendar, "nichi", "2026-12-31T10:00:00"));
    assert!(!open(&calendar, "nichi", "2027-01-02T10:00:00"));
    assert!(open(&calendar, "nichi", "2027-01-04T10:00:00"));
}

#[test]
fn holiday_offday_and_weekday_are_three_things() {
    let calendar = office();

    assert!(open(&calendar, "holiday", "2026-11-23T10:00:00"));
    assert!(!open(&calendar, "holiday", "2026-11-22T10:00:00"));
    assert!(open(&calendar, "offday", "2026-11-22T10:00:00"));
    assert!(open(&calendar, "offday", "2026-11-23T10:00:00"));
    assert!(!open(&calendar, "offday", "2026-11-24T10:00:00"));
    assert!(open(&calendar, "mon", "2026-11-23T10:00:00"));
    assert!(open(&calendar, "fri-mon 09:00-12:00", "2026-11-22T10:00:00"));
    assert!(!open(&calendar, "fri-mon 09:00-12:00", "2026-11-24T10:00:00"));
}

#[test]
fn a_night_belongs_to_the_day_it_starts_on() {
    let calendar = office();

    // The night of Friday 2026-11-20 ends on Saturday morning.
    assert!(open(&calendar, "workday 22:00-05:00", "2026-11-21T04:59:59"));
    assert!(!open(&calendar, "workday 22:00-05:00", "2026-11-21T05:00:00"));
    assert!(!open(&calendar, "workday 22:00-05:00", "2026-11-21T22:00:00"));
    // Monday 2026-11-23 is a holiday, so no night of a working day reaches into Tuesday.
    assert!(!open(&calendar, "workday 22:00-05:00", "2026-11-24T04:00:00"));
    assert!(open(&calendar, "sun 22:00-05:00", "2026-11-23T00:00:00"));
    assert!(open(&calendar, "2026-11-21 22:00-05:00", "2026-11-22T03:00:00"));
    assert!(!open(&calendar, "2026-11-21 22:00-05:00", "2026-11-21T03:00:00"));
    assert!(open(&calendar, "2026-12-31 22:00-05:00", "2027-01-01T04:59:00"));
    assert!(open(&calendar, "2028-02-29 22:00-05:00", "2028-03-01T04:59:00"));
    assert!(open(&calendar, "2026-11-21..2026-11-21", "2026-11-21T03:00:00"));
}

#[test]
fn a_day_ends_at_24_00() {
    let calendar = office();

    assert!(open(&calendar, "sat 18:00-24:00", "2026-11-21T23:59:59"));
    assert!(!open(&calendar, "sat 18:00-24:00", "2026-11-22T00:00:00"));
    assert!(
        calendar
            .window("mon-fri, sat sun 00:00-24:00")
            .unwrap_err()
            .message
            .contains("mon-fri")
    );
    assert!(
        calendar
            .window("mon-fri 00:00-24:00, sat sun 00:00-24:00")
            .unwrap()
            .is_always()
    );
    assert!(calendar.window("workday, offday").unwrap().is_always());
    assert!(calendar.window("17:15-08:30, 08:30-17:15").unwrap().is_always());
    assert!(!calendar.window("workday, holiday").unwrap().is_always());
}

#[test]
fn events_are_days_or_stretches_between_two_times() {
    let calendar = office();

    assert!(open(&calendar, "event:senkyo", "2026-11-08T23:59:59"));
    assert!(!open(&calendar, "event:senkyo", "2026-11-09T00:00:00"));
    assert!(!open(&calendar, "event:senkyo", "2026-11-05T23:59:59"));
    assert!(open(&calendar, "event:senkyo 20:00-02:00", "2026-11-09T01:59:00"));
    assert!(!open(
        &calendar,
        "event:senkyo 20:00-02:00",
        "2026-11-08T19:59:00"
    ));
    assert!(!open(
        &calendar,
        "event:senkyo 20:00-02:00",
        "2026-11-06T01:00:00"
    ));
    assert!(open(&calendar, "event:teiden", "2026-11-14T13:00:00"));
    assert!(!open(&calendar, "event:teiden", "2026-11-14T12:59:59"));
    assert!(!open(&calendar, "event:teiden", "2026-11-15T09:00:00"));
    assert!(open(&calendar, "event:teiden 00:00-12:00", "2026-11-15T08:59:00"));
    assert!(!open(
        &calendar,
        "event:teiden 00:00-12:00",
        "2026-11-15T10:00:00"
    ));
    assert!(open(
        &calendar,
        "nichi, event:senkyo, sat 09:00-12:00",
        "2026-11-07T20:00:00"
    ));
}

#[test]
fn the_hour_that_is_skipped_is_never_and_the_one_that_is_doubled_twice() {
    let calendar = Calendar::of(&CalendarDecl {
        timezone: Some("Europe/Berlin".to_owned()),
        ..CalendarDecl::default()
    })
    .unwrap();
    let night = calendar.window("02:00-03:00").unwrap();
    let utc = |text: &str| Timestamp::parse(&format!("{text}Z")).unwrap();

    // 2026-03-29: 02:00 CET is 03:00 CEST, at 01:00 UTC.
    assert!(!night.is_open(&calendar, utc("2026-03-29T00:59:59")));
    assert!(!night.is_open(&calendar, utc("2026-03-29T01:00:00")));
    assert!(!night.is_open(&calendar, utc("2026-03-29T01:30:00")));
    // 2026-10-25: 03:00 CEST is 02:00 CET, at 01:00 UTC.
    assert!(night.is_open(&calendar, utc("2026-10-25T00:30:00")));
    assert!(night.is_open(&calendar, utc("2026-10-25T01:30:00")));
    assert!(!night.is_open(&calendar, utc("2026-10-24T23:59:59")));
    assert!(!night.is_open(&calendar, utc("2026-10-25T02:00:00")));
    assert!(calendar.changes_clocks() && !calendar.is_holiday(Day::of(2026, 11, 23).unwrap()));
}

#[test]
fn an_end_is_the_end_of_its_day_in_the_time_zone() {
    let calendar = office();
    let berlin = Calendar::of(&CalendarDecl {
        timezone: Some("Europe/Berlin".to_owned()),
        ..CalendarDecl::default()
    })
    .unwrap();
    let utc = |text: &str| Timestamp::parse(text).unwrap();

    assert_eq!(
        calendar.date_end("2027-03-31").unwrap(),
        utc("2027-03-31T15:00:00Z")
    );
    assert_eq!(
        calendar.date_start("2027-03-31").unwrap(),
        utc("2027-03-30T15:00:00Z")
    );
    assert_eq!(
        calendar.date_end("2027-03-31T17:15").unwrap(),
        utc("2027-03-31T08:15:00Z")
    );
    assert_eq!(
        calendar.date_end("2027-03-31T17:15:30").unwrap(),
        utc("2027-03-31T08:15:30Z")
    );
    assert_eq!(
        calendar.date_end("2027-03-31T17:15+02:00").unwrap(),
        utc("2027-03-31T15:15:00Z")
    );
    assert_eq!(
        calendar.date_start("2027-03-31 17:15:30Z").unwrap(),
        utc("2027-03-31T17:15:30Z")
    );
    assert_eq!(
        calendar.date_end("2027-03-31T24:00").unwrap(),
        calendar.date_end("2027-03-31").unwrap()
    );
    assert_eq!(
        berlin.date_end("2026-03-29").unwrap(),
        utc("2026-03-29T22:00:00Z")
    );
    assert_eq!(
        berlin.date_start("2026-03-29").unwrap(),
        utc("2026-03-28T23:00:00Z")
    );
    for wrong in [
        "2027-02-29",
        "31.3.2027",
        "2027-03-31T25:00",
        "2027-03-31T17:15:60",
        "2027-03-31Tnoon",
        "",
        "2027-03",
        "2027-03-31T17:15+99:00",
    ] {
        assert!(calendar.date_end(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn local_time_is_shown_with_day_and_offset() {
    let calendar = office();

    let local = calendar.local(tokyo("2026-11-04T10:00:07"));

    assert_eq!(local.to_string(), "2026-11-04 10:00 (Wed) +09:00");
    assert_eq!(local.text().ja, "2026-11-04 10:00 (水) +09:00");
    assert_eq!(local.second, 7);
}

#[test]
fn a_week_counts_its_minutes() {
    let calendar = office();
    let count = |text: &str| calendar.window(text).unwrap().week().count();

    assert_eq!(count("nichi"), 5 * 525);
    assert_eq!(count("yakin"), 7 * 420);
    assert_eq!(count("all"), u32::from(WEEK_MINUTES));
    assert_eq!(count("event:senkyo"), 0);
    let sunday_night = calendar.window("sun 23:00-01:00").unwrap().week();
    assert!(sunday_night.has(0) && sunday_night.has(59) && !sunday_night.has(60) && sunday_night.has(10_079));
    assert_eq!(calendar.window("nichi").unwrap().holiday_week().count(), 0);
    assert!(
        calendar
            .window("yakin, nichi")
            .unwrap()
            .week()
            .has(1440 + 8 * 60 + 30)
    );
}

#[test]
fn the_next_opening_is_found_over_holidays_and_skipped_hours() {
    let calendar = office();
    let next = |text: &str, at: &str| {
        let window = calendar.window(text).unwrap();
        window.next_open(&calendar, tokyo(at))
    };

    assert_eq!(
        next("nichi", "2026-12-28T17:15:00"),
        Some(tokyo("2027-01-04T08:30:00"))
    );
    assert_eq!(
        next("nichi", "2026-12-28T09:00:00"),
        Some(tokyo("2026-12-28T09:00:00"))
    );
    assert_eq!(
        next("event:senkyo", "2026-01-01T00:00:00"),
        Some(tokyo("2026-11-06T00:00:00"))
    );
    assert_eq!(next("event:senkyo", "2026-11-09T00:00:00"), None);
}

#[test]
fn windows_of_a_list_are_joined() {
    let calendar = office();
    let parts = [
        calendar.window("nichi").unwrap(),
        calendar.window("sat 09:00-12:00").unwrap(),
    ];

    let joined = Window::any_of(&calendar, &parts).unwrap();

    assert!(joined.is_open(&calendar, tokyo("2026-11-21T09:00:00")));
    assert!(joined.is_open(&calendar, tokyo("2026-11-20T17:14:00")));
    assert!(!joined.is_open(&calendar, tokyo("2026-11-21T12:00:00")));
    assert_eq!(joined.text(), "nichi, sat 09:00-12:00");
    assert!(Window::any_of(&calendar, &[]).is_none());
}

#[test]
fn a_window_that_no_day_opens_is_known() {
    let berlin = Calendar::of(&CalendarDecl {
        timezone: Some("Europe/Berlin".to_owned()),
        ..CalendarDecl::default()
    })
    .unwrap();

    assert!(berlin.window("holiday 09:00-12:00").unwrap().is_never(&berlin));
    assert!(
        !office()
            .window("holiday 09:00-12:00")
            .unwrap()
            .is_never(&office())
    );
    assert!(!berlin.window("2026-11-08").unwrap().is_never(&berlin));
}

#[test]
fn faults_point_at_the_word_and_say_what_to_write() {
    let calendar = office();
    let cases = [
        ("workdays 08:30-17:15", "workdays", "did you mean `workday`?"),
        ("workday 8:30-17:15", "8:30", "write hours and minutes as `08:30`"),
        ("workday 08:30-25:00", "25:00", "write hours and minutes"),
        ("workday 08:30", "08:30", "write begin and end as `08:30-17:15`"),
        ("mon 09:00-09:00", "09:00-09:00", "00:00-24:00"),
        ("mon 24:00-05:00", "24:00", "write `00:00` and the next day"),
        ("mon, wed 09:00-12:00", "mon", "`mon wed 09:00-12:00`"),
        ("09:00-12:00 mon", "mon", "days first"),
        ("mon 09:00-12:00,", "", "remove the comma"),
        ("event:senkyoo", "senkyoo", "did you mean `event:senkyo`?"),
        ("event:xyz", "xyz", "[[calendar.event]]"),
        ("2026-02-30", "2026-02-30", "a day that the month has"),
        (
            "2026-11-08..2026-11-01",
            "2026-11-08..2026-11-01",
            "earlier date first",
        ),
        ("2026-11-08..2026-13-01", "2026-13-01", "a day that the month has"),
        ("nichii", "nichii", "did you mean `nichi`?"),
        ("nichi 09:00-12:00", "nichi", "put commas around it"),
        ("\u{3000}月曜 09:00-12:00", "月曜", "write `mon` to `sun`"),
        ("月曜日 09:00-12:00", "月曜日", "did you mean `mon`?"),
        ("  ", "  ", "leave `window` out"),
    ];

    for (text, word, help) in cases {
        let fault = calendar.window(text).unwrap_err();
        assert_eq!(&text[fault.span.clone()], word, "{text}: {fault:?}");
        assert!(fault.help.contains(help), "{text}: {fault:?}");
    }
}

#[test]
fn every_wrong_text_of_a_calendar_is_named_in_one_run() {
    let declared = CalendarDecl {
        timezone: Some("Asia/Tokio".to_owned()),
        workdays: Some(texts(&["mon", "tuesday"])),
        holidays: Some(texts(&["jp", "japan", "2026-12-32", "02-30"])),
        windows: vec![
            window("a", &["workday", "x"], &["08:30-17:15", "9"]),
            window("mon-fri", &["mon"], &[]),
            window("b", &[], &[]),
            window("b", &["mon"], &[]),
            window("b", &["tue"], &[]),
            window("9", &["tue"], &[]),
        ],
        events: vec![
            event("e", "2026-11-08", "2026-11-01"),
            event("f", "2026-11-08T09", "2026-11-09"),
            event("g", "2000-01-01", "2099-01-01"),
        ],
    };

    let faults = Calendar::of(&declared).unwrap_err();

    let items: Vec<_> = faults.iter().map(|fault| fault.item).collect();
    assert_eq!(
        items,
        [
            CalendarItem::Timezone,
            CalendarItem::Workday(1),
            CalendarItem::Holiday(1),
            CalendarItem::Holiday(2),
            CalendarItem::Holiday(3),
            CalendarItem::EventTo(0),
            CalendarItem::EventFrom(1),
            CalendarItem::EventTo(2),
            CalendarItem::WindowDay(0, 1),
            CalendarItem::WindowTime(0, 1),
            CalendarItem::WindowName(1),
            CalendarItem::WindowName(2),
            CalendarItem::WindowName(4),
            CalendarItem::WindowName(5),
        ]
    );
    assert!(faults.iter().all(|fault| !fault.fault.help.is_empty()));
}

#[test]
fn yearly_holidays_reach_over_the_new_year_and_skip_no_leap_day() {
    let calendar = Calendar::of(&CalendarDecl {
        holidays: Some(texts(&["12-29..01-03", "02-29"])),
        ..CalendarDecl::default()
    })
    .unwrap();
    let is = |year, month, day| calendar.is_holiday(Day::of(year, month, day).unwrap());

    assert!(is(2026, 12, 29) && is(2027, 1, 3) && is(1970, 1, 1) && is(2099, 12, 31));
    assert!(!is(2026, 12, 28) && !is(2027, 1, 4));
    assert!(is(2028, 2, 29) && !is(2028, 2, 28) && !is(2026, 2, 28) && !is(2026, 3, 1));
}

#[test]
fn a_window_of_too_many_dates_is_refused_at_once() {
    let calendar = Calendar::of(&CalendarDecl {
        events: vec![event("long", "2020-01-01", "2029-12-31")],
        ..CalendarDecl::default()
    })
    .unwrap();

    assert!(calendar.window("event:long").is_ok());
    assert!(calendar.window("event:long 09:00-10:00 11:00-12:00").is_err());
    assert!(calendar.window(&"mon 09:00-10:00,".repeat(1000)).is_err());
}

/// A part of a window with the days and times that it means.
#[derive(Debug, Clone)]
struct Part {
    days: Vec<usize>,
    times: Vec<(u16, u16)>,
}

const DAY_WORDS: [&str; 9] = [
    "mon",
    "sun",
    "workday",
    "holiday",
    "offday",
    "all",
    "tue-thu",
    "sat-mon",
    "2026-10-24..2026-10-25",
];
const HOLIDAYS: [&str; 4] = ["2026-03-27", "2026-03-30", "2026-10-25", "2026-10-27"];

impl Part {
    fn text(&self) -> String {
        let days = self.days.iter().map(|day| DAY_WORDS[*day].to_owned());
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        let times = self
            .times
            .iter()
            .map(|(start, end)| format!("{}-{}", clock(*start), clock(*end)));
        days.chain(times).collect::<Vec<_>>().join(" ")
    }

    fn is_open(&self, date: Date, minute: u16) -> bool {
        let on = |date: Date, minute: u16| {
            let day = self.days.is_empty() || self.days.iter().any(|day| is_day(DAY_WORDS[*day], date));
            let time = self.times.iter().any(|(start, end)| {
                let end = if end < start { end + 1440 } else { *end };
                (*start..end).contains(&minute)
            });
            day && time
        };
        on(date, minute) || on(date.yesterday().unwrap(), minute + 1440)
    }
}

fn is_day(word: &str, date: Date) -> bool {
    let weekday = date.weekday().to_monday_zero_offset();
    let holiday = HOLIDAYS.contains(&date.to_string().as_str());
    let workday = weekday < 5 && !holiday;
    match word {
        "mon" => weekday == 0,
        "sun" => weekday == 6,
        "workday" => workday,
        "holiday" => holiday,
        "offday" => !workday,
        "all" => true,
        "tue-thu" => (1..=3).contains(&weekday),
        "sat-mon" => [5, 6, 0].contains(&weekday),
        _ => ["2026-10-24", "2026-10-25"].contains(&date.to_string().as_str()),
    }
}

fn part() -> impl Strategy<Value = Part> {
    let time = (0..1440_u16, 0..=1440_u16).prop_filter("not empty", |(start, end)| start != end);
    (
        prop::collection::vec(0..DAY_WORDS.len(), 0..3),
        prop::collection::vec(time, 1..4),
    )
        .prop_map(|(days, times)| Part { days, times })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_window_is_open_where_its_words_say_so(
        parts in prop::collection::vec(part(), 1..4),
        // The weeks around both changes of the clocks in Berlin.
        instants in prop::collection::vec(
            prop_oneof![1_774_200_000_i64..1_775_300_000, 1_792_300_000_i64..1_793_500_000], 64),
        name in prop::sample::select(vec!["Europe/Berlin", "Asia/Tokyo", "America/St_Johns", "+05:45"]),
    ) {
        let calendar = Calendar::of(&CalendarDecl {
            timezone: Some(name.to_owned()),
            holidays: Some(texts(&HOLIDAYS)),
            ..CalendarDecl::default()
        }).unwrap();
        let zone = match name {
            "+05:45" => TimeZone::fixed(jiff::tz::Offset::from_seconds(20_700).unwrap()),
            name => jiff::tz::TimeZoneDatabase::bundled().get(name).unwrap(),
        };
        let text = parts.iter().map(Part::text).collect::<Vec<_>>().join(", ");
        let window = calendar.window(&text).unwrap();

        for second in instants {
            let civil = zone.to_datetime(jiff::Timestamp::from_second(second).unwrap());
            let minute = u16::try_from(civil.hour()).unwrap() * 60 + u16::try_from(civil.minute()).unwrap();
            let expected = parts.iter().any(|part| part.is_open(civil.date(), minute));
            let at = Timestamp::from_seconds(second, 999_999_999);
            prop_assert_eq!(window.is_open(&calendar, at), expected, "{} at {}", &text, civil);
            if let Some(next) = window.next_open(&calendar, at) {
                prop_assert!(window.is_open(&calendar, next) && next >= at);
            }
        }
    }

    #[test]
    fn any_text_is_a_window_or_a_fault_inside_the_text(text in "[a-z0-9:,. -]{0,40}|\\PC{0,20}") {
        let calendar = office();
        if let Err(fault) = calendar.window(&text) {
            prop_assert!(text.get(fault.span.clone()).is_some(), "{:?}", fault);
            prop_assert!(!fault.help.is_empty());
        }
        let _ = calendar.date_end(&text);
    }
}
