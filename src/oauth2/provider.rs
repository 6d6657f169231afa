//! Providers as data.

mod mapping;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

pub use mapping::{Body, Check, Condition, EmailList, EmailRule, Profile, ProfileRequest, Test, Verified};

use super::{Pointer, Template};

/// All that is peculiar to one provider: where its endpoints are, how it wants to be asked, and how it answers.
///
/// [`Provider::builtin`] knows the 38 of the API. A host reads others, or its own versions of these, from its configuration, or
/// changes fields of one. Nothing here is secret or belongs to one customer: that is [`Credentials`](super::Credentials), and
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
///         "authorize": {"url": "https://forge.example.com/login/oauth/authorize", "scopes": ["read:user"]},
///         "token": {"url": "https://forge.example.com/login/oauth/access_token"},
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
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Provider {
    /// Its key in the API and in stored identities, such as `github`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What differs from customer to customer.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// If the client secret may be given as a JSON object: its members, and the parameter (or `client_secret`) that each gives.
    #[serde(default)]
    pub secret_members: BTreeMap<String, String>,
    /// Where the person is sent.
    pub authorize: AuthorizeEndpoint,
    /// Where codes and refresh tokens are redeemed.
    pub token: TokenEndpoint,
    /// Present if it gives id_tokens, or names itself in its callbacks (RFC 9207).
    #[serde(default)]
    pub openid: Option<OpenId>,
    /// Who the person is.
    pub profile: Profile,
    /// Present if a parameter is chosen by the callback.
    #[serde(default)]
    pub region: Option<Region>,
}

/// Something that differs from customer to customer and fills a placeholder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name, also that of the placeholder.
    pub name: String,
    /// What it may be.
    pub kind: ParameterKind,
    /// Its value if none is given.
    #[serde(default)]
    pub default: Option<String>,
    /// Whether a value must be given.
    #[serde(default)]
    pub required: bool,
    /// Whether an empty value stands for itself. If not, it counts as not given.
    #[serde(default)]
    pub may_be_empty: bool,
    /// The only values that it may have; any of its kind if there are none.
    #[serde(default)]
    pub one_of: Vec<String>,
}

/// What a [`Parameter`] may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParameterKind {
    /// A host name: no scheme, no user, no path, and no port.
    Host,
    /// An https URL, perhaps with a path, to which more is appended.
    BaseUrl,
    /// An https URL, as a whole.
    Url,
    /// One segment of a path: letters, digits, `-`, `.`, `_` and `~`. An empty one takes the slash before it along.
    Segment,
    /// Any printable text, for queries and headers.
    Text,
}

/// How the person is sent to the provider (RFC 6749 §4.1.1).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuthorizeEndpoint {
    /// Where; absent if discovery tells, as is a template whose parameter is not given.
    #[serde(default)]
    pub url: Option<Template>,
    /// What to ask for. Scopes of the caller are added.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What stands between two scopes.
    #[serde(default = "space")]
    pub scope_separator: String,
    /// Whether scopes are sent at all.
    #[serde(default = "yes")]
    pub send_scopes: bool,
    /// Whether to send a PKCE challenge, always S256 (RFC 7636).
    #[serde(default = "yes")]
    pub pkce: bool,
    /// More parameters of the query. One that is empty or absent is not sent.
    #[serde(default)]
    pub parameters: BTreeMap<String, Extra>,
    /// Replacements in the redirect URI, for providers that refuse some spellings.
    #[serde(default)]
    pub redirect_rewrites: BTreeMap<String, String>,
}

/// The value of a fixed parameter: a text, or other JSON.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Extra {
    /// A text.
    Text(Template),
    /// JSON, sent as compact text.
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

/// How codes and refresh tokens are redeemed (RFC 6749 §4.1.3 and §6).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TokenEndpoint {
    /// Where; absent if discovery tells, as is a template whose parameter is not given.
    #[serde(default)]
    pub url: Option<Template>,
    /// Where refresh tokens are redeemed, if elsewhere.
    #[serde(default)]
    pub refresh_url: Option<Template>,
    /// How this service proves who it is.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the fields of the request are written.
    #[serde(default)]
    pub encoding: Encoding,
    /// More headers.
    #[serde(default = "accept_json")]
    pub headers: BTreeMap<String, Template>,
    /// Whether `client_id` is a field; if not set, only where no header says it.
    #[serde(default)]
    pub send_client_id: Option<bool>,
    /// Whether `redirect_uri` is sent with a code.
    #[serde(default = "yes")]
    pub send_redirect_uri: bool,
    /// Whether `redirect_uri` is sent with a refresh token.
    #[serde(default)]
    pub send_redirect_uri_on_refresh: bool,
    /// Whether the scopes are sent again.
    #[serde(default)]
    pub send_scopes: bool,
    /// Where its reply has the tokens.
    #[serde(default)]
    pub reply: TokenReply,
}

/// How this service proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientAuth {
    /// Id and secret as fields of the request (`client_secret_post`).
    #[default]
    Body,
    /// HTTP Basic (`client_secret_basic`, RFC 6749 §2.3.1).
    Basic,
    /// Not by this: a public client, or a header of the table.
    None,
    /// A short-lived JWT, signed with the P-256 key that the secret is, as a field in place of the secret. Uses the parameters
    /// `key_id` and `team_id`, and the first issuer as audience.
    Es256Jwt,
    /// As discovery says: `Body` if it may, else `Basic`. Without discovery `Body`.
    Discovered,
}

/// How the fields of a token request are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Encoding {
    /// As a form.
    #[default]
    Form,
    /// As a JSON object.
    Json,
    /// As the query of a GET. Secrets in URLs end up in logs: only for providers that leave no choice.
    Query,
}

/// Where the reply of the token endpoint, be it JSON or a form, has what.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct TokenReply {
    /// The access token. Its presence is what tells success.
    pub access_token: Pointer,
    /// The refresh token.
    pub refresh_token: Pointer,
    /// Seconds of life of the access token, tried in this order.
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

/// What is needed to believe an id_token (OpenID Connect Core §3.1.3.7).
///
/// If neither `keys` nor `discovery` can be filled, no id_token is looked at and no nonce sent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct OpenId {
    /// The names under which it signs. May refer to claims (`{id_token:/tid}`). If none can be filled, the one that discovery tells.
    pub issuers: Vec<Template>,
    /// Where it describes itself (OpenID Connect Discovery §4).
    pub discovery: Option<Template>,
    /// Where its keys are; if absent, discovery tells.
    pub keys: Option<Template>,
    /// Whether a nonce is sent. Then every sign-in must come with an id_token that has it.
    pub nonce: bool,
    /// Whether a callback without `iss` is refused (RFC 9207 §2.4).
    pub issuer_in_callback: bool,
}

/// A parameter that the callback chooses, from fixed values: which data centre holds the person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Region {
    /// The parameter.
    pub parameter: String,
    /// What the callback's `location` may be, and the parameter's value for it.
    pub values: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

fn space() -> String {
    " ".to_owned()
}

fn accept_json() -> BTreeMap<String, Template> {
    "application/json".parse().map(|json| BTreeMap::from([("Accept".to_owned(), json)])).unwrap_or_default()
}

/// Of a text that begins with a slash.
fn pointer(text: &'static str) -> Pointer {
    text.parse().unwrap_or_default()
}
