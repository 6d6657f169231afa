//! What can go wrong, by what the caller can do about it.

mod invalid;

pub use invalid::Invalid;
