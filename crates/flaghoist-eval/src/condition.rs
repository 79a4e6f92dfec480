//! Conditions: one test of one attribute, checked and parsed when the flag is compiled.

use std::cmp::Ordering;

use regex::Regex;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::fault::shown;
use crate::value::whole;
use crate::version::{Shape, Version};
use crate::wire::{self, Operator};
use crate::{AttributeValue, FlagFault, PatternFault, pattern};

mod membership;
pub(crate) use membership::Membership;

/// One test of one attribute.
#[derive(Debug)]
pub struct Condition {
    attribute: Box<str>,
    operator: Option<Operator>,
    test: Test,
}

#[derive(Debug)]
enum Test {
    Number {
        relation: Relation,
        than: f64,
    },
    Version {
        relation: Relation,
        than: Version,
        shape: Shape,
    },
    Pattern {
        regex: Regex,
        found: bool,
    },
    Member {
        of: Membership,
        found: bool,
    },
    Null {
        is: bool,
    },
    /// Only in the Eppo dialect, where it never holds instead of breaking the flag.
    Unreadable {
        condition: Value,
    },
}

/// Which orderings of attribute and comparand satisfy a comparison.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    fn admits(self, ordering: Ordering) -> bool {
        match self {
            Relation::Equal => ordering.is_eq(),
            Relation::NotEqual => ordering.is_ne(),
            Relation::Less => ordering.is_lt(),
            Relation::LessOrEqual => ordering.is_le(),
            Relation::Greater => ordering.is_gt(),
            Relation::GreaterOrEqual => ordering.is_ge(),
        }
    }

    fn of(operator: Operator) -> Option<Relation> {
        Some(match operator {
            Operator::SemverEq => Relation::Equal,
            Operator::SemverNeq => Relation::NotEqual,
            Operator::Lt | Operator::SemverLt => Relation::Less,
            Operator::Lte | Operator::SemverLte => Relation::LessOrEqual,
            Operator::Gt | Operator::SemverGt => Relation::Greater,
            Operator::Gte | Operator::SemverGte => Relation::GreaterOrEqual,
            Operator::Matches
            | Operator::NotMatches
            | Operator::OneOf
            | Operator::NotOneOf
            | Operator::IsNull => return None,
        })
    }
}

/// Why a value does not suit its operator.
pub(crate) enum Unsuited {
    /// It would have to be something else.
    Accepts(&'static str),
    /// It is no usable pattern.
    Pattern(PatternFault),
}

impl Condition {
    /// Exact name of the attribute under test; empty for a condition that could not be read.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// What is asked of the attribute; `None` for a condition that could not be read.
    pub fn operator(&self) -> Option<Operator> {
        self.operator
    }

    /// What the attribute is compared with.
    pub fn comparand(&self) -> Comparand<'_> {
        Comparand(&self.test)
    }

    pub(crate) fn compile(condition: &wire::Condition, allocation: &str) -> Result<Condition, FlagFault> {
        let wire::Condition { attribute, operator, value } = condition;
        let test = Test::compile(*operator, value).map_err(|unsuited| match unsuited {
            Unsuited::Accepts(accepted) => FlagFault::ConditionValue {
                allocation: allocation.into(),
                attribute: attribute.as_str().into(),
                operator: *operator,
                value: shown(value),
                accepted,
            },
            Unsuited::Pattern(fault) => FlagFault::Pattern {
                allocation: allocation.into(),
                attribute: attribute.as_str().into(),
                fault,
            },
        })?;
        Ok(Condition { attribute: attribute.as_str().into(), operator: Some(*operator), test })
    }

    /// A condition of the Eppo dialect; what cannot be read never holds.
    pub(crate) fn compile_eppo(condition: Value) -> Condition {
        let read = serde_json::from_value::<wire::Condition>(condition.clone()).ok();
        let compiled = read.and_then(|wire::Condition { attribute, operator, value }| {
            let test = Test::compile_eppo(operator, &value)?;
            Some(Condition { attribute: attribute.into(), operator: Some(operator), test })
        });
        compiled.unwrap_or_else(|| Condition {
            attribute: Box::default(),
            operator: None,
            test: Test::Unreadable { condition },
        })
    }

    /// Whether the condition holds for the value of its attribute, `None` being absent.
    pub(crate) fn holds(&self, seen: Option<&AttributeValue<'_>>) -> bool {
        self.test.holds(seen.unwrap_or(&AttributeValue::Null))
    }
}

impl Test {
    fn compile(operator: Operator, value: &Value) -> Result<Test, Unsuited> {
        let relation = Relation::of(operator);
        Ok(match (operator, relation) {
            (Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte, Some(relation)) => {
                let than = value.as_f64().ok_or(Unsuited::Accepts("a JSON number"))?;
                Test::Number { relation, than }
            }
            (_, Some(relation)) => {
                let accepted = Unsuited::Accepts("a string with a version such as \"1.2.3\"");
                let than =
                    value.as_str().and_then(|text| Version::parse(text, Shape::Extended)).ok_or(accepted)?;
                Test::Version { relation, than, shape: Shape::Extended }
            }
            (Operator::Matches | Operator::NotMatches, None) => {
                let text = value.as_str().ok_or(Unsuited::Accepts("a string with a regular expression"))?;
                let regex = pattern::compile(text).map_err(Unsuited::Pattern)?;
                Test::Pattern { regex, found: operator == Operator::Matches }
            }
            (Operator::IsNull, None) => {
                Test::Null { is: value.as_bool().ok_or(Unsuited::Accepts("true or false"))? }
            }
            (_, None) => {
                let of = strings(value).ok_or(Unsuited::Accepts("an array of strings"))?;
                Test::Member { of, found: operator == Operator::OneOf }
            }
        })
    }

    /// Comparisons take text here, as a version if it is one and else as a number; there are no operators for
    /// versions.
    fn compile_eppo(operator: Operator, value: &Value) -> Option<Test> {
        match (operator, Relation::of(operator), value) {
            (
                Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte,
                Some(relation),
                Value::String(text),
            ) => Some(match Version::parse(text, Shape::Strict) {
                Some(than) => Test::Version { relation, than, shape: Shape::Strict },
                None => Test::Number { relation, than: text.parse().ok()? },
            }),
            (
                Operator::SemverEq
                | Operator::SemverNeq
                | Operator::SemverLt
                | Operator::SemverLte
                | Operator::SemverGt
                | Operator::SemverGte,
                ..,
            ) => None,
            _ => Test::compile(operator, value).ok(),
        }
    }

    fn holds(&self, seen: &AttributeValue<'_>) -> bool {
        match self {
            Test::Number { relation, than } => seen
                .as_number()
                .and_then(|number| number.partial_cmp(than))
                .is_some_and(|ordering| relation.admits(ordering)),
            Test::Version { relation, than, shape } => match seen {
                AttributeValue::String(text) => {
                    than.place(text, *shape).is_some_and(|ordering| relation.admits(ordering))
                }
                _ => false,
            },
            Test::Pattern { regex, found } => seen.with_text(|text| regex.is_match(text)) == Some(*found),
            Test::Member { of, found } => seen.with_text(|text| of.contains(text)) == Some(*found),
            Test::Null { is } => matches!(seen, AttributeValue::Null) == *is,
            Test::Unreadable { .. } => false,
        }
    }
}

fn strings(value: &Value) -> Option<Membership> {
    value.as_array()?.iter().map(|item| item.as_str().map(Box::from)).collect()
}

/// What a condition compares its attribute with.
///
/// Serialises like the condition's `value`: a number, a string, an array of strings or a boolean. A condition that
/// could not be read serialises as it stands in the document.
#[derive(Debug, Clone, Copy)]
pub struct Comparand<'s>(&'s Test);

impl Serialize for Comparand<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Test::Number { than, .. } => match whole(*than) {
                Some(than) => serializer.serialize_i64(than),
                None => serializer.serialize_f64(*than),
            },
            Test::Version { than, .. } => serializer.serialize_str(than.as_str()),
            Test::Pattern { regex, .. } => serializer.serialize_str(regex.as_str()),
            Test::Member { of, .. } => of.serialize(serializer),
            Test::Null { is } => serializer.serialize_bool(*is),
            Test::Unreadable { condition } => condition.serialize(serializer),
        }
    }
}
