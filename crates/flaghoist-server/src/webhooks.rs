//! Webhooks: other systems are told what happened.
//!
//! ```text
//! Edit::commit ──delivery rows──▶ outbox ──deliver──▶ Courier ──signed request──▶ receiver
//! ```
//!
//! A change and its deliveries are one transaction, so no event is lost; a delivery is taken with a lease and made at
//! least once. Receivers tell repetitions by the id of the delivery.

mod body;
mod courier;
mod deliver;
mod retry;
mod signature;
mod target;

pub(crate) use body::ping;
pub use courier::Courier;
pub(crate) use courier::Outcome;
pub use deliver::deliver;
pub use signature::{DELIVERY_HEADER, EVENT_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
pub(crate) use target::{masked, refusal};
