//! Context attributes: what is known of the attributes that applications evaluate flags with. A dictionary for people
//! and tools; evaluation does not consult it.

use crate::id::{ContextAttributeId, ProjectId, UserId};
use crate::key::{parse_description, parse_name};
use crate::names::names;
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Most attributes of a project.
pub const CONTEXT_ATTRIBUTES_MAX: usize = 1_000;
/// Most operators and suggestions of one.
const ENTRIES_MAX: usize = 1_000;
/// Longest key in bytes.
const KEY_MAX_BYTES: usize = 255;

names! {
    /// What an attribute describes; the first part of its key.
    AttributeCategory {
        /// A person.
        User = "user",
        /// An organization.
        Organization = "organization",
        /// A device.
        Device = "device",
        /// Anything else.
        Custom = "custom",
    }
}

/// A context attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContextAttribute {
    /// Identifier.
    pub id: ContextAttributeId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project; never changes.
    pub key: String,
    /// For people.
    pub label: String,
    /// The type of its values, in the words of who made it.
    pub value_type: String,
    /// What it describes.
    pub category: AttributeCategory,
    /// Operators that make sense with it.
    pub operators: Vec<String>,
    /// Whether people made it; the others are there in every project and are never removed.
    pub is_custom: bool,
    /// Whether it is offered.
    pub is_active: bool,
    /// Values to offer.
    pub suggestions: Vec<String>,
    /// What an empty field shows.
    pub placeholder: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// Who made it.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change; 0 for what was never changed and is there in every project.
    pub revision: i64,
}

/// What somebody asks an attribute to be. What is absent stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ContextAttributeDraft {
    /// Key.
    pub key: Option<String>,
    /// Label; the key when absent.
    pub label: Option<String>,
    /// Type of its values; `string` when absent.
    pub value_type: Option<String>,
    /// Category; that of the key's first part when absent.
    pub category: Option<AttributeCategory>,
    /// Operators.
    pub operators: Option<Vec<String>>,
    /// Offered or not.
    pub is_active: Option<bool>,
    /// Values to offer.
    pub suggestions: Option<Vec<String>>,
    /// Placeholder.
    pub placeholder: Patch<String>,
    /// Description.
    pub description: Patch<String>,
}

/// Keys, labels and types of the attributes that are there in every project.
const IN_EVERY_PROJECT: &[(&str, &str, &str)] = &[
    ("user.key", "User key", "string"),
    ("user.email", "User e-mail", "string"),
    ("user.country", "User country", "string"),
    ("organization.key", "Organization key", "string"),
    ("organization.plan", "Organization plan", "string"),
    ("device.platform", "Device platform", "string"),
];

impl ContextAttribute {
    /// The attributes that are there in every project, as long as nobody changed them. Their ids come from the
    /// project's and theirs, so they never change.
    pub fn in_every_project(project_id: ProjectId, created_at: Timestamp) -> Vec<Self> {
        let attribute = |(key, label, value_type): &(&str, &str, &str)| Self {
            id: ContextAttributeId(derived_id(project_id, key)),
            project_id,
            key: (*key).to_owned(),
            label: (*label).to_owned(),
            value_type: (*value_type).to_owned(),
            category: category_of(key),
            operators: ["eq", "neq", "in", "nin", "contains", "exists"].map(str::to_owned).into(),
            is_custom: false,
            is_active: true,
            suggestions: Vec::new(),
            placeholder: None,
            description: None,
            created_by: None,
            created_at,
            updated_at: created_at,
            revision: 0,
        };
        IN_EVERY_PROJECT.iter().map(attribute).collect()
    }

    /// A new attribute. The caller records an absent key; the store enforces uniqueness.
    pub fn create(
        draft: ContextAttributeDraft,
        project_id: ProjectId,
        author: UserId,
        now: Timestamp,
        ids: &dyn MintId,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let key = draft.key.clone().unwrap_or_default();
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte);
        if !(2..=KEY_MAX_BYTES).contains(&key.len()) || !key.bytes().all(fits) {
            let accepted = "2 to 255 lower-case letters of a to z, digits, dots and underscores";
            faults.push_at("key", format!("{key:?} does not do; give {accepted}"));
        }
        let empty = Self {
            id: ContextAttributeId::mint(ids),
            project_id,
            label: key.clone(),
            category: category_of(&key),
            key,
            value_type: "string".to_owned(),
            operators: Vec::new(),
            is_custom: true,
            is_active: true,
            suggestions: Vec::new(),
            placeholder: None,
            description: None,
            created_by: Some(author),
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        empty.update(draft, now, faults)
    }

    /// This attribute with what the draft names changed. The key never changes.
    pub fn update(
        &self,
        draft: ContextAttributeDraft,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut attribute = Self { updated_at: now, ..self.clone() };
        let faults = &mut faults;
        if let Some(key) = draft.key.filter(|key| *key != self.key) {
            faults.push_at("key", format!("{key:?} differs from {:?}; the key never changes", self.key));
        }
        if let Some(label) =
            draft.label.and_then(|text| faults.at("label", |faults| parse_name(text, faults)))
        {
            attribute.label = label;
        }
        if let Some(name) =
            draft.value_type.and_then(|text| faults.at("type", |faults| parse_name(text, faults)))
        {
            attribute.value_type = name;
        }
        attribute.category = draft.category.unwrap_or(attribute.category);
        attribute.is_active = draft.is_active.unwrap_or(attribute.is_active);
        let mut list = |name: &str, given: Option<Vec<String>>, present: &mut Vec<String>| match given {
            Some(given) if given.len() > ENTRIES_MAX => {
                faults.push_at(name, format!("has {} entries; give at most {ENTRIES_MAX}", given.len()));
            }
            Some(given) => *present = given,
            None => {}
        };
        list("operators", draft.operators, &mut attribute.operators);
        list("suggestions", draft.suggestions, &mut attribute.suggestions);
        let mut text = |name: &str, given: Patch<String>, present: &mut Option<String>| {
            *present = match given {
                Patch::Set(text) => faults.at(name, |faults| parse_description(text, faults)),
                other => other.apply(present.take()),
            };
        };
        text("placeholder", draft.placeholder, &mut attribute.placeholder);
        text("description", draft.description, &mut attribute.description);
        faults.check()?;
        Ok(attribute)
    }
}

fn category_of(key: &str) -> AttributeCategory {
    let first = key.split('.').next().unwrap_or_default();
    AttributeCategory::from_name(first).unwrap_or(AttributeCategory::Custom)
}

/// An id that is the same whenever it is asked for.
fn derived_id(project_id: ProjectId, key: &str) -> uuid::Uuid {
    let mut bytes = project_id.0.as_bytes().to_vec();
    bytes.extend_from_slice(key.as_bytes());
    uuid::Builder::from_md5_bytes(md5::compute(bytes).0).into_uuid()
}
