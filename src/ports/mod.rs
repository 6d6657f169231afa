//! What the accounts need from the outside, as traits that the host can implement.

mod hasher;

pub use hasher::{HashError, PasswordHasher, Verdict};
