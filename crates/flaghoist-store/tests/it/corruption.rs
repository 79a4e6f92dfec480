//! Rows that our types do not allow are named, and nothing is guessed.

use crate::engines::{Home, World, on_both_engines};
use flaghoist_model::Faults;
use flaghoist_model::credential::CredentialKind;
use flaghoist_model::metric::{Metric, MetricDraft, SourceDraft, SourceType};
use flaghoist_store::Error;
use sqlx::{AssertSqlSafe, Connection as _};

on_both_engines!(
    a_document_that_is_no_flag_is_named,
    a_document_of_a_later_format_is_named,
    a_metric_that_cannot_be_read_is_named_by_its_id,
    a_moment_that_does_not_exist_is_named,
    a_digest_of_the_wrong_length_is_named,
    a_flag_that_cannot_be_read_harms_no_other,
    an_action_that_does_not_exist_is_named,
);

/// Changes the database behind the store's back.
pub(crate) async fn tamper(home: &Home, statement: &str) {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    match home {
        Home::Sqlite(dir) => {
            let url = format!("sqlite://{}", dir.path().join("control.db").display());
            let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
            statement.execute(&mut conn).await.unwrap();
        }
        Home::Postgres(url) => {
            let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
            statement.execute(&mut conn).await.unwrap();
        }
    }
}

/// Asserts that `error` names the place, and gives the reason.
fn reason(error: Error, place: (&str, &str), row: &impl ToString) -> String {
    match error {
        Error::Corrupt { table, column, row: found, reason } => {
            assert_eq!((table, column), place, "{reason}");
            assert_eq!(found, row.to_string());
            reason
        }
        other => panic!("expected that {place:?} is corrupt, got {other:?}"),
    }
}

async fn a_document_that_is_no_flag_is_named(home: Home) {
    let world = World::new(&home).await;
    let flag = world.samples.flag("checkout");
    world.change(async |writer| writer.insert_flag(&flag).await).await.unwrap();
    tamper(&home, r#"UPDATE flags SET document = '{"description": 7}'"#).await;
    let error = world.read().await.find_flag(world.samples.project_id, flag.id).await.unwrap_err();
    let reason = reason(error, ("flags", "document"), &flag.id);
    assert!(reason.contains("expected a string"), "{reason}");
}

async fn a_document_of_a_later_format_is_named(home: Home) {
    let world = World::new(&home).await;
    let (environment, flag) = (world.samples.production(), world.samples.flag("checkout"));
    let entry = world.samples.serving(&flag, &environment, &[], Vec::new());
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_flag(&flag).await?;
            writer.save_flag_environment(&entry).await
        })
        .await
        .unwrap();
    tamper(&home, "UPDATE flag_environments SET format = 2").await;
    let error = world.read().await.flag_environments(&[flag.id]).await.unwrap_err();
    let row = format!("{}/{}", flag.id, environment.id);
    let reason = reason(error, ("flag_environments", "format"), &row);
    assert_eq!(reason, "is 2, and this version of Flaghoist reads 1");
}

async fn a_metric_that_cannot_be_read_is_named_by_its_id(home: Home) {
    let world = World::new(&home).await;
    let source = SourceDraft {
        source_type: Some(SourceType::Events),
        event: Some("checkout.failure".to_owned()),
        ..SourceDraft::default()
    };
    // As long as the bytes of a UUID, which it is not.
    let id = "checkout-failure";
    let draft = MetricDraft { id: Some(id.to_owned()), source: Some(source), ..MetricDraft::default() };
    let project_id = world.samples.project_id;
    let metric = Metric::create(draft, project_id, world.samples.now, Faults::new()).unwrap();
    world.change(async |writer| writer.insert_metric(&metric).await).await.unwrap();
    tamper(&home, "UPDATE metrics SET document = '{}'").await;
    let error = world.read().await.find_metric(project_id, id).await.unwrap_err();
    reason(error, ("metrics", "document"), &format!("{project_id}/{id}"));
}

async fn a_moment_that_does_not_exist_is_named(home: Home) {
    let world = World::new(&home).await;
    tamper(&home, "UPDATE projects SET created_at = 9223372036854775807").await;
    let error = world.read().await.projects().await.unwrap_err();
    reason(error, ("projects", "created_at"), &world.samples.project_id);
}

async fn a_digest_of_the_wrong_length_is_named(home: Home) {
    let world = World::new(&home).await;
    let environment = world.samples.production();
    let key = world.samples.credential(CredentialKind::ServerSdkKey { environment_id: environment.id });
    world
        .change(async |writer| {
            writer.insert_environment(&environment).await?;
            writer.insert_credential(&key).await
        })
        .await
        .unwrap();
    let shorter = if matches!(home, Home::Sqlite(_)) { "x'0102'" } else { r"'\x0102'" };
    tamper(&home, &format!("UPDATE credentials SET secret_hash = {shorter}")).await;
    let error = world.read().await.changes_since(world.samples.project_id, 0).await.unwrap_err();
    let reason = reason(error, ("credentials", "secret_hash"), &key.id);
    assert_eq!(reason, "has 2 bytes, and SHA-256 has 32");
}

async fn a_flag_that_cannot_be_read_harms_no_other(home: Home) {
    let world = World::new(&home).await;
    let (broken, sound) = (world.samples.flag("broken"), world.samples.flag("sound"));
    for flag in [&broken, &sound] {
        world.change(async |writer| writer.insert_flag(flag).await).await.unwrap();
    }
    tamper(&home, "UPDATE flags SET document = '{}' WHERE key = 'broken'").await;
    let changes = world.read().await.changes_since(world.samples.project_id, 0).await.unwrap().unwrap();
    let keys: Vec<&str> = changes.flags.iter().map(|flag| flag.key.as_str()).collect();
    assert_eq!(keys, ["sound"]);
}

async fn an_action_that_does_not_exist_is_named(home: Home) {
    let world = World::new(&home).await;
    tamper(&home, "UPDATE history SET action = 'flag_painted'").await;
    let mut reader = world.read().await;
    let error = reader.history(world.samples.project_id, 0, 1).await.unwrap_err();
    let Error::Corrupt { table: "history", column: "action", reason, .. } = error else {
        panic!("{error:?}");
    };
    assert!(reason.contains("flag_painted"), "{reason}");
}
