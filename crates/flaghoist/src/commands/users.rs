//! `flaghoist users`

use super::{block_on, say};
use crate::server_client::{Connection, Question, ServerClient};
use crate::table::{cells, table};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

/// Members of a project.
#[derive(Args)]
pub(crate) struct Users {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the members of the project.
    List(List),
    /// Add a member. Prints the password that was made for a new person: the only time it is shown.
    Add(Add),
    /// Change a member.
    Update(Update),
    /// Remove a member from the project, with their application keys.
    Remove(Remove),
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
struct Add {
    #[command(flatten)]
    connection: Connection,
    /// Their e-mail. A service account can do without.
    #[arg(long, required_unless_present = "service_account")]
    email: Option<String>,
    /// For people.
    #[arg(long)]
    name: Option<String>,
    /// viewer, editor, admin, or the name or id of a custom role.
    #[arg(long)]
    role: String,
    /// A program, which has keys and no password. Needs --name.
    #[arg(long, requires = "name")]
    service_account: bool,
    /// Print the server's JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Update {
    #[command(flatten)]
    connection: Connection,
    /// E-mail or id.
    user: String,
    /// viewer, editor, admin, or the name or id of a custom role.
    #[arg(long)]
    role: Option<String>,
    /// For people.
    #[arg(long)]
    name: Option<String>,
    /// Shut them out: neither log-ins nor keys of theirs are taken.
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    /// Let them in again.
    #[arg(long)]
    enable: bool,
    /// Read a new password from standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Whether they administer the installation.
    #[arg(long, value_name = "BOOL")]
    installation_admin: Option<bool>,
}

#[derive(Args)]
struct Remove {
    #[command(flatten)]
    connection: Connection,
    /// E-mail or id.
    user: String,
}

/// Does what was asked.
pub(crate) fn run(users: &Users) -> Result<()> {
    block_on(async {
        match &users.what {
            What::List(list) => show(list).await,
            What::Add(add) => add_user(add).await,
            What::Update(update) => change(update).await,
            What::Remove(remove) => {
                let server = remove.connection.open()?;
                let id = find(&server, &remove.user).await?;
                server.ask(Question::new(Method::DELETE, &["api", "v1", "users", &id])).await?;
                say(format_args!("removed {}", remove.user));
                Ok(())
            }
        }
    })
}

/// The id of the member of that e-mail or id.
pub(super) async fn find(server: &ServerClient, user: &str) -> Result<String> {
    let list = server.ask(Question::new(Method::GET, &["api", "v1", "users"])).await?;
    let users = list["users"].as_array().map(Vec::as_slice).unwrap_or_default();
    let email = user.to_lowercase();
    let is_it = |one: &&Value| one["id"] == user || one["email"] == email.as_str();
    match users.iter().find(is_it).and_then(|found| found["id"].as_str()) {
        Some(id) => Ok(id.to_owned()),
        None => bail!("{user:?} is no member of the project"),
    }
}

async fn show(list: &List) -> Result<()> {
    let answer = list.connection.open()?.ask(Question::new(Method::GET, &["api", "v1", "users"])).await?;
    if list.json {
        say(answer);
        return Ok(());
    }
    let names = ["id", "email", "name", "kind", "role", "disabled_at"];
    let rows: Vec<Vec<String>> =
        answer["users"].as_array().into_iter().flatten().map(|user| cells(user, &names)).collect();
    say(table(&["id", "email", "name", "kind", "role", "shut out since"], &rows));
    Ok(())
}

async fn add_user(add: &Add) -> Result<()> {
    let server = add.connection.open()?;
    let kind = if add.service_account { "service_account" } else { "person" };
    let role = super::roles::find(&server, &add.role).await?;
    let mut body = json!({"kind": kind, "role": role});
    for (name, value) in [("email", &add.email), ("name", &add.name)] {
        if let Some(value) = value {
            body[name] = json!(value);
        }
    }
    let path = ["api", "v1", "users"];
    let user = server.ask(Question::new(Method::POST, &path).body(body)).await?;
    if add.json {
        say(user);
        return Ok(());
    }
    say(format_args!(
        "{}  {}",
        user["id"].as_str().unwrap_or_default(),
        user["email"].as_str().unwrap_or_default()
    ));
    if let Some(password) = user["initial_password"].as_str() {
        say(format_args!("password  {password}"));
    }
    Ok(())
}

async fn change(update: &Update) -> Result<()> {
    let server = update.connection.open()?;
    let id = find(&server, &update.user).await?;
    let mut body = json!({});
    if let Some(role) = &update.role {
        body["role"] = json!(super::roles::find(&server, role).await?);
    }
    if let Some(name) = &update.name {
        body["name"] = json!(name);
    }
    if update.disable || update.enable {
        body["disabled"] = json!(update.disable);
    }
    if update.password_stdin {
        let text = std::io::read_to_string(std::io::stdin()).context("standard input broke off")?;
        body["password"] = json!(text.trim_end_matches(['\r', '\n']));
    }
    if let Some(is_admin) = update.installation_admin {
        body["is_installation_admin"] = json!(is_admin);
    }
    let path = ["api", "v1", "users", &id];
    server.ask(Question::new(Method::PATCH, &path).body(body)).await?;
    say(format_args!("changed {}", update.user));
    Ok(())
}
