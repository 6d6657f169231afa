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

#[cfg(all(feature = "axum", feature = "oauth2", feature = "testing", feature = "tracing"))]
mod api;
#[cfg(all(feature = "axum", feature = "testing"))]
mod challenges;
#[cfg(all(feature = "axum", feature = "testing"))]
mod clients;
#[cfg(all(feature = "axum", feature = "testing"))]
mod cookies;
#[cfg(all(feature = "axum", feature = "testing"))]
mod extractors;
#[cfg(all(feature = "axum", feature = "testing"))]
mod gates;
#[cfg(all(feature = "axum", feature = "testing"))]
mod inputs;
#[cfg(all(feature = "axum", feature = "oauth2", feature = "testing"))]
mod kit;
#[cfg(all(feature = "axum", feature = "testing"))]
mod magic_page;
#[cfg(all(feature = "axum", feature = "testing"))]
mod mfa;
#[cfg(all(feature = "axum", feature = "oauth2", feature = "testing"))]
mod oauth2;
#[cfg(all(feature = "axum", feature = "oauth2", feature = "testing"))]
mod oauth2_failures;
#[cfg(all(feature = "axum", feature = "oauth2", feature = "testing"))]
mod oauth2_flows;
#[cfg(all(feature = "axum", feature = "oauth2", feature = "testing"))]
mod oauth2_world;
#[cfg(all(feature = "axum", feature = "testing"))]
mod origins;
#[cfg(all(feature = "axum", feature = "testing"))]
mod own_pages;
#[cfg(all(feature = "axum", feature = "testing"))]
mod parameters;
#[cfg(all(feature = "axum", feature = "testing"))]
mod passwordless;
#[cfg(all(feature = "axum", feature = "testing"))]
mod recovery;
#[cfg(all(feature = "axum", feature = "testing"))]
mod routes;
#[cfg(all(feature = "axum", feature = "testing"))]
mod verdicts;
#[cfg(all(feature = "axum", feature = "testing"))]
mod verification;
