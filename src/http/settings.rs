//! The settings of the HTTP layer.

use url::Url;

use super::peer::ProxyNetwork;
use crate::{config::ConfigError, secret::Secret};

/// The settings of [`Api`](super::Api) and [`Authenticator`](super::Authenticator).
///
/// The default suits a server on the local machine. With a domain of your own, set `public_url` and
/// `allowed_hosts` at least.
///
/// # Examples
/// ```
/// let mut settings = account::http::Settings::default();
/// settings.public_url = "https://api.example.com".into();
/// settings.allowed_hosts = vec!["app.example.com".into()];
/// settings.trusted_proxies = vec!["10.0.0.0/8".parse()?];
/// # Ok::<(), account::http::InvalidProxyNetwork>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The base URL of the API for clients, `http` or `https`. Default: `http://localhost:8080`.
    ///
    /// Its scheme alone decides whether cookies are `Secure`. Its origin may always call. Sign-in
    /// links without a page of the client lead to a page below it, and OAuth2 providers redirect
    /// back to it. `Host` and forwarding headers are never used.
    pub public_url: String,
    /// The host names and origins of browser apps, web views and extensions that may call, and that
    /// mailed links may lead to, as
    /// [`AllowedRedirects::new`](crate::model::AllowedRedirects::new) takes them. Default:
    /// `localhost`.
    pub allowed_hosts: Vec<String>,
    /// The ids of native apps that may call, from origins such as `appwrite-ios://com.example.app`,
    /// and that mailed links and OAuth2 sign-ins may open. Default: none.
    /// `appwrite-callback-<project>://`, where the SDKs listen, is always allowed.
    pub allowed_apps: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is trusted. Default: none.
    pub trusted_proxies: Vec<ProxyNetwork>,
    /// Whether browser apps on other sites may sign in. Default: `false`.
    ///
    /// # Security
    /// If `true`, cookies are `SameSite=None`, and scripts can read the secret in
    /// `X-Fallback-Cookies`.
    pub cross_site_cookies: bool,
    /// Whether requests are counted and limited. Default: `true`. Guesses per code and per account
    /// are always limited.
    pub rate_limits: bool,
    /// The key that a server of your application sends in `X-Appwrite-Key`, 16 bytes or more.
    /// Default: none.
    pub api_key: Option<Secret>,
    /// Whether bodies may be `application/x-www-form-urlencoded` in addition to JSON. Default:
    /// `false`.
    pub form_bodies: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://localhost:8080".into(),
            allowed_hosts: vec!["localhost".into()],
            allowed_apps: Vec::new(),
            trusted_proxies: Vec::new(),
            cross_site_cookies: false,
            rate_limits: true,
            api_key: None,
            form_bodies: false,
        }
    }
}

impl Settings {
    /// The settings that belong to [`Config::appwrite_1_6`](crate::Config::appwrite_1_6): form
    /// bodies are accepted, and browser apps on other sites may sign in.
    #[must_use]
    pub fn appwrite_1_6() -> Self {
        Self { form_bodies: true, cross_site_cookies: true, ..Self::default() }
    }

    /// The public URL, parsed.
    pub(super) fn base_url(&self) -> Result<Url, ConfigError> {
        let is_base = |url: &Url| {
            matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        let rule = "must be an http or https URL without user and query";
        Url::parse(&self.public_url).ok().filter(is_base).ok_or(ConfigError { field: "public_url", rule })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_key() {
        let settings =
            Settings { api_key: Some(Secret::new("0123456789abcdef".into())), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    }
}
