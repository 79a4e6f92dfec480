//! Members of a project: people and service accounts, and what they are in it.

use super::{Edit, Record};
use crate::ApiError;
use crate::access::authentication::{permissions_of, standing};
use crate::access::delegation::{check_is_within, check_may_give};
use crate::app::App;
use crate::decode::not_found;
use crate::limits::ClientAddress;
use crate::secret;
use flaghoist_model::access::{BuiltInRole, PermissionSet, Principal, RoleRef};
use flaghoist_model::history::Action;
use flaghoist_model::id::UserId;
use flaghoist_model::user::{Membership, User, UserKind};
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;
use serde::Serialize;

/// Most members of a project: lists show all of them.
const MEMBERS_MAX: usize = 10_000;

/// A member to add.
pub(crate) struct NewMember {
    /// Their address; of a service account its handle.
    pub(crate) email: String,
    /// For people; the e-mail when absent.
    pub(crate) name: Option<String>,
    /// What they are.
    pub(crate) kind: UserKind,
    /// As what.
    pub(crate) role: RoleRef,
    /// The password of a new person; one is made when absent.
    pub(crate) password: Option<String>,
}

/// What to change of a member. What is absent stays.
#[derive(Default)]
pub(crate) struct MemberPatch {
    /// As what.
    pub(crate) role: Option<RoleRef>,
    /// For people.
    pub(crate) name: Option<String>,
    /// Whether they are shut out of the installation.
    pub(crate) is_disabled: Option<bool>,
    /// A new password.
    pub(crate) password: Option<String>,
    /// Whether they administer the installation.
    pub(crate) is_installation_admin: Option<bool>,
}

impl MemberPatch {
    /// Whether it concerns the user everywhere and not only in this project.
    fn is_about_the_user(&self) -> bool {
        self.name.is_some()
            || self.is_disabled.is_some()
            || self.password.is_some()
            || self.is_installation_admin.is_some()
    }
}

/// A member.
pub(crate) struct MemberView {
    /// Who.
    pub(crate) user: User,
    /// As what, since when.
    pub(crate) membership: Membership,
}

/// What the history says of a member: nothing of their password but that it changed.
#[derive(Serialize)]
struct MemberRecord<'a> {
    user_id: UserId,
    email: &'a str,
    name: &'a str,
    kind: UserKind,
    role: RoleRef,
    is_disabled: bool,
    is_installation_admin: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    has_new_password: bool,
}

impl<'a> MemberRecord<'a> {
    fn of(user: &'a User, membership: &Membership) -> Self {
        Self {
            user_id: user.id,
            email: &user.email,
            name: &user.name,
            kind: user.kind,
            role: membership.role,
            is_disabled: user.disabled_at.is_some(),
            is_installation_admin: user.is_installation_admin,
            has_new_password: false,
        }
    }
}

/// The members of the project, oldest membership first.
pub(crate) async fn view_members(app: &App, principal: &Principal) -> Result<Vec<MemberView>, ApiError> {
    let mut reader = app.store.read().await?;
    let members = reader.members(principal.project_id).await?;
    Ok(members.into_iter().map(|(user, membership)| MemberView { user, membership }).collect())
}

/// One member.
pub(crate) async fn view_member(
    app: &App,
    principal: &Principal,
    id: UserId,
) -> Result<MemberView, ApiError> {
    let mut reader = app.store.read().await?;
    find(reader.as_mut(), principal, id).await
}

/// The caller.
pub(crate) async fn view_me(app: &App, principal: &Principal) -> Result<User, ApiError> {
    let user = app.store.read().await?.find_user(principal.user_id).await?;
    user.ok_or_else(|| not_found("user", principal.user_id))
}

async fn find(reader: &mut dyn Reader, principal: &Principal, id: UserId) -> Result<MemberView, ApiError> {
    let members = reader.members(principal.project_id).await?;
    let member = members.into_iter().find(|(user, _)| user.id == id);
    let (user, membership) = member.ok_or_else(|| not_found("user", id))?;
    Ok(MemberView { user, membership })
}

/// Adds a member. Somebody the installation does not know is made, and their password is given when it was made too;
/// somebody it knows keeps name and password.
pub(crate) async fn add_member(
    app: &App,
    principal: &Principal,
    wanted: NewMember,
) -> Result<(MemberView, Option<String>), ApiError> {
    // Hashing is slow, so it is done before the project is held.
    let (password_hash, made_password) = match (wanted.kind, wanted.password.clone()) {
        (UserKind::ServiceAccount, _) => (None, None),
        (UserKind::Person, Some(password)) => (Some(app.passwords.hash(password).await?), None),
        (UserKind::Person, None) => {
            let password = secret::generate("").map_err(ApiError::internal)?;
            (Some(app.passwords.hash(password.clone()).await?), Some(password))
        }
    };
    let mut edit = Edit::begin(app, principal).await?;
    let given = role_permissions(edit.writer.as_mut(), principal, wanted.role).await?;
    check_may_give(principal, given)?;
    let members = edit.writer.members(principal.project_id).await?;
    if members.len() >= MEMBERS_MAX {
        let message = format!("this project has {MEMBERS_MAX} members, which is the most");
        return Err(Rejection::conflict("", message).into());
    }
    if members.iter().any(|(user, _)| user.email == wanted.email) {
        let message = format!("{:?} is a member already", wanted.email);
        return Err(Rejection::conflict("/email", message).into());
    }
    let known = edit.writer.find_user_by_email(&wanted.email).await?;
    let made_password = made_password.filter(|_| known.is_none());
    let user = if let Some(known) = known {
        check_known(principal, &known, &wanted)?;
        known
    } else {
        let user = User {
            id: UserId::mint(app.ids.as_ref()),
            name: wanted.name.unwrap_or_else(|| wanted.email.clone()),
            email: wanted.email,
            kind: wanted.kind,
            password_hash,
            is_installation_admin: false,
            disabled_at: None,
            created_at: edit.now,
        };
        edit.writer.insert_user(&user).await?;
        user
    };
    let membership = Membership {
        project_id: principal.project_id,
        user_id: user.id,
        role: wanted.role,
        created_at: edit.now,
    };
    edit.writer.save_membership(&membership).await?;
    let record =
        Record { after: Some(&MemberRecord::of(&user, &membership)), ..Record::of(Action::MemberAdded) };
    edit.commit(record).await?;
    Ok((MemberView { user, membership }, made_password))
}

/// Somebody the installation knows is added as they are, by who administers it: others cannot tell who stands behind
/// an e-mail that another project made.
fn check_known(principal: &Principal, known: &User, wanted: &NewMember) -> Result<(), ApiError> {
    if !principal.is_installation_admin {
        return Err(ApiError::Refused(
            "the installation knows this e-mail from elsewhere; only who administers it adds its users to projects"
                .to_owned(),
        ));
    }
    let mut faults = Faults::new();
    if known.kind != wanted.kind {
        faults.push_at("kind", format!("the installation knows them as a {}", known.kind.as_str()));
    }
    if wanted.password.is_some() {
        faults.push_at("password", "the installation knows them, with a password of their own; leave it out");
    }
    if wanted.name.as_ref().is_some_and(|name| *name != known.name) {
        faults.push_at("name", format!("the installation knows them as {:?}; leave it out", known.name));
    }
    Ok(faults.check()?)
}

/// What a role of this project may do. One that is not there is a fault of the request.
async fn role_permissions(
    reader: &mut dyn Reader,
    principal: &Principal,
    role: RoleRef,
) -> Result<PermissionSet, ApiError> {
    if let RoleRef::Custom(id) = role
        && !reader.roles(principal.project_id).await?.iter().any(|known| known.id == id)
    {
        let message = format!("{id} is no role of this project; give viewer, editor, admin or the id of one");
        return Err(Rejection::invalid("/role", message).into());
    }
    permissions_of(reader, principal.project_id, role).await
}

/// Changes a member. Whoever may do more than the caller stays as they are, and what counts everywhere is for those
/// who administer the installation when the user belongs to other projects too.
pub(crate) async fn update_member(
    app: &App,
    principal: &Principal,
    id: UserId,
    patch: MemberPatch,
) -> Result<MemberView, ApiError> {
    let password_hash = match patch.password.clone() {
        Some(password) => Some(app.passwords.hash(password).await?),
        None => None,
    };
    let mut edit = Edit::begin(app, principal).await?;
    find(edit.writer.as_mut(), principal, id).await?;
    if patch.is_about_the_user() {
        edit.writer.hold_user(id).await?;
    }
    let before = find(edit.writer.as_mut(), principal, id).await?;
    check_may_change(&mut edit, &before, &patch).await?;
    let is_about_the_user = patch.is_about_the_user();
    let mut user = before.user.clone();
    user.name = patch.name.unwrap_or(user.name);
    user.is_installation_admin = patch.is_installation_admin.unwrap_or(user.is_installation_admin);
    if let Some(is_disabled) = patch.is_disabled {
        user.disabled_at = is_disabled.then(|| user.disabled_at.unwrap_or(edit.now));
    }
    let has_new_password = password_hash.is_some();
    user.password_hash = password_hash.or(user.password_hash);
    let membership = Membership { role: patch.role.unwrap_or(before.membership.role), ..before.membership };
    if is_about_the_user {
        edit.writer.update_user(&user).await?;
    }
    edit.writer.save_membership(&membership).await?;
    if has_new_password || user.disabled_at.is_some() {
        edit.writer.delete_sessions(id).await?;
    }
    check_is_administered(&mut edit).await?;
    let record = Record {
        before: Some(&MemberRecord::of(&before.user, &before.membership)),
        after: Some(&MemberRecord { has_new_password, ..MemberRecord::of(&user, &membership) }),
        ..Record::of(Action::MemberUpdated)
    };
    edit.commit(record).await?;
    Ok(MemberView { user, membership })
}

async fn check_may_change(
    edit: &mut Edit<'_>,
    member: &MemberView,
    patch: &MemberPatch,
) -> Result<(), ApiError> {
    let principal = edit.principal;
    let theirs = check_may_touch(edit, member.user.id).await?;
    if let Some(role) = patch.role {
        let given = role_permissions(edit.writer.as_mut(), principal, role).await?;
        check_may_give(principal, given)?;
    }
    if patch.password.is_some() {
        if member.user.kind == UserKind::ServiceAccount {
            return Err(Rejection::invalid("/password", "a service account has keys, and no password").into());
        }
        // Whoever sets a password can log in with it.
        check_may_give(principal, theirs)?;
    }
    let is_self = member.user.id == principal.user_id;
    let gives_up = patch.is_disabled == Some(true) || patch.is_installation_admin == Some(false);
    if is_self && (patch.role.is_some() || gives_up) {
        return Err(ApiError::Refused(
            "nobody changes their own role, shuts themself out or gives up the installation".to_owned(),
        ));
    }
    if patch.is_installation_admin == Some(true) && member.user.kind == UserKind::ServiceAccount {
        let message = "a service account administers projects, never the installation";
        return Err(Rejection::invalid("/is_installation_admin", message).into());
    }
    if patch.is_about_the_user() && !principal.is_installation_admin {
        let elsewhere = edit.writer.memberships(member.user.id).await?.len() > 1;
        if elsewhere || member.user.is_installation_admin || patch.is_installation_admin.is_some() {
            return Err(ApiError::Refused(
                "this counts in every project of the user, so only who administers the installation may change it"
                    .to_owned(),
            ));
        }
    }
    Ok(())
}

/// Refuses to change something of a member who may do more than the caller. Gives what they may do.
pub(super) async fn check_may_touch(edit: &mut Edit<'_>, user_id: UserId) -> Result<PermissionSet, ApiError> {
    let principal = edit.principal;
    let theirs = standing(edit.writer.as_mut(), user_id, Some(principal.project_id)).await?;
    // Somebody who is shut out may do again what their role says when they are let in.
    let theirs = if let Some(standing) = theirs {
        standing.permissions
    } else {
        let MemberView { membership, .. } = find(edit.writer.as_mut(), principal, user_id).await?;
        permissions_of(edit.writer.as_mut(), principal.project_id, membership.role).await?
    };
    check_is_within(principal, theirs)?;
    let user = edit.writer.find_user(user_id).await?;
    if user.is_some_and(|user| user.is_installation_admin) && !principal.is_installation_admin {
        return Err(ApiError::Refused(
            "they administer the installation, so only somebody who does too may change this".to_owned(),
        ));
    }
    Ok(theirs)
}

/// Ends a membership; keys of the user in this project go along.
pub(crate) async fn remove_member(app: &App, principal: &Principal, id: UserId) -> Result<(), ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let MemberView { user, membership } = find(edit.writer.as_mut(), principal, id).await?;
    check_may_touch(&mut edit, id).await?;
    edit.writer.delete_membership(id).await?;
    check_is_administered(&mut edit).await?;
    let record =
        Record { before: Some(&MemberRecord::of(&user, &membership)), ..Record::of(Action::MemberRemoved) };
    edit.commit(record).await?;
    Ok(())
}

/// Somebody has to be left who can do everything in the project.
async fn check_is_administered(edit: &mut Edit<'_>) -> Result<(), ApiError> {
    let members = edit.writer.members(edit.principal.project_id).await?;
    let administers = |(user, membership): &(User, Membership)| {
        user.disabled_at.is_none() && membership.role == RoleRef::BuiltIn(BuiltInRole::Admin)
    };
    if members.iter().any(administers) {
        return Ok(());
    }
    Err(Rejection::conflict(
        "",
        "the project would be without an administrator; make somebody else one first",
    )
    .into())
}

/// Changes the caller's own password, who gives the present one. Ends all their log-ins.
pub(crate) async fn change_own_password(
    app: &App,
    principal: &Principal,
    address: ClientAddress,
    current: String,
    new: String,
) -> Result<(), ApiError> {
    let me = {
        let mut reader = app.store.read().await?;
        reader.find_user(principal.user_id).await?.ok_or_else(|| not_found("user", principal.user_id))?
    };
    // Whoever has a log-in of somebody else's guesses no faster here than at the front door.
    app.limits.log_in(address, &me.email)?;
    if !app.passwords.verify(current, me.password_hash.clone()).await? {
        return Err(Rejection::invalid("/current_password", "is not your password").into());
    }
    let password_hash = app.passwords.hash(new).await?;
    let mut edit = Edit::begin(app, principal).await?;
    edit.writer.hold_user(me.id).await?;
    let before = edit.writer.find_user(me.id).await?.ok_or_else(|| not_found("user", me.id))?;
    if before.password_hash != me.password_hash {
        return Err(Rejection::conflict("", "the password was changed meanwhile; try again").into());
    }
    let after = User { password_hash: Some(password_hash), ..before };
    edit.writer.update_user(&after).await?;
    edit.writer.delete_sessions(me.id).await?;
    let membership = Membership {
        project_id: principal.project_id,
        user_id: me.id,
        role: principal.role,
        created_at: edit.now,
    };
    let record = Record {
        before: Some(&MemberRecord::of(&after, &membership)),
        after: Some(&MemberRecord { has_new_password: true, ..MemberRecord::of(&after, &membership) }),
        ..Record::of(Action::MemberUpdated)
    };
    edit.commit(record).await?;
    Ok(())
}
