//! Credentials of an application at a provider.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{hosts::NetworkAccess, provider::Provider},
    error::RegistrationError,
    parameters,
};
use crate::secret::Secret;

/// The client id and secret of your application at a provider, and the provider's parameters.
///
/// Create it at startup from your configuration, and pass it to
/// [`Registration::new`](super::Registration::new).
///
/// # Examples
/// ```
/// use account::oauth2::{Credentials, Provider, Registration};
///
/// let credentials = Credentials::new("client-1", "hidden".to_owned())
///     .with_parameter("domain", "example.eu.auth0.com");
/// let registration = Registration::new(Provider::builtin("auth0")?, credentials)?;
/// assert_eq!(registration.id(), "auth0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Credentials {
    pub(in crate::oauth2) client_id: String,
    pub(in crate::oauth2) client_secret: Secret,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) access: NetworkAccess,
}

impl Credentials {
    /// Creates credentials from the client id and secret that the provider issued.
    ///
    /// Some providers need parameters. Set them with [`with_parameter`](Self::with_parameter), or
    /// pass a secret that is a JSON object, such as `{"clientSecret": "…", "auth0Domain": "…"}` for
    /// Auth0. Apple's secret is the text of the `.p8` file with the parameters `key_id` and
    /// `team_id`, or `{"p8": "…", "keyID": "…", "teamID": "…"}`.
    #[must_use]
    pub fn new(client_id: impl Into<String>, client_secret: impl Into<Secret>) -> Self {
        Self {
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            parameters: BTreeMap::new(),
            access: NetworkAccess::PublicOnly,
        }
    }

    /// Sets a parameter of the provider, such as `tenant` of Microsoft. It takes precedence over a
    /// secret that is JSON.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Allows hosts of the private network, ports beside host names, and http to loopback hosts.
    ///
    /// # Security
    /// This disables the protection against SSRF for this provider: configured and discovered URLs
    /// can reach your server's private network. Without it such hosts are refused, and the HTTP
    /// client is instructed to connect to public addresses only, whatever a host name resolves to.
    #[must_use]
    pub fn with_private_network(mut self) -> Self {
        self.access = NetworkAccess::PrivateAllowed;
        self
    }

    /// Unpacks a secret that is JSON, and resolves the parameters of this provider.
    pub(super) fn resolve(self, provider: &Provider) -> Result<Self, RegistrationError> {
        let (client_secret, mut parameters) = unpack_secret(provider, self.client_secret)?;
        parameters.extend(self.parameters);
        let parameters = parameters::resolve(provider, parameters, self.access)?;
        Ok(Self { client_id: self.client_id, client_secret, parameters, access: self.access })
    }
}

/// Splits a secret that is a JSON object into the client secret and parameters.
fn unpack_secret(
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
