//! A stored hash of scrypt (RFC 7914).

use std::fmt;

use super::{HashLimit, InvalidPasswordHash, phc};

/// What a PHC string such as `$scrypt$ln=15,r=8,p=1$…$…` says.
#[cfg_attr(not(feature = "import-hashes"), expect(dead_code, reason = "then nothing computes it"))]
pub(crate) struct ScryptHash {
    /// The logarithm of N.
    pub(crate) log_n: u8,
    pub(crate) block_size: u32,
    pub(crate) parallelism: u32,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl ScryptHash {
    pub(super) const BLOCK_SIZE_LIMIT: u32 = 64;
    pub(super) const PARALLELISM_LIMIT: u32 = 16;
    /// In bytes: 256 MiB.
    pub(super) const MEMORY_LIMIT: u64 = 256 << 20;
    /// In bytes filled: 1 GiB. More would take longer than people wait.
    pub(super) const WORK_LIMIT: u64 = 1 << 30;

    /// Parses what follows the name of the algorithm.
    pub(super) fn parse<'a>(mut fields: impl Iterator<Item = &'a str>) -> Result<Self, InvalidPasswordHash> {
        let [log_n, block_size, parallelism] = phc::parse_numbers(fields.next(), ["ln", "r", "p"])?;
        let (salt, output) = phc::parse_end(fields)?;
        let out_of_range = InvalidPasswordHash::OutOfRange;
        let log_n = u8::try_from(log_n).map_err(|_| out_of_range(HashLimit::ScryptMemory))?;
        let hash = Self { log_n, block_size, parallelism, salt, output };
        let sound = log_n >= 1 && (1..=Self::BLOCK_SIZE_LIMIT).contains(&block_size);
        if !sound || hash.memory() > Self::MEMORY_LIMIT {
            return Err(out_of_range(HashLimit::ScryptMemory));
        }
        if !(1..=Self::PARALLELISM_LIMIT).contains(&parallelism) || hash.filled() > Self::WORK_LIMIT {
            return Err(out_of_range(HashLimit::ScryptParallelism));
        }
        Ok(hash)
    }

    /// How many bytes are needed to compute it.
    pub(crate) fn memory(&self) -> u64 {
        let n = 1_u64.checked_shl(self.log_n.into()).unwrap_or(u64::MAX);
        n.saturating_mul(128 * u64::from(self.block_size))
    }

    /// How many bytes are filled in the course of computing it, one lane after the other.
    fn filled(&self) -> u64 {
        self.memory().saturating_mul(self.parallelism.into())
    }

    /// In blocks of Argon2: one KiB, filled and mixed, takes at least 1.4 µs where a block takes 0.36. Rather too few, so that too much
    /// is made up for it.
    pub(super) fn work(&self) -> u32 {
        u32::try_from(self.filled() >> 8).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for ScryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scrypt ln={},r={},p={}", self.log_n, self.block_size, self.parallelism)
    }
}
