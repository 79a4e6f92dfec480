//! The evaluation context of this dialect, made into a targeting key and the attributes that conditions test
//! (section 5 of `flagmint.md`).
//!
//! Contexts come in several shapes, and SDKs merge one into another. Fields of a user, an organization or a custom
//! object are attributes with that prefix. A condition may name an attribute with its prefix, with another, or without:
//! aliases are resolved here, before evaluation, for the names that the flags of an environment use.

use flaghoist_eval::{AttributeValue, Attributes, Subject};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A context as it was read.
pub(super) struct Context {
    /// Who is evaluated for; none when nobody is named.
    pub(super) targeting_key: Option<String>,
    proper: Fields,
    /// Scalars that an SDK left behind beside the objects of a context of several kinds.
    leftovers: Fields,
}

/// Attributes in the order of their precedence, the first of a name counts.
#[derive(Default)]
struct Fields {
    exact: HashMap<String, AttributeValue<'static>, foldhash::fast::RandomState>,
    /// By name in lower case.
    any_case: HashMap<String, AttributeValue<'static>, foldhash::fast::RandomState>,
}

impl Fields {
    fn add(&mut self, name: String, value: &Value) {
        let Some(value) = attribute(value) else { return };
        self.any_case.entry(name.to_lowercase()).or_insert_with(|| value.clone());
        self.exact.entry(name).or_insert(value);
    }

    /// All fields of an object, with a prefix.
    fn add_all(&mut self, prefix: &str, fields: &Map<String, Value>) {
        for (name, value) in fields.iter().filter(|(name, _)| *name != "kind" && *name != "custom") {
            self.add(format!("{prefix}{name}"), value);
        }
    }

    fn get(&self, name: &str) -> Option<&AttributeValue<'static>> {
        self.exact.get(name).or_else(|| self.any_case.get(&name.to_lowercase()))
    }

    /// The attribute of a name or of one of its aliases.
    fn find(&self, name: &str) -> Option<&AttributeValue<'static>> {
        self.get(name).or_else(|| {
            let bare = name.rsplit('.').next().unwrap_or(name);
            let aliases = ["", "custom.", "user.", "organization."];
            aliases.iter().find_map(|prefix| self.get(&format!("{prefix}{bare}")))
        })
    }
}

/// An attribute's value; null and objects count as absent, the elements of an array are joined.
fn attribute(value: &Value) -> Option<AttributeValue<'static>> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Bool(value) => Some(AttributeValue::Boolean(*value)),
        Value::String(text) => Some(AttributeValue::from(text.clone())),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => Some(AttributeValue::Integer(integer)),
            None => number.as_f64().map(AttributeValue::Number),
        },
        Value::Array(elements) => {
            let texts: Vec<String> = elements.iter().map(text).collect();
            Some(AttributeValue::from(texts.join(",")))
        }
    }
}

/// A value as an element of a joined array.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(elements) => elements.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        other => other.to_string(),
    }
}

impl Context {
    /// Nobody, about whom nothing is known.
    pub(super) fn empty() -> Self {
        Self::of(&Value::Null)
    }

    /// A context in any of its shapes. Members that none of them has are attributes; nothing is refused.
    pub(super) fn of(context: &Value) -> Self {
        let none = Map::new();
        let members = context.as_object().unwrap_or(&none);
        let object = |name: &str| members.get(name).and_then(Value::as_object);
        let kind = members.get("kind").and_then(Value::as_str).unwrap_or_default();
        let (mut proper, mut leftovers) = (Fields::default(), Fields::default());
        match kind {
            "user" | "organization" => {
                let prefix = format!("{kind}.");
                let own = members.iter().filter(|(name, value)| {
                    !(value.is_object() && ["user", "organization", "custom"].contains(&name.as_str()))
                        && *name != "kind"
                });
                for (name, value) in own {
                    proper.add(format!("{prefix}{name}"), value);
                }
            }
            "multi" => {
                let scalars = members
                    .iter()
                    .filter(|(name, value)| !value.is_object() && !value.is_array() && *name != "kind");
                for (name, value) in scalars {
                    leftovers.add(name.clone(), value);
                }
            }
            _ => {
                for (name, value) in members.iter().filter(|(name, _)| *name != "kind") {
                    proper.add(name.clone(), value);
                }
            }
        }
        for name in ["user", "organization"] {
            if let Some(fields) = object(name) {
                proper.add_all(&format!("{name}."), fields);
            }
        }
        // `custom` is one object, wherever it stands; the outermost counts first.
        let inside = |name: &str| object(name).and_then(|fields| fields.get("custom")?.as_object());
        for custom in [object("custom"), inside("user"), inside("organization")].into_iter().flatten() {
            for (name, value) in custom {
                proper.add(format!("custom.{name}"), value);
            }
        }
        let targeting_key = targeting_key(kind, members);
        Self { targeting_key, proper, leftovers }
    }

    /// Gives all of it to `take`, for whoever wants to see what contexts look like.
    pub(super) fn show(&self, take: &mut dyn FnMut(&Subject<'_>)) {
        let known = self.leftovers.exact.iter().chain(&self.proper.exact);
        let attributes: Attributes<'_> =
            known.map(|(name, value)| (Cow::Borrowed(name.as_str()), value.clone())).collect();
        take(&Subject { targeting_key: self.targeting_key.as_deref(), attributes: &attributes });
    }

    /// The attributes of these names.
    pub(super) fn attributes(&self, names: &[Arc<str>]) -> Attributes<'static> {
        let find = |name: &str| self.proper.find(name).or_else(|| self.leftovers.find(name));
        let known = names.iter().filter_map(|name| Some((Cow::Owned(name.to_string()), find(name)?.clone())));
        known.collect()
    }
}

/// The key that decides buckets: that of the context's own kind, else whatever names a user.
fn targeting_key(kind: &str, members: &Map<String, Value>) -> Option<String> {
    let of_user = || members.get("user").and_then(Value::as_object).and_then(|user| user.get("key"));
    let own = match kind {
        "user" | "organization" => members.get("key"),
        "multi" => of_user(),
        _ => None,
    };
    let candidates = [own, members.get("user_id"), members.get("user.key"), of_user()];
    candidates.into_iter().flatten().find_map(key_text)
}

fn key_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
