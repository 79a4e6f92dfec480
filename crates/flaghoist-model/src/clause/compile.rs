//! From clauses to conditions that every reader understands: `docs/flagmint.md` has the table.
//!
//! A clause becomes an OR of ANDs of conditions, and so does its opposite. Conditions of UFC are never true of an
//! absent attribute, but for `IS_NULL`: what is true of one becomes an alternative of its own.

use super::{Clause, ClauseOperator};
use crate::Faults;
use crate::condition::{CONDITIONS_MAX, Operator, RULES_MAX, Test, VALUES_MAX, parse_comparand};
use flaghoist_eval::check_pattern;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How clauses go together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Combinator {
    /// All are true.
    #[default]
    And,
    /// At least one is true.
    Or,
    /// None is true.
    Not,
}

impl Combinator {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::And => "AND",
            Self::Or => "OR",
            Self::Not => "NOT",
        }
    }

    /// The combinator of that name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::And, Self::Or, Self::Not].into_iter().find(|one| one.as_str().eq_ignore_ascii_case(name))
    }

    /// What the clauses of a rule say of how they go together: what all that say something say, else all of them.
    pub fn of(clauses: &[Clause]) -> Self {
        let mut said = clauses.iter().filter_map(|clause| clause.logical_op.as_deref());
        let first = said.next().and_then(Self::from_name);
        let others_agree = said.all(|other| Self::from_name(other) == first);
        first.filter(|_| others_agree).unwrap_or_default()
    }
}

/// Clauses with how they go together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clauses {
    /// The clauses; none match nobody.
    pub clauses: Vec<Clause>,
    /// How they go together.
    pub combinator: Combinator,
    /// Whether everybody matches, whatever the clauses say.
    #[serde(default)]
    pub force: bool,
}

/// Conditions that are all true.
type Conjunction = Vec<Test>;
/// Conjunctions of which one is true. None is never; an empty conjunction is always.
type Alternatives = Vec<Conjunction>;

impl Clauses {
    /// The rules that are true of whoever the clauses are true of, as the tests of each. Clauses that need too many are
    /// recorded.
    pub fn compile(&self, faults: &mut Faults) -> Vec<Vec<Test>> {
        let attribute = self.clauses.first().map_or("id", |clause| &clause.attribute);
        let alternatives = if self.force { Some(always()) } else { self.alternatives() };
        let Some(mut alternatives) = alternatives.filter(|found| found.len() <= RULES_MAX) else {
            faults.push(format!(
                "need more than {RULES_MAX} rules or {VALUES_TOTAL_MAX} values: each clause that is true of an absent \
                 attribute doubles them; say it with fewer"
            ));
            return Vec::new();
        };
        if alternatives.iter().any(|conjunction| conjunction.len() > CONDITIONS_MAX) {
            faults.push(format!("need more than {CONDITIONS_MAX} conditions in a rule; give fewer"));
        }
        // What is always or never true is said with conditions too: an interface that needs some shows them.
        if alternatives.iter().any(Vec::is_empty) {
            return vec![vec![absent(attribute)], vec![present(attribute)]];
        }
        if alternatives.is_empty() {
            alternatives.push(vec![absent(attribute), present(attribute)]);
        }
        alternatives
    }

    /// None when there are too many.
    fn alternatives(&self) -> Option<Alternatives> {
        if self.clauses.is_empty() {
            return Some(never());
        }
        match self.combinator {
            Combinator::Or => {
                let mut any = never();
                for alternative in self.clauses.iter().flat_map(|clause| clause.alternatives(false)) {
                    push_new(&mut any, alternative);
                }
                Some(any)
            }
            Combinator::And | Combinator::Not => {
                let is_opposite = self.combinator == Combinator::Not;
                self.clauses
                    .iter()
                    .try_fold(always(), |all, clause| both(&all, &clause.alternatives(is_opposite)))
            }
        }
    }
}

fn always() -> Alternatives {
    vec![Vec::new()]
}

fn never() -> Alternatives {
    Vec::new()
}

/// Most values of all conditions that clauses are compiled into: alternatives repeat them.
const VALUES_TOTAL_MAX: usize = 50_000;

fn value_count(alternatives: &Alternatives) -> usize {
    let count = |test: &Test| match test {
        Test::Inline { values, .. } => values.len(),
        Test::SavedFilter { .. } => 0,
    };
    alternatives.iter().flatten().map(count).sum()
}

/// What is true when both are; none when that takes too many alternatives.
fn both(left: &Alternatives, right: &Alternatives) -> Option<Alternatives> {
    // Counted before anything is repeated.
    let values = value_count(left) * right.len() + value_count(right) * left.len();
    if values > VALUES_TOTAL_MAX {
        return None;
    }
    let mut all = never();
    for left in left {
        for right in right {
            let mut conjunction = left.clone();
            for test in right {
                if !conjunction.contains(test) {
                    conjunction.push(test.clone());
                }
            }
            if !contradicts_itself(&conjunction) {
                push_new(&mut all, conjunction);
            }
            if all.len() > RULES_MAX {
                return None;
            }
        }
    }
    Some(all)
}

fn push_new(alternatives: &mut Alternatives, conjunction: Conjunction) {
    if !alternatives.contains(&conjunction) {
        alternatives.push(conjunction);
    }
}

/// Whether an attribute would have to be absent and there.
fn contradicts_itself(conjunction: &Conjunction) -> bool {
    let of = |test: &Test| match test {
        Test::Inline { attribute, operator, values } => {
            let is_absent = *operator == Operator::IsNull && values.iter().any(|value| value == "true");
            Some((attribute.clone(), is_absent))
        }
        Test::SavedFilter { .. } => None,
    };
    let seen: Vec<(String, bool)> = conjunction.iter().filter_map(of).collect();
    seen.iter().any(|(attribute, is_absent)| *is_absent && seen.contains(&(attribute.clone(), false)))
}

fn test(attribute: &str, operator: Operator, values: Vec<String>) -> Test {
    Test::Inline { attribute: attribute.to_owned(), operator, values }
}

fn absent(attribute: &str) -> Test {
    test(attribute, Operator::IsNull, vec!["true".to_owned()])
}

fn present(attribute: &str) -> Test {
    test(attribute, Operator::IsNull, vec!["false".to_owned()])
}

impl Clause {
    /// Records what cannot be compiled. What can never be true is no fault.
    pub(super) fn check(&self, faults: &mut Faults) {
        match self.operator {
            ClauseOperator::In | ClauseOperator::Nin => {
                if let Some(values) = self.list().filter(|values| values.len() > VALUES_MAX) {
                    faults
                        .push_at("value", format!("has {} values; give at most {VALUES_MAX}", values.len()));
                }
            }
            ClauseOperator::Regex => match self.text() {
                Some(pattern) => {
                    if let Err(fault) = check_pattern(&pattern) {
                        faults.push_at(
                            "value",
                            format!("{pattern:?} is no regular expression we run: {fault}"),
                        );
                    }
                }
                None => faults.push_at("value", "is required; give a regular expression"),
            },
            ClauseOperator::Contains
            | ClauseOperator::NotContains
            | ClauseOperator::StartsWith
            | ClauseOperator::EndsWith => {
                if let Some(Err(fault)) = self.pattern().map(|pattern| check_pattern(&pattern)) {
                    faults.push_at("value", format!("cannot be searched for: {fault}"));
                }
            }
            _ => {}
        }
    }

    /// When it is true, or when it is not.
    fn alternatives(&self, is_opposite: bool) -> Alternatives {
        use ClauseOperator as O;
        match self.operator {
            O::Exists => self.presence(!is_opposite),
            O::NotExists => self.presence(is_opposite),
            O::Eq => self.equality(is_opposite),
            O::Neq => match self.text() {
                None => constant(is_opposite),
                Some(_) => self.equality(!is_opposite),
            },
            O::In => self.membership(is_opposite),
            O::Nin => self.absence_from_list(is_opposite),
            O::Gt => self.order((Operator::Gt, Operator::Lte), is_opposite),
            O::Gte => self.order((Operator::Gte, Operator::Lt), is_opposite),
            O::Lt => self.order((Operator::Lt, Operator::Gte), is_opposite),
            O::Lte => self.order((Operator::Lte, Operator::Gt), is_opposite),
            O::Contains | O::StartsWith | O::EndsWith => match self.text().as_deref() {
                None => constant(is_opposite),
                Some("") => constant(!is_opposite),
                Some(_) => self.search(is_opposite),
            },
            O::NotContains => match self.text().as_deref() {
                None => constant(!is_opposite),
                Some("") => self.presence(is_opposite),
                Some(_) => self.search(!is_opposite),
            },
            O::Regex => self.search(is_opposite),
        }
    }

    fn presence(&self, is_there: bool) -> Alternatives {
        vec![vec![if is_there { present(&self.attribute) } else { absent(&self.attribute) }]]
    }

    fn equality(&self, is_opposite: bool) -> Alternatives {
        let Some(text) = self.text() else { return constant(is_opposite) };
        let mut values = vec![text];
        // A number is compared as a number: attributes are texts in the shortest form here.
        if let Some(number) = number_of_text(&values[0]).map(|number| number.to_string())
            && number != values[0]
        {
            values.push(number);
        }
        self.one_of(values, is_opposite)
    }

    fn membership(&self, is_opposite: bool) -> Alternatives {
        match self.list() {
            None => constant(is_opposite),
            Some(values) => self.one_of(values, is_opposite),
        }
    }

    /// One of these texts, or none of them, where an absent attribute is the empty text.
    fn one_of(&self, values: Vec<String>, is_opposite: bool) -> Alternatives {
        if values.is_empty() {
            return constant(is_opposite);
        }
        let is_true_of_absent = values.iter().any(String::is_empty) != is_opposite;
        let operator = if is_opposite { Operator::NotOneOf } else { Operator::OneOf };
        self.or_absent(is_true_of_absent, test(&self.attribute, operator, values))
    }

    /// `nin`, which is true of an absent attribute whatever the list holds.
    fn absence_from_list(&self, is_opposite: bool) -> Alternatives {
        match self.list().filter(|values| !values.is_empty()) {
            None => constant(!is_opposite),
            Some(values) if is_opposite => vec![vec![test(&self.attribute, Operator::OneOf, values)]],
            Some(values) => self.or_absent(true, test(&self.attribute, Operator::NotOneOf, values)),
        }
    }

    fn order(&self, (operator, opposite): (Operator, Operator), is_opposite: bool) -> Alternatives {
        let Some(number) = self.number() else { return constant(is_opposite) };
        let values = vec![number.to_string()];
        if !is_opposite {
            return vec![vec![test(&self.attribute, operator, values)]];
        }
        // What is no number is neither greater nor smaller.
        vec![
            vec![absent(&self.attribute)],
            vec![test(&self.attribute, opposite, values)],
            vec![test(&self.attribute, Operator::NotMatches, vec![A_NUMBER.to_owned()])],
        ]
    }

    fn search(&self, is_opposite: bool) -> Alternatives {
        let values: Vec<String> = self.pattern().into_iter().collect();
        if is_opposite {
            return self.or_absent(true, test(&self.attribute, Operator::NotMatches, values));
        }
        vec![vec![test(&self.attribute, Operator::Matches, values)]]
    }

    fn or_absent(&self, is_true_of_absent: bool, test: Test) -> Alternatives {
        let absent = is_true_of_absent.then(|| vec![absent(&self.attribute)]);
        absent.into_iter().chain([vec![test]]).collect()
    }

    /// What is searched for, as a regular expression.
    fn pattern(&self) -> Option<String> {
        let text = self.text()?;
        Some(match self.operator {
            ClauseOperator::StartsWith => format!("^{}", escape(&text)),
            ClauseOperator::EndsWith => format!("{}$", escape(&text)),
            ClauseOperator::Regex => text,
            _ => escape(&text),
        })
    }

    /// The value as text; none when there is none.
    fn text(&self) -> Option<String> {
        self.value.as_ref().filter(|value| !value.is_null()).map(text_of)
    }

    /// The values of a list, or of a text that holds one: as JSON, or loosely with commas between them.
    fn list(&self) -> Option<Vec<String>> {
        match self.value.as_ref()? {
            Value::Array(values) => Some(values.iter().map(text_of).collect()),
            Value::String(text) => {
                let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
                if let Ok(Value::Array(values)) = serde_json::from_str(text.trim()) {
                    return Some(values.iter().map(text_of).collect());
                }
                let bare = |part: &str| part.trim().trim_matches(['"', '\'']).to_owned();
                Some(inner.split(',').map(bare).filter(|part| !part.is_empty()).collect())
            }
            _ => None,
        }
    }

    /// The value as a number, where it is one.
    fn number(&self) -> Option<f64> {
        match self.value.as_ref()? {
            Value::Number(number) => number.as_f64(),
            Value::Bool(value) => Some(f64::from(u8::from(*value))),
            Value::String(text) if text.trim().is_empty() => Some(0.0),
            Value::String(text) => number_of_text(text.trim()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
        .filter(|number| number.is_finite())
    }
}

/// Texts that conditions compare as numbers.
const A_NUMBER: &str = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$";

fn constant(is_true: bool) -> Alternatives {
    if is_true { always() } else { never() }
}

fn number_of_text(text: &str) -> Option<f64> {
    if text.is_empty() { None } else { parse_comparand(text) }
}

/// A value as JavaScript's `String` writes it; numbers as attributes are compared, without an exponent.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (None, Some(float)) => float.to_string(),
            _ => number.to_string(),
        },
        Value::Array(values) => values.iter().map(text_of).collect::<Vec<_>>().join(","),
        Value::Bool(_) | Value::Object(_) => value.to_string(),
    }
}

/// `text` as a pattern that matches just it. Only what every dialect of regular expressions takes is escaped: escapes
/// of other characters are errors in some.
fn escape(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}
