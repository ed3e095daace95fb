//! Any text as a filter expression: parsed, or refused at a place that is in it; suggestions for any cursor.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sekisho_filter::{Filter, complete};
use sekisho_model::FlowRecord;

fuzz_target!(|text: &str| {
    match Filter::parse(text) {
        Ok(filter) => {
            let record = FlowRecord::example();
            let again = Filter::parse(filter.text()).expect("what was parsed parses again");
            assert_eq!(again.matches(&record), filter.matches(&record));
            assert!(!filter.fields().is_empty());
            // Leaves room for the words around it, and for the parentheses inside each other.
            if text.len() + 5 <= sekisho_filter::MAX_LEN
                && let Ok(negated) = Filter::parse(&format!("not({text})"))
            {
                assert_ne!(negated.matches(&record), filter.matches(&record));
            }
        }
        Err(error) => {
            assert!(
                error.expression.get(error.at..error.at + error.len).is_some(),
                "{error:?}"
            );
            assert!(!error.message.is_empty() && !error.label.is_empty());
        }
    }
    for cursor in [
        text.len(),
        text.len() / 2,
        usize::from(text.as_bytes().last().copied().unwrap_or(0)),
    ] {
        for suggestion in complete(text, cursor) {
            assert!(!suggestion.text.is_empty());
        }
    }
});
