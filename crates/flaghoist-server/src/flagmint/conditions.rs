//! Conditions of rules and segments, as they are asked for and shown.
//!
//! What was written here is shown as it was written. What another dialect wrote is shown as what comes closest; an
//! operator that this dialect lacks is shown by the other's name in lower case. Whoever writes back just what was shown
//! changes nothing.

use crate::decode::{A_STRING, Member, Object};
use flaghoist_model::Faults;
use flaghoist_model::clause::{Clause, ClauseDraft, ClauseOperator, Clauses, Combinator};
use flaghoist_model::condition::{Operator, TargetingRule, Test};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A condition to make.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[schema(as = FlagmintConditionIn)]
pub(crate) struct ConditionIn {
    #[serde(default)]
    #[schema(value_type = String, required, example = "user.plan")]
    attribute: Member<String>,
    /// `eq`, `neq`, `in`, `nin`, `gt`, `lt`, `gte`, `lte`, `exists`, `not_exists`, `contains`, `not_contains`,
    /// `startsWith`, `endsWith` or `regex`.
    #[serde(default)]
    #[schema(value_type = String, required, example = "eq")]
    operator: Member<String>,
    /// Of any type; a list for `in` and `nin`.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    value: Member<Value>,
    /// `AND`, `OR` or `NOT`: how the conditions go together, where all that say something say the same.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "AND")]
    logical_op: Member<String>,
}

/// A condition.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = FlagmintConditionOut)]
pub(crate) struct ConditionOut {
    #[schema(example = "user.plan")]
    attribute: String,
    #[schema(example = "eq")]
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    value: Option<Value>,
    #[schema(example = "AND")]
    logical_op: String,
}

/// A rule of a segment.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlagmintSegmentRuleOut)]
pub(crate) struct SegmentRuleOut {
    /// Always `rule`.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "rule")]
    kind: &'static str,
    #[schema(example = "user.plan")]
    attribute: String,
    #[schema(example = "eq")]
    operator: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    value: Option<Value>,
}

/// Conditions with how they go together.
#[derive(Clone, Debug)]
pub(super) struct Shown {
    pub(super) conditions: Vec<ConditionOut>,
    pub(super) combinator: Combinator,
}

impl Shown {
    /// What rules are shown as.
    pub(super) fn of(clauses: Option<&Clauses>, rules: &[TargetingRule]) -> Self {
        match clauses {
            Some(clauses) => Self {
                conditions: clauses
                    .clauses
                    .iter()
                    .map(|clause| of_clause(clause, clauses.combinator))
                    .collect(),
                combinator: clauses.combinator,
            },
            None => Self::of_rules(rules),
        }
    }

    fn of_rules(rules: &[TargetingRule]) -> Self {
        let is_list_of_alternatives = rules.len() > 1 && rules.iter().all(|rule| rule.conditions.len() == 1);
        let combinator = if is_list_of_alternatives { Combinator::Or } else { Combinator::And };
        let tests = rules.iter().flat_map(|rule| &rule.conditions).map(|condition| &condition.test);
        Self { conditions: tests.map(|test| of_test(test, combinator)).collect(), combinator }
    }

    /// The same as rules of a segment.
    pub(super) fn segment_rules(&self) -> Vec<SegmentRuleOut> {
        let rule = |condition: &ConditionOut| SegmentRuleOut {
            kind: "rule",
            attribute: condition.attribute.clone(),
            operator: condition.operator.clone(),
            value: condition.value.clone(),
        };
        self.conditions.iter().map(rule).collect()
    }

    /// What is asked for, or nothing when it is just what is shown. The place of `faults` is the list.
    pub(super) fn changed_by(
        &self,
        wanted: Vec<Object<ConditionIn>>,
        faults: &mut Faults,
    ) -> Option<Vec<ClauseDraft>> {
        let is_shown = wanted.len() == self.conditions.len()
            && wanted.iter().zip(&self.conditions).all(|(Object(wanted), shown)| wanted.is(shown));
        if is_shown {
            return None;
        }
        Some(drafts(wanted, faults))
    }
}

/// The drafts of conditions. The place of `faults` is their list.
pub(super) fn drafts(wanted: Vec<Object<ConditionIn>>, faults: &mut Faults) -> Vec<ClauseDraft> {
    let wanted = wanted.into_iter().enumerate();
    wanted
        .map(|(position, Object(condition))| faults.at(position, |faults| condition.into_draft(faults)))
        .collect()
}

impl ConditionIn {
    fn into_draft(self, faults: &mut Faults) -> ClauseDraft {
        let operator = self.operator.required("operator", A_STRING, faults);
        let names = || ClauseOperator::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>().join(", ");
        let operator = operator.and_then(|name| {
            let operator = ClauseOperator::read(&name);
            if operator.is_none() {
                faults.push_at("operator", format!("{name:?} is none of {}", names()));
            }
            operator
        });
        ClauseDraft {
            attribute: self.attribute.required("attribute", A_STRING, faults),
            operator,
            value: self.value.optional("value", "any value", faults),
            logical_op: self.logical_op.optional("logical_op", A_STRING, faults),
        }
    }

    /// Whether it is what is shown. What is left out of it is taken to be the same.
    fn is(&self, shown: &ConditionOut) -> bool {
        let same =
            |wanted: &Member<String>, shown: &str| matches!(wanted, Member::Value(text) if text == shown);
        let same_value = match (&self.value, &shown.value) {
            (Member::Value(wanted), Some(shown)) => wanted == shown,
            (Member::Absent | Member::Null, None) => true,
            _ => false,
        };
        let same_op = !self.logical_op.is_given() || same(&self.logical_op, &shown.logical_op);
        same(&self.attribute, &shown.attribute)
            && same(&self.operator, &shown.operator)
            && same_value
            && same_op
    }
}

fn of_clause(clause: &Clause, combinator: Combinator) -> ConditionOut {
    ConditionOut {
        attribute: clause.attribute.clone(),
        operator: clause.operator.as_str().to_owned(),
        value: clause.value.clone(),
        logical_op: clause.logical_op.clone().unwrap_or_else(|| combinator.as_str().to_owned()),
    }
}

fn of_test(test: &Test, combinator: Combinator) -> ConditionOut {
    let (attribute, operator, value) = match test {
        Test::Inline { attribute, operator, values } => {
            let first = || values.first().cloned().map(Value::from);
            let list = || Some(Value::from(values.clone()));
            let (operator, value) = match operator {
                Operator::Lt => ("lt".to_owned(), first()),
                Operator::Lte => ("lte".to_owned(), first()),
                Operator::Gt => ("gt".to_owned(), first()),
                Operator::Gte => ("gte".to_owned(), first()),
                Operator::Equals if values.len() == 1 => ("eq".to_owned(), first()),
                Operator::OneOf | Operator::Equals => ("in".to_owned(), list()),
                Operator::Matches if values.len() == 1 => ("regex".to_owned(), first()),
                Operator::IsNull if values.iter().any(|value| value == "true") => {
                    ("not_exists".to_owned(), None)
                }
                Operator::IsNull => ("exists".to_owned(), None),
                other => (other.as_str().to_ascii_lowercase(), list()),
            };
            (attribute.clone(), operator, value)
        }
        Test::SavedFilter { saved_filter_id } => {
            ("segment".to_owned(), "in_segment".to_owned(), Some(Value::from(saved_filter_id.to_string())))
        }
    };
    ConditionOut { attribute, operator, value, logical_op: combinator.as_str().to_owned() }
}

impl SegmentRuleOut {
    /// The same in the older shape.
    pub(super) fn into_inline(self) -> super::value::InlineRuleOut {
        super::value::InlineRuleOut::condition(self.attribute, self.operator, self.value)
    }
}
