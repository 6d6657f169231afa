//! What can be wrong with a stored form.

/// A stored form that cannot be read or written.
///
/// [`StoreError`](crate::ports::StoreError) is made from it, so a store may use `?`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// A newer release wrote this format.
    #[error("format {0} is newer than this release")]
    Newer(u32),
    /// It does not have the form that its format number promises.
    #[error("the stored form is corrupt")]
    Corrupt,
}
