//! Requests to the token endpoint (RFC 6749 §4.1.3 and §6).

use serde_json::{Map, Value};
use url::Url;

use super::{
    attempt::Attempt,
    discovery::Discovery,
    error::OAuth2Error,
    provider::{ClientAuth, Encoding},
    registration::{Registration, Values},
    urlencoded::{append_query, form, form_encode},
};
use crate::{
    model::Timestamp,
    ports::{HttpMethod, HttpRequest},
    secret::Secret,
};

type Fields<'a> = Vec<(&'a str, String)>;

impl Registration {
    /// Builds the request that redeems a code.
    pub(super) fn code_request(
        &self,
        code: &str,
        attempt: &Attempt<'_>,
        values: &Values<'_>,
        discovered: Option<&Discovery>,
        now: Timestamp,
    ) -> Result<HttpRequest, OAuth2Error> {
        let token = &self.provider.token;
        let mut fields = vec![("grant_type", "authorization_code".to_owned()), ("code", code.to_owned())];
        if token.send_redirect_uri {
            fields.push(("redirect_uri", self.redirect_uri(attempt.redirect_uri).into_owned()));
        }
        if self.provider.authorize.pkce {
            fields.push(("code_verifier", attempt.verifier.to_owned()));
        }
        self.add_scopes(&mut fields, attempt.scopes)?;
        let url =
            self.endpoint(token.url.as_ref(), discovered.and_then(|found| found.token.as_ref()), values)?;
        self.token_request(url, fields, values, discovered, now)
    }

    /// Builds the request that redeems a refresh token.
    pub(super) fn refresh_request(
        &self,
        refresh_token: &Secret,
        redirect_uri: &str,
        values: &Values<'_>,
        discovered: Option<&Discovery>,
        now: Timestamp,
    ) -> Result<HttpRequest, OAuth2Error> {
        let token = &self.provider.token;
        let mut fields = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("refresh_token", refresh_token.expose().to_owned()),
        ];
        if token.send_redirect_uri_on_refresh {
            fields.push(("redirect_uri", self.redirect_uri(redirect_uri).into_owned()));
        }
        self.add_scopes(&mut fields, &[])?;
        let url = token.refresh_url.as_ref().or(token.url.as_ref());
        let url = self.endpoint(url, discovered.and_then(|found| found.token.as_ref()), values)?;
        self.token_request(url, fields, values, discovered, now)
    }

    fn add_scopes(&self, fields: &mut Fields<'_>, more: &[&str]) -> Result<(), OAuth2Error> {
        if self.provider.token.send_scopes {
            fields.push(("scope", self.scopes(more)?));
        }
        Ok(())
    }

    fn token_request(
        &self,
        url: Url,
        mut fields: Fields<'_>,
        values: &Values<'_>,
        discovered: Option<&Discovery>,
        now: Timestamp,
    ) -> Result<HttpRequest, OAuth2Error> {
        let token = &self.provider.token;
        let auth = self.client_auth(discovered);
        if token.send_client_id.unwrap_or(auth != ClientAuth::Basic) {
            fields.push(("client_id", self.credentials.client_id.clone()));
        }
        let secret = self.credentials.client_secret.expose();
        match auth {
            ClientAuth::Body => fields.push(("client_secret", secret.to_owned())),
            ClientAuth::Es256Jwt => fields.push(("client_secret", self.sign_client_secret(values, now)?)),
            _ => {}
        }
        let mut request = start(token.encoding, url, &fields);
        for (name, template) in &token.headers {
            let value = template.text(values).ok_or(OAuth2Error::NoEndpoint)?;
            request = request.with_header(name.clone(), value);
        }
        if auth == ClientAuth::Basic {
            // RFC 6749 §2.3.1: id and secret are form-encoded first.
            let id = form_encode(&self.credentials.client_id);
            request = request.with_basic_auth(&id, &form_encode(secret));
        }
        Ok(finish(token.encoding, request, fields))
    }

    /// Replaces [`ClientAuth::Discovered`] with what the discovery document allows.
    fn client_auth(&self, discovered: Option<&Discovery>) -> ClientAuth {
        match self.provider.token.client_auth {
            ClientAuth::Discovered if discovered.is_some_and(|found| !found.takes_secret_in_body) => {
                ClientAuth::Basic
            }
            ClientAuth::Discovered => ClientAuth::Body,
            auth => auth,
        }
    }

    /// Signs a client secret for the provider's first issuer.
    fn sign_client_secret(&self, values: &Values<'_>, now: Timestamp) -> Result<String, OAuth2Error> {
        let issuer = self.provider.openid.as_ref().and_then(|openid| openid.issuers.first());
        let audience = issuer.and_then(|issuer| issuer.url(values)).ok_or(OAuth2Error::Signing)?;
        let key = self.signing_key.as_ref().ok_or(OAuth2Error::Signing)?;
        key.sign(&self.credentials.client_id, &audience, now)
    }
}

/// Starts a request, with the fields in its query if they belong there.
fn start(encoding: Encoding, mut url: Url, fields: &[(&str, String)]) -> HttpRequest {
    if encoding == Encoding::Query {
        append_query(&mut url, fields);
        return HttpRequest::new(HttpMethod::Get, url);
    }
    HttpRequest::new(HttpMethod::Post, url)
}

/// Completes a request, with the fields in its body if they belong there.
fn finish(encoding: Encoding, request: HttpRequest, fields: Fields<'_>) -> HttpRequest {
    match encoding {
        Encoding::Form => request.with_body("application/x-www-form-urlencoded", form(&fields)),
        Encoding::Json => {
            let members = fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
            let object = Value::Object(members.collect::<Map<_, _>>());
            request.with_body("application/json", object.to_string().into_bytes())
        }
        Encoding::Query => request,
    }
}
