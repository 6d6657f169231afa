//! The races with two reference servers on one PostgreSQL: what holds in one process holds between processes.
//!
//! Requests are split evenly between the servers and leave at the same moment.
#![cfg(all(
    unix,
    feature = "axum",
    feature = "sqlite",
    feature = "postgres",
    feature = "oauth2",
    feature = "testing"
))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../neighbours/postgres.rs"]
mod neighbour;

mod one_winner;
mod pair;
