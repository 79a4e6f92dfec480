//! Gradual rollouts: when they run, what stays as it is while they do, and what comes after.

use super::Flagmint;
use crate::app::TestApp;
use flaghoist_server::rollouts::move_all_due;
use jiff::SignedDuration;
use serde_json::{Value, json};

struct World<'a> {
    app: &'a TestApp,
    admin: Flagmint<'a>,
    flag: Value,
    rollout: Value,
}

impl<'a> World<'a> {
    /// A flag with a rule, and beside it a gradual rollout of two steps that no rule serves.
    async fn new(app: &'a TestApp) -> Self {
        let admin = Flagmint::admin(app);
        let flag = admin.flag("Checkout", "boolean").await;
        let rule = json!({"kind": "custom", "variation_id": admin.variation(&flag, "false").await,
            "conditions": [{"attribute": "plan", "operator": "eq", "value": "free"}]});
        admin.data("POST", &admin.of_flag(&flag, "targeting-rules"), Some(rule), 201).await;
        let rollout =
            json!({"strategy": "gradual", "target_percentage": 100, "increment": 50, "interval_hours": 1});
        let rollout = admin.data("POST", &admin.of_flag(&flag, "rollouts"), Some(rollout), 201).await;
        Self { app, admin, flag, rollout }
    }

    async fn pass(&self, hours: i64) {
        self.app.advance(SignedDuration::from_hours(hours));
        move_all_due(&self.app.state).await.unwrap();
    }

    fn path(&self) -> String {
        self.admin.of_flag(&self.flag, &format!("rollouts/{}", self.rollout["id"].as_str().unwrap()))
    }

    fn rules(&self) -> String {
        self.admin.of_flag(&self.flag, "targeting-rules")
    }

    /// Its status and the share that is in.
    async fn stands(&self) -> (Value, Value) {
        let mut shown = self.admin.data("GET", &self.path(), None, 200).await;
        let schedule = &mut shown["config"]["schedule"];
        (schedule["status"].take(), schedule["current_percentage"].take())
    }

    /// Makes a rule for everybody with a plan that serves it, and gives the rule's path.
    async fn serve(&self) -> String {
        let rule = json!({"kind": "custom", "rollout_id": self.rollout["id"],
            "conditions": [{"attribute": "plan", "operator": "exists"}]});
        let rule = self.admin.data("POST", &self.rules(), Some(rule), 201).await;
        format!("{}/{}", self.rules(), rule["id"].as_str().unwrap())
    }

    async fn on(&self) -> usize {
        let mut on = 0;
        for number in 0..100 {
            let context = json!({"kind": "user", "key": format!("subject-{number}"), "plan": "pro"});
            on += usize::from(self.admin.evaluate(context).await["checkout"] == true);
        }
        on
    }
}

#[tokio::test]
async fn a_rollout_takes_no_step_while_no_rule_serves_it() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    world.pass(5).await;
    let (status, share) = world.stands().await;
    assert!(status != "RUNNING" && status != "COMPLETED", "{status}");
    assert_eq!(share, 0.0);
    let rule = world.serve().await;
    world.pass(0).await;
    assert_eq!(world.stands().await, (json!("RUNNING"), json!(50.0)), "it begins with its first step");
    world.admin.data("DELETE", &rule, None, 200).await;
    world.pass(5).await;
    assert_ne!(world.stands().await.0, "COMPLETED", "nobody would have seen the second step");
    world.serve().await;
    world.pass(2).await;
    assert_eq!(world.stands().await, (json!("COMPLETED"), json!(100.0)));
    assert_eq!(world.on().await, 100);
}

#[tokio::test]
async fn a_rule_does_not_leave_a_rollout_that_is_on_and_its_steps_are_locked() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let rule = world.serve().await;
    world.pass(0).await;
    let left = world.admin.call("PUT", &rule, Some(json!({"rollout_id": null})), 409).await;
    assert!(left["message"].as_str().unwrap().contains("stop the rollout first"), "{left}");
    let faster =
        json!({"strategy": "gradual", "target_percentage": 100, "increment": 25, "interval_hours": 1});
    let locked = world.admin.call("PUT", &world.path(), Some(faster.clone()), 409).await;
    assert!(locked["message"].as_str().unwrap().contains("is on"), "{locked}");
    world.pass(1).await;
    let locked = world.admin.call("PUT", &world.path(), Some(faster), 409).await;
    assert!(locked["message"].as_str().unwrap().contains("to its end"), "{locked}");
    assert_eq!(world.on().await, 100, "and nobody lost it");
    let share = json!({"strategy": "percentage", "percentage": 30});
    world.admin.data("PUT", &world.path(), Some(share), 200).await;
    assert!((15..=45).contains(&world.on().await));
}

#[tokio::test]
async fn a_rule_that_is_written_back_keeps_its_place_among_equals() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let mut paths = Vec::new();
    for name in ["first", "second"] {
        let rule = json!({"kind": "custom", "name": name, "order_index": 3,
            "conditions": [{"attribute": "plan", "operator": "exists"}]});
        let rule = world.admin.data("POST", &world.rules(), Some(rule), 201).await;
        paths.push(format!("{}/{}", world.rules(), rule["id"].as_str().unwrap()));
    }
    let shown = world.admin.data("GET", &paths[0], None, 200).await;
    world.admin.data("PUT", &paths[0], Some(shown), 200).await;
    let rules = world.admin.data("GET", &world.rules(), None, 200).await;
    assert_eq!((&rules[1]["name"], &rules[2]["name"]), (&json!("first"), &json!("second")));
}

#[tokio::test]
async fn a_rollout_that_is_written_back_stays_as_it_is() {
    let app = TestApp::new().await;
    let world = World::new(&app).await;
    let rollouts = world.admin.of_flag(&world.flag, "rollouts");
    let shares = json!([
        {"variation_id": world.admin.variation(&world.flag, "true").await, "weight": 25},
        {"variation_id": world.admin.variation(&world.flag, "false").await, "weight": 75},
    ]);
    for rollout in [
        json!({"strategy": "percentage", "percentage": 30}),
        json!({"strategy": "variant", "variants": shares}),
        json!({"strategy": "off"}),
    ] {
        world.admin.data("POST", &rollouts, Some(rollout), 201).await;
    }
    let shown = world.admin.data("GET", &rollouts, None, 200).await;
    let shown = shown.as_array().unwrap();
    assert_eq!(shown.len(), 4);
    for rollout in shown {
        let path = format!("{rollouts}/{}", rollout["id"].as_str().unwrap());
        let after = world.admin.data("PUT", &path, Some(rollout.clone()), 200).await;
        assert_eq!(after["config"], rollout["config"]);
    }
}
