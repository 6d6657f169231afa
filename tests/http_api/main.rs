//! The HTTP adapter, asked through its router.

#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cookies;
mod extractors;
mod gates;
mod inputs;
mod origins;
mod routes;
mod support;
mod verdicts;
