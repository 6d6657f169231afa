//! The cryptography of the accounts.

mod argon2_pool;

pub use argon2_pool::{Argon2Pool, Argon2PoolBuilder};
