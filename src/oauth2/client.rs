//! The client of a provider.

mod documents;
mod identity;
mod transport;

use std::{fmt, sync::Arc, time::Duration};

use url::Url;

use super::{
    attempt::{Attempt, Callback},
    cache::Cache,
    discovery::{Discovery, Issuers},
    error::OAuth2Error,
    openid::KeySet,
    profile::ProviderUser,
    registration::{Registration, Values},
    tokens::Tokens,
};
use crate::{model::Timestamp, ports::HttpClient, secret::Secret};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Talks to one provider on behalf of your application.
///
/// Create one per provider at startup, and pass it to the service's builder. It caches discovery
/// documents and keys for an hour. Every request has a time limit and a size limit, and none is
/// retried, because a code can be redeemed only once.
///
/// # Security
/// The HTTP client must not follow redirects; here a redirect is an error. Replies are parsed
/// strictly and treated as untrusted. Against SSRF, every request is [for the public network
/// only](crate::ports::HttpRequest::is_public_network_only), unless the credentials [allow the
/// private network](super::Credentials::with_private_network).
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use account::{
///     AccountService, Config, MasterKey, MemoryStore,
///     oauth2::{Credentials, OAuth2Client, Provider, Registration},
///     ports::HttpClient,
/// };
///
/// fn service(
///     http: Arc<dyn HttpClient>,
/// ) -> Result<AccountService<MemoryStore>, Box<dyn std::error::Error>> {
///     let credentials = Credentials::new("client-1", "hidden".to_owned());
///     let github = Registration::new(Provider::builtin("github")?, credentials)?;
///     Ok(AccountService::builder(MemoryStore::new())
///         .config(Config::new(MasterKey::generate()?))
///         .provider(OAuth2Client::new(github, http))
///         .build()?)
/// }
/// ```
#[doc(alias = "social login")]
pub struct OAuth2Client {
    registration: Registration,
    http: Arc<dyn HttpClient>,
    timeout: Duration,
    discovered: Cache<Discovery>,
    keys: Cache<KeySet>,
    /// When keys were last fetched although the cached ones were fresh.
    refetches: Cache<()>,
}

impl OAuth2Client {
    /// Creates a client with a time limit of 10 seconds per request.
    #[must_use]
    pub fn new(registration: Registration, http: Arc<dyn HttpClient>) -> Self {
        let (discovered, keys, refetches) = (Cache::new(), Cache::new(), Cache::new());
        Self { registration, http, timeout: TIMEOUT, discovered, keys, refetches }
    }

    /// Sets the time limit of each request. One sign-in makes up to five.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the provider and the credentials of your application.
    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Returns the URL to send the user to (RFC 6749 §4.1.1).
    ///
    /// It contains the challenge of the attempt's verifier and its nonce, if the provider's data
    /// enables them.
    ///
    /// # Errors
    /// [`OAuth2Error::InvalidScope`] for a malformed scope of the attempt. If a discovery document
    /// has to be fetched, also the errors of a failed request or an unusable reply.
    pub async fn authorize_url(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<Url, OAuth2Error> {
        let values = self.registration.values();
        let discovered = self.discover_endpoints(&values, now).await?;
        self.registration.authorize_url(attempt, discovered.as_deref())
    }

    /// Redeems the code of a callback for tokens.
    ///
    /// Call it once, after the attempt was found by the callback's state and marked as used.
    ///
    /// # Errors
    /// [`OAuth2Error::WrongIssuer`] and [`OAuth2Error::UnknownRegion`] before the code is sent
    /// anywhere; [`OAuth2Error::BadRequest`], [`OAuth2Error::Unauthorized`] and
    /// [`OAuth2Error::Refused`] for an error reply; [`OAuth2Error::Unreachable`] and
    /// [`OAuth2Error::Reply`] without a usable reply.
    pub async fn exchange(
        &self,
        attempt: &Attempt<'_>,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<Tokens, OAuth2Error> {
        let values = self.registration.values_at(callback.location)?;
        let discovered = self.discover_endpoints(&values, now).await?;
        self.check_issuer(callback, &values, discovered.as_deref())?;
        let request =
            self.registration.code_request(callback.code, attempt, &values, discovered.as_deref(), now)?;
        let reply = self.send(request).await?;
        let mut tokens = self.with_secrets(&[callback.code, attempt.verifier], |secrets| {
            self.registration.tokens(&reply, secrets)
        })?;
        tokens.location = self.location(callback.location);
        Ok(tokens)
    }

    /// Redeems a refresh token for new tokens.
    ///
    /// Pass the redirect URI and the location with which the provider issued the refresh token. The
    /// result holds the new refresh token, or the old one if the provider did not issue a new one.
    ///
    /// # Errors
    /// Those of [`exchange`](Self::exchange), without [`OAuth2Error::WrongIssuer`]. After
    /// [`OAuth2Error::BadRequest`] the user has to sign in at the provider again.
    pub async fn refresh(
        &self,
        refresh_token: &Secret,
        redirect_uri: &str,
        location: Option<&str>,
        now: Timestamp,
    ) -> Result<Tokens, OAuth2Error> {
        let values = self.registration.values_at(location)?;
        let discovered = self.discover_endpoints(&values, now).await?;
        let request = self.registration.refresh_request(
            refresh_token,
            redirect_uri,
            &values,
            discovered.as_deref(),
            now,
        )?;
        let reply = self.send(request).await?;
        let mut tokens = self
            .with_secrets(&[refresh_token.expose()], |secrets| self.registration.tokens(&reply, secrets))?;
        tokens.refresh_token.get_or_insert_with(|| Secret::new(refresh_token.expose().to_owned()));
        tokens.location = self.location(location);
        Ok(tokens)
    }

    /// Returns the user to whom the tokens of [`exchange`](Self::exchange) belong.
    ///
    /// # Errors
    /// [`OAuth2Error::IdToken`] if the id_token is missing or invalid; [`OAuth2Error::MissingId`]
    /// if the provider did not return the user's id; for failed requests those of `exchange`.
    ///
    /// # Security
    /// The id_token is checked before any reply is used. User info of another subject is refused.
    pub async fn user(
        &self,
        tokens: &Tokens,
        attempt: &Attempt<'_>,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<ProviderUser, OAuth2Error> {
        let values = self.registration.values_at(tokens.location.as_deref())?.with_tokens(tokens);
        let claims = self.claims(tokens, attempt, &values, now).await?;
        let replies = self.fetch_profile(tokens, callback, claims, &values, now).await?;
        let replies: Vec<_> = replies.iter().map(|(source, reply)| (*source, reply)).collect();
        let values = values.with_replies(&replies);
        self.with_secrets(&[tokens.access_token.expose()], |secrets| {
            self.registration.read_user(&values, secrets)
        })
    }

    /// Checks the issuer of a callback against mix-up attacks (RFC 9207 §2.4).
    fn check_issuer(
        &self,
        callback: &Callback<'_>,
        values: &Values<'_>,
        discovered: Option<&Discovery>,
    ) -> Result<(), OAuth2Error> {
        let openid = self.registration.provider.openid.as_ref();
        let is_required = openid.is_some_and(|openid| openid.issuer_in_callback)
            || discovered.is_some_and(|discovered| discovered.issuer_in_callback);
        let names = match self.registration.issuers(values) {
            Issuers::Names(names) => names,
            Issuers::PerToken => return Ok(()),
            Issuers::Unknown => discovered.map(|discovered| discovered.issuer.clone()).into_iter().collect(),
        };
        let is_expected = match callback.issuer {
            None => !is_required,
            Some(issuer) => names.is_empty() || names.iter().any(|name| name == issuer),
        };
        is_expected.then_some(()).ok_or(OAuth2Error::WrongIssuer)
    }

    /// Returns the location to store with the tokens, for providers that have several.
    fn location(&self, location: Option<&str>) -> Option<Box<str>> {
        location.filter(|_| self.registration.provider.region.is_some()).map(Box::from)
    }
}

impl fmt::Debug for OAuth2Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Client").field("registration", &self.registration).finish_non_exhaustive()
    }
}
