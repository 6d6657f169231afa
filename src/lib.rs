//! Accounts for Rust programs: sign-up, sign-in, sessions, JWTs and profiles inside the host's own process.

pub mod error;
mod secret;

pub use secret::Secret;
pub mod model;
pub mod user_agent;
