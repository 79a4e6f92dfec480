//! `POST /api/v2/feature-flags/{feature_flag_id}/variants`

use super::resource::{VariantAnswer, VariantBody};
use crate::ApiError;
use crate::access::{Allowed, WriteFlagParts};
use crate::app::AppState;
use crate::commands::{self, Intent};
use crate::datadog::envelope::Answer;
use crate::datadog::flags::create::VariantIn;
use crate::datadog::{Errors, MatchErrors, PathErrors, WriteErrors};
use crate::decode::{self, PathOf, path_id};
use crate::if_match::{IfMatch, etag};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use flaghoist_model::Faults;
use flaghoist_model::history::Action;
use flaghoist_model::variant::VariantDraft;

/// Create a variant
///
/// Added at the end; what environments serve does not change.
#[utoipa::path(
    post,
    path = "/api/v2/feature-flags/{feature_flag_id}/variants",
    operation_id = "create_variant",
    tag = "Variants",
    params(
        ("feature_flag_id" = String, Path, description = "The flag's id", format = Uuid),
        ("If-Match" = Option<String>, Header, description = "ETags of the flag's definition that it is for, or `*`; 412 when it is another now"),
    ),
    request_body(content((VariantIn = "application/json"), (VariantIn = "application/vnd.api+json"))),
    responses(
        (status = 201, description = "The variant", body = VariantAnswer, content_type = "application/vnd.api+json", headers(("ETag" = String, description = "The flag's own definition now"))),
        Errors, PathErrors, WriteErrors, MatchErrors,
    )
)]
pub(crate) async fn create_variant(
    State(app): State<AppState>,
    caller: Allowed<WriteFlagParts>,
    PathOf(id): PathOf<String>,
    if_match: IfMatch,
    VariantBody { members, mut faults }: VariantBody<VariantIn>,
) -> Result<impl IntoResponse, ApiError> {
    let id = path_id(&id, "feature flag")?;
    let draft = members.into_draft(&mut faults);
    let mut made = None;
    let intent = Intent::to(Action::VariantCreated).matching(if_match);
    let outcome = commands::change_flag(&app, &caller.principal, id, intent, |change| {
        let (flag, id) =
            change.view.flag.add_variant(draft, change.principal, change.now, change.ids, faults)?;
        made = Some(id);
        Ok(flag)
    })
    .await?;
    let made = made.ok_or_else(|| ApiError::internal("a variant was added without an id"))?;
    let variant = VariantAnswer::of(&outcome.view.flag, made)?;
    Ok((etag(&outcome.hash()), Answer(StatusCode::CREATED, variant)))
}

/// A variant in the text of a suggestion. Faults stand under `pointer`.
pub(crate) fn variant_draft(text: &str, pointer: &str) -> Result<(VariantDraft, Faults), ApiError> {
    let mut faults = Faults::under(pointer);
    let members: VariantIn = decode::parse_text(text, &mut faults)?;
    Ok((members.into_draft(&mut faults), faults))
}
