//! Sign-in with OAuth2 providers (RFC 6749, RFC 9700, OpenID Connect Core; H48–H56).
//!
//! [`start_oauth2`](AccountService::start_oauth2) returns where to redirect the browser and what it
//! must keep. [`finish_oauth2`](AccountService::finish_oauth2) completes the sign-in when the
//! provider redirects it back.

mod external_login;
mod flow;
mod flow_state;
mod link;
mod provider_tokens;
mod refresh;
mod types;

use self::flow::Flow;
pub use self::{
    flow_state::FlowState,
    types::{FailedOAuth2, FinishedOAuth2, OAuth2Outcome, OAuth2Return, OAuth2Start, StartedOAuth2},
};
use crate::{
    crypto::hex_secret,
    error::Error,
    model::{AllowedRedirects, ClientInfo, ProviderKey},
    oauth2::{Callback, OAuth2Client, OAuth2Error},
    operation::Operation,
    ports::{Clock, Mailer, SmsSender, Store},
    service::{AccountService, Context, SessionHolder},
};

/// # Sign in with an OAuth2 provider
impl<S: Store, M: Mailer, P: SmsSender, C: Clock> AccountService<S, M, P, C> {
    /// Starts a sign-in with a provider. With a caller, the provider's identity is linked to the
    /// caller's account; the flow must end in the same session. A browser may have several flows in
    /// progress.
    ///
    /// # Errors
    /// [`Error::ProviderDisabled`] if the service does not have this provider; [`Error::OAuth2`] if
    /// a scope is malformed, or the provider must be asked first and does not answer;
    /// [`Error::Invalid`] if the URLs together are too long for a cookie.
    ///
    /// # Security
    /// State, nonce and PKCE verifier are random. They leave the service only sealed, in the
    /// browser's cookie.
    ///
    /// # Examples
    /// ```
    /// # use account::{oauth2::*, ports::*, *};
    /// # #[derive(Debug)] struct GitHub;
    /// # #[async_trait::async_trait]
    /// # impl HttpClient for GitHub {
    /// #     async fn send(&self, _: HttpRequest) -> Result<HttpResponse, HttpError> {
    /// #         unreachable!("GitHub has no discovery document")
    /// #     }
    /// # }
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let credentials = Credentials::new("client-1", "hidden".to_owned());
    /// # let github = Registration::new(Provider::builtin("github")?, credentials)?;
    /// # let accounts = AccountService::builder(MemoryStore::new())
    /// #     .config(Config::new(MasterKey::generate()?))
    /// #     .provider(OAuth2Client::new(github, std::sync::Arc::new(GitHub)))
    /// #     .build()?;
    /// use account::OAuth2Start;
    ///
    /// let callback = "https://app.example.com/callback/github"; // as registered at GitHub
    /// let start = OAuth2Start::new("github".parse()?, callback);
    /// let started = accounts.start_oauth2(start, None).await?;
    /// // Set a cookie with the state, and redirect the browser to GitHub.
    /// let (cookie, max_age) = (started.state.to_wire(), started.state.lifetime());
    /// assert_eq!(max_age.as_secs(), 600);
    /// assert_eq!(started.authorize_url.host_str(), Some("github.com"));
    /// # Ok(()) }
    /// ```
    #[doc(alias = "createOAuth2Session")]
    #[doc(alias = "createOAuth2Token")]
    pub async fn start_oauth2(
        &self,
        start: OAuth2Start,
        caller: Option<&SessionHolder>,
    ) -> Result<StartedOAuth2, Error> {
        let operation = if start.with_token { Operation::StartOAuth2Token } else { Operation::StartOAuth2 };
        self.observed(operation, || self.start_oauth2_in(operation, start, caller)).await
    }

    async fn start_oauth2_in(
        &self,
        operation: Operation,
        start: OAuth2Start,
        caller: Option<&SessionHolder>,
    ) -> Result<StartedOAuth2, Error> {
        let now = self.inner.clock.now();
        let provider = self.provider(&start.provider)?;
        let draw = || hex_secret::<32>(&*self.inner.entropy).map_err(|_| Error::Internal);
        let flow = Flow::new(&start, caller, now, (draw()?, draw()?, draw()?));
        let scopes: Vec<&str> = start.scopes.iter().map(String::as_str).collect();
        let asked = provider.authorize_url(&flow.attempt(&scopes), now).await;
        let authorize_url = asked.map_err(|error| failed(operation.api_name(), &start.provider, error))?;
        let state = flow.seal(&self.inner.sealer, *self.draw()?)?;
        Ok(StartedOAuth2 { authorize_url, state, name: flow.name() })
    }

    /// Completes a sign-in with a provider: redeems the code, fetches the user, and signs in,
    /// registers or links.
    ///
    /// `provider` is the one whose callback was called, `kept` what the browser kept, `caller` who
    /// is signed in there now, and `allowed` where browsers may be redirected. The last was checked
    /// at the start and is checked again.
    ///
    /// # Errors
    /// [`FailedOAuth2`] with [`Error::InvalidState`] if the browser did not start the flow, or it
    /// has expired or ended already (login CSRF, replay); [`Error::OAuth2`] if the provider refuses
    /// or its answer is invalid; [`Error::UserExists`] if another account has the identity or its
    /// address; [`Error::NoProviderEmail`]; [`Error::Blocked`]; [`Error::Store`].
    ///
    /// # Security
    /// A known identity alone decides who signs in. The email address decides only at the first
    /// sign-in, and only if the provider has verified it and the account has too; otherwise the
    /// pre-hijacking rule of [`sign_in_with_token`](AccountService::sign_in_with_token) applies.
    ///
    /// # Examples
    /// ```
    /// # use account::{oauth2::*, ports::*, *};
    /// # #[derive(Debug)] struct GitHub;
    /// # #[async_trait::async_trait]
    /// # impl HttpClient for GitHub {
    /// #     async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
    /// #         let emails = r#"[{"email": "a@example.com", "primary": true, "verified": true}]"#;
    /// #         let other = r#"{"access_token": "t", "token_type": "bearer", "id": 583231}"#;
    /// #         let body = if request.url().path() == "/user/emails" { emails } else { other };
    /// #         Ok(HttpResponse::new(200, body.into()))
    /// #     }
    /// # }
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let credentials = Credentials::new("client-1", "hidden".to_owned());
    /// # let github = Registration::new(Provider::builtin("github")?, credentials)?;
    /// # let accounts = AccountService::builder(MemoryStore::new())
    /// #     .config(Config::new(MasterKey::generate()?))
    /// #     .provider(OAuth2Client::new(github, std::sync::Arc::new(GitHub)))
    /// #     .build()?;
    /// # let (github, allowed) = ("github".parse()?, model::AllowedRedirects::default());
    /// # let client = model::ClientInfo::default();
    /// # let start = OAuth2Start::new(github, "https://app.example.com/callback/github");
    /// # let started = accounts.start_oauth2(start, None).await?;
    /// # let pairs = || started.authorize_url.query_pairs();
    /// # let state = pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    /// # let cookie = started.state.to_wire();
    /// use account::{FlowState, OAuth2Outcome, OAuth2Return};
    ///
    /// // GitHub has redirected the browser to the callback, with `code` and `state` in the query.
    /// let (kept, mut back) = (FlowState::from_wire(&cookie)?, OAuth2Return::default());
    /// (back.code, back.state) = (Some("c0de"), Some(&*state));
    /// let finished =
    ///     accounts.finish_oauth2(&github, back, Some(&kept), None, &allowed, &client).await;
    /// match finished.map_err(|failed| failed.error)?.outcome {
    ///     OAuth2Outcome::Session(new) => assert!(accounts.caller(&new.secret).await.is_ok()),
    ///     OAuth2Outcome::Token(_) => unreachable!("the start did not ask for one"),
    /// }
    /// # Ok(()) }
    /// ```
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
        // It is unknown whose flow it was, so no page of the application is shown the error.
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
        let failed = |error| failed(cx.action.name(), provider, error);
        let tokens = client.exchange(&attempt, &callback, cx.now).await.map_err(failed)?;
        let user = client.user(&tokens, &attempt, &callback, cx.now).await.map_err(failed)?;
        self.finish_external_login(cx, provider, flow, user, tokens, caller).await
    }

    pub(crate) fn provider(&self, key: &ProviderKey) -> Result<&OAuth2Client, Error> {
        let mut providers = self.inner.providers.iter();
        providers.find(|client| client.registration().id() == key.as_str()).ok_or(Error::ProviderDisabled)
    }
}

/// An error of this provider. It is logged if the operator has to act.
#[cfg_attr(not(feature = "tracing"), expect(unused_variables, reason = "only logged with `tracing`"))]
fn failed(operation: &'static str, provider: &ProviderKey, error: OAuth2Error) -> Error {
    #[cfg(feature = "tracing")]
    if let Some(fault) = error.fault() {
        tracing::error!(operation, provider = provider.as_str(), code = error.code(), "{fault}");
    }
    error.into()
}
