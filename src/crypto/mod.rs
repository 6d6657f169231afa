//! Cryptography: keys derived per purpose, session JWTs, sealed values, digests of codes, one-time
//! passwords, and the pool that hashes passwords.

mod argon2_pool;
mod code;
mod framing;
mod jwt;
mod keys;
#[cfg(feature = "qr")]
mod qr;
mod seal;
mod totp;

pub use argon2_pool::{Argon2Pool, Argon2PoolBuilder};
pub(crate) use code::{CodeKeys, below, hex_secret, recovery_codes, six_digits, typed_code};
pub use jwt::JwtError;
pub(crate) use jwt::{Claims, JwtCodec};
pub use keys::MasterKey;
pub(crate) use keys::Purpose;
#[cfg(feature = "qr")]
pub use qr::QrError;
pub(crate) use seal::Sealer;
pub use totp::OtpauthUri;
pub(crate) use totp::TotpSecret;
