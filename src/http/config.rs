//! The checked settings of the HTTP layer.

use sha2::{Digest as _, Sha256};

#[cfg(feature = "oauth2")]
use super::flow_cookies::FlowCookies;
#[cfg(feature = "oauth2")]
use super::oauth2_urls::{COOKIE_PATH, OAuth2Urls};
use super::{cookies::Cookies, magic_page, peer::Proxies, settings::Settings};
use crate::{
    config::{Config, ConfigError},
    model::{AllowedRedirects, CheckedUrl, Invalid},
    secret::Secret,
};

/// The checked settings, in the form that requests need.
#[derive(Debug)]
pub(super) struct HttpConfig {
    /// The public URL without a slash at its end.
    pub(super) base: Box<str>,
    pub(super) project: Box<str>,
    pub(super) cookies: Cookies,
    /// Those for clients that are no web pages.
    pub(super) plain_cookies: Option<Cookies>,
    #[cfg(feature = "oauth2")]
    pub(super) flow_cookies: FlowCookies,
    /// The origins that may call, and the places that links may lead to.
    pub(super) origins: AllowedRedirects,
    /// The page of a sign-in link if its client names none.
    pub(super) magic_page: CheckedUrl,
    #[cfg(feature = "oauth2")]
    pub(super) oauth2: OAuth2Urls,
    pub(super) proxies: Proxies,
    pub(super) api_key: Option<[u8; 32]>,
    pub(super) rate_limits: bool,
    pub(super) form_bodies: bool,
    pub(super) is_https: bool,
}

impl HttpConfig {
    pub(super) fn new(settings: &Settings, config: &Config) -> Result<Self, ConfigError> {
        let public_url = settings.base_url()?;
        let origin = public_url.origin().ascii_serialization();
        let origins = allowed_origins(settings, &origin, &config.project)?;
        let own = AllowedRedirects::new([origin.as_str()], []).map_err(not_plain)?;
        let base = public_url.as_str().trim_end_matches('/');
        let magic_page = own.check(&format!("{base}{}", magic_page::PATH)).map_err(not_plain)?;
        let is_https = public_url.scheme() == "https";
        let cookies = Cookies::new(settings, config)?;
        let has_plain = settings.cross_site_cookies && !is_https;
        let plain_cookies =
            has_plain.then(|| Cookies::new(settings, config)).transpose()?.map(Cookies::for_plain_clients);
        #[cfg(feature = "oauth2")]
        let path = format!("{}{COOKIE_PATH}", public_url.path().trim_end_matches('/'));
        Ok(Self {
            base: base.into(),
            project: config.project.as_str().into(),
            #[cfg(feature = "oauth2")]
            flow_cookies: cookies.flows(&path),
            cookies,
            plain_cookies,
            origins,
            magic_page,
            #[cfg(feature = "oauth2")]
            oauth2: OAuth2Urls::new(&public_url, &config.project, &own).map_err(not_plain)?,
            proxies: Proxies::new(&settings.trusted_proxies),
            api_key: api_key_digest(settings)?,
            rate_limits: settings.rate_limits,
            form_bodies: settings.form_bodies,
            is_https,
        })
    }

    /// Whether this is the API key, compared in constant time.
    pub(super) fn is_api_key(&self, given: &[u8]) -> bool {
        let digest: [u8; 32] = Sha256::digest(given).into();
        self.api_key.is_some_and(|key| constant_time_eq::constant_time_eq_32(&key, &digest))
    }
}

fn not_plain(_: Invalid) -> ConfigError {
    ConfigError { field: "public_url", rule: "must be spelled plainly, as browsers write it" }
}

/// Every origin that may call and every place that links may lead to.
fn allowed_origins(
    settings: &Settings,
    own_origin: &str,
    project: &str,
) -> Result<AllowedRedirects, ConfigError> {
    // The scheme that the SDKs of native apps listen on after a sign-in at a provider.
    let own_app = format!("appwrite-callback-{project}");
    let hosts = || settings.allowed_hosts.iter().map(String::as_str);
    AllowedRedirects::new(hosts(), []).map_err(|_| ConfigError {
        field: "allowed_hosts",
        rule: "must be host names such as app.example.com or *.example.com, or origins such as https://app.example.com:8443",
    })?;
    let apps = settings.allowed_apps.iter().map(String::as_str).chain([own_app.as_str()]);
    AllowedRedirects::new(hosts().chain([own_origin]), apps).map_err(|_| ConfigError {
        field: "allowed_apps",
        rule: "must be application ids such as com.example.app",
    })
}

fn api_key_digest(settings: &Settings) -> Result<Option<[u8; 32]>, ConfigError> {
    let key = settings.api_key.as_ref().map(Secret::expose);
    match key.is_some_and(|key| key.len() < 16) {
        true => Err(ConfigError { field: "api_key", rule: "must have 16 bytes or more" }),
        false => Ok(key.map(|key| Sha256::digest(key).into())),
    }
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
}
