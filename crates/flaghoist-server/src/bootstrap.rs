//! The first start: an empty database gets a project, environments, an administrator and keys.

use crate::clock::Clock;
use crate::secret::{self, PasswordMemory, SecretError};
use flaghoist_model::access::{Actor, BuiltInRole, Dialect, RoleRef};
use flaghoist_model::credential::{Credential, CredentialKind};
use flaghoist_model::environment::{Environment, EnvironmentDraft};
use flaghoist_model::history::{Action, Change};
use flaghoist_model::id::{CredentialId, HistoryId, ProjectId, UserId};
use flaghoist_model::project::{DEFAULT_PROJECT_KEY, Project};
use flaghoist_model::user::{Membership, User, UserKind};
use flaghoist_model::{Faults, MintId, Patch, Rejection};
use flaghoist_store::{Constraint, Error, Store, Writer};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// E-mail of the first administrator.
const ADMIN_EMAIL: &str = "admin@localhost";

/// What the first start made, secrets included: the content of `bootstrap.json`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Bootstrap {
    /// Where the server answers.
    pub url: String,
    /// The project.
    pub project_id: String,
    /// Names the project in management requests.
    pub api_key: String,
    /// Acts for the administrator in management requests.
    pub application_key: String,
    /// The administrator.
    pub admin: Admin,
    /// The environments.
    pub environments: Vec<BootstrapEnvironment>,
}

/// The first administrator.
#[derive(Clone, Serialize, Deserialize)]
pub struct Admin {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: String,
}

/// An environment of the first start and its keys.
#[derive(Clone, Serialize, Deserialize)]
pub struct BootstrapEnvironment {
    /// Identifier.
    pub id: String,
    /// Key.
    pub key: String,
    /// `DD_ENV` values.
    pub queries: Vec<String>,
    /// Reads server-channel flags.
    pub server_sdk_key: String,
    /// Reads client-channel flags.
    pub client_sdk_key: String,
}

/// Secrets that are given instead of made, for containers and CI.
#[derive(Clone, Debug, Default)]
pub struct GivenSecrets {
    /// The API key.
    pub api_key: Option<String>,
    /// The application key.
    pub application_key: Option<String>,
}

/// Shortest secret that may be given, in bytes.
pub const GIVEN_SECRET_MIN_BYTES: usize = 16;

/// Why the first start failed.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapError {
    /// The store.
    #[error(transparent)]
    Store(#[from] Error),
    /// Secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A name of ours is not valid: a defect.
    #[error("the first environments are not valid: {0}")]
    Invalid(#[from] Rejection),
    /// A given secret is too short to be one.
    #[error("{name} has {length} bytes; give at least {GIVEN_SECRET_MIN_BYTES}")]
    ShortSecret {
        /// Which.
        name: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A given secret cannot be sent in a header.
    #[error(
        "{name} has a space, a line break or another character that no header carries; give letters and digits"
    )]
    UnsendableSecret {
        /// Which.
        name: &'static str,
    },
    /// Both given secrets are the same.
    #[error("the given API key and the given application key are the same; give two")]
    EqualSecrets,
    /// `bootstrap.json` could not be written.
    #[error("the secrets could not be kept: {0}")]
    Keep(String),
}

/// Fills an empty database and gives what it made; nothing when there is a project already.
///
/// `keep` is called with the secrets before they count: secrets that nobody could read would lock everybody out,
/// secrets that never counted harm nobody.
pub async fn first_start(
    store: &dyn Store,
    clock: &dyn Clock,
    ids: &dyn MintId,
    url: &str,
    given: GivenSecrets,
    keep: impl FnOnce(&Bootstrap) -> Result<(), String>,
) -> Result<Option<Bootstrap>, BootstrapError> {
    if !store.read().await?.projects().await?.is_empty() {
        return Ok(None);
    }
    check_given(&given)?;
    let now = clock.now();
    let project = Project {
        id: ProjectId::mint(ids),
        key: DEFAULT_PROJECT_KEY.to_owned(),
        name: "Default".to_owned(),
        description: None,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let mut writer = match store.begin_project(&project).await {
        Ok(writer) => writer,
        // Another node was faster.
        Err(Error::Duplicate(Constraint::ProjectKey)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let password = secret::generate("")?;
    let user = User {
        id: UserId::mint(ids),
        email: ADMIN_EMAIL.to_owned(),
        name: "Administrator".to_owned(),
        kind: UserKind::Person,
        password_hash: Some(secret::hash_password(&password, &mut PasswordMemory::default())?),
        is_installation_admin: true,
        disabled_at: None,
        created_at: now,
    };
    writer.insert_user(&user).await?;
    let first = furnish(writer.as_mut(), &project, user.id, USUAL_ENVIRONMENTS, given, now, ids).await?;
    let bootstrap = Bootstrap {
        url: url.to_owned(),
        project_id: project.id.to_string(),
        api_key: first.api_key,
        application_key: first.application_key,
        admin: Admin { email: user.email, password },
        environments: first.environments,
    };
    keep(&bootstrap).map_err(BootstrapError::Keep)?;
    let change = Change {
        id: HistoryId::mint(ids),
        actor: Actor::System,
        dialect: Dialect::Internal,
        action: Action::ProjectCreated,
        flag_id: None,
        environment_id: None,
        before: None,
        after: serde_json::to_value(&project).ok(),
        reason: Some("first start".to_owned()),
        authority: None,
        reverts: None,
        at: now,
    };
    match writer.commit(change).await {
        Ok(_) => Ok(Some(bootstrap)),
        Err(Error::Duplicate(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Secrets of a new project.
pub(crate) struct FirstKeys {
    /// Names the project in management requests.
    pub(crate) api_key: String,
    /// Acts for its administrator.
    pub(crate) application_key: String,
    /// Its environments and their SDK keys.
    pub(crate) environments: Vec<BootstrapEnvironment>,
}

/// Gives a new project its administrator, its environments and its keys.
pub(crate) async fn furnish(
    writer: &mut dyn Writer,
    project: &Project,
    admin_id: UserId,
    first_environments: &[FirstEnvironment],
    given: GivenSecrets,
    now: Timestamp,
    ids: &dyn MintId,
) -> Result<FirstKeys, BootstrapError> {
    let membership = Membership {
        project_id: project.id,
        user_id: admin_id,
        role: RoleRef::BuiltIn(BuiltInRole::Admin),
        created_at: now,
    };
    writer.save_membership(&membership).await?;
    let mut keys = Keys { project, ids, now, made: Vec::new() };
    let api_key =
        keys.make("First API key", CredentialKind::ApiKey, secret::API_KEY_PREFIX, given.api_key)?;
    let application_key = keys.make(
        "First application key",
        CredentialKind::ApplicationKey { user_id: admin_id, scopes: None },
        secret::APPLICATION_KEY_PREFIX,
        given.application_key,
    )?;
    let mut environments = Vec::new();
    for environment in first_environments {
        let environment = environment.make(project, now, ids)?;
        writer.insert_environment(&environment).await?;
        environments.push(keys.make_sdk_keys(&environment)?);
    }
    for credential in &keys.made {
        writer.insert_credential(credential).await?;
    }
    Ok(FirstKeys { api_key, application_key, environments })
}

fn check_given(given: &GivenSecrets) -> Result<(), BootstrapError> {
    let named =
        [("the given API key", &given.api_key), ("the given application key", &given.application_key)];
    for (name, secret) in named {
        if let Some(length) =
            secret.as_ref().map(String::len).filter(|length| *length < GIVEN_SECRET_MIN_BYTES)
        {
            return Err(BootstrapError::ShortSecret { name, length });
        }
        if secret.as_ref().is_some_and(|secret| !secret.bytes().all(|byte| byte.is_ascii_graphic())) {
            return Err(BootstrapError::UnsendableSecret { name });
        }
    }
    if given.api_key.is_some() && given.api_key == given.application_key {
        return Err(BootstrapError::EqualSecrets);
    }
    Ok(())
}

/// An environment that a new project starts with.
pub(crate) struct FirstEnvironment {
    name: &'static str,
    description: Option<&'static str>,
    queries: &'static [&'static str],
    is_production: bool,
}

/// What projects start with.
pub(crate) const USUAL_ENVIRONMENTS: &[FirstEnvironment] = &[
    FirstEnvironment {
        name: "Development",
        description: None,
        queries: &["dev", "development"],
        is_production: false,
    },
    FirstEnvironment { name: "Staging", description: None, queries: &["staging"], is_production: false },
    FirstEnvironment {
        name: "Production",
        description: None,
        queries: &["prod", "production"],
        is_production: true,
    },
];

/// What projects start with that are made through the Flagmint interface. The oldest one is the default.
pub(crate) const LIVE_AND_STAGING: &[FirstEnvironment] = &[
    FirstEnvironment {
        name: "Live",
        description: Some("What your users get"),
        queries: &["live"],
        is_production: true,
    },
    FirstEnvironment {
        name: "Staging",
        description: Some("Where changes are tried first"),
        queries: &["staging"],
        is_production: false,
    },
];

impl FirstEnvironment {
    fn make(&self, project: &Project, now: Timestamp, ids: &dyn MintId) -> Result<Environment, Rejection> {
        let draft = EnvironmentDraft {
            name: Some(self.name.to_owned()),
            description: self.description.map_or(Patch::Keep, |text| Patch::Set(text.to_owned())),
            queries: Some(self.queries.iter().map(ToString::to_string).collect()),
            is_production: Some(self.is_production),
            ..EnvironmentDraft::default()
        };
        Environment::create(draft, project.id, now, ids, Faults::new())
    }
}

/// Makes keys and remembers what to store of them.
struct Keys<'a> {
    project: &'a Project,
    ids: &'a dyn MintId,
    now: Timestamp,
    made: Vec<Credential>,
}

impl Keys<'_> {
    fn make(
        &mut self,
        name: &str,
        kind: CredentialKind,
        prefix: &str,
        given: Option<String>,
    ) -> Result<String, SecretError> {
        let secret = given.map_or_else(|| secret::generate(prefix), Ok)?;
        self.made.push(Credential {
            id: CredentialId::mint(self.ids),
            project_id: self.project.id,
            kind,
            name: name.to_owned(),
            secret_hash: secret::hash(&secret),
            secret_end: secret::end(&secret),
            created_at: self.now,
            created_by: None,
            expires_at: None,
            last_used_at: None,
        });
        Ok(secret)
    }

    fn make_sdk_keys(&mut self, environment: &Environment) -> Result<BootstrapEnvironment, SecretError> {
        let environment_id = environment.id;
        let server = CredentialKind::ServerSdkKey { environment_id };
        let client = CredentialKind::ClientSdkKey { environment_id };
        let name = &environment.name;
        Ok(BootstrapEnvironment {
            id: environment_id.to_string(),
            key: environment.key.clone(),
            queries: environment.queries.clone(),
            server_sdk_key: self.make(
                &format!("{name} server"),
                server,
                secret::SERVER_SDK_KEY_PREFIX,
                None,
            )?,
            client_sdk_key: self.make(
                &format!("{name} client"),
                client,
                secret::CLIENT_SDK_KEY_PREFIX,
                None,
            )?,
        })
    }
}
