//! Two reference servers on one PostgreSQL and one Redis, by one command:
//!
//! `cargo run --release --example cluster --all-features`
//!
//! An account that is made on one server signs in on the other, a session that ends on one is dead on the other at once, and requests are
//! counted together. PostgreSQL and Redis are started for this alone, on loopback and with nothing kept, from what is installed here; or
//! `ACCOUNT_DATABASE` with its `ACCOUNT_KEY`, and `ACCOUNT_REDIS`, name others. All other settings of the server are passed on. Ctrl-C ends
//! it all.

#[cfg(unix)]
mod cluster;
#[cfg(unix)]
#[path = "../../tests/neighbours/postgres.rs"]
mod postgres;
#[cfg(unix)]
#[path = "../../tests/neighbours/redis.rs"]
mod redis;

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
    eprintln!("error: the servers that this starts are ended by signals of Unix");
}
