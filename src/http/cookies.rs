//! The cookies of sessions and devices: writing them, and reading the session of a request.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use smallvec::SmallVec;
use zeroize::Zeroizing;

#[cfg(feature = "oauth2")]
use super::flow_cookies::FlowCookies;
use super::{
    cookie::{encode, http_date, in_cookies},
    set_cookies::SetCookies,
    settings::Settings,
};
use crate::{
    config::{Config, ConfigError},
    features::PassedChallenge,
    model::{ClientInfo, DeviceSecret, SessionSecret, Timestamp},
    service::SignedIn,
};

const FALLBACK: HeaderName = HeaderName::from_static("x-fallback-cookies");
const JWT: HeaderName = HeaderName::from_static("x-appwrite-jwt");
const SESSION: HeaderName = HeaderName::from_static("x-appwrite-session");

/// A browser has more than one only by mistake, such as one of another path.
const MAX_SESSION_COOKIES: usize = 4;
/// As long as an account remembers an unused device.
const DEVICE_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The cookies of sessions, devices and OAuth2 flows, for routes of your application.
///
/// They are the cookies of the Account API, so a user who signs in on a page of your application is
/// signed in for client SDKs too, and the other way round. [`Authenticator::cookies`] returns them.
///
/// # Security
/// Session and device cookies are `HttpOnly`, `SameSite=Lax`, host-only, and `Secure` if the public
/// URL is https. The device cookie lets its owner sign in while guesses at the account are locked,
/// so set it at each sign-in: [`signed_in`](Cookies::signed_in) does.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore, model::ClientInfo};
/// use account::http::{Cookies, KeepSignedIn, Settings};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new(MasterKey::generate()?);
/// let cookies = Cookies::new(&Settings::default(), &config)?;
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
///
/// let signed_in = service.sign_in_anonymously(&ClientInfo::default()).await?;
/// let mut response = http::Response::new("Welcome.");
/// cookies.signed_in(&signed_in, KeepSignedIn::UntilExpiry).append_to(response.headers_mut());
/// # Ok(()) }
/// ```
///
/// [`Authenticator::cookies`]: super::Authenticator::cookies
#[derive(Debug)]
pub struct Cookies {
    name: Box<str>,
    legacy_name: Box<str>,
    device_name: Box<str>,
    #[cfg(feature = "oauth2")]
    project: Box<str>,
    #[cfg(feature = "oauth2")]
    is_https: bool,
    is_secure: bool,
    is_cross_site: bool,
}

/// How long the browser keeps a session cookie: the choice behind "Keep me signed in".
#[doc(alias = "remember me")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeepSignedIn {
    /// Until the session expires.
    #[default]
    UntilExpiry,
    /// Until the browser is closed. The session itself still lives until it expires or is ended.
    UntilBrowserCloses,
}

/// The session that a request presents.
#[derive(Debug)]
pub(super) struct SessionCredential {
    pub(super) secret: SessionSecret,
    /// It came by cookie, which browsers send by themselves (RFC 6265 §8.2).
    pub(super) by_cookie: bool,
    /// The client stores what this server sets, and so takes over a new secret.
    pub(super) takes_new_secret: bool,
}

/// The sessions that a request presents, in the order in which they are tried.
pub(super) type Credentials = SmallVec<[SessionCredential; 1]>;

/// The JWT of a request. SDKs without one send an empty header.
pub(super) fn jwt(headers: &HeaderMap) -> Option<&str> {
    // The service refuses a header that is not text.
    headers.get(JWT).map(|jwt| jwt.to_str().unwrap_or("?")).filter(|jwt| !jwt.is_empty())
}

impl Cookies {
    /// The cookies of a service with these settings.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that breaks a rule.
    pub fn new(settings: &Settings, config: &Config) -> Result<Self, ConfigError> {
        let is_https = settings.base_url()?.scheme() == "https";
        let name = format!("a_session_{}", config.project.to_ascii_lowercase());
        Ok(Self {
            legacy_name: format!("{name}_legacy").into(),
            device_name: format!("a_device_{}", config.project.to_ascii_lowercase()).into(),
            name: name.into(),
            #[cfg(feature = "oauth2")]
            project: config.project.as_str().into(),
            #[cfg(feature = "oauth2")]
            is_https,
            is_secure: is_https || settings.cross_site_cookies,
            is_cross_site: settings.cross_site_cookies,
        })
    }

    /// Sets the cookies of a sign-in: the session's, and the device's if it is new.
    pub fn signed_in(&self, signed_in: &SignedIn, keep: KeepSignedIn) -> SetCookies {
        let SignedIn { session, secret, device } = signed_in;
        let device = device.as_ref().map(|device| self.device(device, session.created_at));
        device.unwrap_or_default().and(self.new_secret(secret, session.expires_at, keep))
    }

    /// Sets the session cookie to a secret: the [new one](crate::CredentialChange::secret) of the
    /// caller's session, which [expires](crate::SessionHolder::session_expires_at) at this time.
    pub fn new_secret(
        &self,
        secret: &SessionSecret,
        expires_at: Timestamp,
        keep: KeepSignedIn,
    ) -> SetCookies {
        let wire = Zeroizing::new(secret.to_wire());
        let mut cookies = SetCookies::default();
        let life = match keep {
            KeepSignedIn::UntilExpiry => format!("Expires={}; ", http_date(expires_at)),
            KeepSignedIn::UntilBrowserCloses => String::new(),
        };
        self.write(&mut cookies, &encode(&wire), &life);
        if self.is_cross_site {
            cookies.header(FALLBACK, &format!(r#"{{"{}":"{}"}}"#, self.name, *wire));
        }
        cookies
    }

    /// Sets the cookies after a second factor: the session's, which has a new secret, and the
    /// device's if it is new.
    pub fn passed_challenge(&self, passed: &PassedChallenge, keep: KeepSignedIn) -> SetCookies {
        let PassedChallenge { session, secret, device } = passed;
        let secret = secret.as_ref().map(|secret| self.new_secret(secret, session.expires_at, keep));
        let device = device.as_ref().map(|device| self.device(device, session.updated_at));
        device.unwrap_or_default().and(secret.unwrap_or_default())
    }

    /// Clears the session cookie.
    pub fn signed_out(&self) -> SetCookies {
        let mut cookies = SetCookies::default();
        self.write(&mut cookies, "deleted", "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; ");
        if self.is_cross_site {
            cookies.header(FALLBACK, "[]");
        }
        cookies
    }

    /// Returns the session's secret that a request presents, by cookie or in `X-Appwrite-Session`.
    /// An unreadable one counts as absent.
    ///
    /// [`Authenticator`](super::Authenticator) does this, and protects from CSRF.
    #[must_use]
    pub fn session(&self, headers: &HeaderMap) -> Option<SessionSecret> {
        self.find(headers).into_iter().next().map(|credential| credential.secret)
    }

    /// The cookies of OAuth2 flows for routes of your application below `path`, such as `/sign-in`.
    /// The routes that start and end a flow must both be below it.
    #[cfg(feature = "oauth2")]
    #[must_use]
    pub fn flows(&self, path: &str) -> FlowCookies {
        FlowCookies::new(&self.project, path, self.is_https)
    }

    /// The same cookies for clients that are no web pages, on plain http: they would not keep
    /// `Secure` ones.
    pub(super) fn for_plain_clients(self) -> Self {
        Self { is_secure: false, ..self }
    }

    /// Sets the device cookie, which outlives sessions.
    pub(super) fn device(&self, device: &DeviceSecret, now: Timestamp) -> SetCookies {
        let until = http_date(now.after(DEVICE_LIFE));
        let mut cookies = SetCookies::default();
        self.write_one(&self.device_name, &mut cookies, &device.to_wire(), &format!("Expires={until}; "));
        cookies
    }

    /// The readable sessions of a request: those of its cookies, or else that of
    /// `X-Appwrite-Session`, or else that of the fallback for cross-site browsers. An unreadable
    /// one counts as absent. Several cookies may have the name of the session's, at most four
    /// count.
    pub(super) fn find(&self, headers: &HeaderMap) -> Credentials {
        let session = |name| in_cookies(headers, name, |value| SessionSecret::from_wire(value).ok());
        let legacy = self.is_cross_site.then(|| session(&*self.legacy_name)).into_iter().flatten();
        let by_cookie: Credentials = session(&*self.name)
            .chain(legacy)
            .map(|secret| SessionCredential { secret, by_cookie: true, takes_new_secret: true })
            .take(MAX_SESSION_COOKIES)
            .collect();
        if !by_cookie.is_empty() {
            return by_cookie;
        }
        let header = || {
            let secret = SessionSecret::from_wire(headers.get(SESSION)?.to_str().ok()?).ok()?;
            Some(SessionCredential { secret, by_cookie: false, takes_new_secret: false })
        };
        let fallback = || {
            let secret = self.is_cross_site.then(|| self.in_fallback(headers)).flatten()?;
            Some(SessionCredential { secret, by_cookie: false, takes_new_secret: true })
        };
        header().or_else(fallback).into_iter().collect()
    }

    /// Adds the device secret of the request, if it has one.
    pub(super) fn with_device(&self, client: ClientInfo, headers: &HeaderMap) -> ClientInfo {
        let read = |value: &str| DeviceSecret::from_wire(value).ok();
        match in_cookies(headers, &self.device_name, read).next() {
            Some(device) => client.with_device(device),
            None => client,
        }
    }

    /// The name of the session cookie.
    #[cfg(feature = "oauth2")]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn in_fallback(&self, headers: &HeaderMap) -> Option<SessionSecret> {
        let map: serde_json::Value = serde_json::from_slice(headers.get(FALLBACK)?.as_bytes()).ok()?;
        let named = |name: &str| map.get(name).and_then(serde_json::Value::as_str);
        SessionSecret::from_wire(named(&self.name).or_else(|| named(&self.legacy_name))?).ok()
    }

    /// `life` is an attribute with its separator, or empty for a cookie of the browser session.
    fn write_one(&self, name: &str, cookies: &mut SetCookies, value: &str, life: &str) {
        let secure = if self.is_secure { "; Secure" } else { "" };
        // Browsers refuse `SameSite=None` without `Secure`.
        let same_site = if self.is_cross_site && self.is_secure { "None" } else { "Lax" };
        cookies.set_cookie(&format!("{name}={value}; {life}Path=/{secure}; HttpOnly; SameSite={same_site}"));
    }

    fn write(&self, cookies: &mut SetCookies, value: &str, life: &str) {
        if self.is_cross_site {
            let secure = if self.is_secure { "; Secure" } else { "" };
            cookies.set_cookie(&format!("{}={value}; {life}Path=/{secure}; HttpOnly", self.legacy_name));
        }
        // Last, because some clients take the last of several.
        self.write_one(&self.name, cookies, value, life);
    }
}
