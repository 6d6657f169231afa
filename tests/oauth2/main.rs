//! Sign-in by providers: the flows from start to account, every provider of the table against a
//! double of it, and hostile answers over real connections.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(all(feature = "oauth2", feature = "testing"))]
mod attach;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod crash;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod prehijack;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod provider;
#[cfg(feature = "oauth2")]
mod providers;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod refresh;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod sign_in;
#[cfg(all(feature = "oauth2", feature = "http-client", feature = "axum", feature = "testing"))]
mod sockets;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod state;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod unlink;
#[cfg(all(feature = "oauth2", feature = "testing"))]
mod world;
