//! What the test programs share.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "not every program uses every helper"
)]

pub(crate) mod alone;
pub(crate) mod concurrently;
pub(crate) mod durable;
#[cfg(feature = "testing")]
pub(crate) mod fixtures;
#[cfg(all(feature = "axum", feature = "testing"))]
pub(crate) mod http;
pub(crate) mod limiter;
pub(crate) mod node;
#[cfg(feature = "testing")]
pub(crate) mod operations;
pub(crate) mod recorded_sessions;
pub(crate) mod server_process;
pub(crate) mod services;
pub(crate) mod smtp;
pub(crate) mod tempdir;
#[cfg(feature = "testing")]
pub(crate) mod text_store;
#[cfg(feature = "testing")]
pub(crate) mod token_kinds;
#[cfg(feature = "testing")]
pub(crate) mod with_identity;
#[cfg(feature = "testing")]
pub(crate) mod yielding;

/// The same master key wherever one is needed.
pub(crate) fn master_key() -> account::MasterKey {
    account::MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|i| (i * 7 % 256) as u8)).unwrap()
}

/// How much a campaign does: what this variable of the environment says, or as much as is usual.
pub(crate) fn campaign(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.replace('_', "").parse().expect(variable))
}
