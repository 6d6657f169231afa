//! Stored hashes of scrypt (RFC 7914).

use std::fmt;

use super::{
    invalid::{HashLimit, InvalidPasswordHash},
    limits::{
        MAX_SCRYPT_BLOCK_SIZE, MAX_SCRYPT_FILLED_BYTES, MAX_SCRYPT_MEMORY_BYTES, MAX_SCRYPT_PARALLELISM,
    },
    phc,
};

/// The parts of a PHC string such as `$scrypt$ln=15,r=8,p=1$…$…`.
#[cfg_attr(not(feature = "import-hashes"), expect(dead_code, reason = "then nothing computes it"))]
pub(crate) struct ScryptHash {
    /// The binary logarithm of N.
    pub(crate) log_n: u8,
    pub(crate) block_size: u32,
    pub(crate) parallelism: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl ScryptHash {
    /// Parses the fields after the name of the algorithm.
    pub(super) fn parse<'a>(mut fields: impl Iterator<Item = &'a str>) -> Result<Self, InvalidPasswordHash> {
        let [log_n, block_size, parallelism] = phc::parse_numbers(fields.next(), ["ln", "r", "p"])?;
        let (salt, output) = phc::parse_end(fields)?;
        let out_of_range = InvalidPasswordHash::OutOfRange;
        let log_n = u8::try_from(log_n).map_err(|_| out_of_range(HashLimit::ScryptMemory))?;
        let hash = Self { log_n, block_size, parallelism, salt, output };
        let is_valid = log_n >= 1 && (1..=MAX_SCRYPT_BLOCK_SIZE).contains(&block_size);
        if !is_valid || hash.memory() > MAX_SCRYPT_MEMORY_BYTES {
            return Err(out_of_range(HashLimit::ScryptMemory));
        }
        if !(1..=MAX_SCRYPT_PARALLELISM).contains(&parallelism)
            || hash.filled_bytes() > MAX_SCRYPT_FILLED_BYTES
        {
            return Err(out_of_range(HashLimit::ScryptParallelism));
        }
        Ok(hash)
    }

    /// Returns the memory that a check needs.
    pub(crate) fn memory(&self) -> u64 {
        let n = 1_u64.checked_shl(self.log_n.into()).unwrap_or(u64::MAX);
        n.saturating_mul(128 * u64::from(self.block_size))
    }

    /// Returns the memory that a check fills in total, one lane after the other.
    fn filled_bytes(&self) -> u64 {
        self.memory().saturating_mul(self.parallelism.into())
    }

    /// Returns the work in blocks of Argon2.
    ///
    /// One KiB, filled and mixed, takes at least 1.4 µs and one block 0.36 µs. The result is
    /// rounded down, because missing work is compensated by additional hashing.
    pub(super) fn work(&self) -> u32 {
        u32::try_from(self.filled_bytes() >> 8).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for ScryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scrypt ln={},r={},p={}", self.log_n, self.block_size, self.parallelism)
    }
}
