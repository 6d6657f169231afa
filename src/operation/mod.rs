//! The operations as data: names, routes, gates and request limits.

mod check;
mod limits;
mod table;

pub use check::{Subject, check};
pub use limits::{Limit, LimitKey, WINDOW};
pub use table::Operation;

/// Who may call an operation, whatever its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Guests, users, and API keys that hold the scope: `sessions.write`.
    Guests,
    /// Users only: `account`.
    Account,
    /// Users only: `targets.write`.
    Targets,
    /// Everyone: `public`.
    Public,
}

impl Access {
    /// The scope as the API spells it, for the answer to a caller that lacks it.
    #[must_use]
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Guests => "sessions.write",
            Self::Account => "account",
            Self::Targets => "targets.write",
            Self::Public => "public",
        }
    }

    /// Whether a caller without a session may pass.
    #[must_use]
    pub const fn allows_guests(self) -> bool {
        matches!(self, Self::Guests | Self::Public)
    }
}

/// How sure the service must be of a signed-in caller. A guest owes nothing where [`Access`] lets guests in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Assurance {
    /// A session that still owes a factor will do.
    Exempt,
    /// All factors that the account asks for.
    Full,
    /// All factors; and while the account asks for two, a challenge passed on this session within the last 30 minutes.
    FreshIfActive,
    /// All factors, and a challenge passed on this session within the last 30 minutes.
    Fresh,
}

impl Assurance {
    /// Whether a challenge must have been passed lately, given whether the account asks for two factors.
    pub(crate) const fn asks_for_challenge(self, is_mfa_active: bool) -> bool {
        match self {
            Self::Exempt | Self::Full => false,
            Self::FreshIfActive => is_mfa_active,
            Self::Fresh => true,
        }
    }
}

/// A way to sign in that a host can switch off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AuthMethod {
    /// Email address and password.
    EmailPassword,
    /// A link sent by mail.
    MagicUrl,
    /// A code sent by mail.
    EmailOtp,
    /// No identifier at all.
    Anonymous,
    /// JWTs made from a session.
    Jwt,
    /// A code sent by SMS.
    Phone,
}

impl AuthMethod {
    /// The setting's name in the API, for the answer to a caller who asks for what is switched off.
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

impl Operation {
    /// The method's name in the API and its client SDKs, such as `createEmailPasswordSession`.
    #[must_use]
    pub const fn api_name(self) -> &'static str {
        self.row().api_name
    }

    /// The method's name in this crate, such as `sign_in_with_password`.
    #[must_use]
    pub const fn rust_name(self) -> &'static str {
        self.row().rust_name
    }

    /// The HTTP method, the first if there are several.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self.methods() {
            [first, ..] => first,
            [] => "GET",
        }
    }

    /// All HTTP methods. `HEAD`, which goes with `GET`, is not listed.
    #[must_use]
    pub const fn methods(self) -> &'static [&'static str] {
        self.row().methods
    }

    /// The route, with parameters in braces, such as `/v1/account/sessions/{sessionId}`.
    #[must_use]
    pub const fn path(self) -> &'static str {
        self.row().path
    }

    /// Older routes of the same operation. They share its limits.
    #[must_use]
    pub const fn aliases(self) -> &'static [&'static str] {
        self.row().aliases
    }

    /// Who may call it.
    #[must_use]
    pub const fn access(self) -> Access {
        self.row().access
    }

    /// Whether a caller with a live session or JWT is refused, because the operation would make another one.
    #[must_use]
    pub const fn refuses_session(self) -> bool {
        self.row().refuses_session
    }

    /// The way to sign in that must be switched on.
    ///
    /// # Security
    /// The three operations named `sign_in_with_token` have none here: what they exchange was made by one of several
    /// methods, so they must look at the setting of the method that the token came from.
    #[must_use]
    pub const fn auth_method(self) -> Option<AuthMethod> {
        self.row().auth_method
    }

    /// How sure the service must be of a signed-in caller.
    #[must_use]
    pub const fn assurance(self) -> Assurance {
        self.row().assurance
    }

    /// How often it may be asked for in one [`WINDOW`], in the order of checking; empty for an operation without limits.
    #[must_use]
    pub const fn limits(self) -> &'static [Limit] {
        self.row().limits
    }

    /// The name under which requests are counted; operations with the same name share their counters.
    #[must_use]
    pub const fn counter(self) -> &'static str {
        self.row().counter
    }
}

#[cfg(test)]
mod tests;
