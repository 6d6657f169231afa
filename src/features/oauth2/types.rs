//! The requests and results of OAuth2 sign-ins.

use std::fmt;

use url::Url;

use super::flow_state::{FlowState, name_of};
use crate::{
    error::Error,
    model::{CheckedUrl, ProviderKey, Token},
    service::SignedIn,
};

/// The parameters of an OAuth2 sign-in.
///
/// # Examples
/// ```
/// use account::{OAuth2Start, model::AllowedRedirects};
///
/// let allowed = AllowedRedirects::new(["app.example.com"], [])?;
/// let mut start =
///     OAuth2Start::new("github".parse()?, "https://app.example.com/callback/github");
/// start.scopes = vec!["read:org".into()];
/// start.success = Some(allowed.check("https://app.example.com/welcome")?);
/// start.failure = Some(allowed.check("https://app.example.com/sign-in")?);
/// # Ok::<(), account::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OAuth2Start {
    /// The provider.
    pub provider: ProviderKey,
    /// The callback URL of your application for this provider, as registered there.
    pub redirect_uri: String,
    /// Where the browser goes after success. Default: a page of your application.
    pub success: Option<CheckedUrl>,
    /// Where the browser goes after a failure. Default: a page of your application.
    pub failure: Option<CheckedUrl>,
    /// Additional scopes, at most 100 of 1 to 4,096 characters.
    pub scopes: Vec<String>,
    /// Whether it results in a token for
    /// [`sign_in_with_token`](crate::AccountService::sign_in_with_token) instead of a session.
    pub with_token: bool,
}

impl OAuth2Start {
    /// A sign-in that results in a session and ends at your application's own pages.
    #[must_use]
    pub fn new(provider: ProviderKey, redirect_uri: impl Into<String>) -> Self {
        Self {
            provider,
            redirect_uri: redirect_uri.into(),
            success: None,
            failure: None,
            scopes: Vec::new(),
            with_token: false,
        }
    }
}

/// An OAuth2 sign-in that has been started.
#[derive(Debug)]
#[non_exhaustive]
pub struct StartedOAuth2 {
    /// Where to redirect the browser. Must not be cached.
    pub authorize_url: Url,
    /// What the browser keeps until it comes back, for 10 minutes: store it in a host-only,
    /// `HttpOnly`, `SameSite=Lax` cookie.
    pub state: FlowState,
    /// Distinguishes the flow from others of the same browser: eight hexadecimal digits for the
    /// cookie's name. [`OAuth2Return::flow_name`] returns them.
    pub name: Box<str>,
}

/// The parameters that a browser brings back from a provider.
///
/// # Examples
/// ```
/// use account::OAuth2Return;
///
/// let mut back = OAuth2Return::default();
/// (back.code, back.state) = (Some("c0de"), Some("07a4b6e1…"));
/// assert_eq!(back.flow_name(), Some("07a4b6e1")); // the cookie that holds the flow
/// ```
#[derive(Default)]
#[non_exhaustive]
pub struct OAuth2Return<'a> {
    /// `code`.
    pub code: Option<&'a str>,
    /// `state`.
    pub state: Option<&'a str>,
    /// `error` and `error_description`.
    pub error: Option<(&'a str, Option<&'a str>)>,
    /// `iss` (RFC 9207).
    pub issuer: Option<&'a str>,
    /// `location`: the data centre, at providers with several.
    pub location: Option<&'a str>,
    /// `user`: JSON that Apple sends once.
    pub user: Option<&'a str>,
}

impl OAuth2Return<'_> {
    /// The name of the flow at its start, if the state has its form.
    #[must_use]
    pub fn flow_name(&self) -> Option<&str> {
        self.state.and_then(name_of)
    }
}

impl fmt::Debug for OAuth2Return<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth2Return(…)")
    }
}

/// A successful OAuth2 sign-in.
#[derive(Debug)]
#[non_exhaustive]
pub struct FinishedOAuth2 {
    /// Where the browser goes, if the start named a page.
    pub success: Option<CheckedUrl>,
    /// The session or token.
    pub outcome: OAuth2Outcome,
}

/// What an OAuth2 sign-in results in.
#[derive(Debug)]
pub enum OAuth2Outcome {
    /// A session.
    Session(Box<SignedIn>),
    /// A token that starts a session, once, within 15 minutes: [`Token::secret`].
    Token(Token),
}

/// A failed OAuth2 sign-in.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
#[non_exhaustive]
pub struct FailedOAuth2 {
    /// Whether the flow is known. If it is not, another site may have sent the browser, so no page
    /// of your application is shown the error.
    pub is_known: bool,
    /// Where the browser goes. `None` if the start named no page, or is unknown.
    pub failure: Option<CheckedUrl>,
    /// The cause.
    #[source]
    pub error: Error,
}
