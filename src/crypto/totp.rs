//! One-time passwords of authenticator apps: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, the one set that every app
//! knows.

use std::fmt::{self, Write as _};

use data_encoding::BASE32_NOPAD;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use crate::{
    model::Timestamp,
    ports::{Entropy, EntropyError},
};

/// 160 bits: what RFC 4226 §4 (R6) recommends, and the length of the HMAC's output, which RFC 6238 §5.1 asks for; more adds nothing to
/// SHA-1. They make 32 base32 characters, whole groups of eight, so that apps that want padding and apps that refuse it both take them, and
/// so that they can be typed where there is no camera.
const SECRET: usize = 20;
const STEP: u64 = 30;
/// How many characters of a name go into a URI, so that the URI fits a QR code that a camera can still read.
const MAX_NAME_LENGTH: usize = 64;
const NAMELESS: &str = "account";

/// The secret that an authenticator app shares with an account. Debug shows nothing; the bytes are wiped on drop.
pub(crate) struct TotpSecret(Zeroizing<Vec<u8>>);

impl TotpSecret {
    /// A new secret.
    pub(crate) fn draw(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = Zeroizing::new(vec![0; SECRET]);
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// A secret that was kept. One of fewer than 128 bits (RFC 4226 §4, R6) matches no code.
    pub(crate) fn from_bytes(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The form that people type: base32 (RFC 4648 §6) in upper case, without padding.
    pub(crate) fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The step that a code is of, if it is one of the current step, the one before or the one after (RFC 6238 §5.2), and later than the
    /// last step that was accepted. The caller keeps the answer as the next `last_step`, in the change that acts on it.
    ///
    /// # Security
    /// No code is accepted twice, nor one older than the last. Every step is compared, in constant time, whichever matches.
    pub(crate) fn check(&self, code: &str, now: Timestamp, last_step: Option<u64>) -> Option<u64> {
        let totp = self.generator()?;
        let current = u64::try_from(now.as_secs()).ok()? / STEP;
        // The newest wins, so that a code which happens to serve two steps is used up for both.
        (current.saturating_sub(1)..=current.saturating_add(1)).fold(None, |found, step| {
            let matched = totp.check(code, step.saturating_mul(STEP));
            matched.filter(|step| last_step.is_none_or(|last| *step > last)).or(found)
        })
    }

    /// What the app shows at this instant, for whoever stands in for one in a test.
    #[cfg(feature = "testing")]
    pub(crate) fn code_at(&self, now: Timestamp) -> Option<String> {
        let (totp, seconds) = (self.generator()?, u64::try_from(now.as_secs()).ok()?);
        Some(totp.generate(seconds).to_string())
    }

    /// The secret of the form that people type, for whoever stands in for an app in a test.
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

    /// The URI that sets up an app (the Key Uri Format), for a service and one of its accounts.
    ///
    /// Any names will do: colons, which would part issuer and label, and control characters are left out, long names are cut, and an
    /// empty label becomes `account`.
    pub(crate) fn otpauth_uri(&self, issuer: &str, label: &str) -> OtpauthUri {
        let (issuer, label) = (presentable(issuer), presentable(label));
        let label = if label.is_empty() { NAMELESS } else { &label };
        // As long as it can get, so that no copy of the secret is left behind by growing.
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

/// The `otpauth://totp/…` URI that sets up an authenticator app, to be shown to the user as a link or as a QR code.
///
/// # Security
/// It holds the secret: whoever sees it can make the user's codes. `Debug` shows nothing and the text is wiped on drop.
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

fn presentable(name: &str) -> String {
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
