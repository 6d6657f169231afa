//! Many at once within one process, and processes that are killed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "testing")]
mod conflict_queue;
#[cfg(all(feature = "sqlite", unix))]
mod kill;
#[cfg(feature = "testing")]
mod one_winner;
#[cfg(feature = "testing")]
mod races;
