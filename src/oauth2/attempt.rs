//! One sign-in attempt: what was sent to the provider, and what came back.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

/// The values of one sign-in attempt, from its start to its end.
///
/// The service generates them, stores them bound to the browser, and passes them to every step.
/// Verifier and nonce are always generated; the provider's data decides whether they are sent.
///
/// # Security
/// State, verifier and nonce are independent random texts of at least 128 bits, each used once.
/// They prevent login CSRF, code injection and replay. `Debug` omits all three.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// The redirect URI: where the provider sends the browser back to.
    pub redirect_uri: &'a str,
    /// The `state` of the callback (RFC 6749 §10.12): letters, digits, `-` and `_` only, because
    /// some providers escape other characters.
    pub state: &'a str,
    /// The PKCE verifier: 43–128 letters, digits, `-`, `.`, `_` and `~` (RFC 7636 §4.1).
    pub verifier: &'a str,
    /// The `nonce` of the id_token.
    pub nonce: &'a str,
    /// Scopes to request in addition to those of the provider's data.
    pub scopes: &'a [&'a str],
}

impl Attempt<'_> {
    /// Returns the S256 challenge (RFC 7636 §4.2).
    pub(super) fn challenge(&self) -> String {
        BASE64URL_NOPAD.encode(&Sha256::digest(self.verifier))
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("redirect_uri", &self.redirect_uri)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// The parameters of a provider's callback, once its `state` was matched to an [`Attempt`] and it
/// has no `error`.
///
/// # Security
/// All fields are untrusted: anyone can forge a callback. `Debug` omits them.
#[derive(Clone, Copy, Default)]
pub struct Callback<'a> {
    /// `code`.
    pub code: &'a str,
    /// `iss` (RFC 9207).
    pub issuer: Option<&'a str>,
    /// `location`: the user's data centre, for providers that have several.
    pub location: Option<&'a str>,
    /// The form field `user`: JSON that Apple sends at the first sign-in only. It is not signed, so
    /// only a name is read from it.
    pub user: Option<&'a str>,
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_rfc_7636_appendix_b() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let attempt = Attempt { redirect_uri: "", state: "hidden", verifier, nonce: "hidden", scopes: &[] };
        assert_eq!(attempt.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(format!("{attempt:?}"), r#"Attempt { redirect_uri: "", scopes: [], .. }"#);
    }
}
