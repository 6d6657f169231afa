//! Stored hashes of Argon2 (RFC 9106).

use std::{fmt, iter::Peekable};

use argon2::{Algorithm, Version};
use data_encoding::BASE64_NOPAD;

use super::{
    invalid::{HashLimit, InvalidPasswordHash},
    phc,
};
use crate::model::argon2_params::{Argon2Params, MAX_PARALLELISM, MAX_TIME};

/// The lengths in hashes of this crate.
const SALT_LENGTH: usize = 16;
const OUTPUT_LENGTH: usize = 32;

/// The parts of a PHC string of Argon2.
pub(crate) struct Argon2Hash {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: Argon2Params,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl Argon2Hash {
    /// Creates a hash in the current form of this crate.
    pub(crate) fn of_today(
        params: Argon2Params,
        salt: [u8; SALT_LENGTH],
        output: [u8; OUTPUT_LENGTH],
    ) -> Self {
        Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params,
            salt: salt.into(),
            output: output.into(),
        }
    }

    /// Returns the PHC string.
    pub(super) fn to_phc(&self) -> String {
        let (name, version) = (self.algorithm.as_str(), u32::from(self.version));
        let (salt, output) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.output));
        format!("${name}$v={version}${}${salt}${output}", self.params)
    }

    pub(super) fn weaker_than(&self, params: Argon2Params) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.weaker_than(params)
            || self.salt.len() < SALT_LENGTH
            || self.output.len() < OUTPUT_LENGTH
    }

    /// Parses the fields after the name of the algorithm.
    pub(super) fn parse<'a>(
        algorithm: Algorithm,
        fields: &mut Peekable<impl Iterator<Item = &'a str>>,
    ) -> Result<Self, InvalidPasswordHash> {
        let version = match fields.next_if(|field| field.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return Err(InvalidPasswordHash::UnknownAlgorithm),
        };
        let [memory_kib, time, parallelism] = phc::parse_numbers(fields.next(), ["m", "t", "p"])?;
        let (salt, output) = phc::parse_end(fields)?;
        let limit = if !(1..=MAX_PARALLELISM).contains(&parallelism) {
            HashLimit::Argon2Parallelism
        } else if !(1..=MAX_TIME).contains(&time) {
            HashLimit::Argon2Time
        } else {
            HashLimit::Argon2Memory
        };
        let params = Argon2Params::new(memory_kib, time, parallelism);
        let params = params.map_err(|_| InvalidPasswordHash::OutOfRange(limit))?;
        Ok(Self { algorithm, version, params, salt, output })
    }
}

impl fmt::Display for Argon2Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} v={},{}", self.algorithm.as_str(), u32::from(self.version), self.params)
    }
}
