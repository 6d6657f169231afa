//! Who may call an operation, and with which assurance.

/// Which callers an operation admits, whatever its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Guests, users, and API keys with the scope `sessions.write`.
    Guests,
    /// Users only; the scope is `account`.
    Account,
    /// Users only; the scope is `targets.write`.
    Targets,
    /// Everyone; the scope is `public`.
    Public,
}

impl Access {
    /// The scope as the API spells it, for the response to a caller that lacks it.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Guests => "sessions.write",
            Self::Account => "account",
            Self::Targets => "targets.write",
            Self::Public => "public",
        }
    }

    /// Whether a caller without a session is admitted.
    #[must_use]
    pub const fn allows_guests(self) -> bool {
        matches!(self, Self::Guests | Self::Public)
    }
}

/// How strongly a signed-in caller must be authenticated. It does not apply to guests.
#[doc(alias = "2FA")]
#[doc(alias = "MFA")]
#[doc(alias = "step-up")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Assurance {
    /// Any session, even one whose second factor is still missing.
    Exempt,
    /// All factors that the account requires.
    Full,
    /// As [`Full`](Self::Full), and while the account requires two factors, a challenge passed on
    /// this session within the last 30 minutes.
    FreshIfActive,
    /// As [`Full`](Self::Full), and a challenge passed on this session within the last 30 minutes.
    Fresh,
}

impl Assurance {
    /// Whether a recently passed challenge is required.
    pub(crate) const fn asks_for_challenge(self, is_mfa_active: bool) -> bool {
        match self {
            Self::Exempt | Self::Full => false,
            Self::FreshIfActive => is_mfa_active,
            Self::Fresh => true,
        }
    }
}

/// A sign-in method that your application can switch off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuthMethod {
    /// Email address and password.
    EmailPassword,
    /// A link sent by email.
    MagicUrl,
    /// A code sent by email.
    EmailOtp,
    /// No identifier at all.
    Anonymous,
    /// JWTs issued for a session.
    Jwt,
    /// A code sent by SMS.
    Phone,
}

impl AuthMethod {
    /// The name of the setting in the API, for the response to a caller who uses a method that is
    /// switched off.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::EmailPassword => "emailPassword",
            Self::MagicUrl => "usersAuthMagicURL",
            Self::EmailOtp => "emailOtp",
            Self::Anonymous => "anonymous",
            Self::Jwt => "JWT",
            Self::Phone => "phone",
        }
    }
}
