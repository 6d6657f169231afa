//! Errors of parsing stored password hashes.

use super::limits::{
    MAX_BCRYPT_COST, MAX_OUTPUT_BYTES, MAX_SALT_BYTES, MAX_SCRYPT_BLOCK_SIZE, MAX_SCRYPT_FILLED_BYTES,
    MAX_SCRYPT_MEMORY_BYTES, MAX_SCRYPT_PARALLELISM, MIN_BCRYPT_COST, MIN_OUTPUT_BYTES, MIN_SALT_BYTES,
};
use crate::model::argon2_params::{MAX_MEMORY_KIB, MAX_PARALLELISM, MAX_TIME};

/// A text is not a supported password hash, or checking it would take too much work.
///
/// `Display` contains no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPasswordHash {
    /// The text does not have the form of its algorithm.
    #[error("the text is not a password hash of a known form")]
    Malformed,
    /// The algorithm or its version is not supported.
    ///
    /// Import the account without a password; its owner sets a new one by password recovery.
    #[error("the algorithm of the password hash is not supported; import the account without a password")]
    UnknownAlgorithm,
    /// It is a bcrypt or scrypt hash, and the feature `import-hashes` is not enabled.
    #[error("a bcrypt or scrypt hash needs the feature `import-hashes`")]
    FeatureMissing,
    /// A number in the text is outside this limit.
    #[error("{0}")]
    OutOfRange(HashLimit),
}

/// A limit on the parameters of a stored password hash.
///
/// The limits prevent denial of service: no imported hash can make a sign-in take minutes or
/// exhaust the memory. `Display` describes the limit in words and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HashLimit {
    /// Argon2's `m`: at least 8 KiB for each lane and at most 256 MiB.
    #[error("`m` of an Argon2 hash is 8 for each lane to {MAX_MEMORY_KIB} KiB")]
    Argon2Memory,
    /// Argon2's `t`: 1 to 16 passes.
    #[error("`t` of an Argon2 hash is 1 to {MAX_TIME}")]
    Argon2Time,
    /// Argon2's `p`: 1 to 16 lanes.
    #[error("`p` of an Argon2 hash is 1 to {MAX_PARALLELISM}")]
    Argon2Parallelism,
    /// The cost of bcrypt: 4 to 14.
    #[error("the cost of a bcrypt hash is {MIN_BCRYPT_COST} to {MAX_BCRYPT_COST}")]
    BcryptCost,
    /// scrypt's `ln` and `r`: each at least 1, `r` at most 64, and 128 × r × 2^ln bytes at most
    /// 256 MiB.
    #[error(
        "`ln` and `r` of a scrypt hash are at least 1, `r` at most {MAX_SCRYPT_BLOCK_SIZE}, \
         128 × r × 2^ln at most {MAX_SCRYPT_MEMORY_BYTES} bytes"
    )]
    ScryptMemory,
    /// scrypt's `p`: 1 to 16, and 128 × r × p × 2^ln at most 1 GiB.
    #[error(
        "`p` of a scrypt hash is 1 to {MAX_SCRYPT_PARALLELISM}, \
         128 × r × p × 2^ln at most {MAX_SCRYPT_FILLED_BYTES} bytes"
    )]
    ScryptParallelism,
    /// The salt of Argon2 or scrypt: 8 to 64 bytes.
    #[error("the salt of a password hash has {MIN_SALT_BYTES} to {MAX_SALT_BYTES} bytes")]
    Salt,
    /// The hash itself of Argon2 or scrypt: 16 to 64 bytes.
    #[error("a password hash has {MIN_OUTPUT_BYTES} to {MAX_OUTPUT_BYTES} bytes")]
    Output,
}
