//! Discovery documents (OpenID Connect Discovery §3).

use serde_json::Value;
use url::Url;

use super::{
    error::OAuth2Error,
    json::{self, ReplyError},
    registration::{Registration, Values},
    template::Template,
};

const PATH: &str = "/.well-known/openid-configuration";

/// The metadata of a provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Discovery {
    pub(super) issuer: String,
    pub(super) authorize: Option<Url>,
    pub(super) token: Option<Url>,
    pub(super) user: Option<Url>,
    pub(super) keys: Option<Url>,
    pub(super) takes_secret_in_body: bool,
    pub(super) issuer_in_callback: bool,
}

/// The expected issuers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Issuers {
    Names(Vec<String>),
    /// They depend on the token's claims.
    PerToken,
    /// None is configured.
    Unknown,
}

impl Registration {
    /// Reads the discovery document that was fetched from `url`.
    ///
    /// # Security
    /// The issuer must be the configured one or, if none is configured, the one of the document's
    /// URL (§4.3). Otherwise one provider could impersonate another. All its endpoints must be on
    /// allowed hosts, or the document is refused as a whole.
    pub(super) fn discovery(
        &self,
        url: &Url,
        body: &[u8],
        values: &Values<'_>,
    ) -> Result<Discovery, OAuth2Error> {
        let document = json::parse(body)?;
        let issuer = document.get("issuer").and_then(Value::as_str).ok_or(ReplyError::Shape)?;
        if !self.is_discovered_issuer(issuer, url, values)? {
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
            // If the document names no methods, the default is client_secret_basic (§3).
            takes_secret_in_body: methods
                .is_some_and(|methods| methods.iter().any(|method| method == "client_secret_post")),
            issuer_in_callback: document.get("authorization_response_iss_parameter_supported")
                == Some(&Value::Bool(true)),
        })
    }

    fn is_discovered_issuer(&self, issuer: &str, url: &Url, values: &Values<'_>) -> Result<bool, ReplyError> {
        Ok(match self.issuers(values) {
            Issuers::Names(names) => names.iter().any(|name| name == issuer),
            Issuers::PerToken => true,
            Issuers::Unknown => {
                let base = url.as_str().strip_suffix(PATH).ok_or(ReplyError::Issuer)?;
                issuer.strip_suffix('/').unwrap_or(issuer) == base
            }
        })
    }

    /// Returns the expected issuers, as far as they are known without a token.
    pub(super) fn issuers(&self, values: &Values<'_>) -> Issuers {
        let templates = self.issuer_templates();
        let names: Vec<String> = templates.iter().filter_map(|template| template.url(values)).collect();
        let is_per_token = templates.iter().any(|template| template.refers_to_reply());
        match (names.is_empty(), is_per_token) {
            (false, _) => Issuers::Names(names),
            (true, true) => Issuers::PerToken,
            (true, false) => Issuers::Unknown,
        }
    }

    /// Whether the issuer of an id_token is expected.
    pub(super) fn is_expected_issuer(
        &self,
        issuer: &str,
        claims: &Value,
        values: &Values<'_>,
        discovered: Option<&Discovery>,
    ) -> bool {
        match self.issuers(values) {
            Issuers::Names(names) => names.iter().any(|name| name == issuer),
            Issuers::PerToken => self.is_issuer_by_claims(issuer, claims, values),
            Issuers::Unknown => discovered.is_some_and(|found| found.issuer == issuer),
        }
    }

    /// Whether a token's issuer equals a template that is filled with the token's own claims.
    fn is_issuer_by_claims(&self, issuer: &str, claims: &Value, values: &Values<'_>) -> bool {
        let replies = [("id_token", claims)];
        let values = values.with_replies(&replies);
        let mut templates = self.issuer_templates().iter();
        templates.any(|template| template.url(&values).as_deref() == Some(issuer))
    }

    fn issuer_templates(&self) -> &[Template] {
        self.provider.openid.as_ref().map(|openid| openid.issuers.as_slice()).unwrap_or_default()
    }
}
