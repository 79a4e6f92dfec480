//! Flags: what an application asks for, and the variants it can get.

mod variants;

pub use variants::{VARIANTS_MAX, VariantPatch};

use crate::access::Principal;
use crate::id::{FlagId, ProjectId, UserId, VariantId};
use crate::json_schema::JsonSchema;
use crate::key::{parse_description, parse_key, parse_name};
use crate::migration_metadata;
use crate::value::ValueType;
use crate::variant::{Variant, VariantDraft};
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use variants::parse_variants;

/// Most tags a flag may have.
pub const TAGS_MAX: usize = 100;
/// Longest metadata of a flag in bytes, as JSON.
pub const METADATA_MAX_BYTES: usize = 64 * 1024;

/// Which readers see a flag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DistributionChannel {
    /// Servers and clients.
    #[default]
    All,
    /// Browsers and mobile applications.
    Client,
    /// Servers.
    Server,
}

impl DistributionChannel {
    /// The channel of that name. `BOTH`, which Datadog's migration tool sends, means `ALL`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ALL" | "BOTH" => Some(Self::All),
            "CLIENT" => Some(Self::Client),
            "SERVER" => Some(Self::Server),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Client => "CLIENT",
            Self::Server => "SERVER",
        }
    }
}

/// What is known about whether a flag is still needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StalenessStatus {
    /// In use.
    #[default]
    Active,
    /// Kept on purpose; never stale.
    Permanent,
}

impl StalenessStatus {
    /// The status of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ACTIVE" => Some(Self::Active),
            "PERMANENT" => Some(Self::Permanent),
            _ => None,
        }
    }

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Permanent => "PERMANENT",
        }
    }
}

/// A flag. What it serves in an environment is a [`FlagEnvironment`](crate::flag_environment::FlagEnvironment).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flag {
    /// Identifier.
    pub id: FlagId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project; never changes.
    pub key: String,
    /// Unique in the project.
    pub name: String,
    /// For people; may be empty.
    pub description: String,
    /// The type of every variant; never changes.
    pub value_type: ValueType,
    /// In the order of creation.
    pub variants: Vec<Variant>,
    /// What an environment serves by default until told otherwise.
    pub initial_default_variant_id: VariantId,
    /// For people and filters.
    pub tags: Vec<String>,
    /// Which readers see it.
    pub distribution_channel: DistributionChannel,
    /// Text of the JSON Schema that every variant of a JSON flag fits.
    pub json_schema: Option<String>,
    /// Whether changes in production environments need an approval.
    pub require_approval: bool,
    /// Whether it is still needed.
    pub staleness_status: StalenessStatus,
    /// What a migration tool said about where the flag comes from; echoed, never read.
    pub migration_metadata: Option<serde_json::Value>,
    /// Whether applications are asked to report what they evaluate.
    #[serde(default = "reports_by_default")]
    pub analytics_enabled: bool,
    /// What clients of the Flagmint interface keep with it; echoed, never read, but for the template in lists.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: UserId,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who changed it last.
    pub last_updated_by: UserId,
    /// Project revision of its last change.
    pub revision: i64,
}

/// What somebody asks a new flag to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct FlagDraft {
    /// Key.
    pub key: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Value type.
    pub value_type: Option<ValueType>,
    /// Variants.
    pub variants: Option<Vec<VariantDraft>>,
    /// Key of the variant that environments serve by default; the first one when absent.
    pub default_variant_key: Option<String>,
    /// Channel.
    pub distribution_channel: Option<DistributionChannel>,
    /// Text of a JSON Schema.
    pub json_schema: Option<String>,
    /// Approvals or not.
    pub require_approval: Option<bool>,
    /// Staleness.
    pub staleness_status: Option<StalenessStatus>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Migration metadata.
    pub migration_metadata: Option<serde_json::Value>,
    /// Reports or not.
    pub analytics_enabled: Option<bool>,
    /// What clients keep with it.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What somebody asks to change in a flag.
#[derive(Clone, Debug, Default)]
pub struct FlagPatch {
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Text of a JSON Schema.
    pub json_schema: Patch<String>,
    /// Tags.
    pub tags: Option<Vec<String>>,
    /// Channel.
    pub distribution_channel: Option<DistributionChannel>,
    /// Approvals or not.
    pub require_approval: Option<bool>,
    /// Staleness.
    pub staleness_status: Option<StalenessStatus>,
    /// Migration metadata.
    pub migration_metadata: Patch<serde_json::Value>,
    /// Reports or not.
    pub analytics_enabled: Option<bool>,
    /// What clients keep with it, as a whole.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

/// What flags of earlier versions mean.
fn reports_by_default() -> bool {
    true
}

impl Flag {
    /// A new flag. The caller records absent required members; the store enforces uniqueness of key and name.
    pub fn create(
        draft: FlagDraft,
        author: &Principal,
        now: Timestamp,
        ids: &dyn MintId,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let faults = &mut faults;
        let key = draft.key.and_then(|key| faults.at("key", |faults| parse_key(key, faults)));
        let name = draft.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults)));
        let description = draft
            .description
            .and_then(|text| faults.at("description", |faults| parse_description(text, faults)));
        let tags = draft.tags.map(|tags| faults.at("tags", |faults| parse_tags(tags, faults)));
        let schema =
            draft.json_schema.as_deref().and_then(|text| parse_schema(text, draft.value_type, faults));
        let variants = match (draft.variants, draft.value_type) {
            (Some(drafts), Some(value_type)) => faults.at("variants", |faults| {
                parse_variants(drafts, value_type, schema.as_ref(), now, ids, faults)
            }),
            _ => Vec::new(),
        };
        if let Some(metadata) = &draft.migration_metadata {
            migration_metadata::check(metadata, faults);
        }
        check_metadata(draft.metadata.as_ref(), faults);
        let default = match &draft.default_variant_key {
            None => variants.first(),
            Some(wanted) => variants.iter().find(|variant| variant.key == *wanted).or_else(|| {
                faults
                    .push_at("default_variant_key", format!("{wanted:?} is the key of none of the variants"));
                None
            }),
        };
        let default = default.map(|variant| variant.id);
        faults.check()?;
        // Every part that is still missing here was recorded as absent by the caller, so `check` has returned.
        let (Some(key), Some(name), Some(value_type), Some(initial_default_variant_id)) =
            (key, name, draft.value_type, default)
        else {
            return Err(Rejection::invalid(
                faults.pointer(),
                "key, name, value_type and variants are required",
            ));
        };
        Ok(Self {
            id: FlagId::mint(ids),
            project_id: author.project_id,
            key,
            name,
            description: description.unwrap_or_default(),
            value_type,
            variants,
            initial_default_variant_id,
            tags: tags.unwrap_or_default(),
            distribution_channel: draft.distribution_channel.unwrap_or_default(),
            json_schema: draft.json_schema,
            require_approval: draft.require_approval.unwrap_or_default(),
            staleness_status: draft.staleness_status.unwrap_or_default(),
            migration_metadata: draft.migration_metadata,
            analytics_enabled: draft.analytics_enabled.unwrap_or(true),
            metadata: draft.metadata.unwrap_or_default(),
            archived_at: None,
            created_at: now,
            created_by: author.user_id,
            updated_at: now,
            last_updated_by: author.user_id,
            revision: 0,
        })
    }

    /// This flag with what the patch names changed. Rules are never touched.
    pub fn update(
        &self,
        patch: FlagPatch,
        author: &Principal,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut flag = self.touched(author, now);
        let faults = &mut faults;
        if let Some(name) = patch.name.and_then(|name| faults.at("name", |faults| parse_name(name, faults))) {
            flag.name = name;
        }
        if let Some(text) = patch.description {
            flag.description =
                faults.at("description", |faults| parse_description(text, faults)).unwrap_or_default();
        }
        if let Some(tags) = patch.tags {
            flag.tags = faults.at("tags", |faults| parse_tags(tags, faults));
        }
        if let Patch::Set(text) = &patch.json_schema
            && let Some(schema) = parse_schema(text, Some(self.value_type), faults)
        {
            for variant in &self.variants {
                let value = self.value_type.parse_quietly(&variant.value).unwrap_or_default();
                if let Err(message) = schema.check(&value) {
                    faults
                        .push_at("json_schema", format!("the value of variant {:?} {message}", variant.key));
                }
            }
        }
        flag.json_schema = patch.json_schema.apply(flag.json_schema);
        migration_metadata::check_patch(&patch.migration_metadata, faults);
        flag.migration_metadata = patch.migration_metadata.apply(flag.migration_metadata);
        check_metadata(patch.metadata.as_ref(), faults);
        flag.metadata = patch.metadata.unwrap_or(flag.metadata);
        flag.analytics_enabled = patch.analytics_enabled.unwrap_or(flag.analytics_enabled);
        flag.distribution_channel = patch.distribution_channel.unwrap_or(flag.distribution_channel);
        flag.require_approval = patch.require_approval.unwrap_or(flag.require_approval);
        flag.staleness_status = patch.staleness_status.unwrap_or(flag.staleness_status);
        faults.check()?;
        Ok(flag)
    }

    /// This flag, archived now. Archiving an archived flag is fine and moves the moment.
    #[must_use]
    pub fn archive(&self, author: &Principal, now: Timestamp) -> Self {
        Self { archived_at: Some(now), ..self.touched(author, now) }
    }

    /// This flag, out of the archive.
    #[must_use]
    pub fn unarchive(&self, author: &Principal, now: Timestamp) -> Self {
        Self { archived_at: None, ..self.touched(author, now) }
    }

    /// The variant with that id.
    pub fn variant(&self, id: VariantId) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.id == id)
    }

    /// The variant with that key.
    pub fn variant_by_key(&self, key: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.key == key)
    }

    /// The stored schema, compiled. It was checked when it was saved; one that no longer compiles binds nothing.
    pub(crate) fn schema(&self) -> Option<JsonSchema> {
        self.json_schema.as_deref().and_then(|text| JsonSchema::parse(text).ok())
    }

    pub(crate) fn touched(&self, author: &Principal, now: Timestamp) -> Self {
        Self { updated_at: now, last_updated_by: author.user_id, ..self.clone() }
    }
}

fn check_metadata(metadata: Option<&serde_json::Map<String, serde_json::Value>>, faults: &mut Faults) {
    let Some(metadata) = metadata else { return };
    let bytes = serde_json::to_string(metadata).map_or(usize::MAX, |text| text.len());
    if bytes > METADATA_MAX_BYTES {
        faults.push_at("metadata", format!("has {bytes} bytes; give at most {METADATA_MAX_BYTES}"));
    }
}

fn parse_schema(text: &str, value_type: Option<ValueType>, faults: &mut Faults) -> Option<JsonSchema> {
    let wrong = match value_type {
        Some(ValueType::Json) => match JsonSchema::parse(text) {
            Ok(schema) => return Some(schema),
            Err(message) => message,
        },
        Some(other) => format!("is only for flags of value type JSON, and this one is {}", other.as_str()),
        None => return None,
    };
    faults.push_at("json_schema", wrong);
    None
}

fn parse_tags(tags: Vec<String>, faults: &mut Faults) -> Vec<String> {
    if tags.len() > TAGS_MAX {
        faults.push(format!("has {} entries; a flag has at most {TAGS_MAX} tags", tags.len()));
        return Vec::new();
    }
    let mut parsed: Vec<String> = Vec::with_capacity(tags.len());
    for (position, tag) in tags.into_iter().enumerate() {
        // A repeated tag says nothing new; keeping the first is what the person meant.
        if let Some(tag) = faults.at(position, |faults| parse_key(tag, faults))
            && !parsed.contains(&tag)
        {
            parsed.push(tag);
        }
    }
    parsed
}
