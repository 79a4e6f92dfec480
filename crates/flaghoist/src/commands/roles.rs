//! `flaghoist roles`

use super::{block_on, say};
use crate::server_client::{Connection, Question, ServerClient};
use crate::table::{cells, table};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

/// Roles of a project.
#[derive(Args)]
pub(crate) struct Roles {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the roles of the project and what they may do.
    List(List),
    /// Make a custom role.
    Create(Create),
    /// Change a custom role.
    Update(Update),
    /// Remove a custom role that nobody has.
    Delete(Delete),
}

#[derive(Args)]
struct List {
    #[command(flatten)]
    connection: Connection,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Create {
    #[command(flatten)]
    connection: Connection,
    /// Unique in the project.
    #[arg(long)]
    name: String,
    /// For people.
    #[arg(long)]
    description: Option<String>,
    /// All it may do; several with commas.
    #[arg(long, value_name = "PERMISSION", value_delimiter = ',', required = true)]
    permissions: Vec<String>,
}

#[derive(Args)]
struct Update {
    #[command(flatten)]
    connection: Connection,
    /// Name or id.
    role: String,
    /// Unique in the project.
    #[arg(long)]
    name: Option<String>,
    /// For people.
    #[arg(long)]
    description: Option<String>,
    /// All it may do; several with commas.
    #[arg(long, value_name = "PERMISSION", value_delimiter = ',')]
    permissions: Option<Vec<String>>,
}

#[derive(Args)]
struct Delete {
    #[command(flatten)]
    connection: Connection,
    /// Name or id.
    role: String,
}

const PATH: [&str; 3] = ["api", "v1", "roles"];

/// Does what was asked.
pub(crate) fn run(roles: &Roles) -> Result<()> {
    block_on(async {
        match &roles.what {
            What::List(list) => show(list).await,
            What::Create(create) => {
                let mut body = json!({"name": create.name, "permissions": create.permissions});
                if let Some(description) = &create.description {
                    body["description"] = json!(description);
                }
                let server = create.connection.open()?;
                let role = server.ask(Question::new(Method::POST, &PATH).body(body)).await?;
                say(role["id"].as_str().unwrap_or_default());
                Ok(())
            }
            What::Update(update) => change(update).await,
            What::Delete(delete) => {
                let server = delete.connection.open()?;
                let id = find(&server, &delete.role).await?;
                server.ask(Question::new(Method::DELETE, &["api", "v1", "roles", &id])).await?;
                say(format_args!("removed {}", delete.role));
                Ok(())
            }
        }
    })
}

/// The id of the role of that name or id.
pub(super) async fn find(server: &ServerClient, role: &str) -> Result<String> {
    if ["viewer", "editor", "admin"].contains(&role) {
        return Ok(role.to_owned());
    }
    let list = server.ask(Question::new(Method::GET, &PATH)).await?;
    let roles = list["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_it = |one: &&Value| one["id"] == role || one["name"] == role;
    match roles.iter().find(is_it).and_then(|found| found["id"].as_str()) {
        Some(id) => Ok(id.to_owned()),
        None => bail!("there is no role {role:?}; `flaghoist roles list` shows them"),
    }
}

async fn show(list: &List) -> Result<()> {
    let answer = list.connection.open()?.ask(Question::new(Method::GET, &PATH)).await?;
    if list.json {
        say(answer);
        return Ok(());
    }
    let rows: Vec<Vec<String>> = answer["roles"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|role| cells(role, &["id", "name", "permissions"]))
        .collect();
    say(table(&["id", "name", "permissions"], &rows));
    Ok(())
}

async fn change(update: &Update) -> Result<()> {
    let server = update.connection.open()?;
    let id = find(&server, &update.role).await?;
    let mut body = json!({});
    for (name, value) in [("name", &update.name), ("description", &update.description)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    if let Some(permissions) = &update.permissions {
        body["permissions"] = json!(permissions);
    }
    let path = ["api", "v1", "roles", &id];
    server.ask(Question::new(Method::PATCH, &path).body(body)).await?;
    say(format_args!("changed {}", update.role));
    Ok(())
}
