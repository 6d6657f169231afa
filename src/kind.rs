//! The coarse class of errors, and their causes in one line.

/// The coarse class of an [`Error`]: what a host maps to a status of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The request is at fault (HTTP 400).
    Invalid,
    /// Who asks is not known, or not well enough (401).
    Unauthenticated,
    /// It does not exist, or not for this caller (404).
    NotFound,
    /// It exists already or changed meanwhile (409).
    Conflict,
    /// Something else must be done first (412).
    Precondition,
    /// Too often (429).
    Limited,
    /// A provider that was asked did not do its part (424).
    Provider,
    /// Switched off (501).
    Unsupported,
    /// Try again later (503).
    Unavailable,
    /// A fault of the server (500).
    Internal,
}

impl Kind {
    /// The HTTP status that the Appwrite API answers for this class.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Invalid => 400,
            Self::Unauthenticated => 401,
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

/// What failed and why, in one line.
#[cfg(feature = "tracing")]
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string);
    causes.fold(error.to_string(), |text, cause| {
        // Some errors tell their cause themselves.
        if text.ends_with(&cause) { text } else { format!("{text}: {cause}") }
    })
}
