//! How often callers may ask: a bucket of tokens per caller, which holds as many requests as are allowed in a period
//! and refills evenly. What is limited and how is in `docs/limits.md`.
//!
//! Buckets live in this process: two nodes have two of each, and a restart fills them.

mod address;
mod bucket;
mod known_secrets;
mod password_gate;
mod standing;

pub use address::{ClientAddress, PeerAddress};
pub use password_gate::PasswordGate;
pub use standing::Standing;
pub(crate) use standing::{StandingSlot, tell_standing};

use crate::ApiError;
use crate::clock::SteadyClock;
use bucket::Buckets;
use flaghoist_model::access::{Principal, Proof};
use flaghoist_model::credential::SecretHash;
use flaghoist_model::id::CredentialId;
use known_secrets::KnownSecrets;
use serde::Deserialize;
use std::hash::BuildHasher;
use std::num::NonZeroU32;
use std::sync::Arc;

/// So many requests per so many seconds. Zero requests mean no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quota {
    /// Requests at once, and in each period; 0 means no limit.
    pub requests: u32,
    /// The period.
    pub seconds: NonZeroU32,
}

impl Quota {
    const fn per_minute(requests: u32) -> Self {
        Self { requests, seconds: NonZeroU32::new(60).expect("60 is not 0") }
    }
}

/// All limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfiguration {
    /// Management requests of one application key, or of one user who is logged in.
    pub management: Quota,
    /// Data-plane requests with one SDK key.
    pub sdk: Quota,
    /// Requests of one address that bring no valid key.
    pub stranger: Quota,
    /// Attempts to log in from one address.
    pub log_in_address: Quota,
    /// Attempts to log in to one account.
    pub log_in_account: Quota,
}

impl Default for LimitsConfiguration {
    fn default() -> Self {
        Self {
            management: Quota::per_minute(6_000),
            sdk: Quota::per_minute(0),
            stranger: Quota::per_minute(120),
            log_in_address: Quota::per_minute(20),
            log_in_account: Quota::per_minute(10),
        }
    }
}

/// All limits, and how much of them is used. None where there is no limit.
pub struct Limits {
    management: Option<Buckets>,
    sdk: Option<Buckets>,
    strangers: Option<Buckets>,
    log_in_addresses: Option<Buckets>,
    log_in_accounts: Option<Buckets>,
    known_secrets: KnownSecrets,
    account_names: foldhash::quality::RandomState,
}

impl Limits {
    /// Limits of which nothing is used, in the time of `clock`.
    pub fn new(configuration: &LimitsConfiguration, clock: Arc<dyn SteadyClock>) -> Self {
        let buckets = move |name, quota| Buckets::new(name, quota, Arc::clone(&clock));
        Self {
            management: buckets("management", configuration.management),
            sdk: buckets("sdk", configuration.sdk),
            strangers: buckets("stranger", configuration.stranger),
            log_in_addresses: buckets("log_in_address", configuration.log_in_address),
            log_in_accounts: buckets("log_in_account", configuration.log_in_account),
            known_secrets: KnownSecrets::default(),
            account_names: foldhash::quality::RandomState::default(),
        }
    }

    /// Lets the bearer of a secret in that was just made, also where strangers have no token left.
    pub(crate) fn welcome(&self, secret: SecretHash, bucket: u128) {
        self.known_secrets.remember(secret, bucket);
    }

    /// Takes the tokens of one attempt to log in to the account of that name. Call it before anything else is done
    /// for the attempt, whether the account exists or not.
    pub fn log_in(&self, address: ClientAddress, account: &str) -> Result<(), ApiError> {
        take(self.log_in_addresses.as_ref(), address.bucket())?;
        // Names are of any length; their hashes are not, and nobody can choose names that share one.
        let account = self.account_names.hash_one(account.trim().to_lowercase());
        take(self.log_in_accounts.as_ref(), u128::from(account))?;
        Ok(())
    }

    /// Refuses, before the database is asked, who has no token left: a caller whose secret was valid lately by their
    /// own bucket, everybody else by that of their address. Takes nothing.
    pub(crate) fn admit(&self, secret: &SecretHash, address: ClientAddress) -> Result<(), ApiError> {
        match (self.known_secrets.bucket(secret), &self.management, &self.strangers) {
            (Some(bucket), Some(management), _) => management.look(bucket),
            (None, _, Some(strangers)) => strangers.look(address.bucket()),
            _ => Ok(()),
        }
    }

    /// Takes a token of a caller who was found to be who they say, by that secret.
    pub(crate) fn management(
        &self,
        principal: &Principal,
        secret: SecretHash,
    ) -> Result<Option<Standing>, ApiError> {
        let bucket = match principal.proof {
            Proof::ApplicationKey(id) => id.0.as_u128(),
            Proof::Session(_) => principal.user_id.0.as_u128(),
        };
        self.known_secrets.remember(secret, bucket);
        take(self.management.as_ref(), bucket)
    }

    /// Takes a token of the address of somebody who brought no valid key, for which they get `refusal`. Gives what
    /// they are told: that, or that they have no token left.
    pub(crate) fn stranger(
        &self,
        secret: Option<&SecretHash>,
        address: ClientAddress,
        refusal: ApiError,
    ) -> ApiError {
        if !matches!(refusal, ApiError::Unauthenticated(_)) {
            return refusal;
        }
        if let Some(secret) = secret {
            self.known_secrets.forget(secret);
        }
        take(self.strangers.as_ref(), address.bucket()).err().unwrap_or(refusal)
    }

    /// Takes a token of an SDK key.
    pub(crate) fn sdk(&self, id: CredentialId) -> Result<(), ApiError> {
        match &self.sdk {
            None => Ok(()),
            Some(sdk) => sdk.take(id.0.as_u128()).map(drop),
        }
    }
}

fn take(buckets: Option<&Buckets>, bucket: u128) -> Result<Option<Standing>, ApiError> {
    buckets.map(|buckets| buckets.take(bucket)).transpose()
}
