//! The cost parameters of Argon2.

use std::fmt;

/// The maximum memory of one hash in KiB: 256 MiB.
pub(super) const MAX_MEMORY_KIB: u32 = 256 * 1024;
pub(super) const MAX_TIME: u32 = 16;
pub(super) const MAX_PARALLELISM: u32 = 16;

/// The cost of one Argon2 hash: memory, passes over it and lanes (RFC 9106 §3.1).
///
/// Your application chooses it once for its [`Argon2Pool`](crate::Argon2Pool). Each stored
/// [`PasswordHash`](super::PasswordHash) contains its own. All values are within the limits of
/// [`Argon2Params::new`], so no stored hash can cause unbounded work.
///
/// # Examples
/// ```
/// use account::{Argon2Params, Config, MasterKey};
///
/// let mut config = Config::new(MasterKey::generate()?);
/// config.hashing = Argon2Params::new(47_104, 1, 1)?; // 46 MiB, one pass
/// assert_eq!(config.hashing.to_string(), "m=47104,t=1,p=1");
/// assert!(Argon2Params::new(4, 1, 1).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Argon2Params {
    memory_kib: u32,
    time: u32,
    parallelism: u32,
}

impl Argon2Params {
    /// Creates the parameters from `memory_kib` (8 per lane to 262,144, which is 256 MiB), `time`
    /// (1 to 16 passes) and `parallelism` (1 to 16 lanes).
    ///
    /// # Errors
    /// [`InvalidArgon2Params`] if a value is outside these limits.
    ///
    /// # Security
    /// The lower limits are meant for tests. In production, use at least the [`Default`].
    pub const fn new(memory_kib: u32, time: u32, parallelism: u32) -> Result<Self, InvalidArgon2Params> {
        // The lanes are checked first, so that 8 × lanes cannot overflow.
        let fits = parallelism >= 1
            && parallelism <= MAX_PARALLELISM
            && time >= 1
            && time <= MAX_TIME
            && memory_kib >= 8 * parallelism
            && memory_kib <= MAX_MEMORY_KIB;
        if fits { Ok(Self { memory_kib, time, parallelism }) } else { Err(InvalidArgon2Params) }
    }

    /// Returns the memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Returns the number of passes over the memory.
    #[must_use]
    pub const fn time(self) -> u32 {
        self.time
    }

    /// Returns the number of lanes. They are computed one after the other, on one thread.
    #[must_use]
    pub const fn parallelism(self) -> u32 {
        self.parallelism
    }

    /// Returns the work of one hash: the number of blocks of 1 KiB that it fills.
    pub(crate) const fn work(self) -> u32 {
        self.memory_kib * self.time
    }

    /// Returns whether a hash with these parameters is cheaper to attack than one with `other`: it
    /// needs less memory or less work in total.
    pub(crate) const fn weaker_than(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.work() < other.work()
    }
}

impl Default for Argon2Params {
    /// 19 MiB, two passes, one lane.
    fn default() -> Self {
        Self { memory_kib: 19_456, time: 2, parallelism: 1 }
    }
}

impl fmt::Display for Argon2Params {
    /// Writes the form of PHC strings: `m=19456,t=2,p=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.time, self.parallelism)
    }
}

/// A parameter is outside the limits of [`Argon2Params::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the Argon2 parameters are outside the supported range: memory 8 KiB per lane to {MAX_MEMORY_KIB} KiB, \
     1 to {MAX_TIME} passes, 1 to {MAX_PARALLELISM} lanes"
)]
#[non_exhaustive]
pub struct InvalidArgon2Params;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_outside_the_limits_are_rejected() {
        for (memory, time, lanes) in [
            (7, 1, 1),
            (127, 1, 16),
            (262_145, 1, 1),
            (u32::MAX, 1, 1),
            (64, 0, 1),
            (64, 17, 1),
            (64, 1, 0),
            (1_000, 1, 17),
            (u32::MAX, u32::MAX, u32::MAX),
        ] {
            assert_eq!(
                Argon2Params::new(memory, time, lanes),
                Err(InvalidArgon2Params),
                "{memory} {time} {lanes}"
            );
        }
        for (memory, time, lanes) in [(8, 1, 1), (128, 1, 16), (262_144, 16, 16)] {
            assert!(Argon2Params::new(memory, time, lanes).is_ok(), "{memory} {time} {lanes}");
        }
    }

    #[test]
    fn display_is_the_form_of_phc_strings() {
        assert_eq!(Argon2Params::default().to_string(), "m=19456,t=2,p=1");
    }

    #[test]
    fn weaker_is_less_memory_or_less_work() {
        let of = |memory, time| Argon2Params::new(memory, time, 1).unwrap();
        let today = of(1024, 2);
        assert!(of(1023, 16).weaker_than(today));
        assert!(of(1024, 1).weaker_than(today));
        assert!(!of(2048, 1).weaker_than(today));
        assert!(!today.weaker_than(today));
        assert!(!of(4096, 4).weaker_than(today));
    }
}
