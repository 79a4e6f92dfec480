//! Aggregates by time, without subjects: an asymptotic test on sums per minute, as from Prometheus.
//!
//! The jackknife of [`crate::ratios`] leaves out blocks of time. Neighbouring minutes resemble each other, which makes
//! single minutes look more certain than they are; so neighbours are merged into blocks of 1, 2, 4, … minutes as long
//! as enough blocks remain, and the largest standard error counts. Against noise that lasts longer than that nothing
//! helps but a margin: such metrics should pause a rollout at most, and a tolerance of 10 % is a sound default.

use crate::Harm;
use crate::counting::real_len;
use crate::ratios::{RatioEvidence, Sums, jackknife_variance, leave_one_out, weight};

/// Length of a block as it is measured.
pub const BLOCK_MS: u64 = 60_000;

/// More blocks than this are merged in pairs ([`compact`]).
pub const MAX_BLOCKS: usize = 128;

/// Fewer merged blocks than this say too little about how they vary.
const LEAST_MERGED: usize = 8;

/// The blocks of one step in the order of time, as many for both arms. A block that one arm has no data for is left out
/// of both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockStratum<'a> {
    /// Of the treatment.
    pub treatment: &'a [Sums],
    /// Of the control.
    pub control: &'a [Sums],
}

/// Evaluates the blocks of all steps.
///
/// A step with fewer than two blocks, or without a denominator in one of the arms, has no weight; steps are weighted as
/// in [`crate::ratios::evaluate`], and their variances are added up. A step of fewer than 16 blocks is not merged. Thirty
/// blocks are a sound minimum for a first look, which is for the caller to keep.
///
/// `None` if no step has a weight, if a sum or what remains of it without one block is not positive, if nothing varies,
/// or if the arms of a step differ in their number of blocks.
pub fn evaluate(strata: &[BlockStratum], harm: Harm) -> Option<RatioEvidence> {
    let (mut weights, mut sum, mut variance, mut df) = (0.0, 0.0, 0.0, 0.0);
    for stratum in strata {
        if stratum.treatment.len() != stratum.control.len() {
            return None;
        }
        let weight = weight(Sums::total(stratum.treatment), Sums::total(stratum.control));
        let Some(weight) = weight.filter(|_| stratum.treatment.len() > 1) else { continue };
        let of = Estimate::most_uncertain(stratum)?;
        weights += weight;
        sum += weight * of.effect;
        variance += weight * weight * of.variance;
        df += of.df;
    }
    (weights > 0.0)
        .then(|| RatioEvidence::new(harm, sum / weights, variance.sqrt() / weights, 0.0, df))
        .flatten()
}

/// Merges neighbours in pairs, the last one staying alone if their number is odd, until at most [`MAX_BLOCKS`] remain.
/// Both arms of a step have as many blocks and so are merged alike.
pub fn compact(blocks: &mut Vec<Sums>) {
    while blocks.len() > MAX_BLOCKS {
        *blocks = merged(blocks, 2);
    }
}

fn merged(blocks: &[Sums], length: usize) -> Vec<Sums> {
    blocks.chunks(length).map(Sums::total).collect()
}

/// The log ratio in one step.
struct Estimate {
    effect: f64,
    variance: f64,
    df: f64,
}

impl Estimate {
    /// The estimate with the block length that makes it least certain, the shorter one if they are equal.
    fn most_uncertain(stratum: &BlockStratum) -> Option<Self> {
        let mut most = Self::with_blocks(stratum.treatment, stratum.control)?;
        let mut length = 2;
        while stratum.treatment.len() / length >= LEAST_MERGED {
            let longer =
                Self::with_blocks(&merged(stratum.treatment, length), &merged(stratum.control, length))?;
            if longer.variance > most.variance {
                most = longer;
            }
            length *= 2;
        }
        Some(most)
    }

    fn with_blocks(treatment: &[Sums], control: &[Sums]) -> Option<Self> {
        let (of_treatment, of_control) = (Sums::total(treatment), Sums::total(control));
        let without: Vec<f64> = leave_one_out(treatment, of_treatment)?
            .iter()
            .zip(leave_one_out(control, of_control)?)
            .map(|(treatment, control)| treatment - control)
            .collect();
        Some(Self {
            effect: of_treatment.log_ratio()? - of_control.log_ratio()?,
            variance: jackknife_variance(&without),
            df: real_len(without.len() - 1),
        })
    }
}
