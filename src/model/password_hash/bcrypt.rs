//! Stored hashes of bcrypt.

use std::fmt;

use super::{
    invalid::{HashLimit, InvalidPasswordHash},
    limits::{MAX_BCRYPT_COST, MIN_BCRYPT_COST},
};

/// bcrypt's own base64 alphabet.
const DIGITS: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const SALT_DIGITS: usize = 22;
const OUTPUT_DIGITS: usize = 31;

/// The parts of a string such as `$2b$12$…`, with 22 digits of salt and 31 of hash.
#[cfg_attr(not(feature = "import-hashes"), expect(dead_code, reason = "then nothing computes it"))]
pub(crate) struct BcryptHash {
    /// The logarithm of the number of rounds.
    pub(crate) cost: u32,
    pub(crate) salt: [u8; 16],
    pub(crate) output: [u8; 23],
}

impl BcryptHash {
    /// Parses the fields after the name of the version.
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
        if !(MIN_BCRYPT_COST..=MAX_BCRYPT_COST).contains(&cost) {
            return Err(InvalidPasswordHash::OutOfRange(HashLimit::BcryptCost));
        }
        Ok(Self { cost, salt, output })
    }

    /// Returns the work in blocks of Argon2.
    ///
    /// One round takes 58 µs and one block 0.36 µs. The result is rounded down, because missing
    /// work is compensated by additional hashing.
    pub(super) fn work(&self) -> u32 {
        150 << self.cost
    }
}

impl fmt::Display for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bcrypt cost={}", self.cost)
    }
}

/// Decodes digits. The spare bits of the last digit are ignored, as in every verifier: some
/// encoders do not clear them.
fn decode<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut slots = bytes.iter_mut();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in digits {
        let value = DIGITS.iter().position(|known| known == digit)?;
        bits = (bits << 6 | u32::try_from(value).ok()?) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            let [.., byte] = (bits >> held).to_be_bytes();
            *slots.next()? = byte;
        }
    }
    slots.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_of_bcrypt_and_spare_bits_are_ignored() {
        // From jBCrypt's examples: the salt of "a" at cost 6.
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
