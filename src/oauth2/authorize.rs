//! The authorization request (RFC 6749 §4.1.1).

use std::collections::HashSet;

use url::Url;

use super::{
    attempt::Attempt, discovery::Discovery, error::OAuth2Error, provider::Extra, registration::Registration,
    urlencoded::append_query,
};

impl Registration {
    /// Returns the URL to send the user to.
    pub(super) fn authorize_url(
        &self,
        attempt: &Attempt<'_>,
        discovered: Option<&Discovery>,
    ) -> Result<Url, OAuth2Error> {
        let endpoint = &self.provider.authorize;
        let values = self.values();
        let discovered = discovered.and_then(|discovered| discovered.authorize.as_ref());
        let mut url = self.endpoint(endpoint.url.as_ref(), discovered, &values)?;

        let mut query = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.credentials.client_id.clone()),
            ("redirect_uri", self.redirect_uri(attempt.redirect_uri).into_owned()),
            ("state", attempt.state.to_owned()),
        ];
        let scopes = self.scopes(attempt.scopes)?;
        if endpoint.send_scopes && !scopes.is_empty() {
            query.push(("scope", scopes));
        }
        if endpoint.pkce {
            query.push(("code_challenge", attempt.challenge()));
            query.push(("code_challenge_method", "S256".to_owned()));
        }
        if self.sends_nonce() {
            query.push(("nonce", attempt.nonce.to_owned()));
        }
        let extras = endpoint.parameters.iter().filter_map(|(name, extra)| {
            let text = match extra {
                Extra::Text(template) => template.text(&values)?,
                Extra::Json(value) => value.to_string(),
            };
            Some((name.as_str(), text))
        });
        query.extend(extras.filter(|(_, text)| !text.is_empty()));
        append_query(&mut url, &query);
        Ok(url)
    }

    /// Joins the scopes of the provider's data and of the caller, each once.
    pub(super) fn scopes(&self, more: &[&str]) -> Result<String, OAuth2Error> {
        if !more.iter().all(|scope| is_scope(scope)) {
            return Err(OAuth2Error::InvalidScope);
        }
        let endpoint = &self.provider.authorize;
        let mut seen = HashSet::new();
        let all = endpoint.scopes.iter().map(String::as_str).chain(more.iter().copied());
        let unique: Vec<&str> = all.filter(|scope| seen.insert(*scope)).collect();
        Ok(unique.join(&endpoint.scope_separator))
    }

    pub(super) fn sends_nonce(&self) -> bool {
        self.provider.openid.as_ref().is_some_and(|openid| openid.nonce) && self.checks_id_tokens()
    }
}

/// RFC 6749 §3.3.
fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"\\".contains(&byte))
}
