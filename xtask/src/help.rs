//! What `--help` prints, and the guess at what a misspelt word was meant to be.

use crate::args::Command;

/// The list of all commands.
pub(crate) fn overview(commands: &[&Command]) -> String {
    let mut text =
        String::from("The tasks of this project.\n\nUsage: cargo xtask COMMAND [FLAGS]\n\nCommands:\n");
    for command in commands {
        text += &format!("  {:<6} {}\n", command.name, command.about);
    }
    text += "\n`cargo xtask COMMAND --help` says more about one of them.\n\nExample: cargo xtask demo\n";
    text
}

/// The help of one command.
pub(crate) fn of(command: &Command) -> String {
    let mut usage = format!("Usage: cargo xtask {}", command.name);
    for flag in command.flags {
        let value = flag.value.map(|value| format!(" {value}")).unwrap_or_default();
        usage += &format!(" [{}{value}]", flag.name);
    }
    if let Some(operand) = command.operand {
        usage += &format!(" [{operand}]");
    }
    let mut text = format!("{}\n\n{usage}\n\n{}\n", command.about, command.details);
    if !command.flags.is_empty() {
        text += "\nFlags:\n";
        for flag in command.flags {
            let head = format!("{} {}", flag.name, flag.value.unwrap_or_default());
            text += &format!("  {head:<16} {}\n", flag.about);
        }
    }
    text + &format!("\nExample: {}\n", command.example)
}

/// `; did you mean …?` where one of `names` is close to `word`, else nothing.
pub(crate) fn suggestion(word: &str, names: &[&str]) -> String {
    names
        .iter()
        .map(|name| (distance(word, name), *name))
        .filter(|(distance, name)| *distance <= name.len().div_ceil(3))
        .min()
        .map(|(_, name)| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}

/// Levenshtein's distance, counted in characters.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        // The worked example of Wagner and Fischer's algorithm in every textbook.
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("tidy", "tidy"), 0);
    }

    #[test]
    fn a_far_word_is_no_suggestion() {
        assert_eq!(suggestion("tidi", &["demo", "tidy"]), "; did you mean `tidy`?");
        assert_eq!(suggestion("deploy", &["demo", "tidy"]), "");
    }
}
