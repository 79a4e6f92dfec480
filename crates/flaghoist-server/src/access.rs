//! Who calls: credentials of requests, and what each operation requires.
//!
//! A management handler takes an `Allowed` as its first argument, whose type names the permissions: an
//! operation cannot run without, and a reader sees them in its signature. A data-plane handler takes an
//! `SdkKey`.

pub(crate) mod authentication;
pub(crate) mod delegation;
pub(crate) mod management;
pub(crate) mod restriction;
pub(crate) mod sdk_key;
pub(crate) mod stream_token;
mod uses;

pub(crate) use management::{
    Allowed, AnyMember, ManageTeams, OwnKeys, ReadEnvironments, ReadFlags, ReadKeys, ReadPolicies, ReadRoles,
    ReadTeams, ReadUsers, ReadWebhooks, WriteEnvironments, WriteFlagParts, WriteFlags, WriteKeys,
    WritePolicies, WriteProjects, WriteRoles, WriteUsers, WriteWebhooks,
};
pub use uses::{KeyUses, write_down_uses};
