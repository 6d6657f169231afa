//! Requests to the token endpoint (RFC 6749 §4.1.3 and §6).

use serde_json::{Map, Value};
use url::{Url, form_urlencoded};

use super::{
    Attempt, ClientAuth, Encoding, OAuth2Error, Registration, authorize::append, openid::Discovery,
    registration::Context,
};
use crate::{
    model::Timestamp,
    ports::{HttpMethod, HttpRequest},
    secret::Secret,
};

type Fields<'a> = Vec<(&'a str, String)>;

impl Registration {
    /// Redeems a code.
    pub(super) fn code_request(
        &self,
        code: &str,
        attempt: &Attempt<'_>,
        values: &Context<'_>,
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

    /// Redeems a refresh token.
    pub(super) fn refresh_request(
        &self,
        refresh_token: &Secret,
        redirect_uri: &str,
        values: &Context<'_>,
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
        let place = token.refresh_url.as_ref().or(token.url.as_ref());
        let url = self.endpoint(place, discovered.and_then(|found| found.token.as_ref()), values)?;
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
        mut url: Url,
        mut fields: Fields<'_>,
        values: &Context<'_>,
        discovered: Option<&Discovery>,
        now: Timestamp,
    ) -> Result<HttpRequest, OAuth2Error> {
        let token = &self.provider.token;
        let auth = match token.client_auth {
            ClientAuth::Discovered if discovered.is_some_and(|found| !found.takes_secret_in_body) => {
                ClientAuth::Basic
            }
            ClientAuth::Discovered => ClientAuth::Body,
            auth => auth,
        };
        if token.send_client_id.unwrap_or(auth != ClientAuth::Basic) {
            fields.push(("client_id", self.client_id.clone()));
        }
        match auth {
            ClientAuth::Body => fields.push(("client_secret", self.client_secret.expose().to_owned())),
            ClientAuth::Es256Jwt => fields.push(("client_secret", self.signed_secret(values, now)?)),
            _ => {}
        }

        let method = if token.encoding == Encoding::Query { HttpMethod::Get } else { HttpMethod::Post };
        if token.encoding == Encoding::Query {
            append(&mut url, &fields);
        }
        let mut request = HttpRequest::new(method, url);
        for (name, template) in &token.headers {
            let value = template.text(values).ok_or(OAuth2Error::NoEndpoint)?;
            request = request.with_header(name.clone(), value);
        }
        if auth == ClientAuth::Basic {
            request = request
                .with_basic_auth(&form_encode(&self.client_id), &form_encode(self.client_secret.expose()));
        }
        Ok(match token.encoding {
            Encoding::Form => request.with_body("application/x-www-form-urlencoded", form(&fields)),
            Encoding::Json => {
                let members = fields.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value)));
                let object = Value::Object(members.collect::<Map<_, _>>());
                request.with_body("application/json", object.to_string().into_bytes())
            }
            Encoding::Query => request,
        })
    }

    /// The secret that a provider takes as a signed statement, for its first issuer name.
    fn signed_secret(&self, values: &Context<'_>, now: Timestamp) -> Result<String, OAuth2Error> {
        let issuer = self.provider.openid.as_ref().and_then(|openid| openid.issuers.first());
        let audience = issuer.and_then(|issuer| issuer.url(values)).ok_or(OAuth2Error::Signing)?;
        let key = self.signing_key.as_ref().ok_or(OAuth2Error::Signing)?;
        key.sign(&self.client_id, &audience, now)
    }
}

pub(super) fn form(fields: &[(&str, String)]) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes()
}

/// RFC 6749 §2.3.1 has id and secret form-encoded before they become user and password.
fn form_encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
