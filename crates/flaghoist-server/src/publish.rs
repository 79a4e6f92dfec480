//! Publication: what readers get, one immutable snapshot per environment behind an atomic pointer.
//!
//! ```text
//! store ──changes_since──▶ Contents (domain, by project) ──compile──▶ Published ──ArcSwap──▶ readers
//! ```
//!
//! After a commit the node that made it calls [`Publisher::refresh`]; the other nodes learn from
//! [`follow`]. Both read what changed since the revision they have and publish only the environments it
//! concerns. Readers take one pointer and never wait. When the database is away they keep what they have.

mod contents;
mod counters;
mod document;
mod environment;
mod kept;
mod reader;
pub(crate) mod remote_configuration;

pub use counters::{FlagCounter, Outcome};
pub use document::{Form, RenderedDocument, entity_tag};
pub(crate) use environment::changed;
pub use environment::{Changes, ChannelSnapshot, FlagSource, PublishedEnvironment, PublishedFlag};
pub use kept::keep;
pub use reader::{LastUse, PublishedReader};

use arc_swap::{ArcSwap, Guard};
use contents::Contents;
use flaghoist_model::credential::SecretHash;
use flaghoist_model::id::{CredentialId, EnvironmentId, ProjectId};
use flaghoist_model::project::Project;
use flaghoist_store::{Error, Store};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// How often a node asks the database for changes of other nodes when it heard of none.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Everything readers get, as of one moment.
#[derive(Default)]
pub struct Published {
    environments: HashMap<EnvironmentId, Arc<PublishedEnvironment>, foldhash::fast::RandomState>,
    readers: HashMap<SecretHash, PublishedReader, foldhash::fast::RandomState>,
    secret_hashes: HashMap<CredentialId, SecretHash, foldhash::fast::RandomState>,
    revisions: HashMap<ProjectId, i64>,
    project_ids: HashMap<String, ProjectId>,
}

impl Published {
    /// The SDK key of that secret, and what it reads.
    pub fn reader(&self, secret_hash: &SecretHash) -> Option<(&PublishedReader, &Arc<PublishedEnvironment>)> {
        let reader = self.readers.get(secret_hash)?;
        Some((reader, self.environments.get(&reader.environment_id)?))
    }

    /// The hash of the secret of an SDK key.
    pub fn secret_hash(&self, id: CredentialId) -> Option<&SecretHash> {
        self.secret_hashes.get(&id)
    }

    /// All SDK keys, in no order.
    pub fn readers(&self) -> impl Iterator<Item = &PublishedReader> {
        self.readers.values()
    }

    /// All environments, in no order.
    pub fn environments(&self) -> impl Iterator<Item = &Arc<PublishedEnvironment>> {
        self.environments.values()
    }

    /// The environment of a project that has a `DD_ENV`.
    pub fn environment_of(&self, project_id: ProjectId, dd_env: &str) -> Option<&Arc<PublishedEnvironment>> {
        self.environments.values().find(|published| {
            let environment = published.environment();
            environment.project_id == project_id && environment.queries.iter().any(|query| query == dd_env)
        })
    }

    /// The project of that key.
    pub fn project_id(&self, key: &str) -> Option<ProjectId> {
        self.project_ids.get(key).copied()
    }

    /// The revision that is published of each project.
    pub fn revisions(&self) -> impl Iterator<Item = (&ProjectId, &i64)> {
        self.revisions.iter()
    }
}

/// Keeps what is published up to date.
pub struct Publisher {
    store: Arc<dyn Store>,
    published: ArcSwap<Published>,
    contents: Mutex<HashMap<ProjectId, Contents>>,
    is_current: AtomicBool,
    published_anew: watch::Sender<()>,
}

impl Publisher {
    /// A publisher that has published nothing yet.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            published: ArcSwap::default(),
            contents: Mutex::default(),
            is_current: AtomicBool::new(false),
            published_anew: watch::Sender::new(()),
        }
    }

    /// Publishes what was kept in `directory`, until the store can be read. Whether there was anything.
    pub fn restore(&self, directory: &Path) -> std::io::Result<bool> {
        let Some(kept) = kept::read(directory)? else { return Ok(false) };
        self.published.store(Arc::new(kept));
        self.published_anew.send_replace(());
        Ok(true)
    }

    /// What is published now. Take it once per request.
    pub fn published(&self) -> Guard<Arc<Published>> {
        self.published.load()
    }

    /// The same, for those who keep it while they wait for something else.
    pub fn published_now(&self) -> Arc<Published> {
        self.published.load_full()
    }

    /// Tells whoever waits that something was published since they last looked.
    pub fn subscribe(&self) -> watch::Receiver<()> {
        self.published_anew.subscribe()
    }

    /// Whether the last look at the store succeeded, so that readers see all that was committed before it.
    pub fn is_current(&self) -> bool {
        self.is_current.load(Ordering::Acquire)
    }

    /// Reads what changed in all projects and publishes it. Returns once readers see everything that was
    /// committed before the call.
    pub async fn refresh(&self) -> Result<(), Error> {
        // Refreshes go one after another, so that an older state never replaces a newer one.
        let mut contents = self.contents.lock().await;
        let read = self.read_changes(&mut contents).await;
        self.is_current.store(read.is_ok(), Ordering::Release);
        read
    }

    async fn read_changes(&self, contents: &mut HashMap<ProjectId, Contents>) -> Result<(), Error> {
        let mut reader = self.store.read().await?;
        let projects = reader.projects().await?;
        for project in &projects {
            let known = contents.entry(project.id).or_default();
            if known.revision() == project.revision {
                continue;
            }
            if let Some(changes) = reader.changes_since(project.id, known.revision()).await? {
                // Nothing waits between these two: what was taken in is published, even if reading the next project
                // fails or the request that asked for this goes away.
                known.apply(changes, &self.published.load());
                self.publish(contents, &projects);
            }
        }
        Ok(())
    }

    /// Publishes all projects, but not before each was read once: what was restored stays until it can be replaced.
    fn publish(&self, contents: &HashMap<ProjectId, Contents>, projects: &[Project]) {
        let is_read = |project: &Project| contents.get(&project.id).is_some_and(|known| known.revision() > 0);
        if projects.iter().all(is_read) {
            self.published.store(Arc::new(assemble(contents)));
            self.published_anew.send_replace(());
        }
    }
}

fn assemble(contents: &HashMap<ProjectId, Contents>) -> Published {
    let mut published = Published::default();
    for (project_id, contents) in contents {
        published.revisions.insert(*project_id, contents.revision());
        published.project_ids.insert(contents.key().to_owned(), *project_id);
        published
            .environments
            .extend(contents.published().map(|environment| (environment.id(), Arc::clone(environment))));
        published.readers.extend(contents.readers());
        published.secret_hashes.extend(contents.readers().map(|(hash, reader)| (reader.credential_id, hash)));
    }
    published
}

/// Publishes what other nodes change, until `stop` is done. Also brings readers up to date after the database
/// was away.
pub async fn follow(publisher: Arc<Publisher>, stop: tokio_util::sync::CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = publisher.store.changed(POLL_INTERVAL) => {}
        }
        if let Err(error) = publisher.refresh().await {
            tracing::warn!(cause = %error, "could not read changes; readers keep the last snapshot");
        }
    }
}
