//! What the host may demand beyond well-formed values.

#[cfg(feature = "strength")]
mod dictionary;
mod phrase;

#[cfg(feature = "strength")]
pub use dictionary::is_common;
pub(crate) use phrase::phrase;
