//! The HTTP adapter, asked through its router.

#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod challenges;
mod cookies;
mod extractors;
mod gates;
mod inputs;
mod magic_page;
mod mfa;
#[cfg(feature = "oauth2")]
mod oauth2;
#[cfg(feature = "oauth2")]
mod oauth2_failures;
#[cfg(feature = "oauth2")]
mod oauth2_flows;
#[cfg(feature = "oauth2")]
mod oauth2_world;
mod origins;
mod parameters;
mod passwordless;
#[path = "../recorded_sessions/mod.rs"]
mod recorded_sessions;
mod recovery;
mod routes;
mod support;
mod verdicts;
mod verification;
