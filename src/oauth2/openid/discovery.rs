//! Discovery documents (OpenID Connect Discovery §3).

use serde_json::Value;
use url::Url;

use super::super::{Extra, OAuth2Error, Registration, ReplyError, json, registration::Context};

const PATH: &str = "/.well-known/openid-configuration";

/// What a provider says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Discovery {
    pub(in super::super) issuer: String,
    pub(in super::super) authorize: Option<Url>,
    pub(in super::super) token: Option<Url>,
    pub(in super::super) user: Option<Url>,
    pub(in super::super) keys: Option<Url>,
    pub(in super::super) takes_secret_in_body: bool,
    pub(in super::super) issuer_in_callback: bool,
}

impl Registration {
    /// Reads the document that came from `url`.
    ///
    /// # Security
    /// Its issuer is the expected one, or, where none is configured, the one that the URL is made of (§4.3): else one provider could pass
    /// for another. Its endpoints are within reach, or it is refused as a whole.
    pub(in super::super) fn discovery(
        &self,
        url: &Url,
        body: &[u8],
        values: &Context<'_>,
    ) -> Result<Discovery, OAuth2Error> {
        let document = json::parse(body)?;
        let text = |name| document.get(name).and_then(Value::as_str);
        let issuer = text("issuer").ok_or(ReplyError::Shape)?;
        let is_expected = match self.issuers(values) {
            Issuers::Names(names) => names.iter().any(|name| name == issuer),
            Issuers::PerToken => true,
            Issuers::Unknown => {
                let base = url.as_str().strip_suffix(PATH).ok_or(ReplyError::Issuer)?;
                issuer.strip_suffix('/').unwrap_or(issuer) == base
            }
        };
        if !is_expected {
            return Err(ReplyError::Issuer.into());
        }
        let endpoint = |name| match document.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(url)) => self.web_url(url).map(Some).ok_or(OAuth2Error::NoEndpoint),
            Some(_) => Err(ReplyError::Shape.into()),
        };
        let methods = document.get("token_endpoint_auth_methods_supported").and_then(Value::as_array);
        Ok(Discovery {
            issuer: issuer.to_owned(),
            authorize: endpoint("authorization_endpoint")?,
            token: endpoint("token_endpoint")?,
            user: endpoint("userinfo_endpoint")?,
            keys: endpoint("jwks_uri")?,
            // §3 has client_secret_basic if the document does not say.
            takes_secret_in_body: methods
                .is_some_and(|methods| methods.iter().any(|method| method == "client_secret_post")),
            issuer_in_callback: document.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
        })
    }

    /// The names under which this provider signs, as far as they are known before a token is seen.
    pub(in super::super) fn issuers(&self, values: &Context<'_>) -> Issuers {
        let templates =
            self.provider.openid.as_ref().map(|openid| openid.issuers.as_slice()).unwrap_or_default();
        let names: Vec<String> = templates.iter().filter_map(|template| template.url(values)).collect();
        let is_per_token = templates.iter().any(|template| template.refers_to_reply());
        match (names.is_empty(), is_per_token) {
            (false, _) => Issuers::Names(names),
            (true, true) => Issuers::PerToken,
            (true, false) => Issuers::Unknown,
        }
    }

    /// Whether a token's issuer is the one that its own claims make of the template.
    pub(in super::super) fn is_issuer_by_claims(
        &self,
        issuer: &str,
        claims: &Value,
        values: &Context<'_>,
    ) -> bool {
        let templates =
            self.provider.openid.as_ref().map(|openid| openid.issuers.as_slice()).unwrap_or_default();
        let known = [("id_token", claims)];
        let values = values.with_replies(&known);
        templates.iter().any(|template| template.url(&values).as_deref() == Some(issuer))
    }

    /// The greatest age that was asked for, in seconds.
    pub(in super::super) fn max_age(&self, values: &Context<'_>) -> Option<u32> {
        match self.provider.authorize.parameters.get("max_age")? {
            Extra::Text(template) => template.text(values)?.parse().ok(),
            Extra::Json(value) => value.as_u64().and_then(|age| u32::try_from(age).ok()),
        }
    }
}

/// The expected issuers.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Issuers {
    Names(Vec<String>),
    /// They depend on the token's claims.
    PerToken,
    /// None is configured.
    Unknown,
}
