//! Multi-factor sign-in, as a host sees it.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod around;
#[path = "../at_once/mod.rs"]
mod at_once;
mod authenticator;
mod challenge;
mod limits;
#[path = "../people/mod.rs"]
mod people;
mod person;
mod recovery_codes;
#[path = "../support/mod.rs"]
mod support;
mod switch;
mod together;
