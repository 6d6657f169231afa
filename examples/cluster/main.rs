//! Starts two reference servers on one PostgreSQL and one Redis:
//!
//! `cargo run --release --example cluster --all-features`
//!
//! An account created on one server can sign in on the other, a session that ends on one server is
//! invalid on the other with the next request, and both count requests together.
//!
//! The example starts its own PostgreSQL and Redis from the installed programs, on loopback and
//! without keeping any data. To use existing ones, set `ACCOUNT_DATABASE` with its `ACCOUNT_KEY`,
//! or `ACCOUNT_REDIS`. All other settings are passed on to the servers. Ctrl-C stops everything.

#[cfg(unix)]
mod cluster;
#[cfg(unix)]
#[path = "../../tests/support/services/mod.rs"]
mod services;

#[cfg(unix)]
use services::{postgres, redis};

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match cluster::run().await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() {
    eprintln!("error: this example needs Unix, because it stops its servers with signals");
}
