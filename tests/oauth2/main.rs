//! Sign-in by providers, from the start to the account, against providers that run inside the test.
#![cfg(all(feature = "oauth2", feature = "testing"))]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../people/mod.rs"]
mod people;
#[path = "../support/text_store.rs"]
#[allow(dead_code, reason = "shared with the adversity tests")]
mod text_store;

#[path = "../support/yielding.rs"]
mod yielding;

mod attach;
mod crash;
mod prehijack;
mod provider;
mod refresh;
mod sign_in;
mod state;
mod unlink;
mod world;
