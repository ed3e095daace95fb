//! The numbers of rules: given ones once each, the others made from the id.
//!
//! A number stays with its id wherever the rule stands, and in whichever order the files are. Two ids
//! may make one number, and of a thousand some often do: then the id that is spelled first keeps it,
//! and the other one takes the next that no rule has.

use std::collections::{HashMap, HashSet};

use super::{NUMBERS, Rule};
use crate::error::{Report, Sink, shown};
use crate::parse::RuleDecl;

/// The number that an id makes (FNV-1a, 64 bits).
pub(super) fn of(id: &str) -> u32 {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, octet| {
        (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    });
    let count = u64::from(NUMBERS.end().saturating_sub(*NUMBERS.start())).saturating_add(1);
    let number = (hash ^ (hash >> 32)).checked_rem(count).unwrap_or(0);
    NUMBERS.start().saturating_add(u32::try_from(number).unwrap_or(0))
}

/// Leaves every rule a number of its own; complains of a given number that an id makes.
///
/// Numbers that are given twice were complained about where the declarations were compared.
pub(super) fn tell_apart(rules: &mut [(Rule, &RuleDecl)], sink: &mut Sink) {
    let given: HashMap<u32, &RuleDecl> = rules
        .iter()
        .filter(|(_, declared)| declared.number.is_some())
        .map(|(rule, declared)| (rule.number, *declared))
        .collect();
    let mut made: Vec<_> = rules
        .iter_mut()
        .filter(|(rule, declared)| declared.number.is_none() && !rule.id.is_empty())
        .collect();
    made.sort_by(|(one, _), (other, _)| one.id.cmp(&other.id));
    let mut taken: HashSet<u32> = given.keys().copied().collect();
    let mut late = Vec::new();
    for (rule, declared) in made {
        if let Some(first) = given.get(&rule.number) {
            sink.push(clash(first, declared, rule.number));
        } else if !taken.insert(rule.number) {
            late.push(rule);
        }
    }
    for rule in late {
        while !taken.insert(rule.number) {
            rule.number = match rule.number {
                last if last == *NUMBERS.end() => *NUMBERS.start(),
                number => number.saturating_add(1),
            };
        }
    }
}

fn clash(given: &RuleDecl, made: &RuleDecl, number: u32) -> Report {
    let place = given
        .number
        .as_ref()
        .map_or(&given.id.place, |given| &given.place);
    Report::error(
        "policy::duplicate",
        format!(
            "the rules `{}` and `{}` have the number {number}",
            shown(&given.id.value),
            shown(&made.id.value),
        ),
    )
    .at(&made.id.place, "made from this id")
    .at(place, "the same number")
    .help(format!(
        "give the newer rule a `number` of its own, from {} to {}",
        NUMBERS.start(),
        NUMBERS.end()
    ))
}

#[cfg(test)]
mod tests {
    use crate::{Policy, Source};

    fn compile(ids: &[&str]) -> Result<Policy, crate::PolicyErrors> {
        let rules: String = ids
            .iter()
            .map(|id| {
                let (id, number) = id.split_once('=').unwrap_or((id, ""));
                let number = match number {
                    "" => String::new(),
                    number => format!("number = {number}\n"),
                };
                format!("[[rule]]\nid = \"{id}\"\nwhen = 'port == 1'\n{number}")
            })
            .collect();
        Policy::compile(&[Source {
            name: "rules.toml".to_owned(),
            text: format!("schema = 1\n[policy]\nname = \"t\"\nversion = \"1\"\n{rules}").into(),
        }])
    }

    fn numbers(ids: &[&str]) -> Vec<(String, u32)> {
        let policy = compile(ids).unwrap();
        let rules = policy.rules().iter();
        let mut numbers: Vec<_> = rules.map(|rule| (rule.id().to_string(), rule.number())).collect();
        numbers.sort();
        numbers
    }

    // The numbers that ids make were worked out by another program.
    #[test]
    fn of_two_ids_that_make_one_number_the_first_keeps_it_in_any_order_of_the_files() {
        let expected = [
            ("SEG-0529".to_owned(), 3_854_040),
            ("SEG-0662".to_owned(), 3_854_041),
        ];
        assert_eq!(numbers(&["SEG-0529", "SEG-0662"]), expected);
        assert_eq!(numbers(&["SEG-0662", "SEG-0529"]), expected);

        let given = numbers(&["SEG-0662", "A=3_854_041", "SEG-0529"]);
        assert_eq!(given[2], ("SEG-0662".to_owned(), 3_854_042));
    }

    #[test]
    fn after_the_last_number_comes_the_first() {
        let numbers = numbers(&["R-300996", "R-989173"]);

        assert_eq!([numbers[0].1, numbers[1].1], [3_999_999, 3_000_000]);
    }

    #[test]
    fn a_number_that_is_given_and_made_is_complained_about() {
        assert!(compile(&["A=3_854_040", "SEG-0529"]).is_err());
    }

    #[test]
    fn ten_thousand_rules_have_as_many_numbers() {
        let ids: Vec<_> = (0..10_000).map(|id| format!("SEG-{id:04}")).collect();
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();

        let numbers: std::collections::HashSet<_> =
            numbers(&ids).into_iter().map(|(_, number)| number).collect();

        assert_eq!(numbers.len(), 10_000);
    }
}
