//! Incident 11: the branch office's tap falls silent; the office goes on working, unseen.
//!
//! The packets are taken away when the script is finished; here is only the event.

use super::super::labels::{Event, seconds};
use super::super::script::{END_NS, Script, TAP_DIES_NS};

pub(in super::super) fn play(script: &mut Script) {
    script.note(Event {
        kind: "silence",
        also_ok: vec!["blind"],
        src: vec!["any".to_owned()],
        dst: vec!["10.20.32.0/24".to_owned()],
        start: seconds(TAP_DIES_NS),
        end: seconds(END_NS),
        difficulty: "medium",
        note: "interface tap-shisho carries nothing from here to the end; found by a detector, not by the policy",
        incident: 11,
        incident_name: "dead_tap",
        ..Event::default()
    });
}
