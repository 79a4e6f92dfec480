//! Formulas of the literature and of other products.
//!
//! The tests of this crate decide; these are what they are compared with, and what intervals for people are drawn by.
//! Every one is checked against the library that made it known, within the tolerance that the vectors name.

pub mod asymptotic;
pub mod beta_binomial;
pub mod bounded;
pub mod classical;
pub mod ddsketch;
pub mod difference;
pub mod gamma_mixture;
pub mod group_sequential;
pub mod normal_mixture;
pub mod paired;
pub mod products;
pub mod regression;
pub mod stitching;
pub mod student;
