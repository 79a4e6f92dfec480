//! Who calls: credentials of requests, and what each operation requires.
//!
//! A management handler takes an [`Allowed`] as its first argument, whose type names the permissions: an
//! operation cannot run without, and a reader sees them in its signature. A data-plane handler takes an
//! [`SdkKey`](sdk_key::SdkKey).

pub(crate) mod management;
pub(crate) mod sdk_key;

pub(crate) use management::{
    Allowed, ReadEnvironments, ReadFlags, WriteEnvironments, WriteFlagParts, WriteFlags,
};
