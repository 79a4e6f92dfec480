//! Many metrics and variants at once, and one promise over all of them.
//!
//! The closed test on means of e-values (Vovk and Wang, arXiv 1912.06116): a guardrail is rejected when every set of
//! guardrails that contains it has a mean beyond the threshold. It needs no independence, and it is never worse than
//! dividing alpha by the number of guardrails (Bonferroni).

use crate::counting::real_len;
use crate::mixture::log_add;

/// Log e-values that hold for all at once, in the order of `log_e`: comparing each with `ln(1/alpha)` ([`rejects`])
/// keeps the probability of any false alarm below alpha.
///
/// Each is the smallest mean over the sets that contain it, which is its own mean with some of the smallest others:
/// `min over k of ln((E_i + sum of the k smallest others) / (k+1))`. Infinite values are fine; what is not a number is
/// no evidence at all. Takes `O(n log n)`.
pub fn adjusted(log_e: &[f64]) -> Vec<f64> {
    let evidence = |at: usize| if log_e[at].is_nan() { f64::NEG_INFINITY } else { log_e[at] };
    let mut ascending: Vec<usize> = (0..log_e.len()).collect();
    ascending.sort_unstable_by(|a, b| evidence(*a).total_cmp(&evidence(*b)));

    let mut adjusted = vec![0.0; log_e.len()];
    // The k smallest ones and their sum. Another one lowers a mean exactly while it is below it, so for each the
    // search ends at the first that is not; a larger own value has a larger mean, so the next one continues there.
    let (mut k, mut smallest) = (0, f64::NEG_INFINITY);
    for (rank, at) in ascending.iter().copied().enumerate() {
        let mut mean = log_add(evidence(at), smallest) - real_len(k + 1).ln();
        while k < rank && evidence(ascending[k]) < mean {
            smallest = log_add(smallest, evidence(ascending[k]));
            k += 1;
            mean = log_add(evidence(at), smallest) - real_len(k + 1).ln();
        }
        adjusted[at] = mean;
    }
    adjusted
}

/// Whether an [`adjusted`] value is an alarm at the level `alpha` of the whole family.
pub fn rejects(adjusted: f64, alpha: f64) -> bool {
    adjusted >= -alpha.ln()
}
