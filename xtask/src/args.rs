//! What a command is called, which flags it knows, and reading them from the command line.

use std::process::ExitCode;

use crate::help;

/// A command of `cargo xtask`: the help and the parser read the same table.
pub(crate) struct Command {
    /// The word that calls it.
    pub(crate) name: &'static str,
    /// What it does, in one line.
    pub(crate) about: &'static str,
    /// What one wants to know before running it.
    pub(crate) details: &'static str,
    /// A call that works as it stands.
    pub(crate) example: &'static str,
    /// The flags that it knows.
    pub(crate) flags: &'static [Flag],
    /// Name of the one operand that it takes, if any.
    pub(crate) operand: Option<&'static str>,
    /// Does it.
    pub(crate) run: fn(&Parsed) -> ExitCode,
}

/// One flag of a command.
pub(crate) struct Flag {
    /// Its name with the dashes.
    pub(crate) name: &'static str,
    /// The value that follows, if it takes one.
    pub(crate) value: Option<&'static str>,
    /// What it changes.
    pub(crate) about: &'static str,
}

/// The flags and the operand that were given.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    flags: Vec<(&'static str, String)>,
    operand: Option<String>,
}

impl Parsed {
    /// Whether `flag` was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|(name, _)| *name == flag)
    }

    /// Every value given to `flag`; a value may hold several, separated by commas.
    pub(crate) fn values(&self, flag: &str) -> Vec<&str> {
        self.flags
            .iter()
            .filter(|(name, _)| *name == flag)
            .flat_map(|(_, value)| value.split(','))
            .collect()
    }

    /// The number given to `flag` last, or `default`.
    pub(crate) fn number(&self, flag: &str, default: u64) -> Result<u64, String> {
        match self.values(flag).last() {
            None => Ok(default),
            Some(text) => match text.replace('_', "").parse() {
                Ok(0) | Err(_) => Err(format!("`{flag}` takes a whole number above 0, not `{text}`")),
                Ok(number) => Ok(number),
            },
        }
    }

    /// The operand, if one was given.
    pub(crate) fn operand(&self) -> Option<&str> {
        self.operand.as_deref()
    }
}

/// Reads the words after the command's name.
///
/// # Errors
///
/// A sentence that says which word is not understood, and what was probably meant.
pub(crate) fn parse(command: &Command, words: &[String]) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            take_operand(command, word, &mut parsed)?;
            continue;
        }
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let Some(flag) = command.flags.iter().find(|flag| flag.name == name) else {
            let names: Vec<&str> = command.flags.iter().map(|flag| flag.name).collect();
            let hint = help::suggestion(name, &names);
            return Err(format!(
                "`{}` knows no flag `{name}`{hint}; `cargo xtask {} --help` lists them",
                command.name, command.name
            ));
        };
        let value = match (flag.value, inline) {
            (None, None) => String::new(),
            (None, Some(_)) => return Err(format!("`{name}` takes no value")),
            (Some(_), Some(value)) => value,
            (Some(what), None) => match words.next() {
                Some(value) if !value.starts_with('-') => value.clone(),
                _ => {
                    return Err(format!(
                        "`{name}` wants {what} after it; example: {}",
                        command.example
                    ));
                }
            },
        };
        parsed.flags.push((flag.name, value));
    }
    Ok(parsed)
}

fn take_operand(command: &Command, word: &str, parsed: &mut Parsed) -> Result<(), String> {
    if command.operand.is_none() {
        let names: Vec<&str> = command.flags.iter().map(|flag| flag.name).collect();
        let hint = help::suggestion(&format!("--{word}"), &names);
        return Err(format!(
            "`{}` takes no operand, but `{word}` stands there{hint}",
            command.name
        ));
    }
    if let Some(first) = &parsed.operand {
        return Err(format!(
            "`{}` takes one operand, but both `{first}` and `{word}` stand there",
            command.name
        ));
    }
    parsed.operand = Some(word.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: Command = Command {
        name: "paint",
        about: "",
        details: "",
        example: "cargo xtask paint --colour red wall",
        flags: &[
            Flag {
                name: "--colour",
                value: Some("COLOUR"),
                about: "",
            },
            Flag {
                name: "--twice",
                value: None,
                about: "",
            },
            Flag {
                name: "--coats",
                value: Some("N"),
                about: "",
            },
        ],
        operand: Some("THING"),
        run: |_| ExitCode::SUCCESS,
    };

    fn read(line: &str) -> Result<Parsed, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        parse(&COMMAND, &words)
    }

    #[test]
    fn flags_values_and_the_operand_are_read_in_any_order() {
        let parsed = read("--colour red,blue wall --twice --colour=green").unwrap();

        assert_eq!(parsed.values("--colour"), ["red", "blue", "green"]);
        assert!(parsed.has("--twice"));
        assert_eq!(parsed.operand(), Some("wall"));
        assert_eq!(parsed.number("--coats", 3), Ok(3));
        assert_eq!(read("--coats 1_000").unwrap().number("--coats", 3), Ok(1_000));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, words) in [
            ("--color red", "did you mean `--colour`?"),
            ("--colour", "wants COLOUR after it"),
            ("--colour --twice", "wants COLOUR after it"),
            ("--twice=2", "takes no value"),
            ("wall door", "both `wall` and `door`"),
        ] {
            let reason = read(line).unwrap_err();

            assert!(reason.contains(words), "{line}: {reason}");
        }
        assert!(read("--coats 0").unwrap().number("--coats", 3).is_err());
    }
}
