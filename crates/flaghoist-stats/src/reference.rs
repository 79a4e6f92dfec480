//! Formulas of the literature and of other products.
//!
//! The tests of this crate decide; these are what they are compared with, and what intervals for people are drawn by.
//! Every one is checked against the library that made it known, within the tolerance that the vectors name.

pub mod asymptotic;
