//! Who gets where: every operation of the OpenAPI document, called by every kind of caller, beside a policy that was
//! written by hand.

mod policy;

use crate::app::{Caller, TestApp, allocation};
use flaghoist_model::access::{BuiltInRole, Permission, PermissionSet, RoleRef};
use flaghoist_server::app::describe;
use jiff::SignedDuration;
use policy::{EDITOR, Needs, POLICY, VIEWER};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What stands for the parameters of paths.
pub(crate) struct Ids(BTreeMap<&'static str, String>);

impl Ids {
    fn of(&self, parameter: &str) -> &str {
        self.0.get(parameter).unwrap_or_else(|| panic!("there is no id for the path parameter {parameter}"))
    }

    /// Ids of nothing.
    fn of_nothing() -> Self {
        let nothing = Uuid::from_u64_pair(1, 1).to_string();
        let names = [
            "environment_id",
            "environment",
            "flag_id",
            "feature_flag_id",
            "variant_id",
            "exposure_schedule_id",
            "history_id",
            "metric_id",
            "key_id",
            "role_id",
            "suggestion_id",
            "team_id",
            "user_id",
            "webhook_id",
            "key",
            "project_id",
            "rule_id",
            "rollout_id",
            "segment_id",
            "saved_filter_id",
            "attribute_key",
        ];
        let mut ids: BTreeMap<&'static str, String> = names.map(|name| (name, nothing.clone())).into();
        ids.insert("resource_id", format!("feature-flag:{nothing}"));
        Self(ids)
    }

    /// Ids of nothing, in the first project.
    fn of_nothing_in(app: &TestApp) -> Self {
        let mut ids = Self::of_nothing();
        ids.0.insert("project_id", app.first.project_id.clone());
        ids
    }

    /// Ids of things that are there, in the first project.
    async fn of_things(app: &TestApp) -> Self {
        let admin = app.admin();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let production = app.environment_id("production").to_owned();
        let flag_id =
            admin.enabled_flag("dark-mode", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await;
        let mut all = allocation("all", "on", &json!([]));
        all["exposure_schedule"] = json!({"rollout_options": {"strategy": "UNIFORM_INTERVALS"},
            "rollout_steps": [{"exposure_ratio": 1, "grouped_step_index": 0, "is_pause_record": false}]});
        let replaced = admin.replace(&flag_id, "production", &[all]).await.expect(200).json();
        let allocation = &replaced["data"][0];
        let flag = admin.get(&format!("/api/v2/feature-flags/{flag_id}")).await.json();
        let member = json!({"name": "Robot", "kind": "service_account", "role": "editor"});
        let user = admin.call("POST", "/api/v1/users", Some(member)).await.expect(201).json();
        let key = json!({"kind": "application_key", "user_id": user["id"], "name": "Robot"});
        let key = admin.call("POST", "/api/v1/keys", Some(key)).await.expect(201).json();
        let role = json!({"name": "Watcher", "permissions": ["feature_flag_config_read"]});
        let role = admin.call("POST", "/api/v1/roles", Some(role)).await.expect(201).json();
        let team = json!({"handle": "core", "name": "Core", "member_ids": [user["id"]]});
        let team = admin.call("POST", "/api/v1/teams", Some(team)).await.expect(201).json();
        let webhook = json!({"name": "Home", "url": "https://example.com/hook"});
        let webhook = admin.call("POST", "/api/v1/webhooks", Some(webhook)).await.expect(201).json();
        let metric = json!({"id": "errors", "source": {"type": "events", "event": "error"}});
        admin.call("POST", "/api/v1/metrics", Some(metric)).await.expect(201);
        let policy =
            json!({"bindings": [{"relation": "editor", "principals": ["role:admin", "role:editor"]}]});
        let path = format!("/api/v1/flags/{flag_id}/restriction-policy");
        admin.call("PUT", &path, Some(policy)).await.expect(200);
        let suggestion = json!({"data": {"type": "flag-suggestions", "attributes": {"action": "updated",
            "property": "ENVIRONMENT_STATUS", "suggestion": "DISABLED", "environment_id": production,
            "notification_rule_targets": []}}});
        let path = format!("/api/v2/feature-flags/{flag_id}/suggestions");
        let suggestion = admin.call("POST", &path, Some(suggestion)).await.expect(201).json();
        let filter = json!({"name": "Beta users", "rules": []});
        let project = app.first.project_id.clone();
        let made = async |path: &str, body: Value| {
            let made = admin.call("POST", &format!("/projects/{project}/{path}"), Some(body)).await;
            text(&made.expect(201).json()["data"]["id"])
        };
        let segment_id = made("segments", filter).await;
        let place = format!("envs/{production}/flags/{flag_id}");
        let rollout = json!({"strategy": "off"});
        let rollout_id = made(&format!("{place}/rollouts"), rollout).await;
        let rule = json!({"kind": "custom", "conditions": [{"attribute": "plan", "operator": "eq", "value": "pro"}]});
        let rule_id = made(&format!("{place}/targeting-rules"), rule).await;
        let attribute = json!({"key": "user.plan"});
        admin.call("POST", "/api/attributes", Some(attribute)).await.expect(201);
        let history = admin.get(&format!("/api/v1/flags/{flag_id}/history")).await.json();
        Self(BTreeMap::from([
            ("environment_id", production.clone()),
            ("environment", production),
            ("flag_id", flag_id.clone()),
            ("feature_flag_id", flag_id.clone()),
            ("resource_id", format!("feature-flag:{flag_id}")),
            ("key", "dark-mode".to_owned()),
            ("variant_id", text(&flag["data"]["attributes"]["variants"][0]["id"])),
            ("exposure_schedule_id", text(&allocation["attributes"]["exposure_schedule"]["id"])),
            ("history_id", text(&history["data"][0]["id"])),
            ("key_id", text(&key["id"])),
            ("role_id", text(&role["id"])),
            ("suggestion_id", text(&suggestion["data"]["id"])),
            ("team_id", text(&team["id"])),
            ("user_id", text(&user["id"])),
            ("metric_id", "errors".to_owned()),
            ("webhook_id", text(&webhook["id"])),
            ("attribute_key", "user.plan".to_owned()),
            ("project_id", project),
            ("rule_id", rule_id),
            ("rollout_id", rollout_id),
            ("saved_filter_id", segment_id.clone()),
            ("segment_id", segment_id),
        ]))
    }
}

struct Operation {
    method: String,
    path: String,
    id: String,
    needs: Needs,
    has_parameters: bool,
}

/// Every operation of the document, with its place in the policy.
fn operations(ids: &Ids) -> Vec<Operation> {
    let document = serde_json::to_value(describe()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let row = POLICY.iter().find(|(name, _)| *name == id);
            let (_, needs) = row.unwrap_or_else(|| panic!("{id} has no place in the policy"));
            let mut concrete = path.clone();
            while let (Some(from), Some(to)) = (concrete.find('{'), concrete.find('}')) {
                let value = ids.of(&concrete[from + 1..to]).to_owned();
                concrete.replace_range(from..=to, &value);
            }
            operations.push(Operation {
                method: method.to_uppercase(),
                has_parameters: concrete != *path,
                path: concrete,
                id: id.to_owned(),
                needs: *needs,
            });
        }
    }
    operations
}

impl Operation {
    fn is_data_plane(&self) -> bool {
        matches!(self.needs, Needs::SdkKey | Needs::ServerSdkKey | Needs::ServerSdkSession)
    }

    /// The permissions that a management operation needs.
    fn permissions(&self) -> Option<&'static [&'static str]> {
        match self.needs {
            Needs::Permissions(permissions) => Some(permissions),
            _ => None,
        }
    }
}

#[test]
fn the_policy_speaks_of_every_operation_and_of_nothing_else() {
    let described: BTreeSet<String> =
        operations(&Ids::of_nothing()).into_iter().map(|operation| operation.id).collect();
    let named: BTreeSet<String> = POLICY.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(described, named);
    assert_eq!(named.len(), POLICY.len(), "an operation has two places");
}

#[tokio::test]
async fn nobody_gets_anywhere_without_the_right_keys() {
    let app = TestApp::new().await;
    let first = app.first.clone();
    let expired = expired_keys(&app).await;
    let foreign = app.other_project().await;
    let server_key = first.environments[0].server_sdk_key.as_str();
    let wrong = "fhp_0000000000000000000000000000000000000000000000000000000000000000";
    let (api, application) = (first.api_key.as_str(), first.application_key.as_str());
    let wrong_session = "Bearer fhs_0000000000000000000000000000000000000000000000000000000000000000";
    let expired_bearer = format!("Bearer {}", expired.application);
    let strangers: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("anonymous", vec![]),
        ("wrong keys", vec![("dd-api-key", wrong), ("dd-application-key", wrong)]),
        ("wrong application key", vec![("dd-api-key", api), ("dd-application-key", wrong)]),
        ("wrong API key", vec![("dd-api-key", wrong), ("dd-application-key", application)]),
        ("keys swapped", vec![("dd-api-key", application), ("dd-application-key", api)]),
        ("application key alone in its header", vec![("dd-application-key", application)]),
        ("API key alone", vec![("dd-api-key", api)]),
        ("wrong bearer", vec![("authorization", "Bearer nonsense")]),
        ("API key as X-API-Key", vec![("x-api-key", api)]),
        ("wrong log-in", vec![("authorization", wrong_session)]),
        ("wrong log-in in a cookie", vec![("cookie", "flaghoist=fhs_00"), ("x-flaghoist-csrf", "1")]),
        ("expired application key", vec![("dd-api-key", api), ("dd-application-key", &expired.application)]),
        ("expired application key as bearer", vec![("authorization", &expired_bearer)]),
        ("expired API key", vec![("dd-api-key", &expired.api), ("dd-application-key", application)]),
        ("expired SDK key", vec![("x-api-key", &expired.server_sdk)]),
        (
            "API key of another project",
            vec![("dd-api-key", &foreign.api_key), ("dd-application-key", application)],
        ),
        (
            "application key of another project",
            vec![("dd-api-key", api), ("dd-application-key", &foreign.key)],
        ),
        ("SDK key for management, application key for reading", vec![]),
    ];
    for operation in operations(&Ids::of_nothing_in(&app)) {
        if matches!(operation.needs, Needs::Nothing) {
            continue;
        }
        for (who, headers) in &strangers {
            let mut headers = headers.clone();
            if who.starts_with("SDK key") {
                headers.push(("x-api-key", if operation.is_data_plane() { application } else { server_key }));
            }
            headers.push(("content-type", "application/json"));
            let answer = app.send(&operation.method, &operation.path, &headers, Some(b"{}".to_vec())).await;
            assert_eq!(answer.status.as_u16(), 401, "{who}: {} {}", operation.id, answer.text);
        }
    }
}

struct ExpiredKeys {
    api: String,
    application: String,
    server_sdk: String,
}

/// Keys that were good an hour ago.
async fn expired_keys(app: &TestApp) -> ExpiredKeys {
    let admin = app.admin();
    let expires_at = "2026-11-20T10:30:00Z";
    let make = async |path: &str, body: Value| -> String {
        let made = admin.call("POST", path, Some(body)).await.expect(201).json();
        made["secret"].as_str().unwrap().to_owned()
    };
    let named = |kind: &str| json!({"kind": kind, "name": "Soon over", "expires_at": expires_at});
    let mut sdk_key = named("server_sdk_key");
    sdk_key["environment_id"] = json!(app.environment_id("production"));
    let keys = ExpiredKeys {
        api: make("/api/v1/keys", named("api_key")).await,
        application: make("/api/v1/me/keys", json!({"name": "Soon over", "expires_at": expires_at})).await,
        server_sdk: make("/api/v1/keys", sdk_key).await,
    };
    app.clock().pass(SignedDuration::from_hours(1));
    keys
}

#[tokio::test]
async fn sdk_keys_read_and_do_nothing_else() {
    let app = TestApp::new().await;
    let ids = Ids::of_nothing_in(&app);
    for operation in operations(&ids) {
        // Readers send what can be read; everybody else is refused before that.
        let body = match operation.needs {
            Needs::SdkKey | Needs::ServerSdkKey => policy::body(&operation.id, &ids).to_string(),
            _ => "{}".to_owned(),
        };
        for (who, key) in [
            ("server", app.first.environments[0].server_sdk_key.as_str()),
            ("client", app.first.environments[0].client_sdk_key.as_str()),
        ] {
            let headers = [("x-api-key", key), ("dd-api-key", key), ("dd-application-key", key)];
            let answer =
                app.send(&operation.method, &operation.path, &headers, Some(body.clone().into_bytes())).await;
            let status = answer.status.as_u16();
            match operation.needs {
                Needs::Permissions(_) => assert_eq!(status, 401, "{who}: {}", operation.id),
                Needs::ServerSdkSession if who == "server" => assert_eq!(status, 401, "{}", operation.id),
                Needs::ServerSdkKey | Needs::ServerSdkSession if who == "client" => {
                    assert_eq!(status, 403, "{}", operation.id);
                }
                Needs::SdkKey | Needs::ServerSdkKey | Needs::ServerSdkSession => {
                    assert!([200, 202, 404].contains(&status), "{who}: {} gave {status}", operation.id);
                }
                // Nobody registers themself, whoever they are.
                Needs::Nothing if operation.id == "flagmint_register" => assert_eq!(status, 403),
                Needs::Nothing => assert_ne!(status, 403, "{who}: {}", operation.id),
            }
        }
    }
}

#[tokio::test]
async fn a_role_may_do_what_it_may_and_nothing_else() {
    let app = TestApp::new().await;
    let (viewer, editor) = (app.somebody(BuiltInRole::Viewer).await, app.somebody(BuiltInRole::Editor).await);
    let admin = app.admin();
    for operation in operations(&Ids::of_nothing_in(&app)) {
        let Some(needed) = operation.permissions() else { continue };
        let lacks = |has: &[&str]| needed.iter().find(|name| !has.contains(name)).copied();
        for (who, caller, lacking) in
            [("viewer", &viewer, lacks(VIEWER)), ("editor", &editor, lacks(EDITOR)), ("admin", &admin, None)]
        {
            expect_lacking(caller, &operation, who, lacking).await;
        }
    }
}

#[tokio::test]
async fn every_permission_that_an_operation_needs_it_needs_and_no_other() {
    let app = TestApp::new().await;
    let admin = RoleRef::BuiltIn(BuiltInRole::Admin);
    let all = PermissionSet::all();
    let set = |names: &[&str]| -> PermissionSet {
        names.iter().map(|name| Permission::from_name(name).unwrap()).collect()
    };
    let mut callers: BTreeMap<Vec<&str>, Caller<'_>> = BTreeMap::new();
    for permission in Permission::ALL {
        let without = all.without(PermissionSet::of(&[*permission]));
        callers.insert(without.names(), app.somebody_with(admin, Some(without)).await);
    }
    for operation in operations(&Ids::of_nothing_in(&app)) {
        let Some(needed) = operation.permissions() else { continue };
        for name in needed {
            let without = all.without(set(&[name]));
            let caller = &callers[&without.names()];
            expect_lacking(caller, &operation, &format!("all but {name}"), Some(name)).await;
        }
        let exactly = set(needed).names();
        if !callers.contains_key(&exactly) {
            callers.insert(exactly.clone(), app.somebody_with(admin, Some(set(needed))).await);
        }
        expect_lacking(&callers[&exactly], &operation, "exactly what is needed", None).await;
    }
}

/// The answer is a refusal that names the permission which is lacking, or none that names one.
async fn expect_lacking(caller: &Caller<'_>, operation: &Operation, who: &str, lacking: Option<&str>) {
    let answer = caller.call(&operation.method, &operation.path, Some(json!({}))).await;
    let status = answer.status.as_u16();
    assert!(status < 500, "{who}: {} gave {status} {}", operation.id, answer.text);
    let sentence = "lacks the permission ";
    let named = answer.text.split_once(sentence).map(|(_, rest)| {
        rest.split(|character: char| !(character.is_ascii_lowercase() || character == '_'))
            .next()
            .unwrap_or("")
    });
    let named = named.filter(|_| status == 403);
    assert_eq!(named, lacking, "{who}: {} gave {status} {}", operation.id, answer.text);
    assert!(lacking.is_some() || status != 401, "{who}: {} gave 401", operation.id);
}

#[tokio::test]
async fn what_is_of_another_project_is_not_there() {
    let app = TestApp::new().await;
    let ids = Ids::of_things(&app).await;
    let foreign = app.other_project().await;
    let before = app.admin().get("/api/v1/history?limit=500").await.expect(200).json();
    let mut tried = 0;
    for operation in operations(&ids) {
        if operation.permissions().is_none() || !operation.has_parameters {
            continue;
        }
        // An environment that was deleted has a history too, so its list is empty instead.
        let is_empty_list = operation.id == "list_environment_history";
        let answer =
            foreign.call(&operation.method, &operation.path, Some(policy::body(&operation.id, &ids))).await;
        if is_empty_list {
            assert_eq!(answer.expect(200).json()["data"], json!([]));
        } else {
            assert_eq!(answer.status.as_u16(), 404, "{}: {}", operation.id, answer.text);
        }
        tried += 1;
    }
    assert!(tried > 40, "only {tried} operations have parameters");
    let after = app.admin().get("/api/v1/history?limit=500").await.expect(200).json();
    assert_eq!(after, before, "nothing has happened in the first project");
    for path in [
        "/api/v1/keys",
        "/api/v1/users",
        "/api/v1/roles",
        "/api/v1/teams",
        "/api/v1/webhooks",
        "/api/v1/history",
        "/api/v2/feature-flags",
        "/api/v2/feature-flags/suggestions",
        "/api/v2/team",
    ] {
        let list = foreign.get(path).await.expect(200).text;
        for (name, id) in &ids.0 {
            assert!(
                *name == "key" || *name == "attribute_key" || !list.contains(id.as_str()),
                "{path} shows the {name} of another project"
            );
        }
    }
}

#[tokio::test]
async fn the_same_bodies_reach_their_things_in_their_own_project() {
    let app = TestApp::new().await;
    let ids = Ids::of_things(&app).await;
    let mut operations = operations(&ids);
    // It removes what the list does not name, and so comes last.
    operations.sort_by_key(|operation| operation.id == "replace_allocations");
    for operation in operations {
        // Removing things would take them from the others; the log-in is no key's.
        if operation.permissions().is_none() || operation.method == "DELETE" || !operation.has_parameters {
            continue;
        }
        let answer = app
            .admin()
            .call(&operation.method, &operation.path, Some(policy::body(&operation.id, &ids)))
            .await;
        assert_ne!(answer.status.as_u16(), 404, "{}: {}", operation.id, answer.text);
        assert!(answer.status.as_u16() < 500, "{}: {}", operation.id, answer.text);
    }
}

#[tokio::test]
async fn a_missing_permission_is_named_and_differs_from_a_missing_key() {
    let app = TestApp::new().await;
    let viewer = app.somebody(BuiltInRole::Viewer).await;
    let refused = viewer.call("POST", "/api/v2/feature-flags", Some(json!({}))).await.expect(403);
    assert_eq!(
        refused.json(),
        json!({"errors": ["the application key lacks the permission feature_flag_config_write"]})
    );
    let stranger = app.send("GET", "/api/v2/feature-flags", &[], None).await.expect(401);
    assert_eq!(stranger.header("content-type"), "application/vnd.api+json");
}

#[tokio::test]
async fn an_application_key_alone_does_as_a_bearer() {
    let app = TestApp::new().await;
    let bearer = format!("Bearer {}", app.first.application_key);
    app.send("GET", "/api/v2/feature-flags", &[("authorization", &bearer)], None).await.expect(200);
}

#[tokio::test]
async fn an_sdk_key_is_taken_from_wherever_sdks_can_put_it() {
    let app = TestApp::new().await;
    let key = app.first.environments[0].server_sdk_key.clone();
    let bearer = format!("Bearer {key}");
    for header in
        [("x-api-key", key.as_str()), ("authorization", bearer.as_str()), ("dd-api-key", key.as_str())]
    {
        let answer = app.send("POST", "/ofrep/v1/evaluate/flags", &[header], None).await.expect(200);
        assert_eq!(answer.json()["flags"], json!([]));
    }
}

#[tokio::test]
async fn a_client_key_reads_no_configuration() {
    let app = TestApp::new().await;
    let refused = app.browser("production").document().await.expect(403);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.json()["code"], json!("wrong_credential"));
}

#[tokio::test]
async fn tricks_with_paths_do_not_reach_a_handler() {
    let app = TestApp::new().await;
    let admin = app.admin();
    let flag = admin.create_flag("dark-mode", "BOOLEAN", &[("on", "true"), ("off", "false")]).await;
    let id = flag["id"].as_str().unwrap();
    let mut paths = vec![
        format!("/api/v2/feature-flags/{id}%2Farchive"),
        format!("/api/v2/feature-flags/{id}/%61rchive/.."),
        format!("/healthz/../api/v2/feature-flags/{id}"),
        format!("/healthz/..%2f/api/v2/feature-flags/{id}"),
        format!("/api/v1/session/../../v2/feature-flags/{id}"),
        format!("/healthz;/api/v2/feature-flags/{id}"),
    ];
    for known in ["/api/v2/feature-flags", "/api/v1/users", &format!("/api/v2/feature-flags/{id}")] {
        let (before, last) = known.rsplit_once('/').unwrap();
        paths.extend([
            format!("/{known}"),
            format!("{before}//{last}"),
            format!("{known}/"),
            format!("{known}."),
            format!("{known}%20"),
            format!("{known}%00"),
            format!("{before}/./{last}"),
            format!("{before}/x/../{last}"),
            format!("{before}/%2e/{last}"),
            format!("{before}/x/%2e%2e/{last}"),
            format!("{before}%2f{last}"),
            format!("{before}\\{last}").replace('\\', "%5c"),
            known.to_uppercase(),
            known.replacen("/api", "/Api", 1),
            known.replacen("/api", "/%61pi", 1),
        ]);
    }
    for path in paths {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            let answer = app.send(method, &path, &[], None).await;
            let status = answer.status.as_u16();
            assert!([401, 404, 405].contains(&status), "{method} {path} gave {status} {}", answer.text);
        }
    }
    let found: Value = admin.get(&format!("/api/v2/feature-flags/{id}")).await.expect(200).json();
    assert_eq!(found["data"]["attributes"]["archived_at"], Value::Null);
}
