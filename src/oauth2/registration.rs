//! A provider together with the application's credentials.

mod check;
mod client_secret;
mod credentials;
mod error;
mod parameters;
mod references;
mod values;

use std::{borrow::Cow, fmt};

use url::Url;

pub use credentials::Credentials;
pub use error::RegistrationError;

use client_secret::ClientSecretKey;
pub(super) use values::Values;

use super::{
    error::OAuth2Error,
    hosts::{self, NetworkAccess},
    provider::{ClientAuth, Provider},
    template::Template,
};

/// A provider with the credentials of your application, both checked.
///
/// It builds requests and reads replies. [`OAuth2Client`](super::OAuth2Client) sends them.
///
/// # Examples
/// ```
/// use account::oauth2::{Credentials, Provider, Registration};
///
/// let credentials = Credentials::new("client-1", "hidden".to_owned());
/// let github = Registration::new(Provider::builtin("github")?, credentials)?;
/// assert_eq!(github.provider().name, "GitHub");
///
/// // Auth0 requires the parameter `domain`.
/// let credentials = Credentials::new("client-1", "hidden".to_owned());
/// assert!(Registration::new(Provider::builtin("auth0")?, credentials).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Registration {
    pub(super) provider: Provider,
    pub(super) credentials: Credentials,
    pub(super) signing_key: Option<ClientSecretKey>,
}

impl Registration {
    /// Checks a provider and its credentials. Call it at startup, so that configuration errors are
    /// found before the first sign-in.
    ///
    /// # Errors
    /// [`RegistrationError`] describes what is missing or invalid.
    pub fn new(provider: Provider, credentials: Credentials) -> Result<Self, RegistrationError> {
        let credentials = credentials.resolve(&provider)?;
        let signing_key = match provider.token.client_auth {
            ClientAuth::Es256Jwt => {
                Some(ClientSecretKey::new(&credentials.client_secret, &credentials.parameters)?)
            }
            _ => None,
        };
        check::check(&provider, &credentials)?;
        Ok(Self { provider, credentials, signing_key })
    }

    /// Returns the provider's id, such as `github`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.provider.id
    }

    /// Returns the provider's data.
    #[must_use]
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// Returns whether id_tokens of this provider are checked. If its keys cannot be found,
    /// id_tokens are ignored.
    #[must_use]
    pub fn checks_id_tokens(&self) -> bool {
        self.provider.checks_id_tokens(&self.values())
    }

    /// Returns the values of placeholders before there are tokens.
    pub(super) fn values(&self) -> Values<'_> {
        Values::new(&self.provider, &self.credentials)
    }

    /// Returns the values for the data centre that a callback or stored tokens name.
    pub(super) fn values_at(&self, location: Option<&str>) -> Result<Values<'_>, OAuth2Error> {
        let (Some(region), Some(location)) = (&self.provider.region, location) else {
            return Ok(self.values());
        };
        let value = region.values.get(location).ok_or(OAuth2Error::UnknownRegion)?;
        Ok(self.values().with_region(&region.parameter, value))
    }

    /// Returns the URL of a template if it can be filled, and the discovered URL otherwise.
    pub(super) fn endpoint(
        &self,
        template: Option<&Template>,
        discovered: Option<&Url>,
        values: &Values<'_>,
    ) -> Result<Url, OAuth2Error> {
        match template.and_then(|template| template.url(values)) {
            Some(filled) => self.web_url(&filled).ok_or(OAuth2Error::NoEndpoint),
            None => discovered.cloned().ok_or(OAuth2Error::NoEndpoint),
        }
    }

    /// Parses a URL that may be requested, or that users may be sent to.
    pub(super) fn web_url(&self, text: &str) -> Option<Url> {
        hosts::web_url(text, self.credentials.access)
    }

    pub(super) fn allows_private_network(&self) -> bool {
        self.credentials.access == NetworkAccess::PrivateAllowed
    }

    /// Returns the redirect URI in the spelling that the provider accepts.
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
            .field("client_id", &self.credentials.client_id)
            .finish_non_exhaustive()
    }
}
