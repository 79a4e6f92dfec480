//! Log-ins.

use crate::ApiError;
use crate::app::App;
use crate::limits::ClientAddress;
use crate::secret;
use flaghoist_model::Faults;
use flaghoist_model::access::{Principal, Proof};
use flaghoist_model::id::{SessionId, UserId};
use flaghoist_model::user::{Session, User, parse_email};
use jiff::SignedDuration;

/// How long a log-in lasts.
const SESSION_HOURS: i64 = 12;

const NO_LOG_IN: ApiError =
    ApiError::WrongCredential("the request came with a key, which is no log-in; revoke the key");

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
    let refused = || {
        tracing::warn!(address = %address.0, "a log-in was refused");
        ApiError::Unauthenticated("there is no such e-mail with that password")
    };
    // What is no e-mail is nobody's.
    let user = match parse_email(email.trim().to_owned(), &mut Faults::new()) {
        Some(email) => app.store.read().await?.find_user_by_email(&email).await?,
        None => None,
    };
    let user = user.filter(|user| user.disabled_at.is_none());
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let is_right = app.passwords.verify(password, hash.clone()).await?;
    let (Some(user), Some(hash), true) = (user, hash, is_right) else { return Err(refused()) };
    {
        let mut reader = app.store.read().await?;
        if reader.memberships(user.id).await?.is_empty() && !user.is_installation_admin {
            return Err(ApiError::WrongCredential(
                "you belong to no project; ask somebody to add you to one",
            ));
        }
    }
    let (session, secret) = new_session(app, user.id)?;
    let mut books = app.store.bookkeep().await?;
    books.delete_expired_sessions(session.created_at).await?;
    if !books.insert_session(&session, &hash).await? {
        return Err(refused());
    }
    books.commit().await?;
    app.limits.welcome(session.secret_hash, user.id.0.as_u128());
    Ok((user, session, secret))
}

/// Replaces the log-in that the caller came by with a new one, and gives its secret.
pub(crate) async fn renew_log_in(
    app: &App,
    principal: &Principal,
) -> Result<(User, Session, String), ApiError> {
    let Proof::Session(old) = principal.proof else { return Err(NO_LOG_IN) };
    let over = || ApiError::Unauthenticated("the log-in is over; log in again");
    let user = app.store.read().await?.find_user(principal.user_id).await?.ok_or_else(over)?;
    let hash = user.password_hash.clone().ok_or_else(over)?;
    let (session, secret) = new_session(app, user.id)?;
    let mut books = app.store.bookkeep().await?;
    if !books.insert_session(&session, &hash).await? {
        return Err(over());
    }
    books.delete_session(old).await?;
    books.commit().await?;
    app.limits.welcome(session.secret_hash, user.id.0.as_u128());
    Ok((user, session, secret))
}

fn new_session(app: &App, user_id: UserId) -> Result<(Session, String), ApiError> {
    let secret = secret::generate(secret::SESSION_PREFIX).map_err(ApiError::internal)?;
    let now = app.clock.now();
    let session = Session {
        id: SessionId::mint(app.ids.as_ref()),
        user_id,
        secret_hash: secret::hash(&secret),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(SESSION_HOURS),
    };
    Ok((session, secret))
}

/// Ends the log-in that the caller came by.
pub(crate) async fn log_out(app: &App, principal: &Principal) -> Result<(), ApiError> {
    let Proof::Session(id) = principal.proof else { return Err(NO_LOG_IN) };
    let mut books = app.store.bookkeep().await?;
    books.delete_session(id).await?;
    books.commit().await?;
    Ok(())
}
