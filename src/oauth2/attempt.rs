//! One sign-in: what this service sent, and what came back.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};

/// What belongs to one sign-in from its start to its end. The engine draws it, remembers it bound to the browser, and gives it to
/// every step.
///
/// Verifier and nonce are always drawn; whether they are sent is the provider's data to say.
///
/// # Security
/// State, verifier and nonce are different random texts of 128 bits or more each, used once. `Debug` shows none of them.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Where the provider sends the person back to.
    pub redirect_uri: &'a str,
    /// What comes back with the callback (RFC 6749 §10.12): letters, digits, `-` and `_`, because some providers escape others.
    pub state: &'a str,
    /// The PKCE verifier: 43–128 letters, digits, `-`, `.`, `_` and `~` (RFC 7636 §4.1).
    pub verifier: &'a str,
    /// What comes back in the id_token.
    pub nonce: &'a str,
    /// What the caller asks for beyond the provider's own scopes.
    pub scopes: &'a [&'a str],
}

impl Attempt<'_> {
    /// The S256 challenge (RFC 7636 §4.2).
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

/// What the callback of a provider said, once `state` has led to its [`Attempt`] and there is no `error`.
///
/// # Security
/// All of it is chosen by whoever calls. `Debug` shows none of it.
#[derive(Clone, Copy, Default)]
pub struct Callback<'a> {
    /// `code`.
    pub code: &'a str,
    /// `iss` (RFC 9207).
    pub issuer: Option<&'a str>,
    /// `location`: the data centre of the person, at providers that have several.
    pub location: Option<&'a str>,
    /// The form field `user`: JSON that Apple sends once. Signed by nobody, so only a name is taken from it.
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
