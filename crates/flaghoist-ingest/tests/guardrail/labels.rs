//! Arms and design probabilities.

use crate::given::{HOUR_MS, START_MS, errors, guard, variant, watch};
use flaghoist_ingest::guardrail::Buckets;
use flaghoist_model::guard::{Arm, Shards};

fn in_buckets(traffic: u16, split: u16) -> Buckets {
    Buckets { traffic, split, jackknife: 0 }
}

#[test]
fn with_the_complement_as_control_the_design_probability_is_the_exposure_ratio() {
    let watch = watch(&guard(&[(500, HOUR_MS), (2_500, HOUR_MS), (5_000, HOUR_MS)], vec![errors()]));
    let p: Vec<Option<f64>> = (0..4).map(|step| watch.p(step, 1)).collect();
    assert_eq!(p, [Some(0.05), Some(0.25), Some(0.5), None]);
    assert_eq!(watch.label(in_buckets(499, 9_999), 0), Some(1));
    assert_eq!(watch.label(in_buckets(500, 0), 0), Some(0));
    assert_eq!(watch.label(in_buckets(500, 0), 1), Some(1));
}

#[test]
fn a_weighted_control_is_compared_within_the_exposed_and_the_rest_is_in_no_arm() {
    let mut guard = guard(&[(2_000, HOUR_MS)], vec![errors()]);
    guard.control.shards = Some(Shards { start: 0, end: 5_000 });
    guard.treatments = vec![
        Arm { variant_id: variant(1), shards: Some(Shards { start: 5_000, end: 8_000 }) },
        Arm { variant_id: variant(2), shards: Some(Shards { start: 8_000, end: 10_000 }) },
    ];
    let watch = watch(&guard);
    assert_eq!(watch.p(0, 1), Some(3.0 / 8.0));
    assert_eq!(watch.p(0, 2), Some(2.0 / 7.0));
    assert_eq!(watch.label(in_buckets(1_999, 4_999), 0), Some(0));
    assert_eq!(watch.label(in_buckets(1_999, 7_999), 0), Some(1));
    assert_eq!(watch.label(in_buckets(1_999, 8_000), 0), Some(2));
    assert_eq!(watch.label(in_buckets(2_000, 0), 0), None);
}

#[test]
fn steps_with_less_than_a_hundredth_of_control_are_not_tested() {
    let watch =
        watch(&guard(&[(9_900, HOUR_MS), (9_901, HOUR_MS), (10_000, HOUR_MS), (0, HOUR_MS)], vec![errors()]));
    let p: Vec<Option<f64>> = (0..4).map(|step| watch.p(step, 1)).collect();
    assert_eq!(p, [Some(0.99), None, None, None]);
}

#[test]
fn the_step_is_the_one_in_force_at_the_time() {
    let mut guard = guard(&[(500, HOUR_MS), (1_000, HOUR_MS)], vec![errors()]);
    guard.steps[0].to = Some(crate::given::at(START_MS + 1_000));
    let watch = watch(&guard);
    let steps: Vec<Option<u32>> = [-1, 0, 999, 1_000, HOUR_MS - 1, HOUR_MS, 9 * HOUR_MS]
        .into_iter()
        .map(|after_ms| watch.step_at(START_MS + after_ms))
        .collect();
    assert_eq!(steps, [None, Some(0), Some(0), None, None, Some(1), Some(1)]);
}

#[test]
fn buckets_are_those_of_every_reader() {
    let watch = watch(&guard(&[(500, HOUR_MS)], vec![errors()]));
    // The first four bytes of md5("traffic-alice"), md5("split-alice") and md5("jackknife-alice"), by Python's hashlib.
    assert_eq!(watch.buckets("alice"), Buckets { traffic: 4_347, split: 452, jackknife: 4 });
}
