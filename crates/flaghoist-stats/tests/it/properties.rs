//! What holds for all inputs.

use flaghoist_stats::events::{self, Stratum};
use flaghoist_stats::ratios::{self, Sums};
use flaghoist_stats::reference::ddsketch::{Mapping, Sketch};
use flaghoist_stats::reference::paired::PairedSums;
use flaghoist_stats::values::{Frozen, ValueTest};
use flaghoist_stats::{Direction, Harm, family};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::dice::Dice;

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::IncreaseIsBad), Just(Direction::DecreaseIsBad)]
}

fn harm() -> impl Strategy<Value = Harm> {
    (direction(), prop_oneof![Just(0.0), 0.0..0.7])
        .prop_map(|(direction, log_margin)| Harm { direction, log_margin })
}

fn stratum() -> impl Strategy<Value = Stratum> {
    (0.01..0.99, 0..500_u64, 0..500_u64).prop_map(|(p, treatment, control)| Stratum { p, treatment, control })
}

/// A subject: arm, design probability and value.
fn subject() -> impl Strategy<Value = (bool, f64, f64)> {
    (any::<bool>(), 0.02..0.98, prop_oneof![Just(0.0), 0.0..20.0])
}

const FROZEN: Frozen = Frozen { cap: 8.0, mean: 1.35, variance: 1.4, burn_in: 200 };

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_evidence_of_events_does_not_depend_on_the_order_of_their_arrival(
        strata in vec(stratum(), 1..4), harm in harm(), seed: u64,
    ) {
        // Every event as a stratum of its own, shuffled.
        let mut single: Vec<Stratum> = strata
            .iter()
            .flat_map(|of| {
                let p = of.p;
                let treated = (0..of.treatment).map(move |_| Stratum { p, treatment: 1, control: 0 });
                treated.chain((0..of.control).map(move |_| Stratum { p, treatment: 0, control: 1 }))
            })
            .collect();
        let mut dice = Dice::new(seed);
        for at in (1..single.len()).rev() {
            single.swap(at, dice.below(at + 1));
        }
        prop_assert!(close(events::log_e(&strata, harm), events::log_e(&single, harm)));
    }

    #[test]
    fn swapping_the_arms_and_the_direction_changes_no_evidence(strata in vec(stratum(), 1..4), harm in harm()) {
        let swapped: Vec<Stratum> = strata
            .iter()
            .map(|of| Stratum { p: 1.0 - of.p, treatment: of.control, control: of.treatment })
            .collect();
        let opposite = Harm { direction: harm.direction.opposite(), ..harm };
        prop_assert!(close(events::log_e(&strata, harm), events::log_e(&swapped, opposite)));
    }

    #[test]
    fn the_lower_bound_of_harm_is_the_margin_at_which_the_alarm_ends(
        strata in vec(stratum(), 1..4), direction in direction(), alpha in 0.001..0.2,
    ) {
        let lower = events::harm_lower_bound(&strata, direction, alpha);
        let upper = events::harm_upper_bound(&strata, direction, alpha);
        prop_assert!(lower < upper);
        if let Some(effect) = events::effect(&strata)
            && strata.len() == 1
        {
            // With several steps that contradict each other, the estimate may be refuted itself.
            prop_assert!(lower < direction.sign() * effect && direction.sign() * effect < upper);
        }
        if lower.is_finite() {
            let log_e = |log_margin: f64| events::log_e(&strata, Harm { direction, log_margin });
            prop_assert!(close(log_e(lower), -alpha.ln()));
            prop_assert!(log_e(lower - 0.01) > -alpha.ln() && log_e(lower + 0.01) < -alpha.ln());
        }
    }

    #[test]
    fn a_value_test_goes_on_after_a_restart(
        subjects in vec(subject(), 2..200), harm in harm(), at in 0.0..1.0_f64,
    ) {
        let (mut test, mut restarted) = (ValueTest::new(), ValueTest::new());
        let mut seen = 0.0;
        let all = f64::from(u32::try_from(subjects.len()).unwrap());
        for (is_treatment, p, value) in subjects {
            test.observe(&FROZEN, harm, p, is_treatment, value);
            restarted.observe(&FROZEN, harm, p, is_treatment, value);
            seen += 1.0;
            if seen >= at * all {
                let state = serde_json::to_string(&restarted).unwrap();
                restarted = serde_json::from_str(&state).unwrap();
            }
        }
        prop_assert!(test.log_e().is_finite());
        prop_assert!(close(test.log_e(), restarted.log_e()));
        prop_assert_eq!(test.control_count, restarted.control_count);
    }

    #[test]
    fn a_value_beyond_the_cap_counts_as_the_cap(subjects in vec(subject(), 1..50), harm in harm()) {
        let (mut beyond, mut at_the_cap) = (ValueTest::new(), ValueTest::new());
        for (is_treatment, p, value) in subjects {
            beyond.observe(&FROZEN, harm, p, is_treatment, if value > FROZEN.cap { f64::INFINITY } else { value });
            at_the_cap.observe(&FROZEN, harm, p, is_treatment, value.min(FROZEN.cap));
        }
        prop_assert_eq!(beyond, at_the_cap);
    }

    #[test]
    fn a_tolerated_harm_never_makes_more_evidence(strata in vec(stratum(), 1..4), harm in harm()) {
        let none = Harm { log_margin: 0.0, ..harm };
        prop_assert!(events::log_e(&strata, harm) <= events::log_e(&strata, none) + 1e-9);
    }

    #[test]
    fn the_closed_test_is_the_smallest_mean_over_all_sets_with_a_guardrail(log_e in vec(-8.0..8.0_f64, 1..9)) {
        let adjusted = family::adjusted(&log_e);
        for (at, adjusted) in adjusted.iter().enumerate() {
            let sets = (0..1_u32 << log_e.len()).filter(|set| set >> at & 1 == 1);
            let mean = |set: u32| {
                let members = log_e.iter().enumerate().filter(|(other, _)| set >> other & 1 == 1);
                members.map(|(_, log)| log.exp()).sum::<f64>() / f64::from(set.count_ones())
            };
            let smallest = sets.map(mean).fold(f64::INFINITY, f64::min);
            prop_assert!(close(*adjusted, smallest.ln()), "{adjusted} {}", smallest.ln());
        }
    }

    #[test]
    fn the_closed_test_is_never_worse_than_bonferroni(log_e in vec(-20.0..800.0_f64, 1..40)) {
        let guardrails = f64::from(u32::try_from(log_e.len()).unwrap());
        for (own, adjusted) in log_e.iter().zip(family::adjusted(&log_e)) {
            prop_assert!(adjusted <= own + 1e-9 && adjusted >= own - guardrails.ln() - 1e-9);
        }
    }

    #[test]
    fn more_evidence_anywhere_never_lowers_an_adjusted_value(
        log_e in vec(-20.0..20.0_f64, 1..20), at: usize, more in 0.0..10.0,
    ) {
        let before = family::adjusted(&log_e);
        let mut raised = log_e;
        let at = at % raised.len();
        raised[at] += more;
        for (after, before) in family::adjusted(&raised).iter().zip(before) {
            prop_assert!(*after >= before - 1e-9);
        }
    }

    #[test]
    fn ratios_do_not_depend_on_units_nor_on_the_order_of_buckets(seed: u64, harm in harm(), unit in 0.1..10.0) {
        let mut dice = Dice::new(seed);
        let mut arm = || -> Vec<Sums> {
            (0..16).map(|_| Sums { num: dice.poisson(30.0) + 1.0, den: dice.poisson(100.0) + 1.0 }).collect()
        };
        let (treatment, control) = (arm(), arm());
        let plain = ratios::evaluate(&[ratios::Stratum { treatment: &treatment, control: &control }], harm).unwrap();
        let changed = |arm: &[Sums]| -> Vec<Sums> {
            arm.iter().rev().map(|of| Sums { num: of.num * unit, den: of.den }).collect()
        };
        let (treatment, control) = (changed(&treatment), changed(&control));
        let changed = ratios::evaluate(&[ratios::Stratum { treatment: &treatment, control: &control }], harm).unwrap();
        prop_assert!(close(plain.effect, changed.effect) && close(plain.se, changed.se));
        prop_assert!(close(plain.log_e, changed.log_e));
        let (lower, upper) = ratios::bounds(&plain, 0.05);
        prop_assert!(lower < upper);
    }

    #[test]
    fn merged_sketches_answer_like_one_that_saw_everything(values in vec(-1e6..1e6_f64, 2..300), at: usize) {
        let sketch_of = |values: &[f64]| {
            let mut sketch = Sketch::new(Mapping::new(0.01));
            for value in values {
                sketch.add(*value);
            }
            sketch
        };
        let whole = sketch_of(&values);
        let (first, second) = values.split_at(at % values.len());
        let mut merged = sketch_of(first);
        merged.merge(&sketch_of(second)).unwrap();
        prop_assert_eq!(merged.count(), whole.count());
        let mut ascending = values.clone();
        ascending.sort_unstable_by(f64::total_cmp);
        for (rank, exact) in ascending.iter().enumerate() {
            let last = f64::from(u32::try_from(values.len() - 1).unwrap());
            // A hair above, so that rounding does not ask for the rank below.
            let q = (f64::from(u32::try_from(rank).unwrap()) / last + 1e-12).min(1.0);
            prop_assert_eq!(merged.quantile(q), whole.quantile(q));
            prop_assert!((merged.quantile(q).unwrap() - exact).abs() <= 0.01 * exact.abs() + 1e-9);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    #[test]
    fn the_jackknife_agrees_with_the_delta_method_where_subjects_are_independent(seed: u64) {
        let mut dice = Dice::new(seed);
        // As many buckets as make the jackknife itself exact to a few percent.
        let mut arm = || {
            let mut buckets = vec![Sums::default(); 2_000];
            let mut sums = PairedSums::default();
            for at in 0..20_000 {
                let den = dice.poisson(3.0) + 1.0;
                let num = dice.poisson(0.3 * den) * dice.log_normal(0.5);
                buckets[at % 2_000].num += num;
                buckets[at % 2_000].den += den;
                sums.add(num, den);
            }
            (buckets, sums)
        };
        let ((treatment, of_treatment), (control, of_control)) = (arm(), arm());
        let variance = |sums: PairedSums| {
            let ratio = sums.ratio();
            ratio.variance / (ratio.mean * ratio.mean) / f64::from(u32::try_from(sums.n).unwrap())
        };
        let delta = (variance(of_treatment) + variance(of_control)).sqrt();
        let harm = Harm { direction: Direction::IncreaseIsBad, log_margin: 0.0 };
        let strata = [ratios::Stratum { treatment: &treatment, control: &control }];
        let evidence = ratios::evaluate(&strata, harm).unwrap();
        prop_assert!((evidence.se_jackknife / delta - 1.0).abs() < 0.1);
        prop_assert!((evidence.se_null / delta - 1.0).abs() < 0.1);
    }
}

#[test]
fn sketches_of_different_accuracy_do_not_merge() {
    let mut sketch = Sketch::new(Mapping::new(0.01));
    sketch.add(1.0);
    let error = sketch.merge(&Sketch::new(Mapping::new(0.02))).unwrap_err();
    assert!(error.to_string().starts_with("gamma of the other sketch is 1.04"), "{error}");
    assert_eq!(sketch.count(), 1);
}
