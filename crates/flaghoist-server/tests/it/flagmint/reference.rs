//! A small reading of sections 5, 6 and 7 of the Flagmint specification, made without looking at the server:
//! the reference of the differential test. Clarity goes before speed.

use serde_json::{Value, json};

/// How the conditions of a group combine.
#[derive(Clone, Debug)]
pub(crate) enum Combinator {
    And,
    Or,
    Not,
}

/// One condition.
#[derive(Clone, Debug)]
pub(crate) struct Clause {
    pub attribute: String,
    pub operator: String,
    pub value: Option<Value>,
}

/// A segment; with `force` it always matches.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub clauses: Vec<Clause>,
    pub combinator: Combinator,
    pub force: bool,
}

/// What a rule asks of the context.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Custom { clauses: Vec<Clause>, combinator: Combinator },
    Segment(Segment),
}

/// How a rollout distributes; the variants are given by value.
#[derive(Clone, Debug)]
pub(crate) enum Rollout {
    Off,
    Percentage { percentage: f64, salt: String },
    Variant { weights: Vec<(Value, f64)>, salt: String },
}

/// What a matching rule serves; `Nothing` is a rule with neither variation nor rollout.
#[derive(Clone, Debug)]
pub(crate) enum Serve {
    Value(Value),
    Rollout(Rollout),
    Nothing,
}

/// One targeting rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub test: Test,
    pub serve: Serve,
}

/// A flag in one environment, its rules in the order of `order_index`.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    pub is_active: bool,
    pub value_type: &'static str,
    pub default: Value,
    pub off: Option<Value>,
    pub rules: Vec<Rule>,
    pub of_everybody: Option<Rollout>,
}

/// The value of a flag for a context (section 7, with decisions 31 to 33).
pub(crate) fn evaluate(flag: &Flag, context: &Value) -> Value {
    if !flag.is_active {
        return flag.off.as_ref().unwrap_or(&flag.default).clone();
    }
    let roll = |rollout| roll(rollout, flag, context).unwrap_or_else(|| flag.default.clone());
    if flag.rules.is_empty() {
        return flag.of_everybody.as_ref().map_or_else(|| flag.default.clone(), roll);
    }
    let attributes = flatten(context);
    match flag.rules.iter().find(|rule| rule.test.matches(&attributes)).map(|rule| &rule.serve) {
        Some(Serve::Value(value)) => value.clone(),
        Some(Serve::Rollout(rollout)) => roll(rollout),
        Some(Serve::Nothing) | None => flag.default.clone(),
    }
}

/// The value of a rollout; `None` stands for the default.
fn roll(rollout: &Rollout, flag: &Flag, context: &Value) -> Option<Value> {
    let key = stable_key(context);
    match rollout {
        Rollout::Off => None,
        Rollout::Percentage { .. } if flag.value_type != "boolean" => None,
        Rollout::Percentage { percentage, .. } if *percentage >= 100.0 => Some(Value::Bool(true)),
        Rollout::Percentage { percentage, salt } => {
            Some(Value::Bool(bucket(salt, &key?) < (percentage * 100.0).round()))
        }
        Rollout::Variant { weights, salt } => {
            let Some(key) = key else {
                return weights.iter().find(|(_, weight)| *weight >= 100.0).map(|(value, _)| value.clone());
            };
            let (bucket, mut cumulative) = (bucket(salt, &key), 0.0);
            let hit = weights.iter().find(|(_, weight)| {
                cumulative += weight;
                bucket < (cumulative * 100.0).round()
            });
            hit.map(|(value, _)| value.clone())
        }
    }
}

/// The UFC sharder over 10 000 (evaluation.md 5.2), as a float because it is only compared with percentages.
fn bucket(salt: &str, key: &str) -> f64 {
    let [a, b, c, d, ..] = md5::compute(format!("{salt}-{key}")).0;
    f64::from(u32::from_be_bytes([a, b, c, d]) % 10_000)
}

/// What a rollout hashes.
fn stable_key(context: &Value) -> Option<String> {
    let own = match context["kind"].as_str() {
        Some("user" | "organization") => &context["key"],
        Some("multi") => &context["user"]["key"],
        _ => &Value::Null,
    };
    let candidates = [own, &context["user_id"], &context["user.key"], &context["user"]["key"]];
    candidates.into_iter().find_map(scalar).map(|key| text(&key))
}

/// Named scalars; of two with one name the first counts.
type Attributes = Vec<(String, Value)>;

/// The attributes of a context (section 5), and the leftovers of a multi context, which any of them outranks.
fn flatten(context: &Value) -> [Attributes; 2] {
    let (mut proper, mut leftovers) = (Vec::new(), Vec::new());
    match context["kind"].as_str() {
        Some("multi") => {
            let mut scalars = context.as_object().cloned().unwrap_or_default();
            scalars.retain(|_, value| !value.is_array());
            collect(&mut leftovers, "", &Value::Object(scalars));
        }
        Some(kind @ ("user" | "organization")) => collect(&mut proper, &format!("{kind}."), context),
        _ => collect(&mut proper, "", context),
    }
    collect(&mut proper, "custom.", &context["custom"]);
    for kind in ["user", "organization"] {
        collect(&mut proper, &format!("{kind}."), &context[kind]);
        collect(&mut proper, "custom.", &context[kind]["custom"]);
    }
    [proper, leftovers]
}

fn collect(into: &mut Attributes, prefix: &str, object: &Value) {
    for (name, value) in object.as_object().into_iter().flatten() {
        if name != "kind" || prefix == "custom." {
            into.extend(scalar(value).map(|value| (format!("{prefix}{name}"), value)));
        }
    }
}

/// An attribute as decision 34 normalises it: null and objects are absent, an array is its joined text.
fn scalar(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Object(_) => None,
        Value::Array(_) => Some(Value::String(text(value))),
        _ => Some(value.clone()),
    }
}

fn lookup<'a>(attributes: &'a [Attributes; 2], name: &str) -> Option<&'a Value> {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let prefixed = ["", "custom.", "user.", "organization."].map(|prefix| format!("{prefix}{bare}"));
    let wanted: Vec<&str> = std::iter::once(name).chain(prefixed.iter().map(String::as_str)).collect();
    let in_one = |rank: &'a Attributes| {
        wanted.iter().find_map(|wanted| {
            let folded = wanted.to_lowercase();
            let exact = rank.iter().find(|(name, _)| name == wanted);
            exact.or_else(|| rank.iter().find(|(name, _)| name.to_lowercase() == folded))
        })
    };
    attributes.iter().find_map(in_one).map(|(_, value)| value)
}

impl Test {
    fn matches(&self, attributes: &[Attributes; 2]) -> bool {
        let (clauses, combinator) = match self {
            Self::Custom { clauses, combinator } => (clauses, combinator),
            Self::Segment(segment) if segment.force => return true,
            Self::Segment(segment) => (&segment.clauses, &segment.combinator),
        };
        let mut results = clauses.iter().map(|clause| clause.holds(attributes));
        !clauses.is_empty()
            && match combinator {
                Combinator::And => results.all(|holds| holds),
                Combinator::Or => results.any(|holds| holds),
                Combinator::Not => !results.any(|holds| holds),
            }
    }
}

impl Clause {
    fn holds(&self, attributes: &[Attributes; 2]) -> bool {
        let attribute = lookup(attributes, &self.attribute);
        let subject = attribute.map(text).unwrap_or_default();
        let value = self.value.as_ref().filter(|value| !value.is_null());
        let operand_text = value.map(text);
        let operand = operand_text.as_deref();
        let listed = || value.and_then(members).is_some_and(|members| members.contains(&subject));
        let (left, right) = (number(attribute), number(self.value.as_ref()));
        match self.operator.as_str() {
            "exists" => attribute.is_some(),
            "not_exists" => attribute.is_none(),
            "eq" => value.is_some_and(|value| equal(attribute, value)),
            "neq" => value.is_some_and(|value| !equal(attribute, value)),
            "in" => listed(),
            "nin" => attribute.is_none() || !listed(),
            "gt" => left > right,
            "gte" => left >= right,
            "lt" => left < right,
            "lte" => left <= right,
            "contains" => operand.is_some_and(|part| subject.contains(part)),
            "not_contains" => attribute.is_none() || operand.is_none_or(|part| !subject.contains(part)),
            "startsWith" | "starts_with" => operand.is_some_and(|part| subject.starts_with(part)),
            "endsWith" | "ends_with" => operand.is_some_and(|part| subject.ends_with(part)),
            "regex" | "matches" => {
                let pattern = operand.and_then(|pattern| regex::Regex::new(pattern).ok());
                attribute.is_some() && pattern.is_some_and(|pattern| pattern.is_match(&subject))
            }
            _ => false,
        }
    }
}

/// `eq`: on the text forms (a bool against its name as well), except for a number against a numeric string.
fn equal(attribute: Option<&Value>, value: &Value) -> bool {
    if let (Some(Value::Number(_)), Value::String(digits)) = (attribute, value) {
        let (left, right) = (number(attribute), number(Some(value)));
        if !digits.trim().is_empty() && !right.is_nan() {
            return (left - right).abs() <= 0.0;
        }
    }
    attribute.map(text).unwrap_or_default() == text(value)
}

/// The texts of a list, given as an array or as a string that holds one; `None` for anything else.
fn members(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(elements) => Some(elements.iter().map(text).collect()),
        Value::String(written) => {
            let inner = written.trim().strip_prefix('[')?.strip_suffix(']')?;
            let loose = || inner.split(',').map(|part| part.trim().trim_matches(['"', '\'']).to_owned());
            let parsed = serde_json::from_str(written.trim()).ok().as_ref().and_then(members);
            Some(parsed.unwrap_or_else(|| loose().collect()))
        }
        _ => None,
    }
}

/// The `String()` of JavaScript, with the empty text for null.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(bool) => bool.to_string(),
        Value::String(string) => string.clone(),
        Value::Array(elements) => elements.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Number(number) => match number.as_f64().unwrap_or(f64::NAN) {
            0.0 => "0".to_owned(),
            large if large.abs() >= 1e21 => format!("{large:e}").replace('e', "e+"),
            small if small.abs() < 1e-6 => format!("{small:e}"),
            ordinary => ordinary.to_string(),
        },
    }
}

/// The `Number()` of JavaScript; absent is NaN.
fn number(value: Option<&Value>) -> f64 {
    let Some(value) = value else { return f64::NAN };
    if let Value::Bool(bool) = value {
        return f64::from(u8::from(*bool));
    }
    let text = text(value);
    let text = text.trim();
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) =
            text.to_lowercase().strip_prefix(prefix).filter(|digits| !digits.starts_with('+'))
        {
            return u32::from_str_radix(digits, radix).map_or(f64::NAN, f64::from);
        }
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        // Rust also reads `inf` and `nan`, in any case.
        _ if text.contains(|letter: char| letter.is_alphabetic() && !"eE".contains(letter)) => f64::NAN,
        _ => text.parse().unwrap_or(f64::NAN),
    }
}

// The tests that pin this reading; their tables are rows of JSON.

fn rows(table: &str) -> Vec<Vec<Value>> {
    serde_json::from_str(table).unwrap()
}

fn clause(attribute: &str, operator: &str, value: Option<Value>) -> Clause {
    Clause { attribute: attribute.to_owned(), operator: operator.to_owned(), value }
}

fn text_flag(rules: Vec<Rule>) -> Flag {
    let default = json!("default");
    Flag { is_active: true, value_type: "string", default, off: None, rules, of_everybody: None }
}

#[test]
fn operators_read_every_kind_of_attribute() {
    let attributes = flatten(&json!({"kind": "user", "t": "abc", "n": 42, "f": 1.5, "b": true, "nil": null,
        "e": "", "digits": "7", "big": 1e21, "list": ["a", 1, null], "object": {"x": 1}}));
    let table = r#"[
        ["t", "eq", "abc", true], ["t", "eq", "ABC", false], ["t", "neq", "abd", true],
        ["t", "eq", "none", false], ["t", "neq", "none", false], ["t", "neq", null, false],
        ["n", "eq", "42.0", true], ["n", "eq", 42.0, true], ["n", "eq", "0x2a", true],
        ["digits", "eq", 7, true], ["digits", "eq", "7.0", false], ["b", "eq", "true", true],
        ["b", "eq", 1, false], ["b", "neq", "false", true], ["nil", "eq", "", true],
        ["gone", "neq", "x", true], ["gone", "neq", "", false], ["list", "eq", "a,1,", true],
        ["gone", "exists", "none", false], ["nil", "not_exists", "none", true],
        ["object", "exists", "none", false], ["e", "exists", "none", true], ["n", "in", ["42"], true],
        ["n", "in", ["42.0"], false], ["n", "in", "[41, 42]", true], ["t", "in", "[abc, 'd']", true],
        ["t", "in", "abc", false], ["gone", "in", [""], true], ["gone", "in", ["x"], false],
        ["gone", "nin", [""], true], ["t", "nin", "abc", true], ["t", "nin", ["abc"], false],
        ["t", "nin", "none", true], ["list", "in", ["a"], false], ["list", "in", ["a,1,"], true],
        ["list", "contains", "a,1", true], ["n", "gt", "41", true], ["digits", "lt", 8, true],
        ["n", "gte", 42, true], ["n", "lte", 41, false], ["b", "gt", 0, true], ["e", "lt", 1, true],
        ["f", "gt", null, true], ["f", "gt", "none", false], ["nil", "lt", 1, false],
        ["gone", "lt", 1, false], ["t", "gt", 0, false], ["n", "lt", "inf", false],
        ["t", "contains", "b", true], ["t", "contains", null, false], ["big", "contains", "e+", true],
        ["gone", "contains", "", true], ["gone", "startsWith", "a", false], ["n", "startsWith", 4, true],
        ["t", "ends_with", "bc", true], ["t", "not_contains", "b", false], ["t", "not_contains", null, true],
        ["gone", "not_contains", "", true], ["t", "regex", "^a.c$", true], ["n", "matches", "2", true],
        ["gone", "regex", "", false], ["e", "regex", "", true], ["t", "regex", "(", false],
        ["t", "like", "abc", false]]"#;
    for row in rows(table) {
        let value = (row[2] != "none").then(|| row[2].clone());
        let clause = clause(row[0].as_str().unwrap(), row[1].as_str().unwrap(), value);
        assert_eq!(clause.holds(&attributes), row[3], "{clause:?}");
    }
}

#[test]
fn an_attribute_is_found_in_every_shape_by_its_aliases() {
    let table = r#"[
        [{"kind": "user", "plan": "pro"}, "plan", "pro"],
        [{"kind": "user", "plan": "pro"}, "USER.Plan", "pro"],
        [{"kind": "user", "plan": "pro"}, "custom.plan", "pro"], [{"kind": "user"}, "kind", null],
        [{"kind": "organization", "plan": "pro"}, "user.plan", "pro"], [{"user.key": "u1"}, "key", "u1"],
        [{"kind": "user", "user": {"kind": "user", "key": "u1"}}, "user.key", "u1"],
        [{"kind": "user", "key": "own", "user": {"key": "u1"}}, "user.key", "own"],
        [{"kind": "user", "custom": {"source": "SDK"}}, "source", "SDK"], [{}, "a", null],
        [{"user": {"a": 1}, "organization": {"a": 2}, "custom": {"a": 3}}, "a", 3],
        [{"user": {"a": 1}, "organization": {"a": 2}}, "a", 1], [{"a": {"b": 1}}, "a.b", null],
        [{"user": {"a": 1}, "organization": {"a": 2}}, "organization.a", 2],
        [{"user.a": null, "user": {"a": 1}}, "user.a", 1]]"#;
    let multi = json!({"kind": "multi", "key": "old", "plan": "old", "age": 3, "tags": ["x"],
        "custom": {"c": "top"},
        "user": {"kind": "user", "key": "u1", "plan": "pro", "custom": {"c": 1, "d": 2}},
        "organization": {"kind": "organization", "key": "o1"}});
    let of_multi = r#"[
        ["plan", "pro"], ["organization.key", "o1"], ["key", "u1"], ["user.age", 3], ["tags", null],
        ["c", "top"], ["custom.d", 2], ["user", null], ["kind", null]]"#;
    let check = |context: &Value, name: &Value, expected: &Value| {
        let attributes = flatten(context);
        let found = lookup(&attributes, name.as_str().unwrap()).unwrap_or(&Value::Null);
        assert_eq!(found, expected, "{name} of {context}");
    };
    for row in rows(table) {
        check(&row[0], &row[1], &row[2]);
    }
    for row in rows(of_multi) {
        check(&multi, &row[0], &row[1]);
    }
}

#[test]
fn groups_need_conditions_not_means_none_and_force_beats_all() {
    let [yes, no] = [1, 2].map(|value| clause("a", "eq", Some(json!(value))));
    for (clauses, and, or, not) in [
        (vec![], false, false, false),
        (vec![yes.clone()], true, true, false),
        (vec![yes, no.clone()], false, true, false),
        (vec![no.clone(), no], false, false, true),
    ] {
        for (combinator, expected) in [(Combinator::And, and), (Combinator::Or, or), (Combinator::Not, not)] {
            for force in [false, true] {
                let (clauses, combinator) = (clauses.clone(), combinator.clone());
                let test = Test::Segment(Segment { clauses, combinator, force });
                assert_eq!(test.matches(&flatten(&json!({"a": 1}))), expected || force, "{test:?}");
            }
        }
    }
}

#[test]
fn the_first_matching_rule_decides() {
    let rule = |value: i32, serve| {
        let clauses = vec![clause("a", "eq", Some(json!(value)))];
        Rule { test: Test::Custom { clauses, combinator: Combinator::And }, serve }
    };
    let mut flag = text_flag(vec![
        rule(1, Serve::Nothing),
        rule(1, Serve::Value(json!("late"))),
        rule(2, Serve::Value(json!("two"))),
        rule(3, Serve::Rollout(Rollout::Off)),
    ]);
    flag.of_everybody =
        Some(Rollout::Variant { weights: vec![(json!("rolled"), 100.0)], salt: String::new() });
    for (a, expected) in [(1, "default"), (2, "two"), (3, "default"), (4, "default")] {
        assert_eq!(evaluate(&flag, &json!({"a": a})), expected, "{a}");
    }
    flag.is_active = false;
    assert_eq!(evaluate(&flag, &json!({"a": 2})), "default");
    flag.off = Some(json!("off"));
    assert_eq!(evaluate(&flag, &json!({"a": 2})), "off");
    (flag.is_active, flag.rules) = (true, vec![]);
    assert_eq!(evaluate(&flag, &json!({"a": 2})), "rolled");
}

#[test]
fn rollouts_use_the_sharder_of_ufc() {
    let salt = "split-new-user-onboarding-rollout";
    for (salt, key, expected) in
        [("some-salt", "", "2792"), ("salt", "ünïcode", "5461"), (salt, "alice", "2674")]
    {
        assert_eq!(bucket(salt, key).to_string(), expected);
    }
    let (alice, nobody) = (json!({"kind": "user", "key": "alice"}), json!({"key": "alice"}));
    let mut flag = text_flag(vec![]);
    for (first, second, context, expected) in [
        (26.74, 73.26, &alice, "b"),
        (26.75, 73.25, &alice, "a"),
        (10.0, 10.0, &alice, "default"),
        (50.0, 50.0, &nobody, "default"),
        (0.0, 100.0, &nobody, "b"),
    ] {
        let weights = vec![(json!("a"), first), (json!("b"), second)];
        flag.of_everybody = Some(Rollout::Variant { weights, salt: salt.to_owned() });
        assert_eq!(evaluate(&flag, context), expected, "{first} {second} {context}");
    }
    for (value_type, percentage, context, expected) in [
        ("boolean", 26.74, &alice, json!(false)),
        ("boolean", 26.75, &alice, json!(true)),
        ("boolean", 99.0, &nobody, json!("default")),
        ("boolean", 100.0, &nobody, json!(true)),
        ("string", 100.0, &alice, json!("default")),
    ] {
        flag.value_type = value_type;
        flag.of_everybody = Some(Rollout::Percentage { percentage, salt: salt.to_owned() });
        assert_eq!(evaluate(&flag, context), expected, "{value_type} {percentage} {context}");
    }
}

#[test]
fn the_stable_key_is_that_of_the_user_or_the_organization() {
    let table = r#"[
        [{"kind": "multi", "key": "x", "user": {"key": "u"}, "organization": {"key": "o"}}, "u"],
        [{"kind": "organization", "key": "o"}, "o"], [{"kind": "user", "user": {"key": "n"}}, "n"],
        [{"kind": "user", "key": "own", "user": {"key": "n"}}, "own"], [{"user_id": 7, "user.key": "f"}, "7"],
        [{"user.key": "f", "user": {"key": "n"}}, "f"], [{"kind": "multi", "key": "x"}, null], [{}, null]]"#;
    for row in rows(table) {
        assert_eq!(json!(stable_key(&row[0])), row[1], "{row:?}");
    }
}
