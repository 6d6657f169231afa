//! How much work one Argon2 hash is.

use std::fmt;

/// The most memory that one hash may use, in KiB: 256 MiB.
pub(super) const MEMORY_LIMIT: u32 = 256 * 1024;
pub(super) const TIME_LIMIT: u32 = 16;
pub(super) const PARALLELISM_LIMIT: u32 = 16;

/// The cost of one Argon2 hash: memory, passes over it and lanes (RFC 9106 §3.1).
///
/// The host chooses it once for its [`Argon2Pool`](crate::Argon2Pool); a stored [`PasswordHash`](super::PasswordHash) carries
/// its own. Values outside the limits of [`Argon2Params::new`] cannot exist, so no stored hash can ask for unbounded work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Argon2Params {
    memory_kib: u32,
    time: u32,
    parallelism: u32,
}

impl Argon2Params {
    /// Checks a cost: `memory_kib` from 8 per lane to 262,144 (256 MiB), `time` from 1 to 16 passes and `parallelism` from 1 to 16 lanes.
    ///
    /// # Errors
    /// [`InvalidArgon2Params`] if a value is outside these limits.
    ///
    /// # Security
    /// The limits are wide enough for tests. For people's passwords take no less than the [`Default`].
    pub const fn new(memory_kib: u32, time: u32, parallelism: u32) -> Result<Self, InvalidArgon2Params> {
        // The lanes are checked first, so that 8 × lanes cannot overflow.
        let fits = parallelism >= 1
            && parallelism <= PARALLELISM_LIMIT
            && time >= 1
            && time <= TIME_LIMIT
            && memory_kib >= 8 * parallelism
            && memory_kib <= MEMORY_LIMIT;
        if fits { Ok(Self { memory_kib, time, parallelism }) } else { Err(InvalidArgon2Params) }
    }

    /// Memory in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn time(self) -> u32 {
        self.time
    }

    /// Lanes; they are computed one after the other, on one thread.
    #[must_use]
    pub const fn parallelism(self) -> u32 {
        self.parallelism
    }

    /// The work of one hash, as the number of blocks of 1 KiB that it fills.
    pub(crate) const fn work(self) -> u32 {
        self.memory_kib * self.time
    }

    /// Whether a hash of these parameters is cheaper to attack than one of `other`: less memory, or less work in total.
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
    /// As in a PHC string: `m=19456,t=2,p=1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "m={},t={},p={}", self.memory_kib, self.time, self.parallelism)
    }
}

/// A cost of a hash lies outside the limits of [`Argon2Params::new`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Argon2 parameters are outside the supported range")]
#[non_exhaustive]
pub struct InvalidArgon2Params;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_outside_the_limits_cannot_be_made() {
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
    fn displayed_as_in_a_phc_string() {
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
