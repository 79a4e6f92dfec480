//! `If-Match`: nobody saves over what they have not seen.

use crate::app::{Answer, Caller, TestApp, allocation};
use crate::rollouts::{Rollout, schedule};
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};

const VARIANTS: &[(&str, &str)] = &[("off", "OFF"), ("on", "ON")];

/// Where the entry of a flag in production is shown and changed.
struct Place {
    serving: String,
    allocations: String,
    enable: String,
    disable: String,
}

fn place(app: &TestApp, id: &str) -> Place {
    let admin = app.admin();
    let production = app.environment_id("production");
    Place {
        serving: format!("/api/v1/flags/{id}/environments/{production}/serving"),
        allocations: admin.place(id, "production", "allocations"),
        enable: admin.place(id, "production", "enable"),
        disable: admin.place(id, "production", "disable"),
    }
}

fn everybody(key: &str, variant: &str) -> Value {
    json!({"type": "allocations", "attributes": allocation(key, variant, &json!([]))})
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").to_owned()
}

/// The entry's tag, which its body names too.
async fn entry_tag(caller: &Caller<'_>, place: &Place) -> String {
    let answer = caller.get(&place.serving).await.expect(200);
    assert_eq!(json!(answer.header("etag").trim_matches('"')), answer.json()["definition_hash"]);
    tag(&answer)
}

#[tokio::test]
async fn nobody_saves_over_what_somebody_else_saved_meanwhile() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.enabled_flag("dark-mode", "STRING", VARIANTS, "production").await;
    let place = place(&app, &id);
    let seen = entry_tag(&admin, &place).await;
    admin.replace(&id, "production", &[allocation("theirs", "on", &json!([]))]).await.expect(200);
    let now = entry_tag(&admin, &place).await;
    assert_ne!(seen, now);
    let changes = [
        ("PUT", &place.allocations, Some(json!({"data": [everybody("mine", "off")]}))),
        ("POST", &place.allocations, Some(json!({"data": everybody("another", "off")}))),
        ("POST", &place.enable, None),
        ("POST", &place.disable, None),
        ("PATCH", &place.serving, Some(json!({"override_variant_key": "off"}))),
    ];
    let before = admin.get("/api/v1/history").await.expect(200).json();
    for (method, path, body) in &changes {
        let refused = admin.call_if(&seen, method, path, body.clone()).await.expect(412);
        let said = refused.json();
        let message = if *method == "PATCH" {
            assert_eq!((&said["status"], &said["code"]), (&json!(412), &json!("precondition_failed")));
            said["detail"].as_str().unwrap().to_owned()
        } else {
            assert_eq!(refused.header("content-type"), "application/vnd.api+json");
            said["errors"][0].as_str().unwrap().to_owned()
        };
        assert!(message.starts_with("somebody saved it meanwhile") && message.contains(&now), "{message}");
        assert_eq!(entry_tag(&admin, &place).await, now);
    }
    assert_eq!(admin.get("/api/v1/history").await.json(), before, "nothing was changed");
    let mut current = now;
    for (method, path, body) in changes {
        let answer = admin.call_if(&current, method, path, body).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        current = tag(&answer);
        assert_eq!(current, entry_tag(&admin, &place).await, "{method} {path} says what is there then");
    }
}

#[tokio::test]
async fn of_two_who_save_at_once_one_is_told_of_the_other() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.enabled_flag("dark-mode", "STRING", VARIANTS, "production").await;
    let place = place(&app, &id);
    for round in 0..10 {
        let seen = entry_tag(&admin, &place).await;
        let save = async |who: &str| {
            let body = json!({"data": [everybody(&format!("{who}-{round}"), "on")]});
            admin.call_if(&seen, "PUT", &place.allocations, Some(body)).await.status.as_u16()
        };
        let mut statuses = <[u16; 2]>::from(tokio::join!(save("ada"), save("ben")));
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412]);
    }
}

#[tokio::test]
async fn how_far_a_rollout_has_come_makes_no_other_tag() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    let admin = rollout.app.admin();
    let place = place(&rollout.app, &rollout.flag_id);
    let seen = entry_tag(&admin, &place).await;
    rollout.do_it("start").await;
    assert_eq!(entry_tag(&admin, &place).await, seen, "started");
    rollout.pass(60).await;
    assert_eq!(entry_tag(&admin, &place).await, seen, "a step on");
    for command in ["pause", "resume", "stop", "start"] {
        rollout.do_it(command).await;
        assert_eq!(entry_tag(&admin, &place).await, seen, "{command}");
    }
    rollout.pass(600).await;
    assert_eq!(rollout.stands().await.0, "COMPLETED");
    assert_eq!(entry_tag(&admin, &place).await, seen, "completed");
    let body = json!({"override_variant_key": "off"});
    let answer = admin.call_if(&seen, "PATCH", &place.serving, Some(body)).await.expect(200);
    assert_ne!(tag(&answer), seen);
}

#[tokio::test]
async fn several_tags_or_any_will_do_and_what_is_no_tag_will_not() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.enabled_flag("dark-mode", "STRING", VARIANTS, "production").await;
    let place = place(&app, &id);
    let now = entry_tag(&admin, &place).await;
    let weak = format!("W/{now}");
    for good in ["*".to_owned(), format!("\"other\", {now}"), now.clone(), weak] {
        admin.call_if(&good, "POST", &place.enable, None).await.expect(200);
    }
    admin.call_if("W/\"other\"", "POST", &place.disable, None).await.expect(412);
    for bad in [format!("w/{now}"), now.trim_matches('"').to_owned(), String::new(), format!("{now}, *")] {
        let refused = admin.call_if(&bad, "POST", &place.disable, None).await.expect(400).json();
        assert!(refused["errors"][0].as_str().unwrap().starts_with("/headers/If-Match: "), "{refused}");
        let refused = admin.call_if(&bad, "PATCH", &place.serving, Some(json!({}))).await.expect(400).json();
        assert_eq!(refused["errors"][0]["pointer"], "/headers/If-Match");
    }
    let nowhere = admin.place("0b7c2a34-90ab-7cde-8f01-23456789abcd", "production", "enable");
    admin.call_if("*", "POST", &nowhere, None).await.expect(404);
}

#[tokio::test]
async fn a_change_that_waits_for_an_approval_answers_the_tag_of_what_is_there() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.enabled_flag("dark-mode", "STRING", VARIANTS, "production").await;
    let environment = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    let attributes = json!({"require_feature_flag_approval": true});
    let body = json!({"data": {"type": "environments", "attributes": attributes}});
    admin.call("PUT", &environment, Some(body)).await.expect(200);
    let ada = app.somebody(BuiltInRole::Editor).await;
    let place = place(&app, &id);
    let now = entry_tag(&ada, &place).await;
    let body = json!({"data": [everybody("mine", "on")]});
    assert_eq!(tag(&ada.call_if(&now, "PUT", &place.allocations, Some(body)).await.expect(202)), now);
    let body = json!({"override_variant_key": "on"});
    let answer = ada.call_if(&now, "PATCH", &place.serving, Some(body)).await.expect(202);
    assert_eq!(
        (tag(&answer), &answer.json()["definition_hash"]),
        (now.clone(), &json!(now.trim_matches('"')))
    );
    let body = json!({"override_variant_key": "off"});
    ada.call_if("\"older\"", "PATCH", &place.serving, Some(body)).await.expect(412);
    let open = ada.get("/api/v2/feature-flags/suggestions").await.expect(200).json();
    assert_eq!(open["data"].as_array().unwrap().len(), 2, "what was refused waits for nobody");
}

#[tokio::test]
async fn the_flag_itself_and_its_variants_have_a_tag_of_their_own() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.enabled_flag("dark-mode", "STRING", VARIANTS, "production").await;
    let path = format!("/api/v2/feature-flags/{id}");
    let flag_tag = async || tag(&admin.get(&path).await.expect(200));
    let seen = flag_tag().await;
    admin.replace(&id, "production", &[allocation("all", "on", &json!([]))]).await.expect(200);
    assert_eq!(flag_tag().await, seen, "what it serves is not the flag itself");
    let entry = entry_tag(&admin, &place(&app, &id)).await;
    let update = |attributes: Value| json!({"data": {"type": "feature-flags", "attributes": attributes}});
    let answer = admin.call_if(&seen, "PUT", &path, Some(update(json!({"description": "Theirs"})))).await;
    let now = tag(&answer.expect(200));
    assert_eq!(
        (now.as_str(), entry_tag(&admin, &place(&app, &id)).await),
        (flag_tag().await.as_str(), entry)
    );
    let variants = format!("{path}/variants");
    let shown = admin.get(&path).await.json();
    let off = format!("{variants}/{}", shown["data"]["attributes"]["variants"][0]["id"].as_str().unwrap());
    let third = json!({"key": "dim", "name": "Dim", "value": "DIM"});
    let changes = [
        ("PUT", path.clone(), Some(update(json!({"tags": ["mine"]})))),
        ("POST", variants.clone(), Some(third.clone())),
        ("PUT", off.clone(), Some(json!({"name": "Mine"}))),
        ("DELETE", off, None),
    ];
    for (method, path, body) in changes {
        let refused = admin.call_if(&seen, method, &path, body).await.expect(412).json();
        assert!(refused["errors"][0].as_str().unwrap().starts_with("somebody saved it meanwhile"));
    }
    assert_eq!(admin.get(&path).await.json(), shown, "nothing was changed");
    let made = admin.call_if(&now, "POST", &variants, Some(third)).await.expect(201);
    let dim = format!("{variants}/{}", made.json()["data"]["id"].as_str().unwrap());
    let renamed = admin.call_if(&tag(&made), "PUT", &dim, Some(json!({"name": "Dimmer"}))).await.expect(200);
    assert_ne!(tag(&renamed), tag(&made), "a name is of the definition too");
    let deleted = admin.call_if(&tag(&renamed), "DELETE", &dim, None).await.expect(204);
    assert_eq!((tag(&deleted), flag_tag().await), (now.clone(), now), "it is as it was before");
}

#[tokio::test]
async fn what_clients_keep_with_a_flag_counts_whatever_they_call_it() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.create_flag("dark-mode", "STRING", VARIANTS).await;
    let path = format!("/api/v2/feature-flags/{}", flag["id"].as_str().unwrap());
    let mut tags = vec![tag(&admin.get(&path).await)];
    for metadata in [json!({"status": "a"}), json!({"status": "b"}), json!({"updated_at": "b"}), Value::Null]
    {
        let attributes = json!({"migration_metadata": metadata});
        let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
        tags.push(tag(&admin.call("PUT", &path, Some(body)).await.expect(200)));
    }
    assert_eq!(tags[0], tags[4]);
    tags.sort();
    tags.dedup();
    assert_eq!(tags.len(), 4);
}
