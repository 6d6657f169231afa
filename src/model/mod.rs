//! The account and its values: pure data and the rules that keep it whole.

mod argon2_params;
mod password_hash;
mod time;

pub(crate) use password_hash::Argon2Hash;

pub use argon2_params::{Argon2Params, InvalidArgon2Params};
pub use password_hash::{InvalidPasswordHash, PasswordHash};
pub use time::Timestamp;
