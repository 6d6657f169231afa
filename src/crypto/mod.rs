//! Cryptography: keys derived per purpose, session JWTs and the pool that hashes passwords.

mod argon2_pool;
mod jwt;
mod keys;

pub use argon2_pool::{Argon2Pool, Argon2PoolBuilder};
pub use jwt::JwtError;
pub(crate) use jwt::{Claims, JwtCodec};
pub use keys::MasterKey;
pub(crate) use keys::Purpose;
