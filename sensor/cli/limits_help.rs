//! The table of limits as `--help` shows it.

use std::fmt::Write as _;

use sekisho_model::limits::LIMITS;

/// One line a limit.
pub(crate) fn text() -> String {
    LIMITS.iter().fold(
        String::from("Limits (what happens when one is met, and the counter that moves):\n"),
        |mut out, limit| {
            let _ = writeln!(
                out,
                "  {} {} {}: {} [{}]",
                limit.id, limit.default, limit.unit, limit.effect_en, limit.counter
            );
            out
        },
    )
}
