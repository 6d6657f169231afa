//! Why a text is no password hash that can be checked.

use super::{BcryptHash, ScryptHash};
use crate::model::argon2_params::{MEMORY_LIMIT, PARALLELISM_LIMIT, TIME_LIMIT};

/// A text is no password hash of a known algorithm, or one that asks for too much work.
///
/// It says what to do about it and shows nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPasswordHash {
    /// The text is not of the form that its algorithm prescribes.
    #[error("not a password hash of a known form")]
    Malformed,
    /// The text names an algorithm or a version of one that is not supported. The account can be imported without a password; its
    /// owner chooses a new one by recovery.
    #[error("a password hash of an algorithm that is not supported")]
    UnknownAlgorithm,
    /// The hash is one of bcrypt or scrypt, and this program was built without the feature `import-hashes`.
    #[error("a bcrypt or scrypt hash needs the feature `import-hashes`")]
    FeatureMissing,
    /// A number in the text lies outside of this limit.
    #[error("{0}")]
    OutOfRange(HashLimit),
}

/// A limit on what a stored password hash may ask for, so that no import can make a sign-in take minutes or all of the memory.
///
/// `Display` gives the limit in words and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum HashLimit {
    /// Argon2's `m`: at least 8 KiB for each lane and at most 256 MiB.
    #[error("`m` of an Argon2 hash is 8 for each lane to {MEMORY_LIMIT} KiB")]
    Argon2Memory,
    /// Argon2's `t`: 1 to 16 passes.
    #[error("`t` of an Argon2 hash is 1 to {TIME_LIMIT}")]
    Argon2Time,
    /// Argon2's `p`: 1 to 16 lanes.
    #[error("`p` of an Argon2 hash is 1 to {PARALLELISM_LIMIT}")]
    Argon2Parallelism,
    /// The cost of bcrypt: 4 to 14.
    #[error("the cost of a bcrypt hash is {} to {}", BcryptHash::COSTS.start(), BcryptHash::COSTS.end())]
    BcryptCost,
    /// scrypt's `ln` and `r`: each at least 1, `r` at most 64, and together (128 × r × 2^ln bytes) at most 256 MiB.
    #[error(
        "`ln` and `r` of a scrypt hash are at least 1, `r` at most {}, 128 × r × 2^ln at most {} bytes",
        ScryptHash::BLOCK_SIZE_LIMIT,
        ScryptHash::MEMORY_LIMIT
    )]
    ScryptMemory,
    /// scrypt's `p`: 1 to 16, and 128 × r × p × 2^ln at most 1 GiB.
    #[error(
        "`p` of a scrypt hash is 1 to {}, 128 × r × p × 2^ln at most {} bytes",
        ScryptHash::PARALLELISM_LIMIT,
        ScryptHash::WORK_LIMIT
    )]
    ScryptParallelism,
    /// The salt of Argon2 or scrypt: 8 to 64 bytes.
    #[error("the salt of a password hash has 8 to 64 bytes")]
    Salt,
    /// The hash itself of Argon2 or scrypt: 16 to 64 bytes.
    #[error("a password hash has 16 to 64 bytes")]
    Output,
}
