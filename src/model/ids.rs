//! Ids: short texts, stored inline so that copying one needs no allocation.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use data_encoding::BASE32_DNSSEC;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{invalid::Invalid, time::Timestamp};

const MAX_LENGTH: usize = 36;
/// 128 bits in digits of 5 bits.
const GENERATED_LENGTH: usize = 26;

/// An id of unknown type, such as a cursor. The typed ids wrap it.
///
/// It has 1 to 36 characters of `A-Z a-z 0-9 . _ -`, the first of which is a letter or digit. Ids
/// compare and sort as their texts.
///
/// # Examples
/// ```
/// use account::model::{Uid, UserId};
///
/// let id: Uid = "legacy-7".parse()?;
/// assert_eq!(UserId::from(id).as_str(), "legacy-7");
/// assert!("legacy 7".parse::<Uid>().is_err());
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uid {
    // Bytes past the length are zero, so that the derived comparisons agree with those of the
    // texts.
    bytes: [u8; MAX_LENGTH],
    length: u8,
}

impl Uid {
    /// Generates an id that sorts by time.
    ///
    /// It consists of 48 bits of milliseconds and 80 random bits, in 26 lower-case base32hex digits
    /// (RFC 4648 §7), whose order is that of the bits.
    #[must_use]
    pub fn generate(at: Timestamp, random: [u8; 10]) -> Self {
        let [_, _, time @ ..] = at.as_millis().to_be_bytes();
        let mut bits = [0; 16];
        for (bit, source) in bits.iter_mut().zip(time.iter().chain(&random)) {
            *bit = *source;
        }
        let mut digits = [0; GENERATED_LENGTH];
        BASE32_DNSSEC.encode_mut(&bits, &mut digits);
        Self::inline(&digits)
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The text is ASCII, so this never falls back.
        std::str::from_utf8(self.used()).unwrap_or_default()
    }

    fn used(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }

    fn inline(text: &[u8]) -> Self {
        let mut bytes = [0; MAX_LENGTH];
        let mut length = 0;
        for (slot, byte) in bytes.iter_mut().zip(text) {
            *slot = *byte;
            length += 1;
        }
        Self { bytes, length }
    }
}

impl FromStr for Uid {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let first_fits = text.bytes().next().is_some_and(|first| first.is_ascii_alphanumeric());
        let all_fit =
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        if !first_fits || !all_fit || text.len() > MAX_LENGTH {
            return Err(Invalid::Id);
        }
        Ok(Self::inline(text.as_bytes()))
    }
}

impl Hash for Uid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // No text contains a zero byte, so the padding marks its end. One write of a fixed length
        // is the fastest.
        state.write(&self.bytes);
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Uid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Uid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Uid;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Uid, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uid);

        impl $name {
            /// Generates an id that sorts by time, like [`Uid::generate`].
            #[must_use]
            pub fn generate(at: Timestamp, random: [u8; 10]) -> Self {
                Self(Uid::generate(at, random))
            }

            /// Returns the text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                text.parse().map(Self)
            }
        }

        impl From<Uid> for $name {
            fn from(uid: Uid) -> Self {
                Self(uid)
            }
        }

        impl From<$name> for Uid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    )*};
}

ids! {
    /// The id of an account.
    UserId
    /// The id of a session.
    SessionId
    /// The id of a messaging target.
    TargetId
    /// The id of a linked account at a provider.
    IdentityId
    /// The id of an entry of the security log.
    EventId
    /// The id of a messaging provider.
    ProviderId
    /// The id of a token.
    TokenId
    /// The id of a second-factor challenge.
    ChallengeId
}

/// The id that a client requests for a new object: its own, or a generated one (`unique()`).
///
/// # Examples
/// ```
/// use account::model::{CustomId, UserId};
///
/// let chosen: CustomId<UserId> = "legacy-7".parse()?;
/// assert_eq!(chosen, CustomId::Given("legacy-7".parse()?));
/// assert_eq!("unique()".parse::<CustomId<UserId>>()?, CustomId::Generate);
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CustomId<T> {
    /// The service generates the id.
    Generate,
    /// The client chooses the id.
    Given(T),
}

impl<T> CustomId<T> {
    /// Returns the given id, or the result of `generate`.
    pub fn given_or(self, generate: impl FnOnce() -> T) -> T {
        match self {
            Self::Generate => generate(),
            Self::Given(id) => id,
        }
    }
}

impl<T> From<T> for CustomId<T> {
    fn from(id: T) -> Self {
        Self::Given(id)
    }
}

impl<T: FromStr<Err = Invalid>> FromStr for CustomId<T> {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "unique()" { Ok(Self::Generate) } else { text.parse().map(Self::Given) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_has_at_most_36_characters_of_its_alphabet() {
        for good in ["a", "0", "User.Name_1-", &"x".repeat(36)] {
            assert_eq!(good.parse::<UserId>().unwrap().as_str(), good);
        }
        for bad in ["", ".a", "_a", "-a", "$a", "a\n", "a\0", "é", "a b", &"x".repeat(37)] {
            assert_eq!(bad.parse::<UserId>(), Err(Invalid::Id), "{bad:?}");
        }
    }

    #[test]
    fn the_reserved_word_is_case_sensitive() {
        assert_eq!("unique()".parse::<CustomId<UserId>>(), Ok(CustomId::Generate));
        assert_eq!("Unique()".parse::<CustomId<UserId>>(), Err(Invalid::Id));
        let given: UserId = "ada".parse().unwrap();
        assert_eq!("ada".parse::<CustomId<UserId>>(), Ok(CustomId::Given(given)));
        assert_eq!(CustomId::from(given).given_or(|| unreachable!()), given);
    }

    #[test]
    fn generated_ids_are_valid_ids() {
        let first = UserId::generate(Timestamp::MIN, [0; 10]);
        assert_eq!(first.as_str(), "00000000000000000000000000");
        let last = UserId::generate(Timestamp::MAX, [255; 10]);
        assert_eq!(last.as_str().len(), GENERATED_LENGTH);
        assert_eq!(last.as_str().parse(), Ok(last));
    }

    #[test]
    fn serde_writes_the_text_and_rejects_other_texts() {
        let id: SessionId = "s1".parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""s1""#);
        assert_eq!(serde_json::from_str::<SessionId>(r#""s1""#).unwrap(), id);
        assert!(serde_json::from_str::<SessionId>(r#""../s1""#).is_err());
    }

    proptest! {
        #[test]
        fn generated_ids_sort_by_time(
            a in 0..=Timestamp::MAX.as_millis(),
            b in 0..=Timestamp::MAX.as_millis(),
            x: [u8; 10],
            y: [u8; 10],
        ) {
            let (first, second) = (Uid::generate(a.into(), x), Uid::generate(b.into(), y));
            prop_assert_eq!((a, x).cmp(&(b, y)), first.cmp(&second));
            prop_assert_eq!(first.as_str().cmp(second.as_str()), first.cmp(&second));
        }

        #[test]
        fn ids_compare_and_hash_as_their_text(
            a in "[a-z0-9][A-Za-z0-9._-]{0,35}",
            b in "[a-z0-9][A-Za-z0-9._-]{0,3}",
        ) {
            let (left, right): (Uid, Uid) = (a.parse().unwrap(), b.parse().unwrap());
            prop_assert_eq!(left.to_string(), a.clone());
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            prop_assert_eq!(HashSet::from([left, right, left]).len(), if a == b { 1 } else { 2 });
        }
    }
}
