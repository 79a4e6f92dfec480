//! Examples of each test: what they say, and where they say nothing.

use flaghoist_stats::blocks::{self, BlockStratum};
use flaghoist_stats::events::{self, Stratum};
use flaghoist_stats::ratios::{self, Sums};
use flaghoist_stats::values::{self, Frozen, Moments, ValueTest};
use flaghoist_stats::{Direction, Harm, family, power, sample_ratio};

use crate::dice::Dice;

const MORE_IS_HARM: Harm = Harm { direction: Direction::IncreaseIsBad, log_margin: 0.0 };
const LESS_IS_HARM: Harm = Harm { direction: Direction::DecreaseIsBad, log_margin: 0.0 };

#[track_caller]
fn assert_close(actual: f64, expected: f64, tolerance: f64) {
    assert!((actual - expected).abs() <= tolerance, "{actual} is not {expected} within {tolerance}");
}

#[test]
fn twice_as_many_errors_in_the_treatment_are_an_alarm_at_5_percent_and_not_at_1() {
    let strata = [Stratum { p: 0.5, treatment: 60, control: 30 }];
    let log_e = events::log_e(&strata, MORE_IS_HARM);
    assert_close(log_e, 3.50944, 5e-6);
    assert!(log_e > 20_f64.ln() && log_e < 100_f64.ln());
    assert_close(events::harm_lower_bound(&strata, Direction::IncreaseIsBad, 0.05), 0.0395, 5e-5);
    assert_close(events::effect(&strata).unwrap(), 2_f64.ln(), 1e-12);
    let swapped = [Stratum { p: 0.5, treatment: 30, control: 60 }];
    assert_close(events::log_e(&swapped, MORE_IS_HARM), -1.6287, 5e-5);
}

#[test]
fn without_events_nothing_is_known() {
    for strata in [&[][..], &[Stratum { p: 1.0, treatment: 9, control: 0 }]] {
        assert_close(events::log_e(strata, MORE_IS_HARM), 0.0, 0.0);
        assert_eq!(events::effect(strata), None);
        let direction = Direction::IncreaseIsBad;
        assert!(events::harm_lower_bound(strata, direction, 0.05) <= f64::NEG_INFINITY);
        assert!(events::harm_upper_bound(strata, direction, 0.05) >= f64::INFINITY);
    }
}

#[test]
fn the_effect_is_stratified() {
    // In both steps every subject has the event alike; ten times as many events in the second one.
    let strata =
        [Stratum { p: 0.05, treatment: 5, control: 95 }, Stratum { p: 0.5, treatment: 500, control: 500 }];
    assert_close(events::effect(&strata).unwrap(), 0.0, 1e-12);
}

#[test]
fn five_percent_more_treatment_than_designed_are_a_mismatch_in_the_making() {
    let strata = [Stratum { p: 0.5, treatment: 5200, control: 4800 }];
    assert_close(sample_ratio::log_e(&strata), 5.47493, 5e-6);
}

#[test]
fn a_family_rejects_what_is_strong_enough_beside_the_weak() {
    let adjusted = family::adjusted(&[200_f64.ln(), 0.0, -3.0, -5.0]);
    assert_close(adjusted[0], 3.9173, 5e-5);
    assert!(family::rejects(adjusted[0], 0.05) && !family::rejects(adjusted[1], 0.05));
}

#[test]
fn a_family_takes_infinite_and_huge_evidence_and_what_is_no_number() {
    let infinite = f64::INFINITY;
    assert!(family::adjusted(&[]).is_empty());
    let adjusted = family::adjusted(&[1e300, -1e300, f64::NAN, -infinite, infinite]);
    assert_eq!(adjusted, [1e300, -1e300, -infinite, -infinite, infinite]);
    assert_close(family::adjusted(&[5.0, -infinite])[0], 5.0 - 2_f64.ln(), 1e-12);
}

/// Published figures of the reference simulations.
#[test]
fn a_fixed_sample_test_needs_what_the_tables_say() {
    for (control, factor, share, subjects) in [
        (0.001, 2.0, 0.5, 37_037.0),
        (0.01, 1.2, 0.5, 67_257.0),
        (0.01, 2.0, 0.5, 3_651.0),
        (0.01, 2.0, 0.05, 16_982.0),
        (0.01, 5.0, 0.05, 1_694.0),
        (0.05, 0.8, 0.5, 10_625.0),
        (0.2, 1.2, 0.5, 2_650.0),
    ] {
        assert_close(
            power::n80_of_rates(control * factor, control, share, 0.05),
            subjects,
            0.0005 * subjects,
        );
    }
}

#[test]
fn a_burn_in_freezes_the_cap_and_the_moments_below_it() {
    let values: Vec<f64> = (0..=100).map(f64::from).collect();
    let frozen = values::freeze(&values, 0.995).unwrap();
    assert_close(frozen.cap, 99.5, 1e-12);
    assert_eq!(frozen.burn_in, 101);
    assert_close(frozen.mean, (5_050.0 - 0.5) / 101.0, 1e-12);
}

#[test]
fn a_burn_in_counts_negative_values_as_nothing_and_leaves_out_what_is_no_number() {
    let frozen = values::freeze(&[-3.0, 1.0, f64::NAN, 2.0, f64::INFINITY], 1.0).unwrap();
    assert_eq!(frozen, Frozen { cap: 2.0, mean: 1.0, variance: 1.0, burn_in: 3 });
}

#[test]
fn a_burn_in_needs_two_values_and_a_positive_mean() {
    assert_eq!(values::freeze(&[], 0.995), None);
    assert_eq!(values::freeze(&[1.0], 0.995), None);
    assert_eq!(values::freeze(&[0.0; 200], 0.995), None);
}

#[test]
fn a_value_test_ignores_what_it_cannot_bet_on() {
    let frozen = Frozen { cap: 8.0, mean: 1.0, variance: 1.0, burn_in: 200 };
    let mut test = ValueTest::new();
    test.observe(&frozen, MORE_IS_HARM, 0.5, true, f64::NAN);
    test.observe(&frozen, MORE_IS_HARM, 1.0, true, 3.0);
    test.observe(&Frozen { cap: 0.0, ..frozen }, MORE_IS_HARM, 0.5, true, 3.0);
    assert_eq!(test, ValueTest::new());
}

#[test]
fn the_effect_on_values_is_stratified_and_waits_for_both_arms() {
    let of = |values: &[f64]| {
        let mut moments = Moments::default();
        for value in values {
            moments.add(*value);
        }
        moments
    };
    let first = (of(&[2.0, 4.0]), of(&[1.0, 2.0]));
    let second = (of(&[20.0, 40.0, 30.0]), of(&[10.0, 20.0, 15.0]));
    let effect = values::effect(&[first, second], 0.05, 5000.0).unwrap();
    assert_close(effect.log_ratio, 2_f64.ln(), 1e-12);
    assert!(effect.lower < effect.log_ratio && effect.log_ratio < effect.upper);
    let lonely = (of(&[2.0, 4.0]), of(&[9.0]));
    assert_eq!(values::effect(&[lonely], 0.05, 5000.0), None);
    assert_eq!(values::effect(&[first, second, lonely], 0.05, 5000.0), Some(effect));
    assert_eq!(values::effect(&[(of(&[0.0, 0.0]), of(&[1.0, 2.0]))], 0.05, 5000.0), None);
}

/// Independent subjects with a log-normal number of visits, one in five of which fails.
fn buckets(dice: &mut Dice, subjects: usize) -> Vec<Sums> {
    let mut buckets = vec![Sums::default(); ratios::BUCKETS];
    for _ in 0..subjects {
        let bucket = dice.below(buckets.len());
        let visits = dice.poisson(3.0) + 1.0;
        let failures = dice.poisson(0.2 * visits);
        buckets[bucket].num += failures;
        buckets[bucket].den += visits;
    }
    buckets
}

#[test]
fn ratios_say_nothing_before_every_sum_is_positive_whatever_bucket_is_left_out() {
    let mut dice = Dice::new(1);
    let (treatment, control) = (buckets(&mut dice, 2_000), buckets(&mut dice, 2_000));
    let with = |treatment: &[Sums], control: &[Sums]| {
        ratios::evaluate(&[ratios::Stratum { treatment, control }], MORE_IS_HARM)
    };
    assert!(with(&treatment, &control).is_some());
    let mut single = vec![Sums::default(); ratios::BUCKETS];
    single[3] = Sums { num: 5.0, den: 9.0 };
    assert_eq!(with(&single, &control), None, "all of the treatment in one bucket");
    let silent: Vec<Sums> = treatment.iter().map(|sums| Sums { num: 0.0, ..*sums }).collect();
    assert_eq!(with(&silent, &control), None, "no numerator");
    assert_eq!(with(&treatment[1..], &control), None, "arms of different lengths");
    assert_eq!(with(&treatment[..1], &control[..1]), None, "one bucket");
    assert_eq!(with(&[Sums { num: 1.0, den: 2.0 }; 8], &[Sums { num: 1.0, den: 2.0 }; 8]), None, "no spread");
    assert_eq!(ratios::evaluate(&[], MORE_IS_HARM), None);
}

#[test]
fn a_step_that_nobody_entered_yet_changes_no_ratio() {
    let mut dice = Dice::new(2);
    let (treatment, control) = (buckets(&mut dice, 2_000), buckets(&mut dice, 2_000));
    let nobody = vec![Sums::default(); ratios::BUCKETS];
    let begun = ratios::Stratum { treatment: &treatment, control: &control };
    let next = ratios::Stratum { treatment: &nobody, control: &control };
    assert_eq!(ratios::evaluate(&[begun, next], MORE_IS_HARM), ratios::evaluate(&[begun], MORE_IS_HARM));
}

#[test]
fn bounds_of_a_ratio_are_where_its_evidence_reaches_the_threshold() {
    let mut dice = Dice::new(3);
    let (treatment, control) = (buckets(&mut dice, 2_000), buckets(&mut dice, 2_000));
    for harm in [MORE_IS_HARM, LESS_IS_HARM] {
        let strata = [ratios::Stratum { treatment: &treatment, control: &control }];
        let evidence = ratios::evaluate(&strata, harm).unwrap();
        let (lower, upper) = ratios::bounds(&evidence, 0.05);
        assert!(lower < harm.direction.sign() * evidence.effect);
        assert!(upper > harm.direction.sign() * evidence.effect);
        assert_close(evidence.log_e_at(lower), 20_f64.ln(), 1e-9);
        assert_close(evidence.log_e_at(0.0), evidence.log_e, 0.0);
        let opposite = Harm { direction: harm.direction.opposite(), log_margin: -upper };
        assert_close(ratios::evaluate(&strata, opposite).unwrap().log_e, 20_f64.ln(), 1e-9);
    }
}

/// Minutes with a level that wanders, a little of it in each arm alone.
fn minutes(dice: &mut Dice, count: usize, factor: f64) -> (Vec<Sums>, Vec<Sums>) {
    let mut level = 0.0;
    (0..count)
        .map(|_| {
            level += 0.02 * dice.normal();
            let [treated, other] = [factor, 1.0]
                .map(|factor| Sums { num: dice.poisson(30.0 * factor * f64::exp(level)), den: 1_000.0 });
            (treated, other)
        })
        .unzip()
}

#[test]
fn a_threefold_error_rate_is_seen_in_thirty_minutes() {
    let (treatment, control) = minutes(&mut Dice::new(4), 30, 3.0);
    let harm = Harm { log_margin: 1.1_f64.ln(), ..MORE_IS_HARM };
    let evidence =
        blocks::evaluate(&[BlockStratum { treatment: &treatment, control: &control }], harm).unwrap();
    assert!(evidence.log_e > 100_f64.ln(), "{evidence:?}");
    assert_close(evidence.effect, 3_f64.ln(), 0.2);
}

#[test]
fn blocks_of_neighbouring_minutes_that_move_together_are_less_certain() {
    let (treatment, control) = minutes(&mut Dice::new(5), 64, 1.0);
    // The treatment is off by 10 % for eight minutes at a time, in turn up and down.
    let wave = |at: usize| if (at / 8).is_multiple_of(2) { 1.1 } else { 1.0 / 1.1 };
    let waved: Vec<Sums> =
        treatment.iter().enumerate().map(|(at, of)| Sums { num: of.num * wave(at), ..*of }).collect();
    let shuffled: Vec<Sums> =
        treatment.iter().enumerate().map(|(at, of)| Sums { num: of.num * wave(at % 2 * 8), ..*of }).collect();
    let se = |treatment: &[Sums]| {
        blocks::evaluate(&[BlockStratum { treatment, control: &control }], MORE_IS_HARM).unwrap().se
    };
    assert!(se(&waved) > 1.3 * se(&shuffled), "{} {}", se(&waved), se(&shuffled));
}

#[test]
fn many_blocks_are_merged_in_pairs_and_lose_nothing() {
    let mut blocks: Vec<Sums> = (0..261_u32).map(|at| Sums { num: f64::from(at), den: 1.0 }).collect();
    blocks::compact(&mut blocks);
    assert_eq!(blocks.len(), 66, "from 261 over 131");
    assert_eq!(blocks[0], Sums { num: 6.0, den: 4.0 });
    assert_eq!(blocks[65], Sums { num: 260.0, den: 1.0 });
    assert_close(blocks.iter().map(|block| block.num).sum(), 33_930.0, 0.0);
    let compacted = blocks.clone();
    blocks::compact(&mut blocks);
    assert_eq!(blocks, compacted);
}

#[test]
fn blocks_say_nothing_without_two_of_them_in_both_arms() {
    let block = |num: f64| Sums { num, den: 100.0 };
    let with = |treatment: &[Sums], control: &[Sums]| {
        blocks::evaluate(&[BlockStratum { treatment, control }], MORE_IS_HARM)
    };
    assert!(with(&[block(1.0), block(3.0)], &[block(2.0), block(2.0)]).is_some());
    assert_eq!(with(&[block(1.0)], &[block(2.0)]), None);
    assert_eq!(with(&[block(1.0), block(3.0)], &[block(2.0)]), None);
    assert_eq!(with(&[block(1.0), block(0.0)], &[block(2.0), block(2.0)]), None);
    assert_eq!(blocks::evaluate(&[], MORE_IS_HARM), None);
}
