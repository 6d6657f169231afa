//! A stored hash of bcrypt.

use std::{fmt, ops::RangeInclusive};

use super::{HashLimit, InvalidPasswordHash};

/// bcrypt's own digits of base 64.
const DIGITS: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SALT_DIGITS: usize = 22;
const OUTPUT_DIGITS: usize = 31;

/// What a string such as `$2b$12$…` says, with 22 digits of salt and 31 of hash.
#[cfg_attr(not(feature = "import-hashes"), expect(dead_code, reason = "then nothing computes it"))]
pub(crate) struct BcryptHash {
    /// The logarithm of the number of rounds.
    pub(crate) cost: u32,
    pub(crate) salt: [u8; 16],
    pub(crate) output: [u8; 23],
}

impl BcryptHash {
    /// Below 4 there is no bcrypt; 14 takes about a second.
    pub(super) const COSTS: RangeInclusive<u32> = 4..=14;

    /// Parses what follows the name of the version.
    pub(super) fn parse<'a>(mut fields: impl Iterator<Item = &'a str>) -> Result<Self, InvalidPasswordHash> {
        let mut next = || fields.next().ok_or(InvalidPasswordHash::Malformed);
        let (cost, digits) = (next()?, next()?);
        if fields.next().is_some() {
            return Err(InvalidPasswordHash::Malformed);
        }
        let two_digits = cost.len() == 2 && cost.bytes().all(|byte| byte.is_ascii_digit());
        let cost = cost.parse().ok().filter(|_| two_digits).ok_or(InvalidPasswordHash::Malformed)?;
        let digits = digits.as_bytes();
        if digits.len() != SALT_DIGITS + OUTPUT_DIGITS {
            return Err(InvalidPasswordHash::Malformed);
        }
        let (salt, output) = digits.split_at(SALT_DIGITS);
        let salt = decode(salt).ok_or(InvalidPasswordHash::Malformed)?;
        let output = decode(output).ok_or(InvalidPasswordHash::Malformed)?;
        if !Self::COSTS.contains(&cost) {
            return Err(InvalidPasswordHash::OutOfRange(HashLimit::BcryptCost));
        }
        Ok(Self { cost, salt, output })
    }

    /// In blocks of Argon2: one round takes 58 µs where a block takes 0.36. Rather too few, so that too much is made up for it.
    pub(super) fn work(&self) -> u32 {
        150 << self.cost
    }
}

impl fmt::Display for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bcrypt cost={}", self.cost)
    }
}

/// The bits left over in the last digit may be anything: some encoders leave dirt there, and every verifier passes over it.
fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut places = bytes.iter_mut();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let value = DIGITS.iter().position(|known| known == digit)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            let [.., byte] = (bits >> held).to_be_bytes();
            *places.next()? = byte;
        }
    }
    places.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_bcrypt_and_spare_bits_do_not_matter() {
        // From jBCrypt's examples, the salt and hash of "a" at cost 6.
        let salt = *b"\xa3\x61\x2d\x8c\x9a\x37\xda\xc2\xf9\x9d\x94\xda\x03\xbd\x45\x21";
        assert_eq!(decode(b"m0CrhHm10qJ3lXRY.5zDGO"), Some(salt));
        assert_eq!(decode(b"m0CrhHm10qJ3lXRY.5zDGP"), Some(salt));
        assert_eq!(decode(b"m0CrhHm10qJ3lXRY.5zDGe").map(|other: [u8; 16]| other == salt), Some(false));
        for foreign in
            [&b"m0CrhHm10qJ3lXRY.5zDG+"[..], b"m0CrhHm10qJ3lXRY.5zDG=", b"m0CrhHm10qJ3lXRY.5zDG\xe9"]
        {
            assert_eq!(decode::<16>(foreign), None);
        }
        assert_eq!(decode::<16>(b"m0CrhHm10qJ3lXRY.5zD"), None);
    }
}
