//! The HTTP API: requests to the axum router, in memory.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "axum")]
mod challenges;
#[cfg(feature = "axum")]
mod cookies;
#[cfg(feature = "axum")]
mod extractors;
#[cfg(feature = "axum")]
mod gates;
#[cfg(feature = "axum")]
mod inputs;
#[cfg(feature = "axum")]
mod magic_page;
#[cfg(feature = "axum")]
mod mfa;
#[cfg(all(feature = "axum", feature = "oauth2"))]
mod oauth2;
#[cfg(all(feature = "axum", feature = "oauth2"))]
mod oauth2_failures;
#[cfg(all(feature = "axum", feature = "oauth2"))]
mod oauth2_flows;
#[cfg(all(feature = "axum", feature = "oauth2"))]
mod oauth2_world;
#[cfg(feature = "axum")]
mod origins;
#[cfg(feature = "axum")]
mod parameters;
#[cfg(feature = "axum")]
mod passwordless;
#[cfg(feature = "axum")]
mod recovery;
#[cfg(feature = "axum")]
mod routes;
#[cfg(feature = "axum")]
mod verdicts;
#[cfg(feature = "axum")]
mod verification;
