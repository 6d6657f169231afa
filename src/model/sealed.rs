//! Sealed values, as stored in the account.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;
const KEY_ID_BYTES: usize = 8;

/// An encrypted and authenticated value.
///
/// Its stored form is `<key id>.<base64url of nonce and ciphertext>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Sealed {
    /// The id of the key.
    pub(crate) key: String,
    /// Nonce and ciphertext.
    pub(crate) body: Vec<u8>,
}

/// A text is not the stored form of a [`Sealed`].
#[derive(Debug, thiserror::Error)]
#[error("the text is not a sealed value")]
pub(crate) struct NotSealed;

impl Sealed {
    pub(crate) fn new(key: String, nonce: &[u8; NONCE_BYTES], text: &[u8]) -> Self {
        Self { key, body: [nonce, text].concat() }
    }
}

impl TryFrom<String> for Sealed {
    type Error = NotSealed;

    fn try_from(text: String) -> Result<Self, NotSealed> {
        let (key, body) = text.split_once('.').ok_or(NotSealed)?;
        let body = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| NotSealed)?;
        match key.len() == KEY_ID_BYTES && body.len() >= NONCE_BYTES + TAG_BYTES {
            true => Ok(Self { key: key.to_owned(), body }),
            false => Err(NotSealed),
        }
    }
}

impl From<Sealed> for String {
    fn from(sealed: Sealed) -> Self {
        let mut text = sealed.key;
        text.push('.');
        BASE64URL_NOPAD.encode_append(&sealed.body, &mut text);
        text
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(…)")
    }
}
