//! The stores and request limiters: the conformance suites, and what is particular to each of them.

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

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod application;
#[cfg(feature = "testing")]
mod conformance_broken;
#[cfg(feature = "testing")]
mod conformance_memory;
#[cfg(all(feature = "testing", feature = "postgres"))]
mod conformance_postgres;
#[cfg(all(feature = "testing", feature = "sqlite"))]
mod conformance_sqlite;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(all(unix, feature = "postgres", feature = "testing"))]
mod postgres_limiter;
#[cfg(all(unix, feature = "redis", feature = "testing"))]
mod redis_limiter;
#[cfg(feature = "sqlite")]
mod sqlite;
