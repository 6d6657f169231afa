//! What holds whatever the operation or the input: equal work, secrecy, faults at every call, the
//! recorded bad inputs, the rows of `HARDENING.md`, and the simulation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(all(feature = "testing", feature = "axum"))]
mod bad_inputs_jwt;
#[cfg(feature = "testing")]
mod bad_inputs_sessions;
mod bad_inputs_values;
#[cfg(feature = "testing")]
mod equal_work;
#[cfg(feature = "testing")]
mod faults;
#[cfg(all(feature = "axum", feature = "testing"))]
mod hardening;
#[cfg(all(feature = "axum", feature = "testing"))]
mod matrix;
#[cfg(feature = "testing")]
mod secrecy;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod simulation;
