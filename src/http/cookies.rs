//! The cookies of sessions and devices: writing them, and reading the session of a request.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use zeroize::Zeroizing;

use super::cookie::{add, encode, http_date, in_cookies};
#[cfg(feature = "oauth2")]
use super::flow_cookies::FlowCookies;
use crate::model::{ClientInfo, DeviceSecret, SessionSecret, Timestamp};

const FALLBACK: HeaderName = HeaderName::from_static("x-fallback-cookies");
const JWT: HeaderName = HeaderName::from_static("x-appwrite-jwt");
const SESSION: HeaderName = HeaderName::from_static("x-appwrite-session");

/// As long as an account remembers an unused device.
const DEVICE_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The names and attributes of this server's cookies.
#[derive(Debug)]
pub(super) struct Cookies {
    name: Box<str>,
    legacy_name: Box<str>,
    device_name: Box<str>,
    #[cfg(feature = "oauth2")]
    pub(super) flows: FlowCookies,
    is_secure: bool,
    is_cross_site: bool,
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

/// The JWT of a request. SDKs without one send an empty header.
pub(super) fn jwt(headers: &HeaderMap) -> Option<&str> {
    // The service refuses a header that is not text.
    headers.get(JWT).map(|jwt| jwt.to_str().unwrap_or("?")).filter(|jwt| !jwt.is_empty())
}

impl Cookies {
    /// `base` is the path of the public URL, without a trailing slash.
    pub(super) fn new(project: &str, base: &str, is_secure: bool, is_cross_site: bool) -> Self {
        #[cfg(not(feature = "oauth2"))]
        let _ = base;
        let name = format!("a_session_{}", project.to_ascii_lowercase());
        // Browsers refuse `SameSite=None` without `Secure`.
        Self {
            legacy_name: format!("{name}_legacy").into(),
            device_name: format!("a_device_{}", project.to_ascii_lowercase()).into(),
            name: name.into(),
            #[cfg(feature = "oauth2")]
            flows: FlowCookies::new(
                project,
                &format!("{base}{}", super::oauth2_urls::COOKIE_PATH),
                is_secure || is_cross_site,
            ),
            is_secure: is_secure || is_cross_site,
            is_cross_site,
        }
    }

    /// The first readable session among the cookie, `X-Appwrite-Session`, and their fallbacks for
    /// cross-site browsers. An unreadable one counts as absent.
    pub(super) fn find(&self, headers: &HeaderMap) -> Option<SessionCredential> {
        let session = |headers: &HeaderMap, name: &str| {
            in_cookies(headers, name, |value| SessionSecret::from_wire(value).ok())
        };
        let cookie = || {
            let cookie = session(headers, &self.name);
            let legacy = || self.is_cross_site.then(|| session(headers, &self.legacy_name)).flatten();
            let secret = cookie.or_else(legacy)?;
            Some(SessionCredential { secret, by_cookie: true, takes_new_secret: true })
        };
        let header = || {
            let secret = SessionSecret::from_wire(headers.get(SESSION)?.to_str().ok()?).ok()?;
            Some(SessionCredential { secret, by_cookie: false, takes_new_secret: false })
        };
        let fallback = || {
            let secret = self.is_cross_site.then(|| self.in_fallback(headers)).flatten()?;
            Some(SessionCredential { secret, by_cookie: false, takes_new_secret: true })
        };
        cookie().or_else(header).or_else(fallback)
    }

    /// Adds the device secret of the request, if it has one.
    pub(super) fn with_device(&self, client: ClientInfo, headers: &HeaderMap) -> ClientInfo {
        match in_cookies(headers, &self.device_name, |value| DeviceSecret::from_wire(value).ok()) {
            Some(device) => client.with_device(device),
            None => client,
        }
    }

    fn in_fallback(&self, headers: &HeaderMap) -> Option<SessionSecret> {
        let map: serde_json::Value = serde_json::from_slice(headers.get(FALLBACK)?.as_bytes()).ok()?;
        let named = |name: &str| map.get(name).and_then(serde_json::Value::as_str);
        SessionSecret::from_wire(named(&self.name).or_else(|| named(&self.legacy_name))?).ok()
    }

    /// Sets the session cookie, until the session expires.
    pub(super) fn set(&self, secret: &SessionSecret, expires_at: Timestamp, headers: &mut HeaderMap) {
        let wire = Zeroizing::new(secret.to_wire());
        let until = http_date(expires_at);
        self.write(headers, &encode(&wire), &format!("Expires={until}"));
        if self.is_cross_site {
            add(headers, FALLBACK, &format!(r#"{{"{}":"{}"}}"#, self.name, *wire));
        }
    }

    /// Sets the device cookie, which outlives sessions.
    pub(super) fn set_device(&self, device: &DeviceSecret, now: Timestamp, headers: &mut HeaderMap) {
        let until = http_date(now.after(DEVICE_LIFE));
        self.write_one(&self.device_name, headers, &device.to_wire(), &format!("Expires={until}"));
    }

    /// The name of the session cookie.
    #[cfg(feature = "oauth2")]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Clears the session cookie.
    pub(super) fn clear(&self, headers: &mut HeaderMap) {
        self.write(headers, "deleted", "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0");
        if self.is_cross_site {
            headers.insert(FALLBACK, HeaderValue::from_static("[]"));
        }
    }

    fn write_one(&self, name: &str, headers: &mut HeaderMap, value: &str, life: &str) {
        let secure = if self.is_secure { "; Secure" } else { "" };
        let same_site = if self.is_cross_site { "None" } else { "Lax" };
        let line = format!("{name}={value}; {life}; Path=/{secure}; HttpOnly; SameSite={same_site}");
        add(headers, header::SET_COOKIE, &line);
    }

    fn write(&self, headers: &mut HeaderMap, value: &str, life: &str) {
        self.write_one(&self.name, headers, value, life);
        if self.is_cross_site {
            let secure = if self.is_secure { "; Secure" } else { "" };
            let name = &self.legacy_name;
            add(headers, header::SET_COOKIE, &format!("{name}={value}; {life}; Path=/{secure}; HttpOnly"));
        }
    }
}
