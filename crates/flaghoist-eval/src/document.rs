//! Reading whole documents, flag by flag.

use std::sync::Arc;

use foldhash::HashMap;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{DocumentFault, Flag, FlagFault, Snapshot, eppo, wire};

/// Which reading of UFC a document follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `totalShards` per shard, JSON values as objects, `SEMVER_*` operators; a condition that cannot be read breaks
    /// its flag.
    Datadog,
    /// `totalShards` per flag, JSON values as text, versions compared by `LT` to `GTE`; a condition that cannot be
    /// read never holds.
    Eppo,
}

/// The document as far as it concerns all flags. Flags stay text, so that each can fail on its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outline<'d> {
    created_at: Option<String>,
    format: Option<String>,
    environment: Option<wire::EnvironmentName>,
    #[serde(borrow)]
    flags: Option<HashMap<Box<str>, &'d RawValue>>,
    #[serde(borrow)]
    data: Option<&'d RawValue>,
}

/// The envelope that agentless SDKs receive.
#[derive(Deserialize)]
struct Envelope<'d> {
    #[serde(borrow)]
    attributes: &'d RawValue,
}

impl Snapshot {
    /// Reads a document, bare or as `{"data":{"attributes":{…}}}`.
    ///
    /// A broken flag becomes a [`FlagFault`] under its key. The document as a whole is refused only when it is not
    /// JSON, lacks `createdAt`, `environment` or `flags`, or has a `format` other than `SERVER`. (Eppo documents may
    /// leave `format` out.)
    pub fn from_json(bytes: &[u8], dialect: Dialect) -> Result<Snapshot, DocumentFault> {
        let mut outline: Outline<'_> = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
        if let (None, Some(data)) = (&outline.flags, outline.data) {
            let envelope: Envelope<'_> =
                serde_json::from_str(data.get()).map_err(|error| not_json(&error))?;
            outline = serde_json::from_str(envelope.attributes.get()).map_err(|error| not_json(&error))?;
        }
        outline.check(dialect)?;
        let flags = outline.flags.ok_or(DocumentFault::Missing { member: "flags" })?;
        Ok(Snapshot::from_flags(flags.into_iter().map(|(key, text)| {
            let flag = read_flag(&key, text, dialect).map(Arc::new);
            (key, flag)
        })))
    }
}

fn not_json(error: &serde_json::Error) -> DocumentFault {
    DocumentFault::Json { detail: error.to_string().into() }
}

impl Outline<'_> {
    fn check(&self, dialect: Dialect) -> Result<(), DocumentFault> {
        match (self.format.as_deref(), dialect) {
            (Some(wire::Document::SERVER), _) | (None, Dialect::Eppo) => {}
            (Some(found), _) => return Err(DocumentFault::Format { found: found.into() }),
            (None, Dialect::Datadog) => return Err(DocumentFault::Missing { member: "format" }),
        }
        let created_at = self.created_at.as_deref().ok_or(DocumentFault::Missing { member: "createdAt" })?;
        if created_at.parse::<Timestamp>().is_err() {
            return Err(DocumentFault::CreatedAt { found: created_at.into() });
        }
        self.environment.as_ref().map(|_| ()).ok_or(DocumentFault::Missing { member: "environment" })
    }
}

fn read_flag(key: &str, text: &RawValue, dialect: Dialect) -> Result<Flag, FlagFault> {
    let flag = match dialect {
        Dialect::Datadog => {
            let flag = serde_json::from_str(text.get()).map_err(|error| FlagFault::shape(&error))?;
            Flag::compile(&flag)?
        }
        Dialect::Eppo => eppo::read_flag(text.get())?,
    };
    if flag.key() != key {
        return Err(FlagFault::FlagKey { expected: key.into(), found: flag.key().into() });
    }
    Ok(flag)
}
