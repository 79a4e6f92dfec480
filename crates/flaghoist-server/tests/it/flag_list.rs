//! The list of flags as the console shows it.

use crate::app::{Caller, TestApp, allocation};
use crate::rollouts::{Rollout, schedule};
use flaghoist_model::access::BuiltInRole;
use jiff::SignedDuration;
use serde_json::{Value, json};

const VARIANTS: &[(&str, &str)] = &[("off", "OFF"), ("on", "ON")];

async fn list(caller: &Caller<'_>, query: &str) -> Value {
    caller.get(&format!("/api/v1/flags?{query}")).await.expect(200).json()
}

async fn keys(caller: &Caller<'_>, query: &str) -> Vec<String> {
    let page = list(caller, query).await;
    let keys: Vec<String> = page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| flag["key"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(page["total_count"], keys.len());
    keys
}

async fn change(caller: &Caller<'_>, id: &str, attributes: Value) {
    let body = json!({"data": {"type": "feature-flags", "attributes": attributes}});
    caller.call("PUT", &format!("/api/v2/feature-flags/{id}"), Some(body)).await.expect(200);
}

#[tokio::test]
async fn a_flag_is_shown_with_what_it_does_everywhere() {
    let app = TestApp::new().await;
    let ada = app.somebody(BuiltInRole::Editor).await;
    let id = ada.enabled_flag("dark-mode", "STRING", VARIANTS, "production").await;
    change(&ada, &id, json!({"tags": ["ui", "team-x"], "description": "At night"})).await;
    ada.replace(&id, "production", &[allocation("all", "on", &json!([]))]).await.expect(200);
    let page = list(&app.somebody(BuiltInRole::Viewer).await, "").await;
    assert_eq!((&page["total_count"], &page["next_cursor"]), (&json!(1), &Value::Null));
    let flag = &page["data"][0];
    let single = ada.get(&format!("/api/v2/feature-flags/{id}")).await.json()["data"]["attributes"].take();
    let mut expected = json!({
        "id": id, "key": "dark-mode", "name": "dark-mode", "description": "At night", "value_type": "STRING",
        "channel": "ALL", "tags": ["ui", "team-x"], "archived_at": null, "created_by": ada.user_id,
        "require_approval": false, "staleness_status": "ACTIVE", "stale_reason": null, "last_evaluated_at": null,
        "variant_count": 2, "created_at": single["created_at"], "updated_at": single["updated_at"],
    });
    let place = |key: &str, status: &str, allocations: usize| {
        json!({"environment_id": app.environment_id(key), "environment_key": key, "status": status,
            "has_allocations": allocations, "rollout_status": null, "rollout_ratio": null,
            "pending_suggestion_id": null, "last_evaluated_at": null})
    };
    expected["environments"] = json!([
        place("development", "DISABLED", 0),
        place("staging", "DISABLED", 0),
        place("production", "ENABLED", 1)
    ]);
    assert_eq!(flag, &expected);
}

#[tokio::test]
async fn flags_are_found_by_what_they_are() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let mut ids = Vec::new();
    for key in ["checkout", "dark-mode", "search"] {
        ids.push(admin.create_flag(key, "STRING", VARIANTS).await["id"].as_str().unwrap().to_owned());
    }
    admin.create_flag("limit", "INTEGER", &[("low", "1"), ("high", "2")]).await;
    change(&admin, &ids[0], json!({"tags": ["a", "b"], "description": "Beside the Search"})).await;
    change(&admin, &ids[1], json!({"tags": ["b"], "distribution_channel": "CLIENT"})).await;
    admin.call("POST", &admin.place(&ids[2], "staging", "enable"), None).await.expect(200);
    assert_eq!(keys(&admin, "").await, ["checkout", "dark-mode", "limit", "search"]);
    assert_eq!(keys(&admin, "search=SEARCH").await, ["checkout", "search"]);
    assert_eq!(keys(&admin, "tag=b").await, ["checkout", "dark-mode"]);
    assert_eq!(keys(&admin, "tag=b&tag=a").await, ["checkout"]);
    assert_eq!(keys(&admin, "tag=a,b").await, [""; 0], "a tag may hold commas, so none is split at them");
    assert_eq!(keys(&admin, "tag=a%00").await, [""; 0]);
    assert_eq!(keys(&admin, "channel=CLIENT").await, ["dark-mode"]);
    assert_eq!(keys(&admin, "value_type=INTEGER").await, ["limit"]);
    let staging = app.environment_id("staging");
    assert_eq!(keys(&admin, &format!("environment_id={staging}&status=ENABLED")).await, ["search"]);
    assert_eq!(keys(&admin, &format!("environment_id={staging}&status=DISABLED&tag=b")).await.len(), 2);
    assert_eq!(keys(&admin, "sort=-created_at").await, ["limit", "search", "dark-mode", "checkout"]);
    assert_eq!(keys(&admin, "sort=-updated_at").await, ["dark-mode", "checkout", "limit", "search"]);
    admin.call("POST", &format!("/api/v2/feature-flags/{}/archive", ids[1]), None).await.expect(200);
    assert_eq!(keys(&admin, "is_archived=true").await, ["dark-mode"]);
    assert_eq!(keys(&admin, "tag=b").await, ["checkout"]);
    let tags = admin.get("/api/v1/flags/tags").await.expect(200).json();
    assert_eq!(tags["data"], json!([{"tag": "a", "flag_count": 1}, {"tag": "b", "flag_count": 1}]));
    let stranger = app.other_project().await;
    assert_eq!(keys(&stranger, "").await, [""; 0]);
    assert_eq!(stranger.get("/api/v1/flags/tags").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_tag_is_taken_whole() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let id = admin.create_flag("checkout", "STRING", VARIANTS).await["id"].as_str().unwrap().to_owned();
    change(&admin, &id, json!({"tags": ["teams: a, b", "ui"]})).await;
    assert_eq!(keys(&admin, "tag=teams:%20a,%20b").await, ["checkout"]);
    assert_eq!(keys(&admin, "tag=teams%3A+a%2C+b&tag=ui").await, ["checkout"]);
    assert_eq!(keys(&admin, "tag=teams%3A+a").await, [""; 0]);
}

#[tokio::test]
async fn the_last_page_says_that_there_is_no_other_even_when_it_is_full() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for key in ["a", "b", "c", "d"] {
        admin.create_flag(key, "STRING", VARIANTS).await;
    }
    for sort in ["key", "-updated_at", "-created_at"] {
        let page = list(&admin, &format!("sort={sort}&limit=2")).await;
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = list(&admin, &format!("sort={sort}&limit=2&cursor={cursor}")).await;
        assert_eq!(
            (page["data"].as_array().unwrap().len(), &page["next_cursor"]),
            (2, &Value::Null),
            "{sort}"
        );
        let page = list(&admin, &format!("sort={sort}&limit=4")).await;
        assert_eq!(
            (page["data"].as_array().unwrap().len(), &page["next_cursor"]),
            (4, &Value::Null),
            "{sort}"
        );
    }
}

#[tokio::test]
async fn pages_follow_each_other_in_every_order() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for number in 0..7 {
        admin.create_flag(&format!("flag-{number}"), "STRING", VARIANTS).await;
    }
    for sort in ["key", "-updated_at", "-created_at"] {
        let whole = keys(&admin, &format!("sort={sort}")).await;
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = list(&admin, &format!("sort={sort}&limit=3{cursor}")).await;
            assert_eq!(page["total_count"], 7);
            let flags = page["data"].as_array().unwrap().clone();
            seen.extend(flags.iter().map(|flag| flag["key"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, whole, "{sort}");
    }
}

#[tokio::test]
async fn what_no_filter_takes_is_refused_with_its_place() {
    let app = TestApp::new().await;
    let admin = app.admin();
    for (query, pointer) in [
        ("channel=EVERYBODY", "/query/channel"),
        ("value_type=FLOAT", "/query/value_type"),
        ("status=ENABLED", "/query/environment_id"),
        ("status=ON&environment_id=0b7c2a34-90ab-7cde-8f01-23456789abcd", "/query/status"),
        ("status=ENABLED&environment_id=0b7c2a34-90ab-7cde-8f01-23456789abcd", "/query/environment_id"),
        ("environment_id=production", "/query/environment_id"),
        ("staleness=STALE,OLD", "/query/staleness"),
        ("is_archived=perhaps", "/query/is_archived"),
        ("sort=name", "/query/sort"),
        ("limit=201", "/query/limit"),
        ("sort=-updated_at&cursor=dark-mode", "/query/cursor"),
    ] {
        let refused = admin.get(&format!("/api/v1/flags?{query}")).await.expect(400).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{query}");
    }
}

#[tokio::test]
async fn a_flag_is_found_by_whether_it_is_still_needed() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let through = admin.enabled_flag("through", "STRING", VARIANTS, "production").await;
    let kept = admin.create_flag("kept", "STRING", VARIANTS).await;
    change(&admin, kept["id"].as_str().unwrap(), json!({"staleness_status": "PERMANENT"})).await;
    admin.replace(&through, "production", &[allocation("all", "on", &json!([]))]).await.expect(200);
    app.advance(SignedDuration::from_hours(24 * 31));
    admin.create_flag("young", "STRING", VARIANTS).await;
    assert_eq!(keys(&admin, "staleness=STALE").await, ["through"]);
    assert_eq!(keys(&admin, "staleness=PERMANENT,ACTIVE").await, ["kept", "young"]);
    let shown = &list(&admin, "staleness=STALE").await["data"][0];
    assert_eq!(
        (&shown["staleness_status"], &shown["stale_reason"]),
        (&json!("STALE"), &json!("FULLY_ROLLED_OUT"))
    );
}

#[tokio::test]
async fn a_rollout_on_its_way_and_what_waits_are_shown_where_they_are() {
    let rollout = Rollout::of(schedule(&[0.1, 0.5, 1.0])).await;
    let admin = rollout.app.admin();
    let production = async || list(&admin, "").await["data"][0]["environments"][2].clone();
    assert_eq!(production().await["rollout_status"], Value::Null);
    rollout.do_it("start").await;
    rollout.pass(60).await;
    let shown = production().await;
    assert_eq!((&shown["rollout_status"], &shown["rollout_ratio"]), (&json!("RUNNING"), &json!(0.5)));
    rollout.do_it("pause").await;
    assert_eq!(production().await["rollout_status"], "PAUSED");
    let attributes = json!({"action": "updated", "property": "ENVIRONMENT_STATUS", "suggestion": "DISABLED",
        "environment_id": rollout.app.environment_id("production"), "notification_rule_targets": []});
    let body = json!({"data": {"type": "flag-suggestions", "attributes": attributes}});
    let path = format!("/api/v2/feature-flags/{}/suggestions", rollout.flag_id);
    let made = admin.call("POST", &path, Some(body)).await.expect(201).json();
    assert_eq!(production().await["pending_suggestion_id"], made["data"]["id"]);
}
