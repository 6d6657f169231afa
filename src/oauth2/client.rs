//! The client: sends what a registration asks for and reads what comes back.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::Value;
use url::Url;

use super::{
    Attempt, Callback, ClientAuth, ErrorResponse, IdTokenError, OAuth2Error, ProviderUser, Registration,
    Tokens,
    cache::Cache,
    json,
    openid::{Discovery, Expected, Issuers, KeySet, verify},
    registration::Context,
    tokens::spellings,
};
use crate::{
    model::Timestamp,
    ports::{HttpClient, HttpError, HttpMethod, HttpRequest, HttpResponse},
    secret::Secret,
};

const TIMEOUT: Duration = Duration::from_secs(10);
/// More than any profile, key set or discovery document has, in bytes.
const REPLY_LIMIT: usize = 256 * 1024;
/// How long discovery documents and keys are used before they are fetched again.
const FRESH: Duration = Duration::from_secs(3600);
/// How long after keys were fetched again for a token whose key was not among them no other such token makes it happen.
const RETRY: Duration = Duration::from_secs(60);
/// The longest form field `user` that is looked at, in bytes.
const MAX_FORM_USER_LENGTH: usize = 4096;

/// Talks to one provider in the name of this service.
///
/// Made once per provider when the service starts; it keeps discovery documents and keys for an hour. Every request has a deadline
/// and a bound on its reply; none is repeated, because a code is good for one only.
///
/// # Security
/// The HTTP client must follow no redirect; a redirect counts as a refusal here. Replies are never trusted to be well-formed. Unless the
/// credentials [allow the private network](super::Credentials::with_private_network), every request is
/// [for the public network only](HttpRequest::is_public_network_only).
pub struct OAuth2Client {
    registration: Registration,
    http: Arc<dyn HttpClient>,
    timeout: Duration,
    discovered: Cache<Discovery>,
    keys: Cache<KeySet>,
    /// When keys were last fetched before their time.
    retries: Cache<()>,
}

impl OAuth2Client {
    /// A client that allows each request 10 seconds.
    #[must_use]
    pub fn new(registration: Registration, http: Arc<dyn HttpClient>) -> Self {
        let (discovered, keys, retries) = (Cache::new(), Cache::new(), Cache::new());
        Self { registration, http, timeout: TIMEOUT, discovered, keys, retries }
    }

    /// Sets how long each request may take. A sign-in makes up to five.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The provider and what it knows this service as.
    #[must_use]
    pub fn registration(&self) -> &Registration {
        &self.registration
    }

    /// Where to send the person (RFC 6749 §4.1.1), with the challenge of the attempt's verifier and its nonce where the provider's
    /// data has them.
    ///
    /// # Errors
    /// [`OAuth2Error::InvalidScope`] for a scope of the attempt; where discovery is needed, whatever its reply may be at fault in.
    pub async fn authorize_url(&self, attempt: &Attempt<'_>, now: Timestamp) -> Result<Url, OAuth2Error> {
        let values = self.registration.values();
        let discovered = self.discovery_if(self.discovers(&values), &values, now).await?;
        self.registration.authorize_url(attempt, discovered.as_deref())
    }

    /// Redeems the code of a callback. Called once, after the attempt was found by the callback's state and marked as used.
    ///
    /// # Errors
    /// [`OAuth2Error::WrongIssuer`] and [`OAuth2Error::UnknownRegion`] before the code is sent anywhere; [`OAuth2Error::BadRequest`],
    /// [`OAuth2Error::Unauthorized`] and [`OAuth2Error::Refused`] as the provider says; [`OAuth2Error::Unreachable`] and
    /// [`OAuth2Error::Reply`] without a usable reply.
    pub async fn exchange(
        &self,
        attempt: &Attempt<'_>,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<Tokens, OAuth2Error> {
        let values = self.registration.values_at(callback.location)?;
        let discovered = self.discovery_if(self.discovers(&values), &values, now).await?;
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

    /// Redeems a refresh token. Called only with one that the provider gave, under the redirect URI and location that it came by.
    ///
    /// The tokens hold the new refresh token, or the old one if there is no new one.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange). After [`OAuth2Error::BadRequest`] the person has to sign in there again.
    pub async fn refresh(
        &self,
        refresh_token: &Secret,
        redirect_uri: &str,
        location: Option<&str>,
        now: Timestamp,
    ) -> Result<Tokens, OAuth2Error> {
        let values = self.registration.values_at(location)?;
        let discovered = self.discovery_if(self.discovers(&values), &values, now).await?;
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

    /// Who the person is that the tokens of [`exchange`](Self::exchange) belong to. An id_token is checked before anything is believed.
    ///
    /// # Errors
    /// [`OAuth2Error::IdToken`] if it is missing or wrong, [`OAuth2Error::MissingId`] if the provider does not tell the id, and as
    /// `exchange` for the requests.
    pub async fn user(
        &self,
        tokens: &Tokens,
        attempt: &Attempt<'_>,
        callback: &Callback<'_>,
        now: Timestamp,
    ) -> Result<ProviderUser, OAuth2Error> {
        let values = self.registration.values_at(tokens.location.as_deref())?.with_tokens(tokens);
        let profile = &self.registration.provider().profile;
        let claims = self.claims(tokens, attempt, &values, now).await?;
        let form_user = callback.user.filter(|user| user.len() <= MAX_FORM_USER_LENGTH);
        let form_user = form_user.and_then(|user| json::parse(user.as_bytes()).ok());

        let discovered = self.discovery_if(self.discovers(&values), &values, now).await?;
        let discovered = discovered.as_ref().and_then(|discovered| discovered.user.as_ref());
        let mut replies: Vec<(&str, Value)> = vec![("token", tokens.rest.clone())];
        replies.extend(form_user.map(|user| ("callback.user", user)));
        replies.extend(claims.clone().map(|claims| ("id_token", claims)));
        for (place, asked) in profile.requests.iter().enumerate() {
            let known: Vec<(&str, &Value)> = replies.iter().map(|(source, value)| (*source, value)).collect();
            let values = values.with_replies(&known);
            let discovered = discovered.filter(|_| place == 0);
            let request = self.registration.profile_request(asked, discovered, &values)?;
            let reply = self.success(request, &[tokens.access_token.expose()]).await?;
            replies.push((&asked.name, json::parse(reply.body())?));
        }
        if let (Some(claims), Some(asked)) = (&claims, profile.requests.first()) {
            same_subject(
                claims,
                replies.iter().find(|(source, _)| *source == asked.name).map(|(_, user)| user),
            )?;
        }
        let known: Vec<(&str, &Value)> = replies.iter().map(|(source, value)| (*source, value)).collect();
        let values = values.with_replies(&known);
        self.with_secrets(&[tokens.access_token.expose()], |secrets| {
            self.registration.read_user(&values, secrets)
        })
    }

    /// The claims of the id_token, if this provider gives one and it can be checked.
    async fn claims(
        &self,
        tokens: &Tokens,
        attempt: &Attempt<'_>,
        values: &Context<'_>,
        now: Timestamp,
    ) -> Result<Option<Value>, OAuth2Error> {
        let registration = &self.registration;
        let token = match &tokens.id_token {
            Some(token) if registration.checks_id_tokens() => token.expose(),
            None if registration.needs_id_token() => return Err(IdTokenError::Missing.into()),
            _ => return Ok(None),
        };
        let openid = registration.provider().openid.as_ref();
        let fixed = openid.and_then(|openid| openid.keys.as_ref()).filter(|keys| keys.url(values).is_some());
        let needs_discovery = fixed.is_none() || registration.issuers(values) == Issuers::Unknown;
        let discovered = self.discovery_if(needs_discovery, values, now).await?;
        let url = registration.endpoint(
            fixed,
            discovered.as_ref().and_then(|found| found.keys.as_ref()),
            values,
        )?;

        let is_issuer = |issuer: &str, claims: &Value| match registration.issuers(values) {
            Issuers::Names(names) => names.iter().any(|name| name == issuer),
            Issuers::PerToken => registration.is_issuer_by_claims(issuer, claims, values),
            Issuers::Unknown => discovered.as_ref().is_some_and(|found| found.issuer == issuer),
        };
        let expected = Expected {
            is_issuer: &is_issuer,
            client_id: &registration.client_id,
            nonce: registration.sends_nonce().then_some(attempt.nonce),
            max_age: registration.max_age(values),
            now,
        };
        let keys = self.keys(&url, now, FRESH).await?;
        let claims = match verify(token, &keys, &expected) {
            // The provider may have changed its keys since.
            Err(IdTokenError::UnknownKey) => verify(token, &*self.newer_keys(&url, now).await?, &expected)?,
            checked => checked?,
        };
        Ok(Some(claims))
    }

    async fn keys(&self, url: &Url, now: Timestamp, age: Duration) -> Result<Arc<KeySet>, OAuth2Error> {
        if let Some(keys) = self.keys.find(url.as_str(), now, age) {
            return Ok(keys);
        }
        let reply = self.success(document(url), &[]).await?;
        Ok(self.keys.keep(url.as_str(), now, KeySet::parse(reply.body())?))
    }

    /// The keys as they are now, however young those that are kept: a provider may change them at any moment, but not so often.
    async fn newer_keys(&self, url: &Url, now: Timestamp) -> Result<Arc<KeySet>, OAuth2Error> {
        if self.retries.find(url.as_str(), now, RETRY).is_some() {
            return self.keys(url, now, FRESH).await;
        }
        let keys = self.keys(url, now, Duration::ZERO).await;
        // Also without an answer: a provider that has none is not to be asked at every sign-in. Not before it, because others who come
        // meanwhile would be measured by the old keys.
        self.retries.keep(url.as_str(), now, ());
        keys
    }

    /// Whether this provider's endpoints, issuer or client authentication are discovered.
    fn discovers(&self, values: &Context<'_>) -> bool {
        let provider = self.registration.provider();
        let user = provider.profile.requests.first().map(|request| &request.url);
        let is_open = |url: &Option<super::Template>| {
            url.as_ref().is_none_or(|url| !url.depends_on_tokens() && url.url(values).is_none())
        };
        [Some(&provider.authorize.url), Some(&provider.token.url), user].into_iter().flatten().any(is_open)
            || provider.token.client_auth == ClientAuth::Discovered
    }

    /// The discovery document, if it is needed and there is a place for it.
    async fn discovery_if(
        &self,
        is_needed: bool,
        values: &Context<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<Discovery>>, OAuth2Error> {
        let openid = self.registration.provider().openid.as_ref();
        let place = openid.and_then(|openid| openid.discovery.as_ref()).and_then(|place| place.url(values));
        let Some(place) = place.filter(|_| is_needed) else { return Ok(None) };
        if let Some(discovered) = self.discovered.find(&place, now, FRESH) {
            return Ok(Some(discovered));
        }
        let url = self.registration.web_url(&place).ok_or(OAuth2Error::NoEndpoint)?;
        let reply = self.success(document(&url), &[]).await?;
        let discovered = self.registration.discovery(&url, reply.body(), values)?;
        Ok(Some(self.discovered.keep(&place, now, discovered)))
    }

    /// RFC 9207 §2.4: a callback that names its issuer names this one.
    fn check_issuer(
        &self,
        callback: &Callback<'_>,
        values: &Context<'_>,
        discovered: Option<&Discovery>,
    ) -> Result<(), OAuth2Error> {
        let openid = self.registration.provider().openid.as_ref();
        let is_required = openid.is_some_and(|openid| openid.issuer_in_callback)
            || discovered.is_some_and(|discovered| discovered.issuer_in_callback);
        let names = match self.registration.issuers(values) {
            Issuers::Names(names) => names,
            Issuers::PerToken => return Ok(()),
            Issuers::Unknown => discovered.map(|discovered| discovered.issuer.clone()).into_iter().collect(),
        };
        let is_right = match callback.issuer {
            None => !is_required,
            Some(issuer) => names.is_empty() || names.iter().any(|name| name == issuer),
        };
        is_right.then_some(()).ok_or(OAuth2Error::WrongIssuer)
    }

    /// Kept only by providers that have several.
    fn location(&self, location: Option<&str>) -> Option<Box<str>> {
        location.filter(|_| self.registration.provider().region.is_some()).map(Box::from)
    }

    /// Runs with all secrets that a reply could repeat.
    fn with_secrets<T>(&self, secrets: &[&str], run: impl FnOnce(&[&str]) -> T) -> T {
        let spelled = spellings(&[secrets, &[self.registration.client_secret.expose()]].concat());
        run(&spelled.iter().map(String::as_str).collect::<Vec<_>>())
    }

    async fn success(&self, request: HttpRequest, secrets: &[&str]) -> Result<HttpResponse, OAuth2Error> {
        let reply = self.send(request).await?;
        if reply.is_success() {
            return Ok(reply);
        }
        Err(OAuth2Error::refused(self.with_secrets(secrets, |secrets| ErrorResponse::read(&reply, secrets))))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OAuth2Error> {
        let request = request.with_timeout(self.timeout).with_reply_limit(REPLY_LIMIT);
        let request = match self.registration.is_private_allowed() {
            true => request,
            false => request.with_public_network_only(),
        };
        let reply = self.http.send(request).await?;
        // The client promises it. What follows reads the reply several times over, so it is not left to the promise.
        if reply.body().len() > REPLY_LIMIT { Err(HttpError::TooLarge.into()) } else { Ok(reply) }
    }
}

impl fmt::Debug for OAuth2Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth2Client").field("registration", &self.registration).finish_non_exhaustive()
    }
}

fn document(url: &Url) -> HttpRequest {
    HttpRequest::new(HttpMethod::Get, url.clone()).with_header("Accept", "application/json".to_owned())
}

/// OpenID Connect Core §5.3.2: user info of another subject is not this person's.
fn same_subject(claims: &Value, user: Option<&Value>) -> Result<(), IdTokenError> {
    match user.and_then(|user| user.get("sub")) {
        Some(subject) if claims.get("sub") != Some(subject) => Err(IdTokenError::Subject),
        _ => Ok(()),
    }
}
