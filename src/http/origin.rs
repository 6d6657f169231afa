//! The origin of a request: protection against CSRF, and CORS.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use super::{config::HttpConfig, rejection::Rejection, response::empty};
use crate::model::AllowedRedirects;

const ALLOWED_METHODS: &str = "GET, POST, PUT, PATCH, DELETE";
const ALLOWED_HEADERS: &str = "Content-Type, X-Appwrite-Project, X-Appwrite-Key, X-Appwrite-Locale, X-Appwrite-Mode, \
    X-Appwrite-JWT, X-Appwrite-Response-Format, X-Appwrite-Timeout, X-SDK-Version, X-SDK-Name, X-SDK-Language, X-SDK-Platform, \
    X-SDK-GraphQL, X-Appwrite-ID, X-Appwrite-Timestamp, Content-Range, Range, Cache-Control, Expires, Pragma, X-Appwrite-Session, \
    X-Fallback-Cookies, X-Forwarded-For, X-Forwarded-User-Agent, Cookie, Set-Cookie, Origin, Accept, X-Requested-With";
const EXPOSED_HEADERS: &str = "X-Appwrite-Session, X-Fallback-Cookies";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
pub(super) const PROJECT: HeaderName = HeaderName::from_static("x-appwrite-project");

/// The `Origin` of a request, checked once.
pub(super) enum Origin {
    /// None, or the placeholder of native SDKs without an app id.
    Absent,
    /// An app that may call.
    Allowed(HeaderValue),
    /// Any other.
    Foreign(HeaderValue),
}

impl Origin {
    pub(super) fn of(headers: &HeaderMap, config: &HttpConfig) -> Self {
        match headers.get(header::ORIGIN) {
            None => Self::Absent,
            Some(origin) => match origin.to_str() {
                Ok(text) if AllowedRedirects::is_placeholder_origin(text) => Self::Absent,
                Ok(text) if config.origins.allows_origin(text) => Self::Allowed(origin.clone()),
                _ => Self::Foreign(origin.clone()),
            },
        }
    }

    /// Rejects a change that a page of another site may have made the browser send (CSRF).
    ///
    /// The `Origin`, or else the `Referer`, must be an allowed one. If both are missing, a session
    /// that came by cookie needs a header that another site cannot set: `Sec-Fetch-Site` of this
    /// site, or `X-Appwrite-Project`, which requires a CORS preflight.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        config: &HttpConfig,
        by_cookie: bool,
    ) -> Result<(), Rejection> {
        match self {
            Self::Allowed(_) => Ok(()),
            Self::Foreign(origin) => Err(foreign(origin)),
            Self::Absent => match headers.get(header::REFERER) {
                Some(referer) => match referer.to_str() {
                    Ok(text) if config.origins.allows_origin(text) => Ok(()),
                    _ => Err(foreign(referer)),
                },
                None if !by_cookie || is_of_this_site(headers) || headers.contains_key(PROJECT) => Ok(()),
                None => Err(refused(
                    "Invalid Origin. A session cookie needs an Origin, Referer, Sec-Fetch-Site or X-Appwrite-Project header beside it.",
                )),
            },
        }
    }

    /// Whether a web page made the request: it has the origin of one, or a header that only
    /// browsers send.
    pub(super) fn is_web(&self, headers: &HeaderMap) -> bool {
        let is_page = |origin: &HeaderValue| !origin.as_bytes().starts_with(b"appwrite-");
        let has_page = match self {
            Self::Absent => false,
            Self::Allowed(origin) | Self::Foreign(origin) => is_page(origin),
        };
        has_page || headers.contains_key(FETCH_SITE)
    }

    /// Whether a page of another site has navigated the browser here, by `Sec-Fetch-Site`, without
    /// an allowed origin. Older browsers do not send the header.
    pub(super) fn is_led_by_others(&self, headers: &HeaderMap, config: &HttpConfig) -> bool {
        let referer = headers.get(header::REFERER).and_then(|referer| referer.to_str().ok());
        let is_ours = matches!(self, Self::Allowed(_))
            || referer.is_some_and(|text| config.origins.allows_origin(text));
        !is_ours && headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site")
    }

    /// Allows the pages of an allowed origin to read the response (Fetch standard, CORS protocol).
    pub(super) fn write(self, response: &mut Response<Bytes>) {
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Self::Allowed(origin) = self {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
    }
}

/// The response to `OPTIONS`.
pub(super) fn preflight(origin: &Origin, request: &HeaderMap) -> Response<Bytes> {
    let mut response = empty(StatusCode::NO_CONTENT);
    if let Origin::Allowed(_) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(ALLOWED_METHODS));
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(request));
    }
    response
}

/// The headers of the API, and those that the page asks for: an allowed origin may send any header,
/// such as those of tracing libraries.
fn allowed_headers(request: &HeaderMap) -> HeaderValue {
    const MAX_ASKED: usize = 64;
    let mut all = ALLOWED_HEADERS.to_owned();
    let asked = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS).and_then(|asked| asked.to_str().ok());
    for name in asked.unwrap_or_default().split(',').take(MAX_ASKED).map(str::trim) {
        let is_listed = ALLOWED_HEADERS.split(", ").any(|known| known.eq_ignore_ascii_case(name));
        if !is_listed && HeaderName::from_bytes(name.as_bytes()).is_ok() {
            all.push_str(", ");
            all.push_str(name);
        }
    }
    HeaderValue::from_str(&all).unwrap_or_else(|_| HeaderValue::from_static(ALLOWED_HEADERS))
}

fn is_of_this_site(headers: &HeaderMap) -> bool {
    headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin" || site == "same-site")
}

fn foreign(origin: &HeaderValue) -> Rejection {
    refused(if origin.as_bytes().starts_with(b"appwrite-") {
        "Invalid Origin. Add the id of this app to the setting allowed_apps."
    } else {
        "Invalid Origin. Add the host of this app to the setting allowed_hosts."
    })
}

fn refused(message: &'static str) -> Rejection {
    Rejection::new(StatusCode::FORBIDDEN, "general_unknown_origin", message)
}
