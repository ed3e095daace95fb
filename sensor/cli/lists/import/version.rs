//! Which of two versions is newer: parts of digits compare as numbers, others letter by letter.

use std::cmp::Ordering;

/// Whether `new` is newer than `old`; every version is newer than none.
pub(super) fn is_newer(new: &str, old: &str) -> bool {
    compare(new, old) == Ordering::Greater
}

fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (parts(one), parts(other));
    loop {
        match (one.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (a, b) => match (a, b) {
                (Some(a), Some(b)) => {
                    let order = part(a, b);
                    if order != Ordering::Equal {
                        return order;
                    }
                }
                (a, b) => return a.is_some().cmp(&b.is_some()),
            },
        }
    }
}

fn part(one: &str, other: &str) -> Ordering {
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if is_number(one) && is_number(other) {
        let [one, other] = [one, other].map(|text| text.trim_start_matches('0'));
        return one.len().cmp(&other.len()).then_with(|| one.cmp(other));
    }
    one.cmp(other)
}

/// Runs of digits, and runs of letters.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let of = |text: &str| text.bytes().next().map(|octet| octet.is_ascii_digit());
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|part| !part.is_empty())
        .flat_map(move |part| {
            let mut rest = part;
            std::iter::from_fn(move || {
                let digits = of(rest)?;
                let end = rest
                    .find(|letter: char| letter.is_ascii_digit() != digits)
                    .unwrap_or(rest.len());
                let (head, tail) = rest.split_at_checked(end)?;
                rest = tail;
                Some(head)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers_and_longer_is_newer() {
        for (new, old) in [
            ("2026-11-05", "2026-11-04"),
            ("2026-11-04.2", "2026-11-04"),
            ("10", "9"),
            ("v10", "v9"),
            ("1.10", "1.9"),
            ("1", ""),
            ("2027-01-01", "2026-12-31"),
        ] {
            assert!(
                is_newer(new, old) && !is_newer(old, new) && !is_newer(new, new),
                "{new} {old}"
            );
        }
        assert!(!is_newer("01", "1"));
    }
}
