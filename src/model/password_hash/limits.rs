//! The limits of hashes that were not made by this crate.

/// Lower costs are not bcrypt.
pub(super) const MIN_BCRYPT_COST: u32 = 4;
/// A check takes about one second.
pub(super) const MAX_BCRYPT_COST: u32 = 14;

pub(super) const MAX_SCRYPT_BLOCK_SIZE: u32 = 64;
pub(super) const MAX_SCRYPT_PARALLELISM: u32 = 16;
/// 256 MiB.
pub(super) const MAX_SCRYPT_MEMORY_BYTES: u64 = 256 << 20;
/// 1 GiB filled by all lanes. More would make a sign-in take too long.
pub(super) const MAX_SCRYPT_FILLED_BYTES: u64 = 1 << 30;

pub(super) const MIN_SALT_BYTES: usize = 8;
pub(super) const MAX_SALT_BYTES: usize = 64;
pub(super) const MIN_OUTPUT_BYTES: usize = 16;
pub(super) const MAX_OUTPUT_BYTES: usize = 64;
