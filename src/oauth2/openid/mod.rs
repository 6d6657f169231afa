//! OpenID Connect: keys and id_tokens.

mod id_token;
mod keys;

pub use id_token::IdTokenError;
pub(super) use id_token::{Expected, verify};
pub(super) use keys::KeySet;
