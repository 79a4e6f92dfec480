//! The engines, and the world that a test starts in.

use flaghoist_model::history::{Action, HistoryEntry};
use flaghoist_store::{
    EventStore, PostgresEvents, PostgresStore, Reader, Result, SqliteEvents, SqliteStore, Store, Writer,
};
use flaghoist_testkit::postgres::Postgres;
use flaghoist_testkit::samples::Samples;
use std::ops::Deref;
use std::sync::Arc;
use tempfile::TempDir;

/// Makes every test of the list run on SQLite and on PostgreSQL, each time with a database of its own.
macro_rules! on_both_engines {
    ($($test:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $test() {
                    super::$test($crate::engines::Home::sqlite()).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test]
                async fn $test() {
                    let Some(home) = $crate::engines::Home::postgres() else { return };
                    super::$test(home).await;
                }
            )+
        }
    };
}
pub(crate) use on_both_engines;

/// Where the data of a store is. Empty at first.
pub(crate) enum Home {
    Sqlite(TempDir),
    Postgres(String),
}

impl Home {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().unwrap())
    }

    /// None when PostgreSQL is not installed, which was said on standard error.
    pub(crate) fn postgres() -> Option<Self> {
        Postgres::shared().map(|server| Self::Postgres(server.create_database()))
    }

    pub(crate) async fn open(&self) -> OpenStore {
        match self {
            Self::Sqlite(dir) => OpenStore::Sqlite(SqliteStore::open(dir.path()).await.unwrap()),
            Self::Postgres(url) => OpenStore::Postgres(Box::new(PostgresStore::connect(url).await.unwrap())),
        }
    }

    pub(crate) async fn open_events(&self) -> OpenEvents {
        match self {
            Self::Sqlite(dir) => OpenEvents::Sqlite(SqliteEvents::open(dir.path()).await.unwrap()),
            Self::Postgres(url) => {
                OpenEvents::Postgres(Box::new(PostgresEvents::connect(url).await.unwrap()))
            }
        }
    }
}

/// Counts on either engine.
pub(crate) enum OpenEvents {
    Sqlite(SqliteEvents),
    Postgres(Box<PostgresEvents>),
}

impl OpenEvents {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(events) => events.close().await,
            Self::Postgres(events) => events.close().await,
        }
    }
}

impl Deref for OpenEvents {
    type Target = dyn EventStore;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Sqlite(events) => events,
            Self::Postgres(events) => &**events,
        }
    }
}

/// A store of either engine.
pub(crate) enum OpenStore {
    Sqlite(SqliteStore),
    Postgres(Box<PostgresStore>),
}

impl OpenStore {
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

impl Deref for OpenStore {
    type Target = dyn Store;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Sqlite(store) => store,
            Self::Postgres(store) => &**store,
        }
    }
}

/// A store with one project in it, at revision 1, and samples of what that project may have.
pub(crate) struct World {
    pub(crate) store: Arc<OpenStore>,
    pub(crate) samples: Samples,
}

impl World {
    pub(crate) async fn new(home: &Home) -> Self {
        let world = Self { store: Arc::new(home.open().await), samples: Samples::new(1) };
        world.add_project("default").await;
        world
    }

    /// Another project in the same store.
    pub(crate) async fn neighbour(&self) -> Self {
        let world = Self { store: Arc::clone(&self.store), samples: Samples::new(2) };
        world.add_project("neighbour").await;
        world
    }

    async fn add_project(&self, key: &str) {
        let writer = self.store.begin_project(&self.samples.project(key)).await.unwrap();
        writer.commit(self.samples.change(Action::ProjectCreated)).await.unwrap();
    }

    /// A transaction that reads.
    pub(crate) async fn read(&self) -> Box<dyn Reader> {
        self.store.read().await.unwrap()
    }

    /// A transaction that changes the project.
    pub(crate) async fn begin(&self) -> Box<dyn Writer> {
        self.store.begin(self.samples.project_id).await.unwrap()
    }

    /// Does `work` in a transaction of its own and commits it.
    pub(crate) async fn change(
        &self,
        work: impl AsyncFnOnce(&mut dyn Writer) -> Result<()>,
    ) -> Result<HistoryEntry> {
        let mut writer = self.begin().await;
        work(&mut *writer).await?;
        writer.commit(self.samples.change(Action::FlagUpdated)).await
    }

    /// The project's revision.
    pub(crate) async fn revision(&self) -> i64 {
        let projects = self.read().await.projects().await.unwrap();
        projects.into_iter().find(|project| project.id == self.samples.project_id).unwrap().revision
    }
}
