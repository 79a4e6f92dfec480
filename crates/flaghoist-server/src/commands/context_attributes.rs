//! What is known of context attributes.

use super::{Edit, Record};
use crate::ApiError;
use crate::app::App;
use flaghoist_model::access::Principal;
use flaghoist_model::context_attribute::{CONTEXT_ATTRIBUTES_MAX, ContextAttribute, ContextAttributeDraft};
use flaghoist_model::history::Action;
use flaghoist_model::{Faults, Rejection};
use flaghoist_store::Reader;
use std::collections::BTreeMap;

/// The attributes of the project by key: those of every project, and what was said of these and others.
pub(crate) async fn view_context_attributes(
    app: &App,
    principal: &Principal,
) -> Result<Vec<ContextAttribute>, ApiError> {
    let mut reader = app.store.read().await?;
    all(reader.as_mut(), principal).await
}

async fn all(reader: &mut dyn Reader, principal: &Principal) -> Result<Vec<ContextAttribute>, ApiError> {
    let id = principal.project_id;
    let project = reader.find_project(id).await?;
    let since = project.map_or_else(jiff::Timestamp::default, |project| project.created_at);
    let mut by_key: BTreeMap<String, ContextAttribute> = BTreeMap::new();
    let said = reader.context_attributes(id).await?;
    for attribute in ContextAttribute::in_every_project(id, since).into_iter().chain(said) {
        by_key.insert(attribute.key.clone(), attribute);
    }
    Ok(by_key.into_values().collect())
}

async fn find(
    reader: &mut dyn Reader,
    principal: &Principal,
    key: &str,
) -> Result<ContextAttribute, ApiError> {
    let mut found = all(reader, principal).await?.into_iter().filter(|attribute| attribute.key == key);
    found.next().ok_or_else(|| ApiError::NotFound("Attribute not found".to_owned()))
}

/// Adds an attribute.
pub(crate) async fn create_context_attribute(
    app: &App,
    principal: &Principal,
    draft: ContextAttributeDraft,
    faults: Faults,
) -> Result<ContextAttribute, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let others = all(edit.writer.as_mut(), principal).await?;
    if others.len() >= CONTEXT_ATTRIBUTES_MAX {
        let message = format!("the project has {CONTEXT_ATTRIBUTES_MAX} attributes, the most it may");
        return Err(Rejection::conflict("", message).into());
    }
    let (project_id, author) = (principal.project_id, principal.user_id);
    let made = ContextAttribute::create(draft, project_id, author, edit.now, app.ids.as_ref(), faults)?;
    if others.iter().any(|other| other.key == made.key) {
        return Err(Rejection::conflict("/key", "an attribute with this key already exists").into());
    }
    edit.writer.save_context_attribute(&made).await?;
    edit.commit(Record { after: Some(&made), ..Record::of(Action::ContextAttributeSaved) }).await?;
    Ok(made)
}

/// Changes what is known of an attribute.
pub(crate) async fn change_context_attribute(
    app: &App,
    principal: &Principal,
    key: &str,
    draft: ContextAttributeDraft,
    faults: Faults,
) -> Result<ContextAttribute, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find(edit.writer.as_mut(), principal, key).await?;
    let after = before.update(draft, edit.now, faults)?;
    edit.writer.save_context_attribute(&after).await?;
    let record =
        Record { before: Some(&before), after: Some(&after), ..Record::of(Action::ContextAttributeSaved) };
    edit.commit(record).await?;
    Ok(after)
}

/// Removes an attribute that people made.
pub(crate) async fn delete_context_attribute(
    app: &App,
    principal: &Principal,
    key: &str,
) -> Result<ContextAttribute, ApiError> {
    let mut edit = Edit::begin(app, principal).await?;
    let before = find(edit.writer.as_mut(), principal, key).await?;
    if !before.is_custom {
        let message = "this attribute is there in every project and stays; deactivate it instead";
        return Err(Rejection::conflict("", message).into());
    }
    edit.writer.delete_context_attribute(before.id).await?;
    edit.commit(Record { before: Some(&before), ..Record::of(Action::ContextAttributeDeleted) }).await?;
    Ok(before)
}
