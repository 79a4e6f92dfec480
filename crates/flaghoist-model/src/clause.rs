//! Clauses: conditions as the Flagmint interface has them, section 6 of `flagmint.md`.
//!
//! Nothing evaluates clauses. They are compiled into the conditions that every reader understands, and kept beside
//! them as long as the conditions are what they were compiled into, so that whoever wrote them sees them again.

mod compile;

pub use compile::{Clauses, Combinator};

use crate::Faults;
use crate::names::names;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most clauses of a rule or segment.
pub const CLAUSES_MAX: usize = 100;

names! {
    /// How a clause compares.
    ClauseOperator {
        /// Equal; an absent attribute equals the empty text.
        Eq = "eq",
        /// Not equal; true of an absent attribute.
        Neq = "neq",
        /// One of a list.
        In = "in",
        /// None of a list; true of an absent attribute.
        Nin = "nin",
        /// A greater number.
        Gt = "gt",
        /// A smaller number.
        Lt = "lt",
        /// A number at least as great.
        Gte = "gte",
        /// A number at most as great.
        Lte = "lte",
        /// There, and not null.
        Exists = "exists",
        /// Absent or null.
        NotExists = "not_exists",
        /// Holds a text.
        Contains = "contains",
        /// Does not hold a text; true of an absent attribute.
        NotContains = "not_contains",
        /// Starts with a text.
        StartsWith = "startsWith",
        /// Ends with a text.
        EndsWith = "endsWith",
        /// Matches a regular expression; never true of an absent attribute.
        Regex = "regex",
    }
}

impl ClauseOperator {
    /// The operator of that name, or of one of the names that clients use beside.
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "starts_with" => Some(Self::StartsWith),
            "ends_with" => Some(Self::EndsWith),
            "matches" => Some(Self::Regex),
            name => Self::from_name(name),
        }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clause {
    /// Name of the attribute.
    pub attribute: String,
    /// The comparison.
    pub operator: ClauseOperator,
    /// What to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What its author said of how it goes with the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logical_op: Option<String>,
}

/// What somebody asks a clause to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct ClauseDraft {
    /// Attribute.
    pub attribute: Option<String>,
    /// Operator.
    pub operator: Option<ClauseOperator>,
    /// Value.
    pub value: Option<Value>,
    /// How it goes with the others.
    pub logical_op: Option<String>,
}

/// Makes clauses of drafts, or records why not. The place of `faults` is their list.
pub fn parse_clauses(drafts: Vec<ClauseDraft>, faults: &mut Faults) -> Vec<Clause> {
    if drafts.len() > CLAUSES_MAX {
        faults.push(format!("has {} entries; give at most {CLAUSES_MAX}", drafts.len()));
        return Vec::new();
    }
    let parse = |(position, draft): (usize, ClauseDraft)| {
        faults.at(position, |faults| {
            if draft.attribute.as_ref().is_some_and(String::is_empty) {
                faults.push_at(
                    "attribute",
                    "is empty; give the name of an attribute of the evaluation context",
                );
            }
            let clause = Clause {
                attribute: draft.attribute?,
                operator: draft.operator?,
                value: draft.value,
                logical_op: draft.logical_op,
            };
            clause.check(faults);
            Some(clause)
        })
    };
    drafts.into_iter().enumerate().filter_map(parse).collect()
}
