//! Servers of other makes that the tests start for themselves, on loopback and free ports.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "not every program uses every service"
)]

pub(crate) mod pgbouncer;
pub(crate) mod postgres;
pub(crate) mod redis;

use std::{
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
};

/// A port at which nothing listens now.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Reports why tests try nothing, past the test harness, which would swallow what a passing test
/// prints. Fails under `CI=true`.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "nothing was tried: {reason}");
    let _ = writeln!(std::io::stderr(), "\nSKIPPED: {reason}");
}
