//! The authentication factors of sessions.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

/// An authentication factor that the holder of a session has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Factor {
    /// The password.
    #[serde(rename = "password")]
    Password,
    /// No credential: an anonymous account.
    #[serde(rename = "anonymous")]
    Anonymous,
    /// Access to the account's mailbox.
    #[serde(rename = "email")]
    Email,
    /// Access to text messages to the account's phone number.
    #[serde(rename = "phone")]
    Phone,
    /// A code of the authenticator app.
    #[serde(rename = "totp")]
    Totp,
    /// One of the recovery codes.
    #[serde(rename = "recoverycode")]
    RecoveryCode,
    /// A token that your application issued.
    #[serde(rename = "token")]
    Token,
    /// A sign-in at an OAuth2 provider.
    #[serde(rename = "oauth2")]
    OAuth2,
}

/// The class of a factor.
///
/// Two factors of one class count once, because access to one implies access to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FactorClass {
    Knowledge,
    None,
    Mailbox,
    Phone,
    Authenticator,
    RecoveryCode,
    Application,
}

impl Factor {
    /// Returns the name on the wire and in the store.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Anonymous => "anonymous",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::Totp => "totp",
            Self::RecoveryCode => "recoverycode",
            Self::Token => "token",
            Self::OAuth2 => "oauth2",
        }
    }

    pub(crate) fn class(self) -> FactorClass {
        match self {
            Self::Password => FactorClass::Knowledge,
            Self::Anonymous => FactorClass::None,
            // Access to the mailbox usually gives access to the account at the provider too.
            Self::Email | Self::OAuth2 => FactorClass::Mailbox,
            Self::Phone => FactorClass::Phone,
            Self::Totp => FactorClass::Authenticator,
            Self::RecoveryCode => FactorClass::RecoveryCode,
            Self::Token => FactorClass::Application,
        }
    }
}

/// The factors of a session, each once, in the order in which they were passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Factor>", into = "Vec<Factor>")]
pub(crate) struct Factors([Option<Factor>; 8]);

impl Factors {
    /// Counts the classes of the factors. An anonymous start does not count.
    pub(crate) fn classes(self) -> usize {
        let mut classes: SmallVec<[FactorClass; 8]> =
            self.iter().map(Factor::class).filter(|class| *class != FactorClass::None).collect();
        classes.sort_unstable();
        classes.dedup();
        classes.len()
    }

    pub(crate) fn has(self, factor: Factor) -> bool {
        self.0.contains(&Some(factor))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Factor> {
        self.0.into_iter().flatten()
    }

    pub(crate) fn add(&mut self, factor: Factor) {
        if !self.has(factor)
            && let Some(free) = self.0.iter_mut().find(|slot| slot.is_none())
        {
            *free = Some(factor);
        }
    }

    pub(crate) fn remove(&mut self, factor: Factor) {
        self.0.iter_mut().filter(|slot| **slot == Some(factor)).for_each(|slot| *slot = None);
    }
}

impl From<Vec<Factor>> for Factors {
    fn from(factors: Vec<Factor>) -> Self {
        let mut all = Self::default();
        factors.into_iter().for_each(|factor| all.add(factor));
        all
    }
}

impl From<Factors> for Vec<Factor> {
    fn from(factors: Factors) -> Self {
        factors.iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Factor::*, *};

    fn classes(factors: &[Factor]) -> usize {
        Factors::from(factors.to_vec()).classes()
    }

    #[test]
    fn each_class_of_factors_counts_once() {
        assert_eq!(classes(&[Password, Password]), 1);
        assert_eq!(classes(&[Email, Email]), 1);
        assert_eq!(classes(&[Password, Email, Phone, Totp, RecoveryCode, Token]), 6);
    }

    #[test]
    fn an_anonymous_start_does_not_count() {
        assert_eq!(classes(&[]), 0);
        assert_eq!(classes(&[Anonymous]), 0);
        assert_eq!(classes(&[Anonymous, Totp]), 1);
    }

    #[test]
    fn a_removed_factor_leaves_room_for_another() {
        let mut factors = Factors::from(vec![Password, Anonymous, Email, Phone, Totp, RecoveryCode, Token]);
        factors.remove(Anonymous);
        factors.remove(Totp);
        factors.remove(Totp);
        assert_eq!(Vec::from(factors), [Password, Email, Phone, RecoveryCode, Token]);
        factors.add(Totp);
        assert_eq!(factors.classes(), 6);
    }
}
