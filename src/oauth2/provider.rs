//! Providers as data.

mod mapping;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

pub use mapping::{Body, Check, Condition, EmailList, EmailRule, Profile, ProfileRequest, Test, Verified};

use super::template::{Pointer, Resolve, Template};

/// The data of one provider: its endpoints, and how its requests and replies are written.
///
/// [`Provider::builtin`] returns one of the 38 built-in providers. Your application can deserialize
/// others, or changed ones, from its configuration, or set fields. A provider contains no secrets;
/// those are in [`Credentials`](super::Credentials).
/// [`Registration::new`](super::Registration::new) checks both together.
///
/// # Examples
/// ```
/// use account::oauth2::{Credentials, Provider, Registration};
///
/// let forge: Provider = serde_json::from_str(
///     r#"{
///         "id": "forge",
///         "name": "Forge",
///         "authorize": {"url": "https://forge.example.com/authorize", "scopes": ["read:user"]},
///         "token": {"url": "https://forge.example.com/access_token"},
///         "profile": {
///             "requests": [{"name": "user", "url": "https://forge.example.com/api/v1/user"}],
///             "uid": "user:/id",
///             "email": {"address": "user:/email", "verified": "never"},
///             "names": ["user:/full_name", "user:/login"]
///         }
///     }"#,
/// )?;
/// Registration::new(forge, Credentials::new("client-1", "hidden".to_owned()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "identity provider")]
#[doc(alias = "social login")]
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Provider {
    /// Its id in the API and in stored identities, such as `github`.
    pub id: String,
    /// Its name for display.
    pub name: String,
    /// Values that differ between registrations.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Allows the client secret to be a JSON object: maps its members to the parameters (or
    /// `client_secret`) that they set.
    #[serde(default)]
    pub secret_members: BTreeMap<String, String>,
    /// The authorization endpoint, where the user is sent.
    pub authorize: AuthorizeEndpoint,
    /// The token endpoint, where codes and refresh tokens are redeemed.
    pub token: TokenEndpoint,
    /// Set if the provider issues id_tokens, or sends `iss` in its callbacks (RFC 9207).
    #[serde(default)]
    pub openid: Option<OpenId>,
    /// How to learn who the user is.
    pub profile: Profile,
    /// Set if the callback selects the value of a parameter.
    #[serde(default)]
    pub region: Option<Region>,
}

impl Provider {
    /// Whether id_tokens of this provider can be checked, because its keys can be found.
    pub(super) fn checks_id_tokens(&self, values: &dyn Resolve) -> bool {
        self.openid.as_ref().is_some_and(|openid| {
            [&openid.keys, &openid.discovery].into_iter().flatten().any(|url| url.url(values).is_some())
        })
    }

    /// Whether every sign-in must come with an id_token.
    pub(super) fn requires_id_token(&self, values: &dyn Resolve) -> bool {
        &*self.profile.uid.source == "id_token"
            || (self.checks_id_tokens(values) && self.openid.as_ref().is_some_and(|openid| openid.nonce))
    }
}

/// A value that differs between registrations, and fills a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name, which is also that of the placeholder.
    pub name: String,
    /// The kind of its values.
    pub kind: ParameterKind,
    /// The value to use if none is given.
    #[serde(default)]
    pub default: Option<String>,
    /// Whether a value must be given.
    #[serde(default)]
    pub required: bool,
    /// Whether an empty value is kept. Otherwise it counts as not given.
    #[serde(default)]
    pub may_be_empty: bool,
    /// The allowed values. If the list is empty, any value of the kind is allowed.
    #[serde(default)]
    pub one_of: Vec<String>,
}

/// The kind of a [`Parameter`]'s values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParameterKind {
    /// A host name without scheme, user, path and port.
    Host,
    /// An https URL, which may have a path, to which more is appended.
    BaseUrl,
    /// A complete https URL.
    Url,
    /// One path segment: letters, digits, `-`, `.`, `_` and `~`. An empty one removes the slash
    /// before it.
    Segment,
    /// Any printable ASCII text, for queries and headers.
    Text,
}

/// The authorization endpoint (RFC 6749 §4.1.1).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuthorizeEndpoint {
    /// Its URL. If absent, or if one of its parameters is not given, it is discovered.
    #[serde(default)]
    pub url: Option<Template>,
    /// The scopes to request. Those of the sign-in are added.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The text between two scopes.
    #[serde(default = "space")]
    pub scope_separator: String,
    /// Whether scopes are sent at all.
    #[serde(default = "mapping::yes")]
    pub send_scopes: bool,
    /// Whether to send a PKCE challenge, always with S256 (RFC 7636).
    #[serde(default = "mapping::yes")]
    pub pkce: bool,
    /// More parameters of the query. Empty and absent ones are not sent.
    #[serde(default)]
    pub parameters: BTreeMap<String, Extra>,
    /// Replacements in the redirect URI, for providers that reject some spellings.
    #[serde(default)]
    pub redirect_rewrites: BTreeMap<String, String>,
}

impl AuthorizeEndpoint {
    /// Returns the requested `max_age`, in seconds.
    pub(super) fn max_age(&self, values: &dyn Resolve) -> Option<u32> {
        match self.parameters.get("max_age")? {
            Extra::Text(template) => template.text(values)?.parse().ok(),
            Extra::Json(value) => value.as_u64().and_then(|age| u32::try_from(age).ok()),
        }
    }
}

/// The value of a fixed parameter of the authorization request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Extra {
    /// A text.
    Text(Template),
    /// Any other JSON value, sent as compact text.
    Json(Value),
}

impl<'de> Deserialize<'de> for Extra {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) => text.parse().map(Self::Text).map_err(de::Error::custom),
            value => Ok(Self::Json(value)),
        }
    }
}

/// The token endpoint (RFC 6749 §4.1.3 and §6).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TokenEndpoint {
    /// Its URL. If absent, or if one of its parameters is not given, it is discovered.
    #[serde(default)]
    pub url: Option<Template>,
    /// The URL where refresh tokens are redeemed, if it differs.
    #[serde(default)]
    pub refresh_url: Option<Template>,
    /// How the client authenticates.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the fields of the request are encoded.
    #[serde(default)]
    pub encoding: Encoding,
    /// More headers.
    #[serde(default = "accept_json")]
    pub headers: BTreeMap<String, Template>,
    /// Whether `client_id` is sent as a field. If not set, it is sent unless the client
    /// authenticates with HTTP Basic.
    #[serde(default)]
    pub send_client_id: Option<bool>,
    /// Whether `redirect_uri` is sent with a code.
    #[serde(default = "mapping::yes")]
    pub send_redirect_uri: bool,
    /// Whether `redirect_uri` is sent with a refresh token.
    #[serde(default)]
    pub send_redirect_uri_on_refresh: bool,
    /// Whether the scopes are sent again.
    #[serde(default)]
    pub send_scopes: bool,
    /// Where the tokens are in its reply.
    #[serde(default)]
    pub reply: TokenReply,
}

/// How the client authenticates at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// Id and secret as fields of the request (`client_secret_post`).
    #[default]
    Body,
    /// HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1).
    Basic,
    /// None: a public client, or one that authenticates with a header of the provider's data.
    None,
    /// A short-lived JWT in place of the secret, signed with ES256. The secret is the P-256 key,
    /// the parameters `key_id` and `team_id` name it, and the first issuer is the audience.
    Es256Jwt,
    /// As the discovery document allows: `Body` if possible, otherwise `Basic`. Without discovery,
    /// `Body`.
    Discovered,
}

/// How the fields of a token request are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// As a form.
    #[default]
    Form,
    /// As a JSON object.
    Json,
    /// As the query of a GET request.
    ///
    /// # Security
    /// Secrets in URLs end up in logs. Use it only for providers that accept nothing else.
    Query,
}

/// Where the tokens are in the reply of the token endpoint, which is JSON or a form.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TokenReply {
    /// The access token. A reply without it is an error.
    pub access_token: Pointer,
    /// The refresh token.
    pub refresh_token: Pointer,
    /// The lifetime of the access token in seconds, tried in this order.
    pub expires_in: Vec<Pointer>,
    /// The id_token.
    pub id_token: Pointer,
}

impl Default for TokenReply {
    fn default() -> Self {
        Self {
            access_token: pointer("/access_token"),
            refresh_token: pointer("/refresh_token"),
            expires_in: vec![pointer("/expires_in"), pointer("/expires_in_sec")],
            id_token: pointer("/id_token"),
        }
    }
}

/// What is needed to check an id_token (OpenID Connect Core §3.1.3.7).
///
/// If neither `keys` nor `discovery` can be filled, id_tokens are ignored and no nonce is sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OpenId {
    /// The accepted issuers. They may refer to claims (`{id_token:/tid}`). If none can be filled,
    /// the issuer of the discovery document is accepted.
    pub issuers: Vec<Template>,
    /// The URL of the discovery document (OpenID Connect Discovery §4).
    pub discovery: Option<Template>,
    /// The URL of the key set. If absent, it is discovered.
    pub keys: Option<Template>,
    /// Whether a nonce is sent. Every sign-in must then come with an id_token that contains it.
    pub nonce: bool,
    /// Whether a callback without `iss` is refused (RFC 9207 §2.4).
    pub issuer_in_callback: bool,
}

/// A parameter whose value the callback selects from a fixed list: the user's data centre.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Region {
    /// The name of the parameter.
    pub parameter: String,
    /// Maps each allowed `location` of a callback to the parameter's value.
    pub values: BTreeMap<String, String>,
}

fn space() -> String {
    " ".to_owned()
}

fn accept_json() -> BTreeMap<String, Template> {
    "application/json".parse().map(|json| BTreeMap::from([("Accept".to_owned(), json)])).unwrap_or_default()
}

/// Parses a text that begins with a slash.
fn pointer(text: &'static str) -> Pointer {
    text.parse().unwrap_or_default()
}
