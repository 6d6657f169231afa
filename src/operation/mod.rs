//! The operations as data: names, routes, access and request limits.

mod action;
mod gates;
mod limits;
mod subject;
mod table;

pub use action::{Action, AdminOperation};
pub use gates::{Access, Assurance, AuthMethod};
pub use limits::{Limit, LimitKey, WINDOW};
pub use subject::Subject;
pub use table::Operation;

impl Operation {
    /// The operations of a sign-in with an OAuth2 provider: the routes that start it, and those
    /// that the provider sends the browser back to.
    pub const OAUTH2: &'static [Self] =
        &[Self::StartOAuth2, Self::StartOAuth2Token, Self::OAuth2Callback, Self::OAuth2Redirect];

    /// The name of the method in the API and its client SDKs, such as `createEmailPasswordSession`.
    #[must_use]
    pub const fn api_name(self) -> &'static str {
        self.row().api_name
    }

    /// The name of the method in this crate, such as `sign_in_with_password`.
    #[must_use]
    pub const fn rust_name(self) -> &'static str {
        self.row().rust_name
    }

    /// The HTTP method, or the first of several.
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

    /// Which callers may call the operation.
    #[must_use]
    pub const fn access(self) -> Access {
        self.row().access
    }

    /// Whether the operation refuses a caller with a live session or JWT, because it would create
    /// another one.
    #[must_use]
    pub const fn refuses_session(self) -> bool {
        self.row().refuses_session
    }

    /// The sign-in method that must be switched on.
    ///
    /// # Security
    /// The three operations named `sign_in_with_token` have none here. They accept tokens of
    /// several methods, so they check the setting of the method that created the token.
    #[must_use]
    pub const fn auth_method(self) -> Option<AuthMethod> {
        self.row().auth_method
    }

    /// How strongly a signed-in caller must be authenticated.
    #[must_use]
    pub const fn assurance(self) -> Assurance {
        self.row().assurance
    }

    /// The limits on requests in one [`WINDOW`], in the order in which they are checked. Empty for
    /// an operation without limits.
    #[must_use]
    pub const fn limits(self) -> &'static [Limit] {
        self.row().limits
    }

    /// The name under which requests are counted. Operations with the same name share counters.
    #[must_use]
    pub const fn counter(self) -> &'static str {
        self.row().counter
    }
}

#[cfg(test)]
mod tests;
