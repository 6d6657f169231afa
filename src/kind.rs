//! Classes of errors, and an error with its causes in one line.

/// The class of an [`Error`](crate::error::Error).
///
/// Your application maps it to its own status codes, or uses [`Kind::status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request is invalid (HTTP 400).
    Invalid,
    /// The caller is not signed in, or a stronger sign-in is required (401).
    Unauthenticated,
    /// The change is not allowed (403).
    Forbidden,
    /// The object does not exist or is not visible to the caller (404).
    NotFound,
    /// The object already exists or was changed in the meantime (409).
    Conflict,
    /// Another step is required first (412).
    Precondition,
    /// A limit was exceeded; try again later (429).
    #[doc(alias = "rate limit")]
    #[doc(alias = "throttle")]
    Limited,
    /// A request to an external provider failed (424).
    Provider,
    /// The feature is disabled (501).
    Unsupported,
    /// The service is temporarily unavailable; try again later (503).
    Unavailable,
    /// An internal error of the server (500).
    Internal,
}

impl Kind {
    /// Returns the HTTP status that the Appwrite API uses for this class.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Precondition => 412,
            Self::Provider => 424,
            Self::Limited => 429,
            Self::Internal => 500,
            Self::Unsupported => 501,
            Self::Unavailable => 503,
        }
    }
}

/// Formats an error and its causes in one line.
#[cfg(feature = "tracing")]
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string);
    causes.fold(error.to_string(), |text, cause| {
        // Some errors already include the message of their cause.
        if text.ends_with(&cause) { text } else { format!("{text}: {cause}") }
    })
}
