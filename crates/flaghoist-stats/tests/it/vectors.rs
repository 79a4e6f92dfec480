//! The reference vectors: what other implementations made of the same inputs.
//!
//! Every vector of the file has a check, every check a vector, and every expected value is compared; what is left out
//! fails the test.

mod confseq;
mod lanes;
mod products;

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

/// Checks of one kind of vector: the part and the first segment of the id, and what compares it.
type Check = (&'static str, &'static str, fn(&Vector));

struct Vector {
    content: Value,
    compared: RefCell<BTreeSet<String>>,
    faults: RefCell<Vec<String>>,
}

impl Vector {
    fn new(content: &Value) -> Self {
        Self { content: content.clone(), compared: RefCell::default(), faults: RefCell::default() }
    }

    fn part(&self) -> &str {
        self.content["part"].as_str().unwrap()
    }

    fn id(&self) -> &str {
        self.content["id"].as_str().unwrap()
    }

    fn kind(&self) -> &str {
        self.id().split('/').next().unwrap()
    }

    fn input(&self, name: &str) -> &Value {
        let input = &self.content["inputs"][name];
        assert!(!input.is_null(), "{} has no input {name}", self.id());
        input
    }

    fn number(&self, name: &str) -> f64 {
        number(self.input(name))
    }

    fn count(&self, name: &str) -> u64 {
        count(self.input(name))
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        numbers(self.input(name))
    }

    fn flag(&self, name: &str) -> bool {
        self.input(name).as_bool().unwrap()
    }

    fn text(&self, name: &str) -> &str {
        self.input(name).as_str().unwrap()
    }

    /// Compares a number, a list of numbers, a truth value or nothing with what the vector expects under that name.
    fn expect(&self, name: &str, actual: impl Into<Value>) {
        self.compared.borrow_mut().insert(name.to_owned());
        let expected = &self.content["expected"][name];
        let actual = actual.into();
        if !self.agree(expected, &actual) {
            let fault = format!("{} {}: {name} is {actual}, expected {expected}", self.part(), self.id());
            self.faults.borrow_mut().push(fault);
        }
    }

    /// The same for a number that may be infinite, which JSON has no word for.
    fn expect_number(&self, name: &str, actual: f64) {
        let value = if actual.is_infinite() {
            Value::from(if actual > 0.0 { "inf" } else { "-inf" })
        } else {
            Value::from(actual)
        };
        self.expect(name, value);
    }

    fn agree(&self, expected: &Value, actual: &Value) -> bool {
        match (expected, actual) {
            (Value::Number(expected), Value::Number(actual)) => {
                let (expected, actual) = (expected.as_f64().unwrap(), actual.as_f64().unwrap());
                // The file would allow an absolute tolerance below 1; small p-values deserve better.
                (expected - actual).abs() <= number(&self.content["rel_tol"]) * expected.abs()
            }
            (Value::Array(expected), Value::Array(actual)) => {
                expected.len() == actual.len()
                    && expected.iter().zip(actual).all(|(expected, actual)| self.agree(expected, actual))
            }
            (Value::Object(expected), Value::Object(actual)) => {
                expected.len() == actual.len()
                    && expected.iter().all(|(name, expected)| self.agree(expected, &actual[name]))
            }
            _ => expected == actual,
        }
    }

    /// What did not agree, and what nobody looked at.
    fn faults(self) -> Vec<String> {
        let mut faults = self.faults.borrow().clone();
        for name in self.content["expected"].as_object().unwrap().keys() {
            if !self.compared.borrow().contains(name) {
                faults.push(format!("{} {}: {name} is not compared", self.part(), self.id()));
            }
        }
        faults
    }
}

fn number(value: &Value) -> f64 {
    match value.as_str() {
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        _ => value.as_f64().unwrap(),
    }
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn checks() -> Vec<Check> {
    [lanes::CHECKS, confseq::CHECKS, products::CHECKS].concat()
}

#[test]
fn every_reference_vector_is_reproduced_within_its_tolerance() {
    let file: Value = serde_json::from_str(include_str!("../vectors/stats_vectors.json")).unwrap();
    let checks = checks();
    let mut unused: BTreeSet<_> = checks.iter().map(|(part, kind, _)| (*part, *kind)).collect();
    let mut faults = Vec::new();
    for vector in file["vectors"].as_array().unwrap().iter().map(Vector::new) {
        let Some((part, kind, check)) =
            checks.iter().find(|(part, kind, _)| (*part, *kind) == (vector.part(), vector.kind()))
        else {
            faults.push(format!("{} {}: nothing checks it", vector.part(), vector.id()));
            continue;
        };
        unused.remove(&(*part, *kind));
        check(&vector);
        faults.extend(vector.faults());
    }
    faults.extend(unused.iter().map(|(part, kind)| format!("{part} {kind}: there is no such vector")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
