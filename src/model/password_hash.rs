//! Stored password hashes.

mod argon2;
mod bcrypt;
mod invalid;
mod limits;
mod phc;
mod scrypt;

use std::{fmt, sync::Arc};

use ::argon2::Algorithm;
use serde::{Deserialize, Serialize};

pub use self::invalid::{HashLimit, InvalidPasswordHash};
pub(crate) use self::{argon2::Argon2Hash, bcrypt::BcryptHash, scrypt::ScryptHash};
use super::argon2_params::Argon2Params;

/// Longer texts are rejected without parsing. The longest valid one has 220 bytes.
const MAX_TEXT_BYTES: usize = 256;

/// A password hash: an Argon2 string such as `$argon2id$v=19$m=19456,t=2,p=1$…$…`, or the hash of
/// an older system.
///
/// A [`PasswordHasher`](crate::ports::PasswordHasher) creates it and the account stores it. `==`
/// shows whether the hash changed since a password was checked against it.
///
/// # Hashes of an older system
/// [`PasswordHash::parse`] accepts these hashes. Each limit is named with its error.
///
/// - **Argon2:** `$argon2id$`, `$argon2i$` or `$argon2d$`, with `v=19`, `v=16` or no version, which
///   means 16. `m` is 8 for each lane to 262,144 KiB ([`Argon2Memory`](HashLimit::Argon2Memory)),
///   `t` is 1 to 16 ([`Argon2Time`](HashLimit::Argon2Time)), `p` is 1 to 16
///   ([`Argon2Parallelism`](HashLimit::Argon2Parallelism)).
/// - **bcrypt** (feature `import-hashes`): `$2a$`, `$2b$` or `$2y$`, with a cost of 4 to 14
///   ([`BcryptCost`](HashLimit::BcryptCost)).
/// - **scrypt** (feature `import-hashes`): `$scrypt$ln=…,r=…,p=…$`. `r` is at most 64 and
///   128 × r × 2^ln at most 256 MiB ([`ScryptMemory`](HashLimit::ScryptMemory)). `p` is at most 16
///   and 128 × r × p × 2^ln at most 1 GiB ([`ScryptParallelism`](HashLimit::ScryptParallelism)).
///
/// Salts have 8 to 64 bytes ([`Salt`](HashLimit::Salt)) and hashes 16 to 64 bytes
/// ([`Output`](HashLimit::Output)). Those of bcrypt have fixed lengths.
///
/// Every hash that is weaker than Argon2id with the current parameters is replaced at the first
/// successful sign-in, in the password history too.
///
/// - **bcrypt `$2x$`** is rejected. It marks hashes of a faulty implementation, in which a
///   character beyond ASCII cancels those before it. A check would accept passwords that match only
///   in part.
/// - **bcrypt and long passwords:** a bcrypt hash covers the first 72 bytes of a password, so a
///   check compares only these. From the first sign-in on, the whole password is compared.
/// - **bcrypt and NUL:** a password with NUL does not match any bcrypt hash. Some systems ended the
///   password there, and the hash does not show which.
/// - **Short passwords:** a password of fewer than 8 characters is not a valid
///   [`Password`](super::Password), even if the older system allowed it. Its owner sets a new one
///   by password recovery.
///
/// # Security
/// `Debug` shows the algorithm and its parameters, but neither salt nor hash. All limits are
/// checked when a hash is parsed, so verifying against an imported hash takes bounded time and
/// memory.
///
/// Deserialization accepts bcrypt and scrypt without the feature too, so that a program without it
/// can read the accounts that another has stored. A check against such a hash then fails with
/// [`HashError::Failed`](crate::ports::HashError::Failed).
///
/// # Examples
/// ```
/// use account::model::{HashLimit, InvalidPasswordHash, PasswordHash};
///
/// let end = "c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E";
/// let hash = PasswordHash::parse(&format!("$argon2i$v=19$m=256,t=2,p=2${end}"))?;
/// assert!(hash.needs_rehash(&Default::default()));
///
/// let excessive = format!("$argon2id$v=19$m=4194304,t=2,p=2${end}");
/// let limit = InvalidPasswordHash::OutOfRange(HashLimit::Argon2Memory);
/// assert_eq!(PasswordHash::parse(&excessive), Err(limit));
/// # Ok::<(), InvalidPasswordHash>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredText", into = "String")]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Parses a hash of this crate or of an older system.
    ///
    /// Call it for each account that your application imports. The accepted forms are listed
    /// [above](PasswordHash#hashes-of-an-older-system).
    ///
    /// # Errors
    /// [`InvalidPasswordHash`], by reason: form, algorithm, limit or missing feature.
    pub fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        if !Checkable::parse(text)?.is_supported() {
            return Err(InvalidPasswordHash::FeatureMissing);
        }
        Ok(Self(text.into()))
    }

    /// Returns the string, for the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether this hash is weaker than a new one with `params`.
    ///
    /// It is weaker with an algorithm, variant or version other than Argon2id 19, with less memory,
    /// with less work in total, or with a shorter salt or hash.
    #[must_use]
    pub fn needs_rehash(&self, params: &Argon2Params) -> bool {
        self.decode().is_none_or(|hash| hash.weaker_than(*params))
    }

    /// Returns the parts of the string. It is never `None`, because the string was parsed before.
    pub(crate) fn decode(&self) -> Option<Checkable> {
        Checkable::parse(&self.0).ok()
    }
}

impl Argon2Hash {
    pub(crate) fn encode(&self) -> PasswordHash {
        PasswordHash(self.to_phc().into())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decode() {
            Some(Checkable::Argon2(hash)) => write!(f, "PasswordHash({hash})"),
            Some(Checkable::Bcrypt(hash)) => write!(f, "PasswordHash({hash})"),
            Some(Checkable::Scrypt(hash)) => write!(f, "PasswordHash({hash})"),
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

/// The text of a hash in a store, which a program with more features may have written.
#[derive(Deserialize)]
struct StoredText(String);

impl TryFrom<StoredText> for PasswordHash {
    type Error = InvalidPasswordHash;

    fn try_from(StoredText(text): StoredText) -> Result<Self, InvalidPasswordHash> {
        Checkable::parse(&text)?;
        Ok(Self(text.into()))
    }
}

/// The parts of a password hash, by algorithm.
pub(crate) enum Checkable {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
}

impl Checkable {
    fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(InvalidPasswordHash::Malformed);
        }
        let fields = text.strip_prefix('$').ok_or(InvalidPasswordHash::Malformed)?;
        let mut fields = fields.split('$').peekable();
        match fields.next().unwrap_or_default() {
            "argon2id" => Argon2Hash::parse(Algorithm::Argon2id, &mut fields).map(Self::Argon2),
            "argon2i" => Argon2Hash::parse(Algorithm::Argon2i, &mut fields).map(Self::Argon2),
            "argon2d" => Argon2Hash::parse(Algorithm::Argon2d, &mut fields).map(Self::Argon2),
            // Three names of one function. Each new name marked the fix of a faulty implementation.
            "2a" | "2b" | "2y" => BcryptHash::parse(fields).map(Self::Bcrypt),
            "scrypt" => ScryptHash::parse(fields).map(Self::Scrypt),
            _ => Err(InvalidPasswordHash::UnknownAlgorithm),
        }
    }

    pub(crate) fn weaker_than(&self, params: Argon2Params) -> bool {
        match self {
            Self::Argon2(hash) => hash.weaker_than(params),
            Self::Bcrypt(_) | Self::Scrypt(_) => true,
        }
    }

    /// Returns the work of a check: the number of blocks of 1 KiB that Argon2 fills in the same
    /// time.
    pub(crate) fn work(&self) -> u32 {
        match self {
            Self::Argon2(hash) => hash.params.work(),
            Self::Bcrypt(hash) => hash.work(),
            Self::Scrypt(hash) => hash.work(),
        }
    }

    /// Returns whether this build can compute such a hash.
    fn is_supported(&self) -> bool {
        cfg!(feature = "import-hashes") || matches!(self, Self::Argon2(_))
    }
}

#[cfg(test)]
mod tests;
