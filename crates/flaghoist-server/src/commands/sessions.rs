//! Log-ins.

use crate::ApiError;
use crate::app::App;
use crate::limits::ClientAddress;
use crate::secret;
use flaghoist_model::access::{Principal, Proof};
use flaghoist_model::id::SessionId;
use flaghoist_model::user::{Session, User};
use jiff::SignedDuration;

/// How long a log-in lasts.
const SESSION_HOURS: i64 = 12;

/// Logs a person in, and gives the secret of the log-in.
///
/// Whether the account is not there, is shut out, has no password or another one, the answer and the time it takes
/// are the same.
pub(crate) async fn log_in(
    app: &App,
    address: ClientAddress,
    email: &str,
    password: String,
) -> Result<(User, Session, String), ApiError> {
    app.limits.log_in(address, email)?;
    let email = email.trim().to_lowercase();
    let user = {
        let mut reader = app.store.read().await?;
        reader.find_user_by_email(&email).await?
    };
    let user = user.filter(|user| user.disabled_at.is_none());
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = app.passwords.verify(password, hash).await?;
    let Some(user) = user.filter(|_| is_right) else {
        tracing::warn!(address = %address.0, "a log-in was refused");
        return Err(ApiError::Unauthenticated("there is no such e-mail with that password"));
    };
    let secret = secret::generate(secret::SESSION_PREFIX).map_err(ApiError::internal)?;
    let now = app.clock.now();
    let session = Session {
        id: SessionId::mint(app.ids.as_ref()),
        user_id: user.id,
        secret_hash: secret::hash(&secret),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(SESSION_HOURS),
    };
    let mut books = app.store.bookkeep().await?;
    books.delete_expired_sessions(now).await?;
    books.insert_session(&session).await?;
    books.commit().await?;
    Ok((user, session, secret))
}

/// Ends the log-in that the caller came by.
pub(crate) async fn log_out(app: &App, principal: &Principal) -> Result<(), ApiError> {
    let Proof::Session(id) = principal.proof else {
        return Err(ApiError::WrongCredential(
            "the request came with a key, which is no log-in; revoke the key",
        ));
    };
    let mut books = app.store.bookkeep().await?;
    books.delete_session(id).await?;
    books.commit().await?;
    Ok(())
}
