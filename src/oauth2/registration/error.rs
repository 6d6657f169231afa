//! Errors of a provider's configuration.

/// Why a provider cannot be used with these credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError {
    /// The provider's id is not 1–64 letters, digits, `-` or `_`.
    #[error("the provider's id must be 1 to 64 letters, digits, hyphens or underscores")]
    Id,
    /// The client id is empty or has characters other than printable ASCII.
    #[error("the client id is empty or not printable ASCII")]
    ClientId,
    /// The client secret is empty, has characters other than printable ASCII, or is a malformed
    /// JSON object.
    #[error("the client secret is empty, not printable ASCII, or malformed JSON")]
    ClientSecret,
    /// The client secret is not a P-256 key in PKCS #8 with its public half, or `key_id` or
    /// `team_id` is missing.
    #[error(
        "the client secret must be a P-256 key in PKCS #8, such as the text of Apple's .p8 file, \
         with the parameters `key_id` and `team_id`"
    )]
    SigningKey,
    /// A required parameter is missing.
    #[error("the parameter `{0}` is missing")]
    Missing(String),
    /// The provider has no parameter of this name.
    #[error("the provider has no parameter `{0}`")]
    Unknown(String),
    /// The value of this parameter is not allowed.
    #[error("the value of the parameter `{0}` is not allowed")]
    Parameter(String),
    /// A URL is not an https URL of an allowed host, or is neither configured nor discovered.
    #[error(
        "the {0} URL is missing or not allowed: it must be https and lead to a public host, \
         unless the private network is allowed"
    )]
    Url(&'static str),
    /// A header's name cannot be sent, or a fixed parameter has the name of one of the protocol.
    #[error("`{0}` cannot be used as the name of a header or parameter")]
    Name(String),
    /// A reference names a source that is unknown, not yet available, or unsigned where a signed
    /// one is required; or two profile requests have this name.
    #[error("`{0}` does not refer to a usable source")]
    Reference(String),
    /// The user's id or the effect of `max_age` is to be read from an id_token, which cannot be
    /// checked without keys, or is not required.
    #[error("id_tokens cannot be checked: configure keys or discovery, and a nonce if `max_age` is set")]
    OpenId,
}
