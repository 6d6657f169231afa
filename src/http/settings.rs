//! What the HTTP side can be told, and the checked form that requests are measured by.

use sha2::{Digest as _, Sha256};
use url::Url;

use super::{cookies::Cookies, magic_page, peer::ProxyNetwork};
use crate::{
    config::{Config, ConfigError},
    model::{AllowedRedirects, CheckedUrl},
    secret::Secret,
};

/// The settings of [`router_with`](super::router_with) and [`Authenticator`](super::Authenticator).
///
/// The default suits a server on one's own machine; behind a real name set at least `public_url` and `allowed_hosts`.
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
    /// The base under which clients reach the API, `http` or `https`; `http://localhost:8080`.
    ///
    /// Its scheme alone decides whether cookies are `Secure`, its origin may always call, a sign-in link for which the client names no page leads
    /// to a page under it, and OAuth2 providers send browsers back to it. Nothing is read from `Host` or forwarding headers.
    pub public_url: String,
    /// The hosts and origins of browser apps that may call, and that mailed links may lead to, as [`AllowedRedirects::new`] takes them;
    /// `localhost`.
    pub allowed_hosts: Vec<String>,
    /// The ids of native apps that may call, from origins such as `appwrite-ios://com.example.app`, and that mailed links and OAuth2 sign-ins may
    /// open; none. `appwrite-callback-<project>://`, to which the SDKs listen, may always be opened.
    pub allowed_apps: Vec<String>,
    /// The proxies whose `X-Forwarded-For` counts; none.
    pub trusted_proxies: Vec<ProxyNetwork>,
    /// Whether browser apps on other sites may sign in; `false`.
    ///
    /// # Security
    /// Cookies then are `SameSite=None`, and the secret is also shown to scripts in `X-Fallback-Cookies`.
    pub cross_site_cookies: bool,
    /// Whether requests are counted and refused; `true`. Tries per code and failures per account stay limited.
    pub rate_limits: bool,
    /// The key that a server of the host's own sends in `X-Appwrite-Key`, 16 bytes or more; none.
    pub api_key: Option<Secret>,
    /// Whether bodies may be `application/x-www-form-urlencoded` beside JSON; `false`.
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
    /// The HTTP side of [`Config::appwrite_1_6`]: form bodies are read too, and browser apps on other sites may sign in.
    #[must_use]
    pub fn appwrite_1_6() -> Self {
        Self { form_bodies: true, cross_site_cookies: true, ..Self::default() }
    }
}

/// The settings once they are checked, in the form in which requests need them.
#[derive(Debug)]
pub(super) struct HttpConfig {
    pub(super) project: Box<str>,
    pub(super) cookies: Cookies,
    /// Where browsers may call from, and links lead to.
    pub(super) origins: AllowedRedirects,
    /// Where a sign-in link leads if its client does not say.
    pub(super) magic_page: CheckedUrl,
    #[cfg(feature = "oauth2")]
    pub(super) oauth2: super::oauth2::OAuth2Urls,
    pub(super) proxies: Vec<ProxyNetwork>,
    pub(super) api_key: Option<[u8; 32]>,
    pub(super) rate_limits: bool,
    pub(super) form_bodies: bool,
    pub(super) is_https: bool,
}

impl HttpConfig {
    pub(super) fn new(settings: &Settings, config: &Config) -> Result<Self, ConfigError> {
        let public_url = public_url(&settings.public_url).ok_or(ConfigError {
            field: "public_url",
            rule: "an http or https URL without query and user",
        })?;
        let own_origin = public_url.origin().ascii_serialization();
        let hosts = || settings.allowed_hosts.iter().map(String::as_str);
        AllowedRedirects::new(hosts(), []).map_err(|_| ConfigError {
            field: "allowed_hosts",
            rule: "hosts such as app.example.com or *.example.com, or origins such as https://app.example.com:8443",
        })?;
        let magic_page = format!("{}{}", public_url.as_str().trim_end_matches('/'), magic_page::PATH);
        let not_plain = |_| ConfigError { field: "public_url", rule: "plainly spelled" };
        let own = AllowedRedirects::new([own_origin.as_str()], []).map_err(not_plain)?;
        let magic_page = own.check(&magic_page).map_err(not_plain)?;
        // What the SDKs of native apps listen to after a sign-in by a provider.
        let own_app = format!("appwrite-callback-{}", config.project);
        let apps = settings.allowed_apps.iter().map(String::as_str).chain([own_app.as_str()]);
        let origins = AllowedRedirects::new(hosts().chain([own_origin.as_str()]), apps).map_err(|_| {
            ConfigError { field: "allowed_apps", rule: "application ids such as com.example.app" }
        })?;
        let api_key = settings.api_key.as_ref().map(Secret::expose);
        if api_key.is_some_and(|key| key.len() < 16) {
            return Err(ConfigError { field: "api_key", rule: "16 bytes or more" });
        }
        let is_https = public_url.scheme() == "https";
        Ok(Self {
            project: config.project.as_str().into(),
            cookies: Cookies::new(
                &config.project,
                public_url.path().trim_end_matches('/'),
                is_https,
                settings.cross_site_cookies,
            ),
            origins,
            magic_page,
            #[cfg(feature = "oauth2")]
            oauth2: super::oauth2::OAuth2Urls::new(&public_url, &config.project, &own).map_err(not_plain)?,
            proxies: settings.trusted_proxies.clone(),
            api_key: api_key.map(|key| Sha256::digest(key).into()),
            rate_limits: settings.rate_limits,
            form_bodies: settings.form_bodies,
            is_https,
        })
    }

    /// Whether this is the API key. Takes as long for a wrong one, whatever it shares with the right one.
    pub(super) fn is_api_key(&self, given: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(given).into();
        self.api_key.is_some_and(|key| constant_time_eq::constant_time_eq_32(&key, &digest))
    }
}

fn public_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_base = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_base.then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::MasterKey;

    fn refused(change: impl FnOnce(&mut Settings)) -> Option<&'static str> {
        let mut settings = Settings::default();
        change(&mut settings);
        let config = Config::new(MasterKey::generate().unwrap());
        HttpConfig::new(&settings, &config).err().map(|error| error.field)
    }

    #[test]
    fn the_defaults_are_sound() {
        assert_eq!(refused(|_| {}), None);
        assert_eq!(refused(|settings| *settings = Settings::appwrite_1_6()), None);
    }

    #[test]
    fn a_wrong_setting_is_named() {
        for url in [
            "",
            "localhost",
            "ftp://a.example",
            "https://u@a.example",
            "https://a.example?x",
            "https://a.example#x",
        ] {
            assert_eq!(refused(|settings| settings.public_url = url.into()), Some("public_url"), "{url}");
        }
        assert_eq!(refused(|settings| settings.allowed_hosts = vec!["*".into()]), Some("allowed_hosts"));
        assert_eq!(refused(|settings| settings.allowed_apps = vec!["https".into()]), Some("allowed_apps"));
        assert_eq!(refused(|settings| settings.api_key = Some(Secret::new("short".into()))), Some("api_key"));
    }

    #[test]
    fn debug_shows_no_key() {
        let settings =
            Settings { api_key: Some(Secret::new("0123456789abcdef".into())), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("0123456789abcdef"));
    }
}
