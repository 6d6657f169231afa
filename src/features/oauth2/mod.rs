//! Sign-in by OAuth2 providers (RFC 6749, RFC 9700, OpenID Connect Core; H48–H56).
//!
//! A sign-in begins with [`start_oauth2`](AccountService::start_oauth2), which tells where to send the browser and what it must keep, and ends with
//! [`finish_oauth2`](AccountService::finish_oauth2), when the provider has sent it back.

mod flow;
mod link;
mod refresh;

use std::fmt;

use url::Url;

use self::flow::Flow;
pub use self::flow::FlowState;
use crate::{
    crypto::hex_secret,
    error::Error,
    model::{AllowedRedirects, CheckedUrl, ClientInfo, ProviderKey, Token},
    oauth2::{Callback, OAuth2Client, OAuth2Error},
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
    service::{AccountService, Context, SessionHolder, SignedIn},
};

/// What a sign-in by a provider is to lead to.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OAuth2Start {
    /// The provider.
    pub provider: ProviderKey,
    /// Where the provider sends the browser back to: the host's callback for this provider, as registered there.
    pub redirect_uri: String,
    /// Where the browser goes in the end; the host's own page without it.
    pub success: Option<CheckedUrl>,
    /// Where the browser goes if it fails; the host's own page without it.
    pub failure: Option<CheckedUrl>,
    /// Scopes beyond the provider's own, at most 100 of 1–4,096 characters.
    pub scopes: Vec<String>,
    /// Whether it ends with a token for [`sign_in_with_token`](AccountService::sign_in_with_token) instead of a session.
    pub with_token: bool,
}

impl OAuth2Start {
    /// A sign-in that ends with a session and leads to the host's own pages.
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

/// A sign-in that has begun.
#[derive(Debug)]
#[non_exhaustive]
pub struct StartedOAuth2 {
    /// Where to send the browser. Not to be cached.
    pub authorize_url: Url,
    /// What the browser keeps until it comes back, 10 minutes at the most: a host-only, `HttpOnly`, `SameSite=Lax` cookie.
    pub state: FlowState,
    /// What tells this flow from others of the same browser: eight hexadecimal digits, for the cookie's name. They come back as
    /// [`OAuth2Return::flow_name`].
    pub name: Box<str>,
}

/// What a browser brings back from a provider.
#[derive(Default)]
#[non_exhaustive]
pub struct OAuth2Return<'a> {
    /// `code`.
    pub code: Option<&'a str>,
    /// `state`.
    pub state: Option<&'a str>,
    /// `error`, and `error_description`.
    pub error: Option<(&'a str, Option<&'a str>)>,
    /// `iss` (RFC 9207).
    pub issuer: Option<&'a str>,
    /// `location`: the data centre, at providers that have several.
    pub location: Option<&'a str>,
    /// `user`: JSON that Apple sends once.
    pub user: Option<&'a str>,
}

impl OAuth2Return<'_> {
    /// What the flow was called at its start, if this comes of one.
    #[must_use]
    pub fn flow_name(&self) -> Option<&str> {
        self.state.and_then(flow::name_of)
    }
}

impl fmt::Debug for OAuth2Return<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OAuth2Return(…)")
    }
}

/// How a sign-in by a provider ended well.
#[derive(Debug)]
#[non_exhaustive]
pub struct FinishedOAuth2 {
    /// Where the browser is to go, if the start said so.
    pub success: Option<CheckedUrl>,
    /// What it brings.
    pub outcome: OAuth2Outcome,
}

/// What a sign-in by a provider brings.
#[derive(Debug)]
pub enum OAuth2Outcome {
    /// A session.
    Session(Box<SignedIn>),
    /// A token that starts one, once, within 15 minutes: [`Token::secret`] has it.
    Token(Token),
}

/// How a sign-in by a provider failed, and where the browser is to hear of it.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedOAuth2 {
    /// Whether it is known which start this belongs to. If not, somebody else may have sent the browser, and nobody's pages are told.
    pub is_known: bool,
    /// Where the browser is to go. `None` if the start did not say so, or is not known.
    pub failure: Option<CheckedUrl>,
    /// Why.
    pub error: Error,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Begins a sign-in by a provider. With a caller, the provider's account is linked to the caller's; it must end in the same session.
    /// A browser may have several under way.
    ///
    /// # Errors
    /// [`Error::ProviderDisabled`] if the service was built without this provider; [`Error::OAuth2`] if a scope is malformed or the provider
    /// must be asked first and does not answer; [`Error::Invalid`] if the URLs together are longer than a cookie has room for.
    ///
    /// # Security
    /// State, nonce and PKCE verifier are drawn anew and leave this service only sealed, in what the browser keeps.
    #[doc(alias = "createOAuth2Session")]
    #[doc(alias = "createOAuth2Token")]
    pub async fn start_oauth2(
        &self,
        start: OAuth2Start,
        caller: Option<&SessionHolder>,
    ) -> Result<StartedOAuth2, Error> {
        let operation = if start.with_token { Operation::StartOAuth2Token } else { Operation::StartOAuth2 };
        self.observed(operation, || async move {
            let now = self.inner.clock.now();
            let provider = self.provider(&start.provider)?;
            let draw = || hex_secret::<32>(&*self.inner.entropy).map_err(|_| Error::Internal);
            let flow = Flow::new(&start, caller, now, (draw()?, draw()?, draw()?));
            let scopes: Vec<&str> = start.scopes.iter().map(String::as_str).collect();
            let asked = provider.authorize_url(&flow.attempt(&scopes), now).await;
            let authorize_url =
                asked.map_err(|error| failed(operation.api_name(), &start.provider, error))?;
            let state = flow.seal(&self.inner.sealer, *self.draw()?)?;
            Ok(StartedOAuth2 { authorize_url, state, name: flow.name() })
        })
        .await
    }

    /// Ends a sign-in by a provider: redeems the code, asks who came, and signs in, signs up or links.
    ///
    /// `provider` is the one whose callback was called, `kept` what the browser kept, `caller` who is signed in there now, and `allowed` where
    /// browsers may be sent: that was checked at the start, and may have changed since.
    ///
    /// # Errors
    /// [`FailedOAuth2`] with [`Error::InvalidState`] if the browser did not start it, or it has expired or ended already;
    /// [`Error::OAuth2`] if the provider refuses or cannot be believed; [`Error::UserExists`] if the provider's account or its address belong
    /// to somebody else; [`Error::NoProviderEmail`]; [`Error::Blocked`]; [`Error::Store`].
    ///
    /// # Security
    /// An identity that is known decides alone who signs in. Only for the first time the email address does, if the provider vouches for it and
    /// the account's own has been proved; if that has not, the rule of [`sign_in_with_token`](AccountService::sign_in_with_token) holds.
    pub async fn finish_oauth2(
        &self,
        provider: &ProviderKey,
        back: OAuth2Return<'_>,
        kept: Option<&FlowState>,
        caller: Option<&SessionHolder>,
        allowed: &AllowedRedirects,
        client: &ClientInfo,
    ) -> Result<FinishedOAuth2, FailedOAuth2> {
        let cx = self.context(Operation::OAuth2Redirect, client);
        let found = kept.and_then(|kept| Flow::open(&self.inner.sealer, kept, cx.now));
        // Nothing says whose flow it was, so nobody's pages are told.
        let Some(flow) = found.filter(|flow| flow.is_returned_by(provider, back.state)) else {
            return Err(FailedOAuth2 { is_known: false, failure: None, error: Error::InvalidState });
        };
        let work = || self.finish(provider, &flow, &back, caller, cx);
        match self.observed(Operation::OAuth2Redirect, work).await {
            Ok(outcome) => {
                let success = flow.success().and_then(|url| allowed.check(url).ok());
                Ok(FinishedOAuth2 { success, outcome })
            }
            Err(error) => {
                let failure = flow.failure().and_then(|url| allowed.check(url).ok());
                Err(FailedOAuth2 { is_known: true, failure, error })
            }
        }
    }

    async fn finish(
        &self,
        provider: &ProviderKey,
        flow: &Flow,
        back: &OAuth2Return<'_>,
        caller: Option<&SessionHolder>,
        cx: Context<'_>,
    ) -> Result<OAuth2Outcome, Error> {
        let client = self.provider(provider)?;
        let caller = flow.caller(caller)?;
        if let Some((error, description)) = back.error {
            return Err(OAuth2Error::at_callback(error, description).into());
        }
        let code =
            back.code.filter(|code| !code.is_empty()).ok_or(OAuth2Error::at_callback("no code", None))?;
        let callback = Callback { code, issuer: back.issuer, location: back.location, user: back.user };
        let attempt = flow.attempt(&[]);
        let _redemption = self.inner.redemptions.begin(flow.spent().digest).ok_or(Error::InvalidState)?;
        let failed = |error| failed(cx.name, provider, error);
        let tokens = client.exchange(&attempt, &callback, cx.now).await.map_err(failed)?;
        let user = client.user(&tokens, &attempt, &callback, cx.now).await.map_err(failed)?;
        self.admit_provider_user(provider, flow, user, tokens, caller, cx).await
    }

    pub(crate) fn provider(&self, key: &ProviderKey) -> Result<&OAuth2Client, Error> {
        let mut providers = self.inner.providers.iter();
        providers.find(|client| client.registration().id() == key.as_str()).ok_or(Error::ProviderDisabled)
    }
}

/// An error at this provider. The operator is told of it if it is theirs to mend.
#[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "nothing is told then"))]
fn failed(operation: &'static str, provider: &ProviderKey, error: OAuth2Error) -> Error {
    #[cfg(feature = "tracing")]
    if let Some(fault) = error.fault() {
        tracing::error!(operation, provider = provider.as_str(), code = error.code(), "{fault}");
    }
    error.into()
}
