//! Windows and terms.
//!
//! Expected instants are worked out by hand: Japan is nine hours ahead of UTC and has no summer time.
//! 2026-11-04 is a Wednesday, 2026-11-03 the Culture Day (文化の日), a holiday.

use crate::kit::{check, exception, path};

#[test]
fn a_window_is_open_on_working_days_in_the_calendars_time_zone() {
    check(
        &path("P1", "window = \"workday 08:30-17:15\""),
        &[
            // 08:29:59 and 08:30:00, 17:14:59 and 17:15:00 in Japan.
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-03T23:29:59Z",
                "PATH-WINDOW of P1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-11-03T23:30:00Z", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-11-04T08:14:59Z", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-04T08:15:00Z",
                "PATH-WINDOW of P1",
            ),
            // Culture Day and a Saturday.
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-03T01:00:00Z",
                "PATH-WINDOW of P1",
            ),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-07T01:00:00Z",
                "PATH-WINDOW of P1",
            ),
        ],
    );
}

#[test]
fn a_term_begins_with_its_first_day_and_ends_with_its_last() {
    let path = path("P1", "starts = \"2026-11-01\"\nexpires = \"2026-11-30\"");
    check(
        &path,
        &[
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-10-31T14:59:59Z",
                "PATH-EARLY of P1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-10-31T15:00:00Z", "P1"),
            ("tcp 10.40.1.5 10.40.2.9 443 at=2026-11-30T14:59:59Z", "P1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-30T15:00:00Z",
                "PATH-EXPIRED of P1",
            ),
        ],
    );
}

#[test]
fn an_exception_that_is_over_is_named_as_one() {
    check(
        &exception("E1", "window = \"workday 08:30-17:15\""),
        &[
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-10-30T01:00:00Z",
                "PATH-EARLY of E1",
            ),
            ("tcp 10.40.1.5 10.40.2.9 443", "E1"),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-11-04T10:00:00Z",
                "EXCEPTION-WINDOW of E1",
            ),
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-12-01T01:00:00Z",
                "EXCEPTION-EXPIRED of E1",
            ),
            // Over and outside the window: that it is over says more.
            (
                "tcp 10.40.1.5 10.40.2.9 443 at=2026-12-05T01:00:00Z",
                "EXCEPTION-EXPIRED of E1",
            ),
        ],
    );
}
