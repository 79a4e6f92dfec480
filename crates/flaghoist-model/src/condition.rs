//! Conditions and rules: whom an allocation is for.

use crate::id::{ConditionId, RuleId, SavedFilterId};
use crate::saved_filter::SavedFilter;
use crate::{Faults, MintId};
use flaghoist_eval::{check_pattern, check_version};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most rules of an allocation, most conditions of a rule, most values of a condition.
pub const RULES_MAX: usize = 500;
/// Most conditions of a rule.
pub const CONDITIONS_MAX: usize = 100;
/// Most rules of an allocation once saved filters stand in their place: a rule becomes one for every choice of a
/// rule of each of its filters.
pub const EXPANDED_RULES_MAX: usize = 2_000;
/// Most patterns that a flag may have in an environment. Each costs memory wherever the flag is evaluated.
pub const PATTERNS_MAX: usize = 100;
/// Most patterns that a flag may have in an environment once saved filters stand in their place.
pub const EXPANDED_PATTERNS_MAX: usize = 500;
/// Most values that a flag may have in an environment once saved filters stand in their place.
pub const EXPANDED_VALUES_MAX: usize = 1_000_000;
/// Most values of a condition.
pub const VALUES_MAX: usize = 10_000;

/// How a condition compares. Management operators; UFC has no `EQUALS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the names are the operators of the specification, one to one")]
pub enum Operator {
    Lt,
    Lte,
    Gt,
    Gte,
    Matches,
    NotMatches,
    OneOf,
    NotOneOf,
    IsNull,
    Equals,
    SemverEq,
    SemverNeq,
    SemverLt,
    SemverLte,
    SemverGt,
    SemverGte,
}

impl Operator {
    /// All operators, the documented ones first.
    pub const ALL: [Self; 16] = [
        Self::Lt,
        Self::Lte,
        Self::Gt,
        Self::Gte,
        Self::Matches,
        Self::NotMatches,
        Self::OneOf,
        Self::NotOneOf,
        Self::IsNull,
        Self::Equals,
        Self::SemverEq,
        Self::SemverNeq,
        Self::SemverLt,
        Self::SemverLte,
        Self::SemverGt,
        Self::SemverGte,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lt => "LT",
            Self::Lte => "LTE",
            Self::Gt => "GT",
            Self::Gte => "GTE",
            Self::Matches => "MATCHES",
            Self::NotMatches => "NOT_MATCHES",
            Self::OneOf => "ONE_OF",
            Self::NotOneOf => "NOT_ONE_OF",
            Self::IsNull => "IS_NULL",
            Self::Equals => "EQUALS",
            Self::SemverEq => "SEMVER_EQ",
            Self::SemverNeq => "SEMVER_NEQ",
            Self::SemverLt => "SEMVER_LT",
            Self::SemverLte => "SEMVER_LTE",
            Self::SemverGt => "SEMVER_GT",
            Self::SemverGte => "SEMVER_GTE",
        }
    }

    /// The operator of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str() == name)
    }

    /// Records what is wrong with the values for this operator, at the values' place.
    fn check(self, values: &[String], faults: &mut Faults) {
        let single = |faults: &mut Faults, accepted: &str, fits: &dyn Fn(&str) -> bool| match values {
            [value] if fits(value) => {}
            [value] => {
                faults.push_at(0, format!("{value:?} does not do for {}: give {accepted}", self.as_str()));
            }
            _ => faults.push(format!("has {} values; {} takes one: {accepted}", values.len(), self.as_str())),
        };
        match self {
            Self::Lt | Self::Lte | Self::Gt | Self::Gte => {
                single(faults, "a finite number such as \"90\"", &|value| parse_comparand(value).is_some());
            }
            Self::IsNull => {
                single(faults, "\"true\" or \"false\"", &|value| value.parse::<bool>().is_ok());
            }
            Self::SemverEq
            | Self::SemverNeq
            | Self::SemverLt
            | Self::SemverLte
            | Self::SemverGt
            | Self::SemverGte => single(faults, "a version such as \"1.4.0\"", &check_version),
            Self::OneOf | Self::NotOneOf | Self::Equals => {
                if values.is_empty() || values.len() > VALUES_MAX {
                    faults.push(format!("has {} values; give 1 to {VALUES_MAX}", values.len()));
                }
            }
            Self::Matches | Self::NotMatches => {
                if !(1..=PATTERNS_MAX).contains(&values.len()) {
                    faults.push(format!("has {} patterns; give 1 to {PATTERNS_MAX}", values.len()));
                    return;
                }
                for (position, pattern) in values.iter().enumerate() {
                    if let Err(fault) = check_pattern(pattern) {
                        faults.push_at(
                            position,
                            format!("{pattern:?} is no regular expression we run: {fault}"),
                        );
                        return;
                    }
                }
                if values.len() > 1
                    && let Err(fault) = check_pattern(&join_patterns(values))
                {
                    faults.push(format!("the patterns do not work together: {fault}"));
                }
            }
        }
    }
}

/// One pattern that matches when any of `patterns` does.
pub(crate) fn join_patterns(patterns: &[String]) -> String {
    match patterns {
        [pattern] => pattern.clone(),
        _ => patterns.iter().map(|pattern| format!("(?:{pattern})")).collect::<Vec<_>>().join("|"),
    }
}

/// The number that `LT`, `LTE`, `GT` and `GTE` compare with: any finite decimal number.
pub(crate) fn parse_comparand(text: &str) -> Option<f64> {
    let looks_like_a_number = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    text.parse().ok().filter(|number: &f64| looks_like_a_number && number.is_finite())
}

/// What a condition tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Test {
    /// One attribute against values.
    Inline {
        /// Name of the attribute; `id` is the targeting key unless given.
        attribute: String,
        /// The comparison.
        operator: Operator,
        /// What to compare with, always as text.
        values: Vec<String>,
    },
    /// The rules of a saved filter.
    SavedFilter {
        /// The filter.
        saved_filter_id: SavedFilterId,
    },
}

/// One of the AND-ed conditions of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Identifier.
    pub id: ConditionId,
    /// What it tests.
    pub test: Test,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// One of the OR-ed rules of an allocation. Matches when all its conditions do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetingRule {
    /// Identifier.
    pub id: RuleId,
    /// AND-ed, at least one.
    pub conditions: Vec<Condition>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What somebody asks a condition to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct ConditionDraft {
    /// Attribute.
    pub attribute: Option<String>,
    /// Operator.
    pub operator: Option<Operator>,
    /// Values.
    pub values: Option<Vec<String>>,
    /// Saved filter, instead of the other three.
    pub saved_filter_id: Option<SavedFilterId>,
}

/// What somebody asks a rule to be.
#[derive(Clone, Debug, Default)]
pub struct RuleDraft {
    /// Conditions.
    pub conditions: Vec<ConditionDraft>,
}

impl RuleDraft {
    /// How many patterns the rule would have.
    pub(crate) fn pattern_count(&self) -> usize {
        let is_pattern = |operator| matches!(operator, Some(Operator::Matches | Operator::NotMatches));
        let patterns = self.conditions.iter().filter(|condition| is_pattern(condition.operator));
        patterns.map(|condition| condition.values.as_ref().map_or(0, Vec::len)).sum()
    }
}

impl TargetingRule {
    /// What its conditions test.
    pub fn tests(&self) -> Vec<Test> {
        self.conditions.iter().map(|condition| condition.test.clone()).collect()
    }

    /// How many values its conditions have.
    pub(crate) fn value_count(&self) -> usize {
        let count = |condition: &Condition| match &condition.test {
            Test::Inline { values, .. } => values.len(),
            Test::SavedFilter { .. } => 0,
        };
        self.conditions.iter().map(count).sum()
    }

    /// How many patterns the rule has.
    pub(crate) fn pattern_count(&self) -> usize {
        let count = |condition: &Condition| match &condition.test {
            Test::Inline { operator: Operator::Matches | Operator::NotMatches, values, .. } => values.len(),
            Test::Inline { .. } | Test::SavedFilter { .. } => 0,
        };
        self.conditions.iter().map(count).sum()
    }
}

/// Makes rules of drafts. A rule that is what `previous` has at its position keeps its ids and times.
pub(crate) fn parse_rules(
    drafts: Vec<RuleDraft>,
    previous: &[TargetingRule],
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    now: Timestamp,
    ids: &dyn MintId,
    faults: &mut Faults,
) -> Vec<TargetingRule> {
    if drafts.len() > RULES_MAX {
        faults.push(format!("has {} entries; an allocation has at most {RULES_MAX} rules", drafts.len()));
        return Vec::new();
    }
    let mut rules = Vec::with_capacity(drafts.len());
    let mut expanded = Expansion::default();
    for (position, draft) in drafts.into_iter().enumerate() {
        let tests = faults.at(position, |faults| parse_tests(draft, saved_filters, faults));
        expanded = expanded.plus(Expansion::of(&tests, saved_filters));
        rules.push(make_rule(tests, previous.get(position), now, ids));
    }
    if expanded.rules > EXPANDED_RULES_MAX {
        faults.push(format!(
            "becomes {} rules with its saved filters in place; at most {EXPANDED_RULES_MAX}",
            expanded.rules
        ));
    }
    rules
}

/// What rules become with saved filters in their place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expansion {
    /// How many rules.
    pub rules: usize,
    /// How many patterns they have together.
    pub patterns: usize,
    /// How many values their conditions have together.
    pub values: usize,
}

impl Expansion {
    /// Of a rule with these tests. A filter that is not there matches nobody.
    pub fn of<'a>(
        tests: impl IntoIterator<Item = &'a Test>,
        saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    ) -> Self {
        let one = Self { rules: 1, patterns: 0, values: 0 };
        let is_pattern = |test: &Test| {
            matches!(test, Test::Inline { operator: Operator::Matches | Operator::NotMatches, .. })
        };
        tests.into_iter().fold(one, |so_far, test| match test {
            Test::Inline { values, .. } => {
                let values = so_far.rules.saturating_mul(values.len());
                let patterns = if is_pattern(test) { values } else { 0 };
                Self {
                    patterns: so_far.patterns.saturating_add(patterns),
                    values: so_far.values.saturating_add(values),
                    ..so_far
                }
            }
            Test::SavedFilter { saved_filter_id } => {
                let options = saved_filters.get(saved_filter_id).map_or(&[][..], |filter| &filter.rules);
                let patterns: usize = options.iter().map(TargetingRule::pattern_count).sum();
                let values: usize = options.iter().map(TargetingRule::value_count).sum();
                let grown = |before: usize, added: usize| {
                    before.saturating_mul(options.len()).saturating_add(so_far.rules.saturating_mul(added))
                };
                Self {
                    rules: so_far.rules.saturating_mul(options.len()),
                    patterns: grown(so_far.patterns, patterns),
                    values: grown(so_far.values, values),
                }
            }
        })
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            rules: self.rules.saturating_add(other.rules),
            patterns: self.patterns.saturating_add(other.patterns),
            values: self.values.saturating_add(other.values),
        }
    }
}

fn make_rule(
    tests: Vec<Test>,
    previous: Option<&TargetingRule>,
    now: Timestamp,
    ids: &dyn MintId,
) -> TargetingRule {
    if let Some(rule) = previous
        && rule.conditions.iter().map(|condition| &condition.test).eq(&tests)
    {
        return rule.clone();
    }
    let conditions = tests
        .into_iter()
        .map(|test| Condition { id: ConditionId::mint(ids), test, created_at: now, updated_at: now })
        .collect();
    TargetingRule { id: RuleId::mint(ids), conditions, created_at: now, updated_at: now }
}

fn parse_tests(
    draft: RuleDraft,
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    faults: &mut Faults,
) -> Vec<Test> {
    faults.at("conditions", |faults| {
        let count = draft.conditions.len();
        if count == 0 || count > CONDITIONS_MAX {
            faults.push(format!("has {count} entries; a rule has 1 to {CONDITIONS_MAX} conditions"));
            return Vec::new();
        }
        let drafts = draft.conditions.into_iter().enumerate();
        drafts
            .filter_map(|(position, draft)| {
                faults.at(position, |faults| parse_test(draft, saved_filters, faults))
            })
            .collect()
    })
}

fn parse_test(
    draft: ConditionDraft,
    saved_filters: &BTreeMap<SavedFilterId, SavedFilter>,
    faults: &mut Faults,
) -> Option<Test> {
    if let Some(saved_filter_id) = draft.saved_filter_id {
        if draft.attribute.is_some() || draft.operator.is_some() || draft.values.is_some() {
            faults.push("has both saved_filter_id and a comparison; give one or the other");
        }
        if !saved_filters.contains_key(&saved_filter_id) {
            faults
                .push_at("saved_filter_id", format!("{saved_filter_id} is no saved filter of this project"));
        }
        return Some(Test::SavedFilter { saved_filter_id });
    }
    if let (Some(operator), Some(values)) = (draft.operator, &draft.values) {
        faults.at("value", |faults| operator.check(values, faults));
    }
    if draft.attribute.as_ref().is_some_and(String::is_empty) {
        faults.push_at("attribute", "is empty; give the name of an attribute of the evaluation context");
    }
    Some(Test::Inline { attribute: draft.attribute?, operator: draft.operator?, values: draft.values? })
}
