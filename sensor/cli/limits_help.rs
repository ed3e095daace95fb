//! The table of limits as `--help` shows it.

use std::fmt::Write as _;

use sekisho_model::limits::LIMITS;

/// One line a limit.
pub(crate) fn text() -> String {
    LIMITS.iter().fold(
        String::from("Limits (what happens when one is met, the counter that moves, the alert):\n"),
        |mut out, limit| {
            let moved: Vec<_> = [limit.counter, limit.alert]
                .into_iter()
                .filter(|name| !name.is_empty())
                .collect();
            let _ = writeln!(
                out,
                "  {} {} {}: {} [{}]",
                limit.id,
                limit.default,
                limit.unit,
                limit.effect_en,
                moved.join(", ")
            );
            out
        },
    )
}
