//! The stored form of a password.

use std::{fmt, sync::Arc};

use argon2::{Algorithm, Version};
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Serialize};

use super::Argon2Params;

/// A longer text is refused unread; the longest valid one has 220 bytes.
const LONGEST_TEXT: usize = 256;
const SALT_LENGTHS: std::ops::RangeInclusive<usize> = 8..=64;
const OUTPUT_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;
/// What this crate writes itself.
const SALT_LENGTH: usize = 16;
const OUTPUT_LENGTH: usize = 32;

/// A password hash as a PHC string of Argon2, such as `$argon2id$v=19$m=19456,t=2,p=1$…$…`.
///
/// A [`PasswordHasher`](crate::ports::PasswordHasher) makes it, an account stores it, and `==` tells whether a check was made
/// against the hash that the account still has.
///
/// # Security
/// `Debug` shows the algorithm and its parameters, neither salt nor hash. What was parsed asks for bounded work, so a hash from
/// an import is safe to verify against.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Checks a PHC string, of this crate or of an import.
    ///
    /// Accepted are `argon2id`, `argon2i` and `argon2d` in versions 16 (also when the version is absent, as old encoders
    /// wrote it) and 19, costs within the limits of [`Argon2Params::new`], salts of 8 to 64 bytes and hashes of 16 to 64 bytes.
    ///
    /// # Errors
    /// [`InvalidPasswordHash`] for everything else.
    pub fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        Argon2Hash::parse(text).ok_or(InvalidPasswordHash)?;
        Ok(Self(text.into()))
    }

    /// The PHC string, for the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this hash is weaker than one made today with `params`: less memory, less work in total, another variant or
    /// version than Argon2id 19, a shorter salt or a shorter hash.
    #[must_use]
    pub fn needs_rehash(&self, params: &Argon2Params) -> bool {
        self.decode().is_none_or(|hash| hash.weaker_than(*params))
    }

    /// The parts of the string. `None` cannot happen, since [`PasswordHash::parse`] has seen it.
    pub(crate) fn decode(&self) -> Option<Argon2Hash> {
        Argon2Hash::parse(&self.0)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decode() {
            Some(hash) => {
                let (name, version) = (hash.algorithm.as_str(), u32::from(hash.version));
                write!(f, "PasswordHash({name} v={version},{})", hash.params)
            }
            None => f.write_str("PasswordHash(…)"),
        }
    }
}

impl TryFrom<String> for PasswordHash {
    type Error = InvalidPasswordHash;

    fn try_from(text: String) -> Result<Self, InvalidPasswordHash> {
        Self::parse(&text)
    }
}

impl From<PasswordHash> for String {
    fn from(hash: PasswordHash) -> Self {
        hash.0.as_ref().to_owned()
    }
}

/// A text is no password hash of a known algorithm, or one that asks for too much work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a password hash of a known algorithm")]
#[non_exhaustive]
pub struct InvalidPasswordHash;

/// What a PHC string of Argon2 says.
pub(crate) struct Argon2Hash {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: Argon2Params,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Vec<u8>,
}

impl Argon2Hash {
    /// A hash as this crate makes them today.
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

    pub(crate) fn encode(&self) -> PasswordHash {
        let (name, version) = (self.algorithm.as_str(), u32::from(self.version));
        let (salt, output) = (BASE64_NOPAD.encode(&self.salt), BASE64_NOPAD.encode(&self.output));
        PasswordHash(format!("${name}$v={version}${}${salt}${output}", self.params).into())
    }

    pub(crate) fn weaker_than(&self, params: Argon2Params) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.weaker_than(params)
            || self.salt.len() < SALT_LENGTH
            || self.output.len() < OUTPUT_LENGTH
    }

    fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TEXT {
            return None;
        }
        let mut fields = text.strip_prefix('$')?.split('$').peekable();
        let algorithm = match fields.next()? {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return None,
        };
        let version = match fields.next_if(|field| field.starts_with("v=")) {
            None | Some("v=16") => Version::V0x10,
            Some("v=19") => Version::V0x13,
            Some(_) => return None,
        };
        let params = parse_params(fields.next()?)?;
        let salt = parse_bytes(fields.next()?, SALT_LENGTHS)?;
        let output = parse_bytes(fields.next()?, OUTPUT_LENGTHS)?;
        fields.next().is_none().then_some(Self { algorithm, version, params, salt, output })
    }
}

fn parse_params(field: &str) -> Option<Argon2Params> {
    let mut pairs = field.split(',');
    let memory_kib = parse_number(pairs.next()?.strip_prefix("m=")?)?;
    let time = parse_number(pairs.next()?.strip_prefix("t=")?)?;
    let parallelism = parse_number(pairs.next()?.strip_prefix("p=")?)?;
    // A key id or associated data would follow here. Neither is supported, and without them the hash could not be computed.
    if pairs.next().is_some() {
        return None;
    }
    Argon2Params::new(memory_kib, time, parallelism).ok()
}

/// A decimal number as the PHC format has it: digits only, no leading zero. No valid one begins with zero, since zero is no cost.
fn parse_number(digits: &str) -> Option<u32> {
    let decimal = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if decimal { digits.parse().ok() } else { None }
}

fn parse_bytes(field: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<Vec<u8>> {
    BASE64_NOPAD.decode(field.as_bytes()).ok().filter(|bytes| lengths.contains(&bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "c2FsdHNhbHRzYWx0c2FsdA";
    const OUTPUT: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn phc(head: &str) -> String {
        format!("{head}${SALT}${OUTPUT}")
    }

    #[test]
    fn a_known_string_is_kept_as_it_is() {
        for head in [
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2i$v=16$m=4096,t=3,p=1",
            "$argon2d$v=19$m=262144,t=16,p=16",
            "$argon2i$m=4096,t=3,p=1",
        ] {
            let hash = PasswordHash::parse(&phc(head)).unwrap();
            assert_eq!(hash.as_str(), phc(head));
            let json = serde_json::to_string(&hash).unwrap();
            assert_eq!(json, format!("\"{}\"", phc(head)));
            assert_eq!(serde_json::from_str::<PasswordHash>(&json).unwrap(), hash);
        }
    }

    #[test]
    fn encoding_is_the_inverse_of_parsing() {
        let text = phc("$argon2id$v=19$m=64,t=2,p=4");
        assert_eq!(PasswordHash::parse(&text).unwrap().decode().unwrap().encode().as_str(), text);
    }

    #[test]
    fn every_other_text_is_refused() {
        let mut refused: Vec<String> = [
            "$argon2id$v=18$m=64,t=1,p=1",
            "$argon2id$v=19$v=19$m=64,t=1,p=1",
            "$argon2ID$v=19$m=64,t=1,p=1",
            "$scrypt$ln=16,r=8,p=1",
            "$2b$10",
            "argon2id$v=19$m=64,t=1,p=1",
            "$argon2id$v=19$m=64,t=1",
            "$argon2id$v=19$m=64,t=1,p=1,keyid=AAAA",
            "$argon2id$v=19$m=64,t=1,p=1,m=64",
            "$argon2id$v=19$t=1,m=64,p=1",
            "$argon2id$v=19$m=064,t=1,p=1",
            "$argon2id$v=19$m=+64,t=1,p=1",
            "$argon2id$v=19$m=,t=1,p=1",
            "$argon2id$v=19$m=64,t=1,p=1 ",
            "$argon2id$v=19$$m=64,t=1,p=1",
        ]
        .map(phc)
        .into();
        let good = "$argon2id$v=19$m=64,t=1,p=1";
        refused.extend([
            String::new(),
            "$".into(),
            "password".into(),
            "pässword🔑".into(),
            format!("{good}${SALT}"),
            format!("{good}${SALT}${OUTPUT}$"),
            format!("{good}${SALT}=={}", &OUTPUT[..4]),
            format!("{good}$c2FsdA${OUTPUT}"),
            format!("{good}${SALT}$AAECAwQFBgc"),
            format!("{good}${SALT}${}9", &OUTPUT[..OUTPUT.len() - 1]),
            format!("{good}${SALT}${}", "A".repeat(200)),
            format!("{good}${}${OUTPUT}", "A".repeat(10_000)),
        ]);
        for text in refused {
            assert_eq!(PasswordHash::parse(&text), Err(InvalidPasswordHash), "{text}");
            assert!(serde_json::from_value::<PasswordHash>(text.into()).is_err());
        }
    }

    #[test]
    fn hostile_costs_are_refused() {
        for costs in [
            "m=4294967295,t=1,p=1",
            "m=4294967296,t=1,p=1",
            "m=99999999999999999999999,t=1,p=1",
            "m=262145,t=1,p=1",
            "m=64,t=17,p=1",
            "m=64,t=4294967295,p=1",
            "m=1024,t=1,p=17",
            "m=64,t=1,p=16",
            "m=64,t=0,p=1",
            "m=64,t=1,p=0",
            "m=0,t=1,p=1",
        ] {
            assert_eq!(
                PasswordHash::parse(&phc(&format!("$argon2id$v=19${costs}"))),
                Err(InvalidPasswordHash)
            );
        }
    }

    #[test]
    fn no_edited_string_makes_the_parser_panic() {
        let good = phc("$argon2id$v=19$m=64,t=1,p=1");
        for at in 0..=good.len() {
            let (head, tail) = good.split_at(at);
            for inserted in ["", "$", ",", "=", "0", "\0", "é", "🔑", "v=19$", "m="] {
                let _ = PasswordHash::parse(&format!("{head}{inserted}{tail}"));
                let _ =
                    PasswordHash::parse(&format!("{head}{inserted}{}", tail.get(1..).unwrap_or_default()));
            }
            let _ = PasswordHash::parse(head);
            let _ = PasswordHash::parse(tail);
        }
    }

    #[test]
    fn weaker_hashes_need_a_rehash() {
        let today = Argon2Params::new(1024, 2, 1).unwrap();
        let needs = |head: &str| PasswordHash::parse(&phc(head)).unwrap().needs_rehash(&today);
        assert!(!needs("$argon2id$v=19$m=1024,t=2,p=1"));
        assert!(!needs("$argon2id$v=19$m=65536,t=4,p=3"));
        assert!(needs("$argon2id$v=19$m=1024,t=1,p=1"));
        assert!(needs("$argon2id$v=19$m=512,t=8,p=1"));
        assert!(needs("$argon2id$v=16$m=1024,t=2,p=1"));
        assert!(needs("$argon2i$v=19$m=1024,t=2,p=1"));
        let short = format!("$argon2id$v=19$m=1024,t=2,p=1$c2FsdHNhbHQ${OUTPUT}");
        assert!(PasswordHash::parse(&short).unwrap().needs_rehash(&today));
    }

    #[test]
    fn debug_shows_neither_salt_nor_hash() {
        let hash = PasswordHash::parse(&phc("$argon2id$v=19$m=64,t=1,p=1")).unwrap();
        assert_eq!(format!("{hash:?}"), "PasswordHash(argon2id v=19,m=64,t=1,p=1)");
    }
}
