//! What OpenID Connect adds: discovery, keys and id_tokens.

mod discovery;
mod id_token;
mod keys;

pub(super) use discovery::{Discovery, Issuers};
pub use id_token::IdTokenError;
pub(super) use id_token::{Expected, verify};
pub(super) use keys::KeySet;
