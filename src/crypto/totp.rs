//! One-time passwords of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30
//! seconds, the parameters that every app supports.

use std::fmt::{self, Write as _};

use data_encoding::BASE32_NOPAD;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::code::typed_code;
use crate::{
    model::Timestamp,
    ports::{Entropy, EntropyError},
};

/// 160 bits, as RFC 4226 §4 (R6) recommends and RFC 6238 §5.1 asks for: the output length of the
/// HMAC. More adds nothing to SHA-1. They give 32 base32 characters in whole groups of eight, which
/// apps with and without padding accept, and which can be typed where there is no camera.
const SECRET_LENGTH: usize = 20;
/// The length of a step, in seconds.
const STEP: u64 = 30;
/// The maximum length of a name in a URI, in characters, so that a camera can still read the QR
/// code.
const MAX_NAME_LENGTH: usize = 64;
const DEFAULT_LABEL: &str = "account";

/// The secret that an authenticator app shares with an account.
///
/// # Security
/// `Debug` shows nothing of it, and the bytes are wiped on drop.
pub(crate) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// Draws a new secret.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = Zeroizing::new(vec![0; SECRET_LENGTH]);
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Wraps a stored secret. One of fewer than 128 bits (RFC 4226 §4, R6) matches no code.
    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, for sealing.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The form that users type: base32 (RFC 4648 §6) in upper case, without padding.
    pub(crate) fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// Checks a code, as it was typed, and returns the step that it belongs to, or `None`.
    ///
    /// A code is accepted if it belongs to the current step, the previous or the next one
    /// (RFC 6238 §5.2), and that step is later than `last_step`, the last one accepted. The caller
    /// saves the returned step as the next `last_step`, in the same change that acts on the code.
    ///
    /// # Security
    /// No code is accepted twice, nor one older than the last (replay). All three steps are always
    /// compared, in constant time.
    pub(crate) fn check(&self, code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
        let (totp, code) = (self.generator()?, typed_code(code));
        let current = u64::try_from(now.as_secs()).ok()? / STEP;
        // The latest match wins, so that a code that two steps happen to share is used up for both.
        (current.saturating_sub(1)..=current.saturating_add(1)).fold(None, |found, step| {
            let matched = totp.check(&code, step.saturating_mul(STEP));
            matched.filter(|step| last_step.is_none_or(|last| *step > last)).or(found)
        })
    }

    /// The code that an app shows at this instant, for tests.
    #[cfg(feature = "testing")]
    pub(crate) fn code_at(&self, now: Timestamp) -> Option<String> {
        let (totp, seconds) = (self.generator()?, u64::try_from(now.as_secs()).ok()?);
        Some(totp.generate(seconds).to_string())
    }

    /// Decodes the form that users type, for tests.
    #[cfg(feature = "testing")]
    pub(crate) fn from_base32(text: &str) -> Option<Self> {
        BASE32_NOPAD.decode(text.as_bytes()).ok().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    fn generator(&self) -> Option<Totp> {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP)
            .with_skew(0)
            .with_secret(self.0.as_slice())
            .build()
            .ok()
    }

    /// Creates the URI that sets up an app (Key Uri Format), for a service and one of its accounts.
    ///
    /// All names are accepted. Colons, which separate issuer and label, and control characters are
    /// removed, long names are cut, and an empty label becomes `account`.
    pub(crate) fn otpauth_uri(&self, issuer: &str, label: &str) -> OtpauthUri {
        let (issuer, label) = (clean_name(issuer), clean_name(label));
        let label = if label.is_empty() { DEFAULT_LABEL } else { &label };
        // The maximum length: growing would leave a copy of the secret in freed memory.
        let mut uri = Zeroizing::new(String::with_capacity(
            64 + 2 * self.0.len() + 3 * (2 * issuer.len() + label.len()),
        ));
        uri.push_str("otpauth://totp/");
        if !issuer.is_empty() {
            push_encoded(&mut uri, &issuer);
            uri.push_str("%3A");
        }
        push_encoded(&mut uri, label);
        uri.push('?');
        if !issuer.is_empty() {
            uri.push_str("issuer=");
            push_encoded(&mut uri, &issuer);
            uri.push('&');
        }
        uri.push_str("secret=");
        uri.push_str(&self.base32());
        OtpauthUri(uri)
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// The `otpauth://totp/…` URI that sets up an authenticator app. Show it to the user as a link or
/// as a QR code.
///
/// # Security
/// It contains the secret, which is enough to generate the user's codes. `Debug` shows nothing of
/// it, and the text is wiped on drop.
///
/// # Examples
/// ```
/// # #[cfg(not(all(feature = "testing", feature = "qr")))] fn main() {}
/// # #[cfg(all(feature = "testing", feature = "qr"))] #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let test = account::testing::TestHost::new();
/// # let accounts = &test.service;
/// # let caller = test.caller(&test.signed_up("ada@example.com").await).await;
/// let new = accounts.add_authenticator(&caller).await?;
/// assert!(new.uri.as_str().starts_with("otpauth://totp/")); // a link, for phones
/// assert!(new.uri.to_svg()?.starts_with("<svg")); // feature `qr`, for other screens
/// # Ok(()) }
/// ```
#[doc(alias = "2FA")]
#[doc(alias = "TOTP")]
pub struct OtpauthUri(Zeroizing<String>);

impl OtpauthUri {
    /// The text of the URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtpauthUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpauthUri(…)")
    }
}

fn clean_name(name: &str) -> String {
    let kept: String = name.chars().filter(|char| *char != ':' && !char.is_control()).collect();
    kept.trim().chars().take(MAX_NAME_LENGTH).collect()
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
fn push_encoded(uri: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => write!(uri, "%{byte:02X}").unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
