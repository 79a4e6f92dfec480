//! What holds for every configuration and every subject.

use std::sync::Arc;

use flaghoist_eval::{Dialect, Expected, Flag, Reason, Snapshot, Subject, wire};
use proptest::prelude::*;

use crate::given::attributes;
use crate::scenario::{self, Dice};

fn typed(document: &serde_json::Value) -> wire::Document {
    serde_json::from_value(document.clone()).unwrap()
}

fn compiled(document: &wire::Document) -> Snapshot {
    let flags = document.flags.iter();
    Snapshot::from_flags(flags.map(|(key, flag)| (key.as_str().into(), Flag::compile(flag).map(Arc::new))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn reading_what_was_written_decides_like_compiling_it(seed: u64) {
        let mut dice = Dice::new(seed);
        let configuration = scenario::configuration(&mut dice);
        let document = typed(&configuration.datadog);
        let written = serde_json::to_vec(&document).unwrap();
        let (read, compiled) = (Snapshot::from_json(&written, Dialect::Datadog).unwrap(), compiled(&document));
        for _ in 0..8 {
            let asking = scenario::asking(&mut dice);
            let attributes = attributes(&asking.attributes.clone().into());
            let targeting_key = (!dice.once_in(5)).then_some(asking.targeting_key.as_str());
            let subject = Subject { targeting_key, attributes: &attributes };
            for key in document.flags.keys() {
                prop_assert_eq!(
                    read.decide(key, Expected::Any, &subject, asking.now),
                    compiled.decide(key, Expected::Any, &subject, asking.now)
                );
            }
        }
    }

    #[test]
    fn explaining_does_not_change_the_decision(seed: u64) {
        let mut dice = Dice::new(seed);
        let snapshot = compiled(&typed(&scenario::configuration(&mut dice).datadog));
        let asking = scenario::asking(&mut dice);
        let attributes = attributes(&asking.attributes.clone().into());
        let targeting_key = (!dice.once_in(5)).then_some(asking.targeting_key.as_str());
        let subject = Subject { targeting_key, attributes: &attributes };
        for (key, flag) in snapshot.flags() {
            let decision = snapshot.decide(key, Expected::Any, &subject, asking.now);
            let (explained, explanation) = snapshot.explain(key, Expected::Any, &subject, asking.now);
            prop_assert_eq!(explained, decision);
            prop_assert_eq!((explanation.reason, explanation.error_code), (decision.reason, decision.error_code));
            let flag = flag.as_ref().unwrap();
            let keys: Vec<_> = explanation.allocations.iter().map(|allocation| allocation.key).collect();
            let expected: Vec<_> = flag.allocations().iter().map(flaghoist_eval::Allocation::key).collect();
            prop_assert_eq!(keys, expected);
            prop_assert!(serde_json::to_string(&explanation).is_ok());
        }
    }

    #[test]
    fn a_decision_has_a_value_exactly_when_an_allocation_decides(seed: u64) {
        let mut dice = Dice::new(seed);
        let snapshot = compiled(&typed(&scenario::configuration(&mut dice).datadog));
        let asking = scenario::asking(&mut dice);
        let attributes = attributes(&asking.attributes.clone().into());
        let subject = Subject { targeting_key: None, attributes: &attributes };
        for (key, _) in snapshot.flags() {
            let decision = snapshot.decide(key, Expected::Any, &subject, asking.now);
            prop_assert_eq!(decision.value.is_some(), decision.variant.is_some());
            prop_assert_eq!(decision.value.is_some(), decision.allocation_key.is_some());
            prop_assert_eq!(decision.error_code.is_some(), decision.reason == Reason::Error);
            prop_assert_eq!(decision.value.map(flaghoist_eval::Value::variation_type),
                decision.value.and(decision.variation_type));
        }
    }
}
