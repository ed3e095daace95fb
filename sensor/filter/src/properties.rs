//! Properties of the whole language, over random expressions and records.

use std::sync::Arc;

use proptest::prelude::*;
use sekisho_model::{FlowRecord, Protocol, Timestamp, Verdict};

use crate::ast::{Compare, Expression, Literal, Member, Operand, Operator, Span};
use crate::{Filter, grammar};

proptest! {
    #[test]
    fn parsing_never_panics(text: String) {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn parsing_pieces_of_the_language_never_panics(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)
    ) {
        if let Err(error) = Filter::parse(&pieces.join(" ")) {
            prop_assert!(error.at + error.len <= error.expression.len());
        }
    }

    #[test]
    fn a_printed_expression_parses_back_to_itself(expression in expression()) {
        let printed = expression.to_string();

        let mut parsed = grammar::parse(&printed).unwrap();

        forget_places(&mut parsed);
        prop_assert_eq!(parsed, expression);
    }

    #[test]
    fn a_printed_window_parses_back_to_itself(text in "[a-z0-9:\"\\\\ ]{0,6}") {
        let window = Expression::Compare(Compare {
            name: "start".to_owned(),
            name_span: Span::default(),
            test: Operand::Window(literal(&text, true)),
            operator_span: Span::default(),
        });

        let mut parsed = grammar::parse(&window.to_string()).unwrap();

        forget_places(&mut parsed);
        prop_assert_eq!(parsed, window);
    }

    #[test]
    fn not_not_is_nothing(expression in expression(), record in record()) {
        let once = Filter::parse(&expression.to_string()).unwrap();
        let thrice = Filter::parse(&format!("not not ({expression})")).unwrap();
        let negated = Filter::parse(&format!("not ({expression})")).unwrap();

        prop_assert_eq!(once.matches(&record), thrice.matches(&record));
        prop_assert_ne!(once.matches(&record), negated.matches(&record));
    }

    #[test]
    fn a_name_for_either_end_is_its_expansion(value in 0_u8..8, record in record()) {
        let pairs = [
            ("address == 10.0.0.V", "orig.address == 10.0.0.V or resp.address == 10.0.0.V"),
            ("address != 10.0.0.V", "not (orig.address == 10.0.0.V or resp.address == 10.0.0.V)"),
            ("10.0.0.V", "orig.address == 10.0.0.V or resp.address == 10.0.0.V"),
            ("port < V", "orig.port < V or resp.port < V"),
            ("port in {V, 1..2}", "orig.port in {V, 1..2} or resp.port in {V, 1..2}"),
            ("zone != \"zV\"", "not orig.zone == zV and not resp.zone == zV"),
            ("zone contains V", "orig.zone contains V or resp.zone contains V"),
        ];

        for (either, expansion) in pairs {
            let [either, expansion] =
                [either, expansion].map(|text| Filter::parse(&text.replace('V', &value.to_string())).unwrap());
            prop_assert_eq!(either.matches(&record), expansion.matches(&record));
            prop_assert_eq!(either.fields().len(), 2);
        }
    }

    #[test]
    fn comparing_numbers_is_comparing_numbers(bound in 0_u64..8, record in record()) {
        let port = u64::from(record.resp.port);
        let cases = [
            ("==", port == bound),
            ("!=", port != bound),
            ("<", port < bound),
            ("<=", port <= bound),
            (">", port > bound),
            (">=", port >= bound),
        ];

        for (operator, expected) in cases {
            let filter = Filter::parse(&format!("resp.port {operator} {bound}")).unwrap();
            prop_assert_eq!(filter.matches(&record), expected);
        }
    }
}

const PIECES: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    ",",
    "..",
    "==",
    "!=",
    "<",
    ">=",
    "and",
    "or",
    "not",
    "in",
    "!",
    "&&",
    "contains",
    "matches",
    "orig.address",
    "port",
    "zone",
    "start",
    "duration",
    "10.0.0.1",
    "10.0.0.0/8",
    "::1",
    "443",
    "5s",
    "\"text\"",
    "\"",
    "office",
    "=",
    "tcp",
    "vlan",
    "総務課",
    "@list",
    "window",
    "orig.zone.group",
    "zone.classification",
];

pub(crate) fn record() -> impl Strategy<Value = FlowRecord> {
    (
        0_u8..8,
        0_u8..8,
        0_u16..8,
        0_u16..8,
        0_u8..8,
        0_u8..8,
        prop::option::of(0_u16..8),
    )
        .prop_map(|(orig, resp, orig_port, resp_port, orig_zone, resp_zone, vlan)| {
            let mut record = FlowRecord::example();
            record.orig.address = [10, 0, 0, orig].into();
            record.resp.address = [10, 0, 0, resp].into();
            record.orig.port = orig_port;
            record.resp.port = resp_port;
            record.orig_zone = Arc::from(format!("z{orig_zone}"));
            record.resp_zone = Arc::from(format!("z{resp_zone}"));
            record.vlan = vlan;
            record.verdict = Verdict::ALL[usize::from(orig % 3)];
            record.protocol = Protocol(resp);
            record.start = Timestamp::from_seconds(i64::from(orig_zone), 0);
            record
        })
}

pub(crate) fn expression() -> impl Strategy<Value = Expression> {
    compare().prop_recursive(4, 24, 4, |inner| {
        let many = || prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            many().prop_map(Expression::Any),
            many().prop_map(Expression::All),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

fn compare() -> impl Strategy<Value = Expression> {
    let order = prop::sample::select(vec![
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
    ]);
    let numbers = (
        prop::sample::select(vec!["port", "resp.port", "vlan", "packets"]),
        order,
        0_u8..9,
    )
        .prop_map(|(name, operator, value)| {
            (name, Operand::One(operator, literal(&value.to_string(), false)))
        });
    let text = (
        prop::sample::select(vec!["zone", "orig.zone", "rule"]),
        prop::sample::select(vec![Operator::Equal, Operator::NotEqual, Operator::Contains]),
        "[a-zé\"\\\\ ]{0,4}",
    )
        .prop_map(|(name, operator, value)| (name, Operand::One(operator, literal(&value, true))));
    let sets = prop::collection::vec((0_u8..5, prop::option::of(5_u8..9)), 1..4).prop_map(|members| {
        let members = members.into_iter().map(|(low, high)| Member {
            low: literal(&low.to_string(), false),
            high: high.map(|high| literal(&high.to_string(), false)),
        });
        ("port", Operand::In(members.collect()))
    });
    prop_oneof![numbers, text, sets].prop_map(|(name, test)| {
        Expression::Compare(Compare {
            name: name.to_owned(),
            name_span: Span::default(),
            test,
            operator_span: Span::default(),
        })
    })
}

fn literal(text: &str, quoted: bool) -> Literal {
    Literal {
        text: text.to_owned(),
        quoted,
        span: Span::default(),
    }
}

fn forget_places(expression: &mut Expression) {
    match expression {
        Expression::Any(parts) | Expression::All(parts) => parts.iter_mut().for_each(forget_places),
        Expression::Not(inner) => forget_places(inner),
        Expression::Compare(compare) => {
            compare.name_span = Span::default();
            compare.operator_span = Span::default();
            match &mut compare.test {
                Operand::One(_, value) | Operand::Window(value) => value.span = Span::default(),
                Operand::In(members) => {
                    for member in members {
                        member.low.span = Span::default();
                        if let Some(high) = &mut member.high {
                            high.span = Span::default();
                        }
                    }
                }
            }
        }
    }
}
