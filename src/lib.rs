//! Accounts for Rust programs: sign-up, sign-in, sessions, JWTs and profiles inside the host's own process.

mod crypto;
pub mod error;
pub mod ports;
mod secret;

pub use crypto::{Argon2Pool, Argon2PoolBuilder};
pub use model::Argon2Params;
pub use secret::Secret;
pub mod model;
pub mod user_agent;
