//! Whatever people without the override permission do, in whatever order: readers get something else only when
//! somebody else has approved exactly what is then applied.
//!
//! The test keeps its own books of who wrote and who approved what, by watching requests from the outside.

use crate::app::{Answer, Caller, TestApp, allocation};
use flaghoist_model::access::BuiltInRole;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Numbers that look random and are the same for the same seed (Marsaglia's xorshift, 64 bits).
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}

/// What is known of a suggestion: who wrote it, and who approved what it says now.
#[derive(Default)]
struct Book {
    writers: BTreeSet<usize>,
    approvers: BTreeSet<usize>,
}

struct World<'a> {
    app: &'a TestApp,
    people: [Caller<'a>; 3],
    flag_id: String,
    variants: [String; 2],
    books: BTreeMap<String, Book>,
}

impl World<'_> {
    /// What several readers get, and whether they get anything.
    async fn served(&self) -> Vec<Value> {
        let mut answers = Vec::new();
        for (environment, context) in [
            ("production", json!({"targetingKey": "alice"})),
            ("production", json!({"targetingKey": "bob", "plan": "beta"})),
        ] {
            let answer = self.app.reader(environment).evaluate("dark-mode", context).await.json();
            answers.push(json!([answer["value"], answer["variant"], answer["reason"], answer["errorCode"]]));
        }
        answers
    }

    /// A change as people ask for it. Its answer tells whether it was made, waits, or was refused.
    async fn ask(&self, who: usize, dice: &mut Dice) -> Answer {
        let caller = &self.people[who];
        let flag = format!("/api/v2/feature-flags/{}", self.flag_id);
        let production = self.app.environment_id("production");
        let serving = format!("/api/v1/flags/{}/environments/{production}/serving", self.flag_id);
        let variant = ["off", "on"][dice.throw(2)];
        match dice.throw(12) {
            0 => caller.call("POST", &caller.place(&self.flag_id, "production", "enable"), None).await,
            1 => caller.call("POST", &caller.place(&self.flag_id, "production", "disable"), None).await,
            2 => caller.replace(&self.flag_id, "production", &[]).await,
            3 => caller.replace(&self.flag_id, "production", &[allocation("all", variant, &json!([]))]).await,
            4 => {
                let rules =
                    json!([{"conditions": [{"attribute": "plan", "operator": "ONE_OF", "value": ["beta"]}]}]);
                caller.replace(&self.flag_id, "production", &[allocation("beta", variant, &rules)]).await
            }
            5 => caller.call("PATCH", &serving, Some(json!({"default_variant_key": variant}))).await,
            6 => {
                let variant = [Value::Null, json!(variant)][dice.throw(2)].clone();
                caller.call("PATCH", &serving, Some(json!({"override_variant_key": variant}))).await
            }
            7 => caller.call("PATCH", &serving, Some(json!({"off_variant_key": variant}))).await,
            8 => {
                let path = format!("{flag}/variants/{}", self.variants[dice.throw(2)]);
                caller.call("PUT", &path, Some(json!({"value": format!("V{}", dice.throw(3))}))).await
            }
            9 => {
                caller
                    .call("POST", &format!("{flag}/{}", ["archive", "unarchive"][dice.throw(2)]), None)
                    .await
            }
            10 => {
                let path = format!("/api/v1/flags/{}/environments/{production}/copy", self.flag_id);
                let body =
                    json!({"from_environment_id": self.app.environment_id("staging"), "with_status": true});
                caller.call("POST", &path, Some(body)).await
            }
            _ => {
                let page =
                    caller.get(&format!("/api/v1/flags/{}/history?limit=20", self.flag_id)).await.json();
                let entries = page["data"].as_array().unwrap();
                let entry = entries[dice.throw(entries.len())]["id"].as_str().unwrap().to_owned();
                let body = json!({"discard_later_changes": true});
                caller.call("POST", &format!("/api/v1/history/{entry}/revert"), Some(body)).await
            }
        }
    }

    /// The open suggestions, as anybody sees them.
    async fn open(&self) -> Vec<Value> {
        let page =
            self.people[0].get("/api/v2/feature-flags/suggestions?is_open=true&limit=200").await.json();
        page["data"].as_array().unwrap().clone()
    }

    /// Enters suggestions that are new into the books.
    async fn enter_new(&mut self, who: usize) {
        for suggestion in self.open().await {
            let id = suggestion["id"].as_str().unwrap().to_owned();
            self.books.entry(id).or_default().writers.insert_if_empty(who);
        }
    }

    fn is_approved_by_somebody_else(&self, id: &str) -> bool {
        let book = &self.books[id];
        book.approvers.difference(&book.writers).next().is_some()
    }
}

trait InsertIfEmpty {
    fn insert_if_empty(&mut self, value: usize);
}

impl InsertIfEmpty for BTreeSet<usize> {
    fn insert_if_empty(&mut self, value: usize) {
        if self.is_empty() {
            self.insert(value);
        }
    }
}

async fn world(app: &TestApp) -> World<'_> {
    let admin = app.admin();
    let flag_id =
        admin.enabled_flag("dark-mode", "STRING", &[("off", "OFF"), ("on", "ON")], "production").await;
    admin.replace(&flag_id, "staging", &[allocation("staged", "on", &json!([]))]).await.expect(200);
    let path = format!("/api/v2/feature-flags/environments/{}", app.environment_id("production"));
    let body =
        json!({"data": {"type": "environments", "attributes": {"require_feature_flag_approval": true}}});
    admin.call("PUT", &path, Some(body)).await.expect(200);
    let flag = admin.get(&format!("/api/v2/feature-flags/{flag_id}")).await.json();
    let variant =
        |position: usize| flag["data"]["attributes"]["variants"][position]["id"].as_str().unwrap().to_owned();
    let people = [
        app.somebody(BuiltInRole::Editor).await,
        app.somebody(BuiltInRole::Editor).await,
        app.somebody(BuiltInRole::Editor).await,
    ];
    World { app, people, variants: [variant(0), variant(1)], flag_id, books: BTreeMap::new() }
}

/// Plays one game; gives how often readers got something else.
async fn play(seed: u64) -> usize {
    let app = TestApp::new().await;
    let mut world = world(&app).await;
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut changes = 0;
    for step in 0..60 {
        let before = world.served().await;
        let who = dice.throw(3);
        let open = world.open().await;
        let chosen = (!open.is_empty()).then(|| open[dice.throw(open.len())].clone());
        let id = chosen.as_ref().map(|one| one["id"].as_str().unwrap().to_owned());
        let mut applied = None;
        match (dice.throw(10), id) {
            (0..=3, Some(id)) => {
                let apply = dice.throw(3) > 0;
                let body =
                    json!({"data": {"type": "flag-suggestion-events", "attributes": {"apply": apply}}});
                let path = format!("/api/v2/feature-flags/suggestions/{id}/approve");
                let answer = world.people[who].call("POST", &path, Some(body)).await;
                if answer.status.is_success() {
                    world.books.get_mut(&id).unwrap().approvers.insert(who);
                    applied = apply.then_some(id);
                }
            }
            (4, Some(id)) => {
                let answer =
                    world.people[who].call("POST", &format!("/api/v1/suggestions/{id}/apply"), None).await;
                applied = answer.status.is_success().then_some(id);
            }
            (5, Some(id)) => {
                let text = ["ENABLED", "DISABLED", "on", "off", "[]", "V9"][dice.throw(6)];
                let attributes = json!({"suggestion": text});
                let body = json!({"data": {"type": "flag-suggestions", "attributes": attributes}});
                let path = format!("/api/v2/feature-flags/suggestions/{id}");
                let answer = world.people[who].call("PATCH", &path, Some(body)).await;
                if answer.status.is_success() {
                    let book = world.books.get_mut(&id).unwrap();
                    book.approvers.clear();
                    book.writers.insert(who);
                }
            }
            (6, Some(id)) => {
                let (method, path) = [
                    ("DELETE", format!("/api/v2/feature-flags/suggestions/{id}")),
                    ("POST", format!("/api/v2/feature-flags/suggestions/{id}/reject")),
                ][dice.throw(2)]
                .clone();
                world.people[who].call(method, &path, None).await;
            }
            _ => {
                let answer = world.ask(who, &mut dice).await;
                assert!(answer.status.as_u16() < 500, "{}", answer.text);
                world.enter_new(who).await;
            }
        }
        let after = world.served().await;
        if after != before {
            let id = applied
                .unwrap_or_else(|| panic!("seed {seed}, step {step}: {before:?} became {after:?} by itself"));
            assert!(
                world.is_approved_by_somebody_else(&id),
                "seed {seed}, step {step}: {id} was applied unapproved"
            );
            changes += 1;
        }
    }
    changes
}

#[tokio::test]
async fn nothing_that_readers_get_changes_without_somebody_elses_approval_of_exactly_it() {
    let mut changes = 0;
    for seed in 1..=20 {
        changes += play(seed).await;
    }
    assert!(changes > 20, "the games were dull: readers got something else only {changes} times");
}
