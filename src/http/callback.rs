//! The callback of OAuth2 providers, which hands the browser over to the step that ends the flow.

use http::{Method, StatusCode, request::Parts};
use zeroize::Zeroizing;

use super::{
    body::{self, RequestBody},
    config::HttpConfig,
    oauth2_urls::CALLBACK,
    outcome::{Answer, Outcome},
    rejection::Rejection,
};

/// More than any provider sends.
const MAX_BYTES: usize = 16 * 1024;

/// A browser that a provider redirects back.
pub(super) struct Callback<'a> {
    provider: &'a str,
    project: &'a str,
}

impl<'a> Callback<'a> {
    pub(super) fn of(parts: &'a Parts) -> Option<Self> {
        let rest = parts.uri.path().strip_prefix(CALLBACK)?.strip_prefix('/')?;
        let (provider, project) = rest.split_once('/')?;
        let is_it = matches!(parts.method, Method::GET | Method::HEAD | Method::POST)
            && !(provider.is_empty() || project.is_empty() || project.contains('/'));
        is_it.then_some(Self { provider, project })
    }

    /// Redirects to the next step, with all parameters.
    ///
    /// Nothing else happens here, so no gate is needed. A form posted by another site comes without
    /// this site's cookies; the next step gets them (RFC 6265bis, `SameSite=Lax`).
    pub(super) async fn pass_on(self, config: &HttpConfig, parts: &Parts, body: impl RequestBody) -> Answer {
        if *self.project != *config.project {
            return Err(Rejection::unknown_project());
        }
        let provider = self.provider.parse().map_err(|_| Rejection::unsupported_provider())?;
        let (status, received) = match parts.method {
            Method::POST => (StatusCode::SEE_OTHER, body::form(&parts.headers, body, MAX_BYTES).await?),
            _ => (StatusCode::FOUND, Zeroizing::new(parts.uri.query().unwrap_or_default().to_owned())),
        };
        if received.len() > MAX_BYTES {
            return Err(Rejection::argument("The query is too long."));
        }
        Ok(Outcome::Redirect(status, Zeroizing::new(config.oauth2.redirect(&provider, &received))).done())
    }
}
