use crate::app::TestApp;
use flaghoist_server::ApiError;
use flaghoist_server::limits::PasswordGate;
use flaghoist_server::secret::{PasswordMemory, hash_password};
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_flood_of_log_ins_is_refused_beyond_the_queue_and_starves_no_evaluation() {
    let app = TestApp::with(|app| app.passwords = PasswordGate::new(1, 3)).await;
    let hash = hash_password("correct horse", &mut PasswordMemory::default()).unwrap();
    let mut flood = JoinSet::new();
    for number in 0..50 {
        let (state, hash) = (Arc::clone(&app.state), hash.clone());
        let password = if number == 0 { "correct horse" } else { "wrong horse" };
        flood.spawn(async move { state.passwords.verify(password.to_owned(), Some(hash)).await });
    }
    // On one thread the flood has been let in, or not, before this has its answer.
    for _ in 0..20 {
        app.reader("production").evaluate_all(json!({})).await.expect(200);
    }
    let outcomes = flood.join_all().await;
    let refused = outcomes.iter().filter(|outcome| {
        matches!(outcome, Err(ApiError::RateLimited { name: "passwords", retry_after_seconds: 1, .. }))
    });
    assert_eq!(refused.count(), 46);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(false))).count(), 3);
    assert!(!app.state.passwords.verify("any".to_owned(), None).await.unwrap(), "the gate is free again");
}

#[tokio::test]
async fn a_password_is_verified_by_the_hash_the_gate_made() {
    let gate = PasswordGate::default();
    let hash = gate.hash("correct horse".to_owned()).await.unwrap();
    assert!(gate.verify("correct horse".to_owned(), Some(hash.clone())).await.unwrap());
    assert!(!gate.verify("wrong horse".to_owned(), Some(hash)).await.unwrap());
}
