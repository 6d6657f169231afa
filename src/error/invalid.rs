//! Why a value was refused by its parser.

/// Why a value was refused. `Display` is one plain sentence without the value, fit for an answer to the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Invalid {
    /// Not an email address in dot-atom form.
    #[error("Value must be a valid email address")]
    Email,
}
