//! The reference server as a process: its settings and its end, the published SDK, a browser, two
//! servers on one database, servers that are killed;.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(all(unix, feature = "axum", feature = "sqlite"))]
mod kill_server;
#[cfg(all(unix, feature = "axum", feature = "sqlite"))]
mod lifecycle;
#[cfg(all(unix, feature = "axum", feature = "sqlite"))]
mod messages;
#[cfg(all(feature = "axum", feature = "sqlite", feature = "oauth2", feature = "http-client"))]
mod oidc;
#[cfg(all(unix, feature = "axum", feature = "sqlite", feature = "postgres"))]
mod postgres;
#[cfg(all(unix, feature = "axum", feature = "sqlite", feature = "redis", feature = "testing"))]
mod redis;
#[cfg(all(feature = "axum", feature = "sqlite"))]
mod sdk;
#[cfg(all(
    unix,
    feature = "axum",
    feature = "sqlite",
    feature = "postgres",
    feature = "oauth2",
    feature = "http-client",
    feature = "testing"
))]
mod two_servers;
