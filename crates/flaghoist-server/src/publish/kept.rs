//! The last publication on disk, so that a server that starts while its database is away still answers readers.
//!
//! ```text
//! <directory>/<environment id>.json   an environment with what its flags serve
//! <directory>/index.json              which of them count, the SDK keys (hashes of their secrets), the revisions
//! ```
//!
//! Every file is replaced as a whole, and the index last: after a crash every environment is as it was at some moment,
//! not all of them at the same.

use super::contents::{BesideDocument, compiled};
use super::{Published, PublishedEnvironment, PublishedFlag, PublishedReader, Publisher};
use flaghoist_eval::wire;
use flaghoist_model::compile::Channel;
use flaghoist_model::credential::SecretHash;
use flaghoist_model::environment::Environment;
use flaghoist_model::flag::DistributionChannel;
use flaghoist_model::id::{CredentialId, EnvironmentId, FlagId, ProjectId};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What the files look like. Files of another format are not read.
const FORMAT: u32 = 1;
/// Changes that follow one another sooner are written together.
const PAUSE: Duration = Duration::from_millis(200);
/// After how long it is tried again what could not be written.
const RETRY: Duration = Duration::from_secs(5);

#[derive(Serialize, Deserialize)]
struct Index {
    format: u32,
    environments: Vec<EnvironmentId>,
    readers: Vec<KeptReader>,
    projects: Vec<KeptProject>,
}

#[derive(Serialize, Deserialize)]
struct KeptProject {
    id: ProjectId,
    key: String,
    revision: i64,
}

#[derive(Serialize, Deserialize)]
struct KeptReader {
    /// Hexadecimal.
    secret_hash: String,
    credential_id: CredentialId,
    environment_id: EnvironmentId,
    is_server: bool,
    expires_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct KeptEnvironment<'a> {
    format: u32,
    environment: Cow<'a, Environment>,
    flags: Vec<KeptFlag<'a>>,
}

#[derive(Serialize, Deserialize)]
struct KeptFlag<'a> {
    id: FlagId,
    distribution_channel: DistributionChannel,
    #[serde(default)]
    default_value: Cow<'a, serde_json::Value>,
    #[serde(default)]
    is_reported: bool,
    wire: Cow<'a, wire::Flag>,
}

/// What is kept in `directory`; none when nothing is, or another version of Flaghoist wrote it.
pub(super) fn read(directory: &Path) -> io::Result<Option<Published>> {
    let Some(index) = read_file::<Index>(&directory.join("index.json"))? else { return Ok(None) };
    if index.format != FORMAT {
        return Ok(None);
    }
    let mut published = Published::default();
    for id in index.environments {
        let Some(kept) = read_file::<KeptEnvironment<'static>>(&environment_path(directory, id))? else {
            continue;
        };
        if kept.format == FORMAT {
            let flags: Vec<PublishedFlag> = kept.flags.into_iter().map(restore).collect();
            let environment =
                PublishedEnvironment::new(kept.environment.into_owned(), &flags, Arc::default(), None);
            published.environments.insert(id, Arc::new(environment));
        }
    }
    for reader in index.readers {
        let mut secret_hash = [0; 32];
        hex::decode_to_slice(&reader.secret_hash, &mut secret_hash).map_err(io::Error::other)?;
        let secret_hash = SecretHash(secret_hash);
        published.secret_hashes.insert(reader.credential_id, secret_hash);
        let channel = if reader.is_server { Channel::Server } else { Channel::Client };
        let reader =
            PublishedReader::kept(reader.credential_id, reader.environment_id, channel, reader.expires_at);
        published.readers.insert(secret_hash, reader);
    }
    for project in index.projects {
        published.revisions.insert(project.id, project.revision);
        published.project_ids.insert(project.key, project.id);
    }
    Ok(Some(published))
}

fn restore(kept: KeptFlag<'_>) -> PublishedFlag {
    let beside = BesideDocument {
        distribution_channel: kept.distribution_channel,
        default_value: kept.default_value.into_owned(),
        is_reported: kept.is_reported,
    };
    compiled(kept.id, beside, kept.wire.into_owned(), Arc::default(), None)
}

fn read_file<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Keeps what is published in `directory`, until `stop` is done and the last of it is written.
pub async fn keep(publisher: Arc<Publisher>, directory: PathBuf, stop: CancellationToken) {
    let mut published_anew = publisher.subscribe();
    published_anew.mark_changed();
    let mut written: HashMap<EnvironmentId, Arc<PublishedEnvironment>> = HashMap::new();
    let mut is_written = true;
    loop {
        let is_last = tokio::select! {
            () = stop.cancelled() => true,
            changed = published_anew.changed() => changed.is_err(),
            // What could not be written is tried again.
            () = tokio::time::sleep(RETRY), if !is_written => false,
        };
        if !is_last {
            // Whoever stops meanwhile is not kept waiting: the last round writes it.
            let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
        }
        // What was restored from here and is not known to be current says nothing new.
        if publisher.is_current() {
            let published = publisher.published_now();
            (written, is_written) = keep_once(published, directory.clone(), written).await;
        } else {
            is_written = false;
        }
        if is_last {
            return;
        }
    }
}

/// Writes the environments that are not as they were `written`. Gives those that are written now, and whether all is.
async fn keep_once(
    published: Arc<Published>,
    directory: PathBuf,
    written: HashMap<EnvironmentId, Arc<PublishedEnvironment>>,
) -> (HashMap<EnvironmentId, Arc<PublishedEnvironment>>, bool) {
    let writing = tokio::task::spawn_blocking(move || {
        let mut now = HashMap::new();
        let result = write(&published, &directory, &written, &mut now);
        if let Err(error) = &result {
            tracing::warn!(cause = %error, directory = %directory.display(), "could not keep what is published");
        }
        (now, result.is_ok())
    });
    writing.await.unwrap_or_default()
}

fn write(
    published: &Published,
    directory: &Path,
    written: &HashMap<EnvironmentId, Arc<PublishedEnvironment>>,
    now: &mut HashMap<EnvironmentId, Arc<PublishedEnvironment>>,
) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    for environment in published.environments() {
        let id = environment.id();
        if !written.get(&id).is_some_and(|written| Arc::ptr_eq(written, environment)) {
            replace(&environment_path(directory, id), &kept(environment))?;
        }
        now.insert(id, Arc::clone(environment));
    }
    let readers = published.readers.iter().map(|(secret_hash, reader)| KeptReader {
        secret_hash: hex::encode(secret_hash.0),
        credential_id: reader.credential_id,
        environment_id: reader.environment_id,
        is_server: reader.channel == Channel::Server,
        expires_at: reader.expires_at,
    });
    let projects = published.project_ids.iter().filter_map(|(key, id)| {
        let revision = *published.revisions.get(id)?;
        Some(KeptProject { id: *id, key: key.clone(), revision })
    });
    let index = Index {
        format: FORMAT,
        environments: now.keys().copied().collect(),
        readers: readers.collect(),
        projects: projects.collect(),
    };
    replace(&directory.join("index.json"), &index)?;
    remove_others(directory, now)
}

/// Removes the files of environments that are gone.
fn remove_others(
    directory: &Path,
    kept: &HashMap<EnvironmentId, Arc<PublishedEnvironment>>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let id = path.file_stem().and_then(|stem| stem.to_str()?.parse::<EnvironmentId>().ok());
        if id.is_some_and(|id| !kept.contains_key(&id)) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

fn kept(environment: &PublishedEnvironment) -> KeptEnvironment<'_> {
    let flags = environment.flags().iter().map(|flag| KeptFlag {
        id: flag.id,
        distribution_channel: flag.distribution_channel,
        default_value: Cow::Borrowed(&*flag.default_value),
        is_reported: flag.is_reported,
        wire: Cow::Borrowed(&*flag.wire),
    });
    let environment = Cow::Borrowed(environment.environment());
    KeptEnvironment { format: FORMAT, environment, flags: flags.collect() }
}

fn environment_path(directory: &Path, id: EnvironmentId) -> PathBuf {
    directory.join(format!("{id}.json"))
}

/// Replaces a file as a whole.
fn replace(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let draft = path.with_extension("new");
    let bytes = serde_json::to_vec(content).map_err(io::Error::other)?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
