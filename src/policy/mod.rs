//! What the host may demand beyond well-formed values.

#[cfg(feature = "strength")]
mod dictionary;

#[cfg(feature = "strength")]
pub use dictionary::is_common;
