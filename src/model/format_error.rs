//! Errors of reading and writing a stored form.

/// A stored form cannot be read or written.
///
/// It converts into [`StoreError`](crate::ports::StoreError), so a store can use `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A newer release of this crate wrote the stored form, in this format.
    #[error("format {0} is newer than this release; upgrade the program")]
    Newer(u32),
    /// The stored form does not match its format number, or has none.
    #[error("the stored form is corrupt")]
    Corrupt,
}
