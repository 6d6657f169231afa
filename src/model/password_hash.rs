//! The stored form of a password.

mod argon2;
mod bcrypt;
mod invalid;
mod phc;
mod scrypt;

use std::{fmt, sync::Arc};

use ::argon2::Algorithm;
use serde::{Deserialize, Serialize};

pub use self::invalid::{HashLimit, InvalidPasswordHash};
pub(crate) use self::{argon2::Argon2Hash, bcrypt::BcryptHash, scrypt::ScryptHash};
use super::Argon2Params;

/// A longer text is refused unread; the longest valid one has 220 bytes.
const MAX_TEXT_LENGTH: usize = 256;

/// A password hash as a string of Argon2, such as `$argon2id$v=19$m=19456,t=2,p=1$…$…`, or one of an older system.
///
/// A [`PasswordHasher`](crate::ports::PasswordHasher) makes it, an account stores it, and `==` tells whether a check was made
/// against the hash that the account still has.
///
/// # Hashes of an older system
/// [`PasswordHash::parse`] takes over what an older system has stored:
///
/// | string | limits, and what they are called if one is broken |
/// |---|---|
/// | `$argon2id$`, `$argon2i$`, `$argon2d$`, with `v=19`, `v=16` or (meaning 16) no version | `m` from 8 for each lane to 262,144 KiB ([`Argon2Memory`](HashLimit::Argon2Memory)), `t` from 1 to 16 ([`Argon2Time`](HashLimit::Argon2Time)), `p` from 1 to 16 ([`Argon2Parallelism`](HashLimit::Argon2Parallelism)) |
/// | `$2a$`, `$2b$`, `$2y$` (feature `import-hashes`) | cost from 4 to 14 ([`BcryptCost`](HashLimit::BcryptCost)) |
/// | `$scrypt$ln=…,r=…,p=…$` (feature `import-hashes`) | 128 × r × 2^ln up to 256 MiB and `r` up to 64 ([`ScryptMemory`](HashLimit::ScryptMemory)), `p` up to 16 and 128 × r × p × 2^ln up to 1 GiB ([`ScryptParallelism`](HashLimit::ScryptParallelism)) |
/// | salts of 8 to 64 bytes and hashes of 16 to 64 bytes, bcrypt's being fixed | [`Salt`](HashLimit::Salt), [`Output`](HashLimit::Output) |
///
/// Whatever is not Argon2id of at least today's parameters counts as weaker: the first sign-in that is right replaces it by a hash of
/// today, in the history of passwords too. bcrypt of the kind `$2x$` is refused. It marks hashes of a faulty implementation, in which
/// one letter beyond ASCII makes those before it count for nothing; to verify it would be to let such passwords in on a part.
///
/// A bcrypt hash was made from the first 72 bytes of a password, so in a check against one the first 72 bytes decide, or people with a
/// longer password could not sign in any more; from the first sign-in on, the whole password that was given counts. A password that
/// contains NUL does not match any bcrypt hash: some systems ended the password there, others did not, and the hash does not tell
/// which. A password of fewer than 8 characters is no [`Password`](super::Password) here, whatever the older system allowed; who has
/// one chooses a new one by recovery.
///
/// # Security
/// `Debug` shows the algorithm and its parameters, neither salt nor hash. What was parsed asks for bounded work, so a hash from
/// an import is safe to verify against.
///
/// Deserializing takes bcrypt and scrypt without the feature too, so that a program built without it can still read the accounts that
/// another has stored; a check against such a hash then fails with [`HashError::Failed`](crate::ports::HashError::Failed).
///
/// # Examples
/// ```
/// use account::model::{HashLimit, InvalidPasswordHash, PasswordHash};
///
/// let hash = PasswordHash::parse("$argon2i$v=19$m=256,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E")?;
/// assert!(hash.needs_rehash(&Default::default()));
///
/// let greedy = "$argon2id$v=19$m=4194304,t=2,p=2$c29tZXNhbHQ$T/XOJ2mh1/TIpJHfCdQan76Q5esCFVoT5MAeIM1Oq2E";
/// assert_eq!(PasswordHash::parse(greedy), Err(InvalidPasswordHash::OutOfRange(HashLimit::Argon2Memory)));
/// # Ok::<(), InvalidPasswordHash>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredText", into = "String")]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Checks the string of a hash, of this crate or of an older system.
    ///
    /// A host that imports accounts calls it once for each; see [above](PasswordHash#hashes-of-an-older-system) for what is accepted.
    ///
    /// # Errors
    /// [`InvalidPasswordHash`], which says whether the form, the algorithm, a limit or a missing feature is the reason.
    pub fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        if !Checkable::parse(text)?.is_supported() {
            return Err(InvalidPasswordHash::FeatureMissing);
        }
        Ok(Self(text.into()))
    }

    /// The string, for the store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this hash is weaker than one made today with `params`: another algorithm, variant or version than Argon2id 19, less
    /// memory, less work in total, a shorter salt or a shorter hash.
    #[must_use]
    pub fn needs_rehash(&self, params: &Argon2Params) -> bool {
        self.decode().is_none_or(|hash| hash.weaker_than(*params))
    }

    /// The parts of the string. `None` cannot happen, since the parser has seen it.
    pub(crate) fn decode(&self) -> Option<Checkable> {
        Checkable::parse(&self.0).ok()
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

/// A hash as a store has kept it, perhaps since a program with more features ran on it.
#[derive(Deserialize)]
struct StoredText(String);

impl TryFrom<StoredText> for PasswordHash {
    type Error = InvalidPasswordHash;

    fn try_from(StoredText(text): StoredText) -> Result<Self, InvalidPasswordHash> {
        Checkable::parse(&text)?;
        Ok(Self(text.into()))
    }
}

/// What the string of a password hash says.
pub(crate) enum Checkable {
    Argon2(Argon2Hash),
    Bcrypt(BcryptHash),
    Scrypt(ScryptHash),
}

impl Checkable {
    fn parse(text: &str) -> Result<Self, InvalidPasswordHash> {
        if text.len() > MAX_TEXT_LENGTH {
            return Err(InvalidPasswordHash::Malformed);
        }
        let fields = text.strip_prefix('$').ok_or(InvalidPasswordHash::Malformed)?;
        let mut fields = fields.split('$').peekable();
        match fields.next().unwrap_or_default() {
            "argon2id" => Argon2Hash::parse(Algorithm::Argon2id, &mut fields).map(Self::Argon2),
            "argon2i" => Argon2Hash::parse(Algorithm::Argon2i, &mut fields).map(Self::Argon2),
            "argon2d" => Argon2Hash::parse(Algorithm::Argon2d, &mut fields).map(Self::Argon2),
            // Three names for one function: each was given to tell its hashes from those of an implementation with a fault.
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

    /// The work of a check, as the number of blocks of 1 KiB that Argon2 fills in the same time.
    pub(crate) fn work(&self) -> u32 {
        match self {
            Self::Argon2(hash) => hash.params.work(),
            Self::Bcrypt(hash) => hash.work(),
            Self::Scrypt(hash) => hash.work(),
        }
    }

    /// Whether this program can compute such a hash.
    fn is_supported(&self) -> bool {
        cfg!(feature = "import-hashes") || matches!(self, Self::Argon2(_))
    }
}

#[cfg(test)]
mod tests;
