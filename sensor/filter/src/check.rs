//! Gives names and values their types: from the expression as written to a test that can be asked.

use sekisho_model::fields::{Field, find};

use crate::ast::{Compare, Expression};
use crate::environment::Environment;
use crate::error::Fault;
use crate::evaluate::{Comparison, Set, Test};
use crate::words::{self, Named};
use crate::{values, zone_facts};

/// An expression that was typed.
pub(crate) struct Checked {
    pub(crate) test: Test,
    /// The fields that it reads, each once.
    pub(crate) fields: Vec<&'static Field>,
    /// How many patterns it has.
    pub(crate) patterns: usize,
}

/// Types an expression.
pub(crate) fn check(expression: &Expression, environment: &dyn Environment) -> Result<Checked, Fault> {
    let mut checker = Checker {
        environment,
        fields: Vec::new(),
        patterns: 0,
    };
    let test = checker.typed(expression)?;
    Ok(Checked {
        test,
        fields: checker.fields,
        patterns: checker.patterns,
    })
}

struct Checker<'a> {
    environment: &'a dyn Environment,
    fields: Vec<&'static Field>,
    patterns: usize,
}

impl Checker<'_> {
    fn typed(&mut self, expression: &Expression) -> Result<Test, Fault> {
        match expression {
            Expression::Any(parts) => Ok(Test::Any(self.typed_parts(parts)?)),
            Expression::All(parts) => Ok(Test::All(self.typed_parts(parts)?)),
            Expression::Not(inner) => Ok(Test::Not(Box::new(self.typed(inner)?))),
            Expression::Compare(compare) => self.comparison(compare),
        }
    }

    fn typed_parts(&mut self, parts: &[Expression]) -> Result<Vec<Test>, Fault> {
        parts.iter().map(|part| self.typed(part)).collect()
    }

    fn comparison(&mut self, compare: &Compare) -> Result<Test, Fault> {
        let Self {
            environment,
            fields,
            patterns,
        } = self;
        let mut reads = |field: &'static Field| {
            if !fields.iter().any(|known| std::ptr::eq(*known, field)) {
                fields.push(field);
            }
        };
        if let Some(asked) = zone_facts::named(&compare.name) {
            return zone_facts::test(compare, asked, *environment, patterns, &mut reads);
        }
        let named = words::named(&compare.name)
            .ok_or_else(|| words::unknown_field(&compare.name, compare.name_span))?;
        let (sets, negated) = values::sets(compare, named.first(), *environment, patterns)?;
        let depends_on_time = sets
            .iter()
            .any(|set| matches!(set, Set::Listed(list) if list.expires()));
        let mut one = |field: &'static Field, negated: bool| {
            reads(field);
            any(sets
                .iter()
                .map(|set| {
                    Test::Compare(Comparison {
                        field,
                        set: set.clone(),
                        negated,
                    })
                })
                .collect())
        };
        let test = match named {
            Named::One(field) => one(field, negated),
            Named::Either([orig, resp]) => {
                let either = Test::Any(vec![one(orig, false), one(resp, false)]);
                if negated {
                    Test::Not(Box::new(either))
                } else {
                    either
                }
            }
        };
        if depends_on_time && let Some(start) = find("start") {
            reads(start);
        }
        Ok(test)
    }
}

fn any(mut tests: Vec<Test>) -> Test {
    match tests.pop() {
        Some(only) if tests.is_empty() => only,
        Some(last) => {
            tests.push(last);
            Test::Any(tests)
        }
        None => Test::Any(tests),
    }
}
