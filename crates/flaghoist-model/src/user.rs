//! Users of the installation, their membership in projects, their log-ins, and teams.

use crate::access::RoleRef;
use crate::credential::SecretHash;
use crate::id::{ProjectId, SessionId, TeamId, UserId};
use crate::key::{parse_description, parse_key, parse_name};
use crate::{Faults, MintId, Patch, Rejection};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Shortest password in characters.
pub const PASSWORD_MIN_CHARS: usize = 12;
/// Longest password in bytes: hashing takes time for every byte.
pub const PASSWORD_MAX_BYTES: usize = 1_024;
/// Most members of a team.
pub const TEAM_MEMBERS_MAX: usize = 1_000;

/// What a user is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserKind {
    /// Somebody who logs in with a password.
    Person,
    /// A program that only has application keys.
    ServiceAccount,
}

impl UserKind {
    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "person" => Some(Self::Person),
            "service_account" => Some(Self::ServiceAccount),
            _ => None,
        }
    }

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::ServiceAccount => "service_account",
        }
    }
}

/// A person or service account of the installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Identifier; the `created_by` of Datadog answers.
    pub id: UserId,
    /// Unique in the installation, in lower case. Service accounts have one too: it is their handle.
    pub email: String,
    /// For people.
    pub name: String,
    /// What they are.
    pub kind: UserKind,
    /// Argon2 hash in PHC form; without one nobody logs in as this user.
    pub password_hash: Option<String>,
    /// Whether they administer the installation: all projects, and users of several projects.
    pub is_installation_admin: bool,
    /// When they were shut out, if they are: neither log-ins nor keys of theirs work.
    pub disabled_at: Option<Timestamp>,
    /// When they were made.
    pub created_at: Timestamp,
}

/// Reads an e-mail address: something, an `@`, something, nothing that cannot stand in a header; lower case.
pub fn parse_email(text: String, faults: &mut Faults) -> Option<String> {
    let text = parse_key(text, faults)?.to_lowercase();
    let well_formed = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.is_empty()
            && !domain.contains('@')
            && !text.contains(char::is_whitespace)
            && !text.contains(is_invisible)
    });
    if !well_formed {
        faults.push(format!("{text:?} is no e-mail address; give one such as ada@example.com"));
        return None;
    }
    Some(text)
}

/// Characters that are not seen, or turn the direction of others: two addresses must not look the same because of them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Checks a new password; what is wrong is recorded without the password.
pub fn check_password(password: &str, faults: &mut Faults) {
    let chars = password.chars().count();
    if chars < PASSWORD_MIN_CHARS || password.len() > PASSWORD_MAX_BYTES {
        faults.push(format!(
            "has {chars} characters; a password has at least {PASSWORD_MIN_CHARS} characters and at most {PASSWORD_MAX_BYTES} bytes"
        ));
    }
}

/// That a user belongs to a project, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The project.
    pub project_id: ProjectId,
    /// The user.
    pub user_id: UserId,
    /// As what.
    pub role: RoleRef,
    /// Since when.
    pub created_at: Timestamp,
}

/// A log-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifier; safe to show.
    pub id: SessionId,
    /// Who logged in.
    pub user_id: UserId,
    /// SHA-256 of the secret that the client holds.
    pub secret_hash: SecretHash,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Some members of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Identifier.
    pub id: TeamId,
    /// The project it belongs to.
    pub project_id: ProjectId,
    /// Unique in the project; the `<handle>` of the tag `team:<handle>`.
    pub handle: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: Option<String>,
    /// Who is in it.
    pub member_ids: Vec<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Project revision of its last change.
    pub revision: i64,
}

/// What somebody asks a team to be. A member is `None` when it is absent or already recorded as a fault.
#[derive(Clone, Debug, Default)]
pub struct TeamDraft {
    /// Handle.
    pub handle: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Patch<String>,
    /// Members.
    pub member_ids: Option<Vec<UserId>>,
}

impl Team {
    /// A new team. The caller records absent required members; the store enforces that handles differ.
    pub fn create(
        draft: TeamDraft,
        project_id: ProjectId,
        is_member: impl Fn(UserId) -> bool,
        now: Timestamp,
        ids: &dyn MintId,
        faults: Faults,
    ) -> Result<Self, Rejection> {
        let empty = Self {
            id: TeamId::mint(ids),
            project_id,
            handle: String::new(),
            name: String::new(),
            description: None,
            member_ids: Vec::new(),
            created_at: now,
            updated_at: now,
            revision: 0,
        };
        empty.update(draft, is_member, now, faults)
    }

    /// This team with what the draft names changed. `is_member` tells who is a member of the project.
    pub fn update(
        &self,
        draft: TeamDraft,
        is_member: impl Fn(UserId) -> bool,
        now: Timestamp,
        mut faults: Faults,
    ) -> Result<Self, Rejection> {
        let mut team = Self { updated_at: now, ..self.clone() };
        if let Some(handle) =
            draft.handle.and_then(|text| faults.at("handle", |faults| parse_key(text, faults)))
        {
            team.handle = handle;
        }
        if let Some(name) = draft.name.and_then(|text| faults.at("name", |faults| parse_name(text, faults))) {
            team.name = name;
        }
        team.description = match draft.description {
            Patch::Set(text) => faults.at("description", |faults| parse_description(text, faults)),
            other => other.apply(team.description.take()),
        };
        if let Some(member_ids) = draft.member_ids {
            team.member_ids = faults.at("member_ids", |faults| parse_members(member_ids, is_member, faults));
        }
        faults.check()?;
        Ok(team)
    }
}

fn parse_members(ids: Vec<UserId>, is_member: impl Fn(UserId) -> bool, faults: &mut Faults) -> Vec<UserId> {
    if ids.len() > TEAM_MEMBERS_MAX {
        faults.push(format!("has {} entries; a team has at most {TEAM_MEMBERS_MAX} members", ids.len()));
        return Vec::new();
    }
    let mut parsed = Vec::with_capacity(ids.len());
    for (position, id) in ids.into_iter().enumerate() {
        if !is_member(id) {
            faults.push_at(position, format!("{id} is no member of this project"));
        } else if !parsed.contains(&id) {
            parsed.push(id);
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_is_lower_case_and_has_two_sides() {
        let read = |text: &str| parse_email(text.to_owned(), &mut Faults::new());
        assert_eq!(read("Ada@Example.com").as_deref(), Some("ada@example.com"));
        for wrong in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "a b@c",
            "ada@example.com\n",
            "a\u{202e}da@example.com",
            "a\u{200b}da@example.com",
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_password_is_said_without_it() {
        let mut faults = Faults::new();
        check_password("short", &mut faults);
        check_password("long enough, it is", &mut faults);
        let found = faults.into_vec();
        assert_eq!(found.len(), 1);
        assert!(!found[0].message.contains("short"));
    }
}
