//! What the Flagmint interface saves is compiled into conditions that every reader understands. Here it stands beside an
//! independent reading of the specification, on random flags, segments and contexts.
//!
//! Left out is what conditions cannot express (`docs/flagmint.md` has the list): comparisons of numbers with booleans and
//! blank text, texts of numbers that are not in their shortest form, lists of an attribute's elements, and exponents.

use super::Flagmint;
use super::reference::{self, Clause, Combinator, Flag, Rollout, Rule, Segment, Serve, Test};
use crate::app::TestApp;
use crate::rollout_games::Dice;
use serde_json::{Value, json};

const FLAGS: usize = 120;
const CONTEXTS: usize = 60;

const ATTRIBUTES: [&str; 9] = [
    "plan",
    "user.plan",
    "custom.plan",
    "age",
    "organization.country",
    "email",
    "User.Email",
    "beta",
    "tags",
];
const TEXTS: [&str; 10] =
    ["pro", "free", "", "DE", "a.b+c", "ada@example.com", "true", "18", "pro,free", "Ünï"];
/// As texts: whole numbers are integers, as clients write them.
const NUMBERS: [&str; 6] = ["0", "17", "18", "18.5", "-3", "100"];

fn pick<'a, T>(dice: &mut Dice, of: &'a [T]) -> &'a T {
    &of[usize::try_from(dice.throw(of.len() as u64)).unwrap()]
}

fn number(dice: &mut Dice) -> Value {
    let text = *pick(dice, &NUMBERS);
    serde_json::from_str(text).unwrap()
}

/// A share in percent.
fn share(dice: &mut Dice, from: u64, to: u64) -> f64 {
    f64::from(u32::try_from(from + dice.throw(to - from + 1)).unwrap())
}

fn scalar(dice: &mut Dice) -> Value {
    match dice.throw(4) {
        0 => number(dice),
        1 => json!(dice.throw(2) == 0),
        _ => json!(pick(dice, &TEXTS)),
    }
}

fn clause(dice: &mut Dice) -> Clause {
    let attribute = (*pick(dice, &ATTRIBUTES)).to_owned();
    let operator = *pick(
        dice,
        &[
            "eq",
            "neq",
            "in",
            "nin",
            "gt",
            "lt",
            "gte",
            "lte",
            "exists",
            "not_exists",
            "contains",
            "not_contains",
            "startsWith",
            "endsWith",
            "regex",
        ],
    );
    let value = match operator {
        "in" | "nin" if dice.throw(6) == 0 => Some(json!("pro")),
        "in" | "nin" if dice.throw(5) == 0 => Some(json!("[\"pro\", \"DE\"]")),
        "in" | "nin" => {
            let count = dice.throw(4);
            Some((0..count).map(|_| scalar(dice)).collect())
        }
        // What is no number compares with none.
        "gt" | "lt" | "gte" | "lte" if dice.throw(8) == 0 => Some(json!("eighteen")),
        "gt" | "lt" | "gte" | "lte" => Some(number(dice)),
        "exists" | "not_exists" => None,
        "regex" => Some(json!(pick(dice, &["^pro$", "[0-9]+", "e", "^$", "(?i)ADA"]))),
        "contains" | "not_contains" | "startsWith" | "endsWith" => {
            Some(json!(pick(dice, &["", "p", "pro", ".b+", "@", "1", "tru", ",", "ï"])))
        }
        _ if dice.throw(10) == 0 => None,
        _ => Some(scalar(dice)),
    };
    Clause { attribute, operator: operator.to_owned(), value }
}

fn clauses(dice: &mut Dice) -> Vec<Clause> {
    (0..=dice.throw(3)).map(|_| clause(dice)).collect()
}

fn combinator(dice: &mut Dice) -> (Combinator, &'static str) {
    match dice.throw(3) {
        0 => (Combinator::Or, "OR"),
        1 => (Combinator::Not, "NOT"),
        _ => (Combinator::And, "AND"),
    }
}

fn written(clauses: &[Clause], logical_op: Option<&str>) -> Value {
    let one = |clause: &Clause| {
        let mut written = json!({"attribute": clause.attribute, "operator": clause.operator});
        if let Some(value) = &clause.value {
            written["value"] = value.clone();
        }
        match logical_op {
            Some(op) => written["logical_op"] = json!(op),
            None => written["type"] = json!("rule"),
        }
        written
    };
    clauses.iter().map(one).collect()
}

/// A flag, made through the interface and written down for the reference.
async fn random_flag(dice: &mut Dice, admin: &Flagmint<'_>, seed: usize) -> (String, Flag) {
    let is_boolean = dice.throw(2) == 0;
    let kind = if is_boolean { "boolean" } else { "string" };
    let made = admin.flag(&format!("Flag {seed}"), kind).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let values: Vec<(String, Value)> = if is_boolean {
        vec![("true".to_owned(), json!(true)), ("false".to_owned(), json!(false))]
    } else {
        vec![("control".to_owned(), json!("control")), ("treatment".to_owned(), json!("treatment"))]
    };
    let mut ids = Vec::new();
    for (key, _) in &values {
        ids.push(admin.variation(&made, key).await);
    }
    let mut flag = Flag {
        is_active: true,
        value_type: kind,
        default: values[usize::from(is_boolean)].1.clone(),
        off: None,
        rules: Vec::new(),
        of_everybody: None,
    };
    if dice.throw(3) == 0 {
        let chosen = usize::try_from(dice.throw(2)).unwrap();
        let body = json!({"value": values[chosen].1});
        admin.data("PUT", &admin.of_flag(&made, "value"), Some(body), 200).await;
        flag.default = values[chosen].1.clone();
    }
    let mut rollouts = Vec::new();
    for _ in 0..dice.throw(3) {
        let salt = format!("salt-{}", dice.throw(1_000));
        let (body, rollout) = match dice.throw(3) {
            0 => (json!({"strategy": "off"}), Rollout::Off),
            1 if is_boolean => {
                // At 0 % whoever has no key is served `false`, not the default.
                let percentage = share(dice, 1, 100);
                let body = json!({"strategy": "percentage", "percentage": percentage, "salt": salt});
                (body, Rollout::Percentage { percentage, salt })
            }
            _ => {
                let first = share(dice, 0, 100);
                let weights = [first, 100.0 - first];
                let variants: Vec<Value> = ids
                    .iter()
                    .zip(weights)
                    .map(|(id, weight)| json!({"variation_id": id, "weight": weight}))
                    .collect();
                let body = json!({"strategy": "variant", "variants": variants, "salt": salt});
                let weights = values.iter().map(|(_, value)| value.clone()).zip(weights).collect();
                (body, Rollout::Variant { weights, salt })
            }
        };
        let made = admin.data("POST", &admin.of_flag(&made, "rollouts"), Some(body), 201).await;
        rollouts.push((made["id"].clone(), rollout));
    }
    flag.of_everybody = rollouts.first().map(|(_, rollout)| rollout.clone());
    let count = dice.throw(4);
    for order in 0..count {
        let (test, mut body) = random_test(dice, admin, seed, order).await;
        let serve = match dice.throw(4) {
            0 => Serve::Nothing,
            1 if !rollouts.is_empty() => {
                let (id, rollout) = pick(dice, &rollouts).clone();
                body["rollout_id"] = id;
                Serve::Rollout(rollout)
            }
            _ => {
                let chosen = usize::try_from(dice.throw(2)).unwrap();
                body["variation_id"] = json!(ids[chosen]);
                Serve::Value(values[chosen].1.clone())
            }
        };
        body["order_index"] = json!(order);
        let answer = admin.send("POST", &admin.path(&made, "targeting-rules"), Some(body)).await;
        // What would need too many conditions is refused, and then is in neither.
        if answer.status.as_u16() == 400 {
            assert!(answer.text.contains("need more than"), "{}", answer.text);
            continue;
        }
        answer.expect(201);
        flag.rules.push(Rule { test, serve });
    }
    if dice.throw(6) == 0 {
        flag.is_active = false;
        let mut body = json!({"is_active": false});
        if dice.throw(2) == 0 {
            body["off_variation_id"] = json!(ids[0]);
            flag.off = Some(values[0].1.clone());
        }
        admin.data("PUT", &admin.of_flag(&made, "value"), Some(body), 200).await;
    }
    (key, flag)
}

async fn random_test(dice: &mut Dice, admin: &Flagmint<'_>, seed: usize, order: u64) -> (Test, Value) {
    let clauses = clauses(dice);
    let (combinator, name) = combinator(dice);
    if dice.throw(3) > 0 {
        let body = json!({"kind": "custom", "conditions": written(&clauses, Some(name))});
        return (Test::Custom { clauses, combinator }, body);
    }
    let force = dice.throw(8) == 0;
    let clauses = if dice.throw(8) == 0 { Vec::new() } else { clauses };
    let segment = json!({"name": format!("Segment {seed} {order}"), "rules": written(&clauses, None),
        "logical_op": name, "force": force});
    let made = admin.data("POST", "/segments", Some(segment), 201).await;
    let test = Test::Segment(Segment { clauses, combinator, force });
    (test, json!({"kind": "segment", "segment_id": made["id"]}))
}

impl Flagmint<'_> {
    fn path(&self, flag: &Value, rest: &str) -> String {
        format!("/projects/{}{}", self.project, self.of_flag(flag, rest))
    }
}

/// A value of an attribute. Numbers are compared with attributes that have numbers, or texts that are none.
fn attribute_value(dice: &mut Dice, name: &str) -> Value {
    match name {
        "age" => match dice.throw(4) {
            0 => json!("eighteen"),
            1 => Value::Null,
            _ => number(dice),
        },
        "beta" => json!(dice.throw(2) == 0),
        "tags" => json!(["pro", "free"]),
        _ => json!(pick(dice, &TEXTS)),
    }
}

fn fields(dice: &mut Dice, of: &[&str]) -> Value {
    let mut fields = json!({});
    for name in of {
        if dice.throw(2) == 0 {
            fields[*name] = attribute_value(dice, name);
        }
    }
    fields
}

fn random_context(dice: &mut Dice, number: usize) -> Value {
    let key = json!(format!("subject-{number}"));
    let user = |dice: &mut Dice| {
        let mut user = fields(dice, &["plan", "age", "email", "beta", "tags"]);
        user["kind"] = json!("user");
        user["key"] = key.clone();
        user
    };
    match dice.throw(7) {
        0 => json!({}),
        1 => {
            let mut context = json!({"user.key": key});
            context["user.plan"] = json!(pick(dice, &TEXTS));
            context["plan"] = json!(pick(dice, &TEXTS));
            context
        }
        2 | 3 => {
            let mut organization = fields(dice, &["country", "plan"]);
            organization["key"] = json!("org-1");
            let mut context = json!({"kind": "multi", "user": user(dice), "organization": organization,
                "custom": {"source": "SDK"}});
            if dice.throw(2) == 0 {
                context["plan"] = json!(pick(dice, &TEXTS));
                context["key"] = json!("left-over");
            }
            context
        }
        4 => json!({"kind": "user", "user": user(dice)}),
        5 => {
            let mut context = fields(dice, &["country", "plan", "age"]);
            context["kind"] = json!("organization");
            context["key"] = json!("org-1");
            context
        }
        _ => {
            let mut context = user(dice);
            context["custom"] = json!({"plan": pick(dice, &TEXTS), "source": "SDK"});
            context
        }
    }
}

/// Whether a flag compares in a way that conditions do not have: left out.
fn is_comparable(flag: &Flag) -> bool {
    let of_test = |test: &Test| match test {
        Test::Custom { clauses, .. } => clauses.clone(),
        Test::Segment(segment) => segment.clauses.clone(),
    };
    let is_ordered = |clause: &Clause| ["gt", "lt", "gte", "lte"].contains(&clause.operator.as_str());
    // Texts may be blank, booleans are 0 and 1, in JavaScript.
    let mut clauses = flag.rules.iter().flat_map(|rule| of_test(&rule.test));
    !clauses.any(|clause| is_ordered(&clause) && clause.attribute != "age")
}

#[tokio::test]
async fn compiled_flags_serve_what_the_specification_says() {
    let app = TestApp::new().await;
    let admin = Flagmint::admin(&app);
    let mut dice = Dice::of(20_261_128);
    let mut flags = Vec::new();
    for seed in 0..FLAGS {
        let (key, flag) = random_flag(&mut dice, &admin, seed).await;
        if is_comparable(&flag) {
            flags.push((key, flag));
        }
    }
    assert!(flags.len() > FLAGS / 3, "only {} flags can be compared", flags.len());
    let mut other_than_default = 0;
    for number in 0..CONTEXTS {
        let context = random_context(&mut dice, number);
        let served = admin.evaluate(context.clone()).await;
        for (key, flag) in &flags {
            let expected = reference::evaluate(flag, &context);
            assert_eq!(served[key], expected, "{key} for {context}: {flag:#?}");
            other_than_default += usize::from(expected != flag.default);
        }
    }
    let decisions = flags.len() * CONTEXTS;
    assert!(other_than_default > decisions / 8, "{other_than_default} of {decisions} say something");
}
