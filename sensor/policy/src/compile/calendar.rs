//! The calendar, with the places of what is wrong in it.

use super::terms;
use crate::calendar::Calendar;
use crate::error::Sink;
use crate::parse::Declarations;

pub(super) fn compile(declared: &Declarations, sink: &mut Sink) -> Calendar {
    let places = &declared.calendar;
    match Calendar::of(&places.declared) {
        Ok(calendar) => calendar,
        Err(faults) => {
            for fault in faults {
                if let Some(text) = places.text(fault.item) {
                    sink.push(terms::report(
                        "policy::calendar",
                        text,
                        fault.fault,
                        "in the calendar",
                    ));
                }
            }
            Calendar::default()
        }
    }
}
