//! Session cookies: writing them, and finding what a client presents.

use std::{fmt::Write as _, time::Duration};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use zeroize::Zeroizing;

#[cfg(feature = "oauth2")]
use super::flow_cookies::FlowCookies;
use super::percent;
use crate::model::{ClientInfo, DeviceSecret, SessionSecret, Timestamp};

const FALLBACK: HeaderName = HeaderName::from_static("x-fallback-cookies");
const JWT: HeaderName = HeaderName::from_static("x-appwrite-jwt");
const SESSION: HeaderName = HeaderName::from_static("x-appwrite-session");

/// As long as an account knows an unused device.
const DEVICE_LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// RFC 9110 §5.6.7.
const HTTP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

/// How this server's session cookies are called and written.
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

/// What a client sends to prove its session.
#[derive(Debug)]
pub(super) struct SessionCredential {
    pub(super) secret: SessionSecret,
    /// It came by a cookie, which browsers send of their own accord (RFC 6265 §8.2).
    pub(super) by_cookie: bool,
    /// The client keeps what this server sets, and so takes over a new secret.
    pub(super) is_kept_for_us: bool,
}

/// The JWT of a request, if there is one; SDKs send an empty header for none.
pub(super) fn jwt(headers: &HeaderMap) -> Option<&str> {
    // What is no text is no JWT either; the service words the refusal.
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
                &format!("{base}{}", super::oauth2::COOKIE_PATH),
                is_secure || is_cross_site,
            ),
            is_secure: is_secure || is_cross_site,
            is_cross_site,
        }
    }

    /// The first readable session among cookie, `X-Appwrite-Session`, and their stand-ins for cross-site browsers. Whatever cannot be read
    /// is as good as absent.
    pub(super) fn find(&self, headers: &HeaderMap) -> Option<SessionCredential> {
        let session = |headers: &HeaderMap, name: &str| {
            in_cookies(headers, name, |value| SessionSecret::from_wire(value).ok())
        };
        let cookie = || {
            let cookie = session(headers, &self.name);
            let legacy = || self.is_cross_site.then(|| session(headers, &self.legacy_name)).flatten();
            let secret = cookie.or_else(legacy)?;
            Some(SessionCredential { secret, by_cookie: true, is_kept_for_us: true })
        };
        let header = || {
            let secret = SessionSecret::from_wire(headers.get(SESSION)?.to_str().ok()?).ok()?;
            Some(SessionCredential { secret, by_cookie: false, is_kept_for_us: false })
        };
        let fallback = || {
            let secret = self.is_cross_site.then(|| self.in_fallback(headers)).flatten()?;
            Some(SessionCredential { secret, by_cookie: false, is_kept_for_us: true })
        };
        cookie().or_else(header).or_else(fallback)
    }

    /// The client with the device secret that it presents, if it does.
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

    /// Lets the client keep a secret until its session expires.
    pub(super) fn set(&self, secret: &SessionSecret, expires_at: Timestamp, headers: &mut HeaderMap) {
        let wire = Zeroizing::new(secret.to_wire());
        let until = http_date(expires_at);
        self.write(headers, &encode(&wire), &format!("Expires={until}"));
        if self.is_cross_site {
            add(headers, FALLBACK, &format!(r#"{{"{}":"{}"}}"#, self.name, *wire));
        }
    }

    /// Lets the client keep what it will be known by at its next sign-in; it outlives sessions.
    pub(super) fn set_device(&self, device: &DeviceSecret, now: Timestamp, headers: &mut HeaderMap) {
        let until = http_date(now.after(DEVICE_LIFE));
        self.write_one(&self.device_name, headers, &device.to_wire(), &format!("Expires={until}"));
    }

    /// What the session's cookie is called.
    #[cfg(feature = "oauth2")]
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Lets the client forget its secret.
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

fn http_date(at: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.as_secs()).ok();
    at.and_then(|at| at.format(HTTP_DATE).ok()).unwrap_or_default()
}

/// The first cookie of that name that can be read.
fn in_cookies<T>(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
    pairs(headers).filter(|(given, _)| *given == name).find_map(|(_, value)| read(&percent::decode(value)?))
}

/// Names and values of all cookies, in their order.
pub(super) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim(), value.trim()))
}

pub(super) fn add(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(mut value) = HeaderValue::from_str(text) {
        value.set_sensitive(true);
        headers.append(name, value);
    }
}

/// The three characters of base64 that some readers of cookies take amiss.
fn encode(base64: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(base64.len() + 16));
    for character in base64.chars() {
        let _ = match character {
            '+' | '/' | '=' => write!(encoded, "%{:02X}", u32::from(character)),
            plain => encoded.write_char(plain),
        };
    }
    encoded
}
