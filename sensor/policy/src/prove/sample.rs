//! Two zones for tests.

use crate::conditions::End;
use crate::{Policy, Source};

/// The zones `office` and `server`, and no path.
pub(super) fn policy() -> Policy {
    let text = "schema = 1\n[policy]\nname = \"n\"\nversion = \"1\"\n\
                [zone.office]\nnetworks = [\"10.40.1.0/24\"]\n[zone.server]\nnetworks = [\"10.40.2.0/24\"]\n";
    let source = Source {
        name: "n.toml".to_owned(),
        text: text.into(),
    };
    Policy::compile(&[source]).unwrap()
}

/// Both zones as ends.
pub(super) fn ends(policy: &Policy) -> [End; 2] {
    ["office", "server"].map(|id| End::zones(vec![policy.zones.find(id).unwrap()]))
}
