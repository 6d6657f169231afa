//! Sealed values as the account keeps them.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

const NONCE: usize = 24;
const TAG: usize = 16;
const KEY_ID: usize = 8;

/// A sealed value. It is stored as `<key id>.<base64url of nonce and ciphertext>`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Sealed {
    pub(crate) key: String,
    /// Nonce and ciphertext.
    pub(crate) body: Vec<u8>,
}

/// Why a text is no [`Sealed`].
#[derive(Debug, thiserror::Error)]
#[error("not a sealed value")]
pub(crate) struct NotSealed;

impl Sealed {
    pub(crate) fn new(key: String, nonce: &[u8; NONCE], text: &[u8]) -> Self {
        Self { key, body: [nonce, text].concat() }
    }
}

impl TryFrom<String> for Sealed {
    type Error = NotSealed;

    fn try_from(text: String) -> Result<Self, NotSealed> {
        let (key, body) = text.split_once('.').ok_or(NotSealed)?;
        let body = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| NotSealed)?;
        match key.len() == KEY_ID && body.len() >= NONCE + TAG {
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
