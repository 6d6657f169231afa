//! Cryptography: keys derived per purpose, session JWTs, sealed values, digests of codes, one-time passwords, and the pool that hashes
//! passwords.

mod argon2_pool;
mod code;
mod jwt;
mod keys;
#[cfg(feature = "qr")]
mod qr;
mod seal;
mod totp;

pub use argon2_pool::{Argon2Pool, Argon2PoolBuilder};
pub(crate) use code::{CodeKeys, below, hex_secret, recovery_codes, six_digits};
pub use jwt::JwtError;
pub(crate) use jwt::{Claims, JwtCodec};
pub use keys::MasterKey;
pub(crate) use keys::Purpose;
#[cfg(feature = "qr")]
pub use qr::QrError;
pub(crate) use seal::Sealer;
pub use totp::OtpauthUri;
pub(crate) use totp::TotpSecret;

/// One text for a list of parts: each with its length before it, so that no two lists read the same.
fn framed(parts: &[&[u8]]) -> Vec<u8> {
    let mut text = Vec::with_capacity(parts.iter().map(|part| part.len().saturating_add(8)).sum());
    for part in parts {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part);
    }
    text
}
