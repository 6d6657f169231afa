//! Known devices: clients that have signed in to an account before.

use std::{fmt, time::Duration};

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{ids::UserId, invalid::Invalid, secret_digest::SecretDigest, time::Timestamp};

/// The number of devices that an account remembers. The least recently used one is forgotten first.
const MAX_DEVICES: usize = 10;
/// How long an unused device is remembered.
const MAX_UNUSED: Duration = Duration::from_secs(365 * 24 * 3600);

/// The device secret: 256 random bits by which an account recognizes a client after a sign-in.
///
/// Your application sends it to the client after a sign-in and returns it to the service with
/// [`ClientInfo::with_device`](super::ClientInfo::with_device). It outlives the sessions.
///
/// # Security
/// It does not authenticate the client. Failed attempts of known devices are counted apart, so that
/// an attacker who locks an account does not lock its owner out. Only a digest that is bound to the
/// account is stored. `Debug` shows nothing, there is no `Display`, and the bits are wiped on drop.
///
/// # Examples
/// ```
/// # #[cfg(not(feature = "testing"))] fn main() {}
/// # #[cfg(feature = "testing")] #[tokio::main] async fn main() -> Result<(), account::Error> {
/// # let test = account::testing::TestHost::new();
/// # let (accounts, signed_in) = (&test.service, test.signed_up("ada@example.com").await);
/// use account::model::{ClientInfo, DeviceSecret};
///
/// let cookie = signed_in.device.unwrap().to_wire(); // outlives the session
/// let client = ClientInfo::default().with_device(DeviceSecret::from_wire(&cookie)?);
/// let (email, password) = ("ada@example.com".parse()?, "tr4verse-Cobalt-heron".parse()?);
/// let again = accounts.sign_in_with_password(email, password, &client).await?;
/// assert!(again.device.is_none()); // the account knows the device
/// # Ok(()) }
/// ```
#[doc(alias = "lockout")]
pub struct DeviceSecret(Zeroizing<[u8; 32]>);

impl DeviceSecret {
    pub(crate) fn new(bits: Zeroizing<[u8; 32]>) -> Self {
        Self(bits)
    }

    /// Parses the wire form: 64 hex digits in lower case.
    ///
    /// # Errors
    /// [`Invalid::SessionSecret`] for anything else.
    pub fn from_wire(text: &str) -> Result<Self, Invalid> {
        let mut bits = Zeroizing::new([0; 32]);
        match text.len() == 64 && HEXLOWER.decode_mut(text.as_bytes(), bits.as_mut()).is_ok() {
            true => Ok(Self(bits)),
            false => Err(Invalid::SessionSecret),
        }
    }

    /// Returns the wire form, for a cookie.
    #[must_use]
    pub fn to_wire(&self) -> String {
        HEXLOWER.encode(self.0.as_ref())
    }

    pub(crate) fn digest(&self, user: &UserId) -> SecretDigest {
        let hasher = Sha256::new().chain_update(self.0.as_ref()).chain_update(user.as_str());
        SecretDigest::new(hasher.finalize().into())
    }
}

impl fmt::Debug for DeviceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSecret(…)")
    }
}

/// The devices that an account remembers.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct KnownDevices(Vec<KnownDevice>);

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KnownDevice {
    digest: SecretDigest,
    used_at: Timestamp,
}

impl KnownDevices {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn knows(&self, digest: &SecretDigest, now: Timestamp) -> bool {
        // All digests are compared, against a timing side channel.
        self.0
            .iter()
            .filter(|device| device.is_kept(now))
            .fold(false, |known, device| known | device.digest.matches(digest))
    }

    /// Records that a device was used now.
    pub(crate) fn remember(&mut self, digest: SecretDigest, now: Timestamp) {
        self.0.retain(|device| device.is_kept(now) && !device.digest.matches(&digest));
        self.0.push(KnownDevice { digest, used_at: now });
        let over = self.0.len().saturating_sub(MAX_DEVICES);
        self.0.drain(..over);
    }

    /// Forgets all devices except this one.
    pub(crate) fn keep_only(&mut self, digest: Option<&SecretDigest>) {
        self.0.retain(|device| digest.is_some_and(|digest| device.digest.matches(digest)));
    }
}

impl KnownDevice {
    fn is_kept(&self, now: Timestamp) -> bool {
        now < self.used_at.after(MAX_UNUSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::MIN;

    fn digest(n: u8) -> SecretDigest {
        DeviceSecret(Zeroizing::new([n; 32])).digest(&"ada".parse().unwrap())
    }

    #[test]
    fn the_least_recently_used_device_is_forgotten_first() {
        let mut devices = KnownDevices::default();
        for n in 0..10 {
            devices.remember(digest(n), NOW);
        }
        devices.remember(digest(0), NOW);
        devices.remember(digest(10), NOW);
        assert!(devices.knows(&digest(0), NOW) && !devices.knows(&digest(1), NOW));
        devices.keep_only(Some(&digest(0)));
        assert!(devices.knows(&digest(0), NOW) && !devices.knows(&digest(10), NOW));
        assert!(!devices.knows(&digest(0), NOW.after(MAX_UNUSED)));
    }

    #[test]
    fn a_secret_is_bound_to_its_account() {
        let secret = DeviceSecret(Zeroizing::new([7; 32]));
        let again = DeviceSecret::from_wire(&secret.to_wire()).unwrap();
        let (ada, bob) = ("ada".parse().unwrap(), "bob".parse().unwrap());
        assert!(secret.digest(&ada).matches(&again.digest(&ada)));
        assert!(!secret.digest(&ada).matches(&again.digest(&bob)));
        assert_eq!(format!("{secret:?}"), "DeviceSecret(…)");
    }
}
