//! `flaghoist keys`

use super::{block_on, say};
use crate::server_client::{Connection, Question, ServerClient};
use crate::table::{cells, table};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use reqwest::Method;
use serde_json::{Value, json};

/// Keys of a project.
#[derive(Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the keys of the project, without their secrets.
    List(List),
    /// Make a key, and print its secret: the only time it is shown.
    Create(Create),
    /// Revoke a key. It is not taken any more when the command ends.
    Revoke(Revoke),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    connection: Connection,
    /// Only one's own application keys.
    #[arg(long)]
    mine: bool,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Create {
    #[command(flatten)]
    connection: Connection,
    /// What it is for.
    #[arg(long, value_enum)]
    kind: Kind,
    /// For people.
    #[arg(long)]
    name: String,
    /// Key or id of the environment an SDK key reads.
    #[arg(long, value_name = "KEY")]
    environment: Option<String>,
    /// E-mail or id of the service account an application key acts for; oneself when absent.
    #[arg(long, value_name = "USER")]
    user: Option<String>,
    /// What an application key may do at most; several with commas.
    #[arg(long, value_name = "PERMISSION", value_delimiter = ',')]
    scopes: Option<Vec<String>>,
    /// From when it is not taken any more (RFC 3339).
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Revoke {
    #[command(flatten)]
    connection: Connection,
    /// Id of the key.
    id: String,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Api,
    Application,
    ServerSdk,
    ClientSdk,
}

/// Does what was asked.
pub(crate) fn run(keys: &Keys) -> Result<()> {
    block_on(async {
        match &keys.what {
            What::List(list) => show(list).await,
            What::Create(create) => make(create).await,
            What::Revoke(revoke) => {
                let path = ["api", "v1", "keys", &revoke.id];
                revoke.connection.open()?.ask(Question::new(Method::DELETE, &path)).await?;
                say(format_args!("revoked {}", revoke.id));
                Ok(())
            }
        }
    })
}

async fn show(list: &List) -> Result<()> {
    let path: &[&str] = if list.mine { &["api", "v1", "me", "keys"] } else { &["api", "v1", "keys"] };
    let answer = list.connection.open()?.ask(Question::new(Method::GET, path)).await?;
    if list.json {
        say(answer);
        return Ok(());
    }
    let names = ["id", "kind", "name", "secret_end", "user_email", "expires_at", "last_used_at"];
    let rows: Vec<Vec<String>> =
        answer["keys"].as_array().into_iter().flatten().map(|key| cells(key, &names)).collect();
    say(table(&["id", "kind", "name", "ends in", "acts for", "expires", "last used"], &rows));
    Ok(())
}

async fn make(create: &Create) -> Result<()> {
    let server = create.connection.open()?;
    let mut body = json!({"name": create.name});
    let mut set = |name: &str, value: Value| body[name] = value;
    if let Some(scopes) = &create.scopes {
        set("scopes", json!(scopes));
    }
    if let Some(expires_at) = &create.expires_at {
        set("expires_at", json!(expires_at));
    }
    let mut path = vec!["api", "v1", "keys"];
    match (create.kind, &create.user, &create.environment) {
        (Kind::Api, None, None) => set("kind", json!("api_key")),
        (Kind::Application, None, None) => path.insert(2, "me"),
        (Kind::Application, Some(user), None) => {
            set("kind", json!("application_key"));
            set("user_id", json!(super::users::find(&server, user).await?));
        }
        (kind @ (Kind::ServerSdk | Kind::ClientSdk), None, Some(environment)) => {
            let kind = if kind == Kind::ServerSdk { "server_sdk_key" } else { "client_sdk_key" };
            set("kind", json!(kind));
            set("environment_id", json!(environment_id(&server, environment).await?));
        }
        (Kind::ServerSdk | Kind::ClientSdk, None, None) => {
            bail!("an SDK key is of one environment; give --environment")
        }
        _ => bail!("--user is for application keys, --environment for SDK keys"),
    }
    let key = server.ask(Question::new(Method::POST, &path).body(body)).await?;
    if create.json {
        say(key);
    } else {
        say(key["secret"].as_str().context("the answer has no secret")?);
    }
    Ok(())
}

/// The id of the environment of that key or id.
pub(super) async fn environment_id(server: &ServerClient, environment: &str) -> Result<String> {
    let path = ["api", "v2", "feature-flags", "environments"];
    let list = server.ask(Question::new(Method::GET, &path).with("limit", Some(1_000))).await?;
    let environments = list["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_it = |one: &&Value| one["id"] == environment || one["attributes"]["key"] == environment;
    match environments.iter().find(is_it).and_then(|found| found["id"].as_str()) {
        Some(id) => Ok(id.to_owned()),
        None => bail!("there is no environment {environment:?}"),
    }
}
