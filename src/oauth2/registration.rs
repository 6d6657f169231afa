//! A provider together with what it knows this service as.

mod check;

use std::{borrow::Cow, collections::BTreeMap, fmt};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;
use url::Url;

pub use check::RegistrationError;

use super::{
    ClientAuth, OAuth2Error, ParameterKind, Provider, Reference, Template, Tokens,
    client_secret::ClientSecretKey,
    hosts::{self, Reach},
    template::{Filling, Placeholder, Values},
};
use crate::secret::Secret;

/// What a provider knows this service as, and the provider's parameters for it.
///
/// Made once by the host, from its configuration. Then [`Registration::new`] takes it.
#[derive(Debug)]
pub struct Credentials {
    client_id: String,
    client_secret: Secret,
    parameters: BTreeMap<String, String>,
    reach: Reach,
}

impl Credentials {
    /// An id and a secret as the provider gave them.
    ///
    /// Some providers need more: either as [parameters](Self::with_parameter), or by a secret that is a JSON object, such as
    /// `{"clientSecret": "…", "auth0Domain": "…"}` for Auth0. Apple's secret is the text of the `.p8` file, with the parameters
    /// `key_id` and `team_id`, or `{"p8": "…", "keyID": "…", "teamID": "…"}`.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            parameters: BTreeMap::new(),
            reach: Reach::Public,
        }
    }

    /// Sets a parameter of the provider, such as `tenant` of Microsoft. It wins over the JSON of the secret.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Allows hosts of the private network, ports beside host names, and plain http to this machine.
    ///
    /// # Security
    /// What is configured then reaches into the network of the server. Without it such names and addresses are refused, also in what a
    /// discovery document tells, and the HTTP client is told to connect to public addresses only, whatever a name resolves to.
    #[must_use]
    pub fn with_private_network(mut self) -> Self {
        self.reach = Reach::Private;
        self
    }
}

/// A provider that can be used: its data, checked, with the credentials of this service.
///
/// It makes the requests and reads the replies and does nothing else; [`OAuth2Client`](super::OAuth2Client) sends them.
pub struct Registration {
    pub(super) provider: Provider,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) signing_key: Option<ClientSecretKey>,
    parameters: BTreeMap<String, String>,
    reach: Reach,
}

impl Registration {
    /// Checks a provider and credentials. Called when the service starts, so that nothing is left to fail later but the provider.
    ///
    /// # Errors
    /// [`RegistrationError`] tells what is missing or cannot be.
    pub fn new(provider: Provider, credentials: Credentials) -> Result<Self, RegistrationError> {
        let Credentials { client_id, client_secret, parameters: given, reach } = credentials;
        let (client_secret, mut parameters) = open_secret(&provider, client_secret)?;
        parameters.extend(given);
        let parameters = check::parameters(&provider, parameters, reach)?;
        let signing_key = match provider.token.client_auth {
            ClientAuth::Es256Jwt => Some(ClientSecretKey::new(&client_secret, &parameters)?),
            _ => None,
        };
        let registration = Self { provider, client_id, client_secret, signing_key, parameters, reach };
        check::registration(&registration)?;
        Ok(registration)
    }

    /// The provider's key, such as `github`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.provider.id
    }

    /// The provider's data.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Whether id_tokens of this provider are looked at: its keys can be found.
    #[must_use]
    pub fn checks_id_tokens(&self) -> bool {
        let values = self.values();
        self.provider.openid.as_ref().is_some_and(|openid| {
            [&openid.keys, &openid.discovery].into_iter().flatten().any(|place| place.url(&values).is_some())
        })
    }

    /// Whether every sign-in must come with an id_token.
    pub(super) fn needs_id_token(&self) -> bool {
        let identity_is_there = &*self.provider.profile.uid.source == "id_token";
        identity_is_there
            || (self.checks_id_tokens() && self.provider.openid.as_ref().is_some_and(|openid| openid.nonce))
    }

    /// The values of this registration, before there is a token.
    pub(super) fn values(&self) -> Context<'_> {
        Context { registration: self, region: None, tokens: None, replies: &[] }
    }

    /// The values at the data centre that a callback or stored tokens name.
    pub(super) fn values_at(&self, location: Option<&str>) -> Result<Context<'_>, OAuth2Error> {
        let region = match (&self.provider.region, location) {
            (Some(region), Some(location)) => {
                let value = region.values.get(location).ok_or(OAuth2Error::UnknownRegion)?;
                Some((region.parameter.as_str(), value.as_str()))
            }
            _ => None,
        };
        Ok(Context { region, ..self.values() })
    }

    /// A URL of a template if it can be filled, of discovery otherwise.
    pub(super) fn endpoint(
        &self,
        template: Option<&Template>,
        discovered: Option<&Url>,
        values: &Context<'_>,
    ) -> Result<Url, OAuth2Error> {
        match template.and_then(|template| template.url(values)) {
            Some(filled) => self.web_url(&filled).ok_or(OAuth2Error::NoEndpoint),
            None => discovered.cloned().ok_or(OAuth2Error::NoEndpoint),
        }
    }

    /// A URL that this server may talk to, or send people to.
    pub(super) fn web_url(&self, text: &str) -> Option<Url> {
        hosts::web_url(text, self.reach)
    }

    pub(super) fn is_private_allowed(&self) -> bool {
        self.reach == Reach::Private
    }

    /// The redirect URI in the spelling that the provider accepts.
    pub(super) fn redirect_uri<'a>(&self, given: &'a str) -> Cow<'a, str> {
        let rewrites = &self.provider.authorize.redirect_rewrites;
        rewrites.iter().fold(Cow::Borrowed(given), |uri, (from, to)| {
            if uri.contains(from.as_str()) { Cow::Owned(uri.replace(from, to)) } else { uri }
        })
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("provider", &self.provider.id)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Takes a secret that is a JSON object apart: the secret itself, and parameters.
fn open_secret(
    provider: &Provider,
    secret: Secret,
) -> Result<(Secret, BTreeMap<String, String>), RegistrationError> {
    if provider.secret_members.is_empty() || !secret.expose().trim_start().starts_with('{') {
        return Ok((secret, BTreeMap::new()));
    }
    let members: BTreeMap<String, Value> =
        serde_json::from_str(secret.expose()).map_err(|_| RegistrationError::ClientSecret)?;
    let mut client_secret = None;
    let mut parameters = BTreeMap::new();
    for (name, value) in members {
        let Some(target) = provider.secret_members.get(&name) else { continue };
        let text = plain_text(value).ok_or(RegistrationError::ClientSecret)?;
        if target == "client_secret" {
            client_secret = Some(Secret::new(text));
        } else {
            parameters.insert(target.clone(), text);
        }
    }
    Ok((client_secret.ok_or(RegistrationError::ClientSecret)?, parameters))
}

fn plain_text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(list) => {
            list.into_iter().map(plain_text).collect::<Option<Vec<_>>>().map(|texts| texts.join(" "))
        }
        Value::Bool(_) | Value::Object(_) => None,
    }
}

/// What placeholders stand for at one point of a sign-in.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    registration: &'a Registration,
    region: Option<(&'a str, &'a str)>,
    pub(super) tokens: Option<&'a Tokens>,
    /// Sources of references and what they said.
    pub(super) replies: &'a [(&'a str, &'a Value)],
}

impl<'a> Context<'a> {
    /// The values once there are tokens.
    pub(super) fn with_tokens(self, tokens: &'a Tokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// The values with what was answered so far.
    pub(super) fn with_replies<'b>(self, replies: &'b [(&'b str, &'b Value)]) -> Context<'b>
    where
        'a: 'b,
    {
        Context { replies, ..self }
    }

    /// What a reference points at.
    pub(super) fn find(&self, reference: &Reference) -> Option<&'a Value> {
        let (_, reply) = self.replies.iter().find(|(source, _)| *source == &*reference.source)?;
        reference.pointer.of(reply)
    }

    fn parameter(&self, name: &str) -> Option<Filling> {
        let chosen = self.region.filter(|(parameter, _)| *parameter == name).map(|(_, value)| value);
        let text = chosen.or_else(|| self.registration.parameters.get(name).map(String::as_str))?.to_owned();
        let kind = self.registration.provider.parameters.iter().find(|known| known.name == name)?.kind;
        let is_url_part = matches!(kind, ParameterKind::Host | ParameterKind::BaseUrl | ParameterKind::Url);
        Some(Filling { text, is_url_part })
    }
}

impl Values for Context<'_> {
    fn value(&self, placeholder: &Placeholder) -> Option<Filling> {
        let token = || self.tokens.map(|tokens| tokens.access_token.expose());
        let secret = self.registration.client_secret.expose();
        let text = match placeholder {
            Placeholder::Parameter(name) => return self.parameter(name),
            Placeholder::ClientId => self.registration.client_id.clone(),
            Placeholder::ClientSecret => secret.to_owned(),
            Placeholder::AccessToken => token()?.to_owned(),
            Placeholder::AccessTokenPrefix => token()?.split('.').next()?.to_owned(),
            Placeholder::AccessTokenProof => proof(secret, token()?)?,
            Placeholder::Reply(reference) => text_of(self.find(reference)?)?,
        };
        Some(Filling { text, is_url_part: false })
    }
}

fn proof(secret: &str, token: &str) -> Option<String> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    Some(HEXLOWER.encode(&mac.chain_update(token).finalize().into_bytes()))
}

/// A text or a whole number, as text; other values are none.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => number
            .as_u64()
            .map(|number| number.to_string())
            .or_else(|| number.as_i64().map(|number| number.to_string())),
        _ => None,
    }
}
