//! Discovery documents and key sets of a provider, cached.

use std::{sync::Arc, time::Duration};

use url::Url;

use super::{
    super::{
        discovery::Discovery, error::OAuth2Error, openid::KeySet, provider::ClientAuth, registration::Values,
        template::Template,
    },
    OAuth2Client,
};
use crate::{
    model::Timestamp,
    ports::{HttpMethod, HttpRequest},
};

/// How long discovery documents and keys are cached.
const CACHE_LIFETIME: Duration = Duration::from_secs(3600);
/// The shortest time between two fetches of keys for tokens with an unknown key.
const MIN_REFETCH_INTERVAL: Duration = Duration::from_secs(60);

impl OAuth2Client {
    /// Returns the discovery document if endpoints or the client authentication depend on it.
    pub(super) async fn discover_endpoints(
        &self,
        values: &Values<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<Discovery>>, OAuth2Error> {
        if self.discovers_endpoints(values) { self.discover(values, now).await } else { Ok(None) }
    }

    fn discovers_endpoints(&self, values: &Values<'_>) -> bool {
        let provider = &self.registration.provider;
        let user = provider.profile.requests.first().map(|request| &request.url);
        let is_discovered = |url: &Option<Template>| {
            url.as_ref().is_none_or(|url| !url.depends_on_tokens() && url.url(values).is_none())
        };
        let mut urls = [Some(&provider.authorize.url), Some(&provider.token.url), user].into_iter().flatten();
        urls.any(is_discovered) || provider.token.client_auth == ClientAuth::Discovered
    }

    /// Returns the discovery document, if the provider has one.
    pub(super) async fn discover(
        &self,
        values: &Values<'_>,
        now: Timestamp,
    ) -> Result<Option<Arc<Discovery>>, OAuth2Error> {
        let template =
            self.registration.provider.openid.as_ref().and_then(|openid| openid.discovery.as_ref());
        let Some(url) = template.and_then(|url| url.url(values)) else { return Ok(None) };
        if let Some(discovered) = self.discovered.get(&url, now, CACHE_LIFETIME) {
            return Ok(Some(discovered));
        }
        let parsed = self.registration.web_url(&url).ok_or(OAuth2Error::NoEndpoint)?;
        let reply = self.send_ok(get(&parsed), &[]).await?;
        let discovered = self.registration.discovery(&parsed, reply.body(), values)?;
        Ok(Some(self.discovered.insert(&url, now, discovered)))
    }

    /// Returns the key set of this URL.
    pub(super) async fn keys(&self, url: &Url, now: Timestamp) -> Result<Arc<KeySet>, OAuth2Error> {
        self.keys_not_older_than(CACHE_LIFETIME, url, now).await
    }

    /// Fetches the key set again, because a token names a key that the cached one does not have.
    ///
    /// Within [`MIN_REFETCH_INTERVAL`] of such a fetch it returns the cached one instead, so that
    /// forged tokens cannot cause a request each.
    pub(super) async fn refetch_keys(&self, url: &Url, now: Timestamp) -> Result<Arc<KeySet>, OAuth2Error> {
        if self.refetches.get(url.as_str(), now, MIN_REFETCH_INTERVAL).is_some() {
            return self.keys(url, now).await;
        }
        let keys = self.keys_not_older_than(Duration::ZERO, url, now).await;
        // Recorded after a failure too, so that an unreachable provider is not asked at every
        // sign-in. Not recorded before the fetch, because concurrent sign-ins would then use the
        // old keys.
        self.refetches.insert(url.as_str(), now, ());
        keys
    }

    async fn keys_not_older_than(
        &self,
        max_age: Duration,
        url: &Url,
        now: Timestamp,
    ) -> Result<Arc<KeySet>, OAuth2Error> {
        if let Some(keys) = self.keys.get(url.as_str(), now, max_age) {
            return Ok(keys);
        }
        let reply = self.send_ok(get(url), &[]).await?;
        Ok(self.keys.insert(url.as_str(), now, KeySet::parse(reply.body())?))
    }
}

fn get(url: &Url) -> HttpRequest {
    HttpRequest::new(HttpMethod::Get, url.clone()).with_header("Accept", "application/json".to_owned())
}
