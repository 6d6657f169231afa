//! A browser for the routes of your application.

use std::net::SocketAddr;

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
};
use cookie::Cookie;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use tower_service::Service as _;
use url::{Url, form_urlencoded};

use super::doubles::Outbox;
use crate::{http::SetCookies, model::Timestamp};

const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;

/// A browser for a router, without a network: it keeps cookies, sends forms with the headers that
/// browsers send, and follows links and redirects.
///
/// It does not let cookies expire with time, because the clock of a test is set by hand. It removes
/// those that a response clears.
///
/// # Panics
/// Its methods panic if the router does, or if a path or a header is malformed.
///
/// # Examples
/// ```
/// use account::axum::{Authenticator, Settings};
/// use account::http::KeepSignedIn;
/// use account::{Caller, testing::{Browser, TestHost}};
/// use axum::{Router, routing::get};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let host = TestHost::new();
/// let authenticator = Authenticator::new(host.service.clone(), &Settings::default())?;
/// let app = Router::new()
///     .route("/me", get(|caller: Caller| async move { caller.user_id().to_string() }))
///     .with_state(authenticator.clone());
///
/// let mut browser = Browser::new(app);
/// assert_eq!(browser.get("/me").await.status, 401);
///
/// let ada = host.signed_up("ada@example.com").await;
/// browser.keep(authenticator.cookies().signed_in(&ada, KeepSignedIn::UntilExpiry));
/// assert_eq!(browser.get("/me").await.text, ada.session.user.to_string());
/// # Ok(()) }
/// ```
#[doc(alias = "cookie jar")]
#[derive(Debug, Clone)]
pub struct Browser {
    router: Router,
    base: Url,
    peer: SocketAddr,
    cookies: Vec<Cookie<'static>>,
}

/// What a [`Browser`] received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as text.
    pub text: String,
}

impl Page {
    /// Where the response redirects to.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.headers.get(header::LOCATION)?.to_str().ok()
    }
}

impl Browser {
    /// Opens a browser on a router whose public URL is `http://localhost:8080`, the default.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the URL is a constant")]
    pub fn new(router: Router) -> Self {
        Self::at(router, "http://localhost:8080".parse().expect("a URL"))
    }

    /// Opens a browser on a router with this public URL.
    #[must_use]
    pub fn at(router: Router, public_url: Url) -> Self {
        let peer = SocketAddr::from(([192, 0, 2, 1], 4711));
        Self { router, base: public_url, peer, cookies: Vec::new() }
    }

    /// Sets the address that the browser's requests come from. Default: `192.0.2.1`.
    #[must_use]
    pub fn from_peer(self, peer: SocketAddr) -> Self {
        Self { peer, ..self }
    }

    /// Opens a page, by its path or its URL.
    pub async fn get(&mut self, path: &str) -> Page {
        self.send(self.request(Method::GET, path).body(Body::empty())).await
    }

    /// Sends a form of a page of the same site.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, self.base.origin().ascii_serialization())
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body))).await
    }

    /// Sends a form of a page of another site, which every handler that changes something should
    /// refuse.
    pub async fn post_from(&mut self, origin: &str, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ORIGIN, origin)
            .header("sec-fetch-site", "cross-site");
        self.send(request.body(Body::from(body))).await
    }

    /// Follows redirects below the public URL, five at most, and returns the last page.
    pub async fn follow(&mut self, page: Page) -> Page {
        let mut page = page;
        for _ in 0..5 {
            let next = page.location().and_then(|location| self.base.join(location).ok());
            let Some(next) = next.filter(|next| next.origin() == self.base.origin()) else { break };
            page = self.get(next.as_str()).await;
        }
        page
    }

    /// Opens the newest link that was sent to an email address.
    ///
    /// # Panics
    /// If no link was sent.
    #[expect(clippy::expect_used, reason = "a test helper")]
    pub async fn open_link(&mut self, outbox: &Outbox, to: &str) -> Page {
        let link = outbox.link_for(to).expect("a link was sent");
        self.get(&link).await
    }

    /// Keeps the cookies of a response, such as those of a [sign-in](crate::http::Cookies).
    pub fn keep(&mut self, cookies: SetCookies) {
        for (name, value) in cookies {
            self.take_cookie(&name, &value);
        }
    }

    /// The value of a cookie.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|cookie| cookie.name() == name).map(Cookie::value)
    }

    /// Forgets the cookies that a browser forgets when it is closed.
    pub fn close(&mut self) {
        self.cookies.retain(|cookie| cookie.expires().is_some() || cookie.max_age().is_some());
    }

    fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let url = self.base.join(path);
        let uri =
            url.as_ref().map(|url| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned());
        let uri = uri.unwrap_or_else(|_| path.to_owned());
        let mut request = Request::builder().method(method).extension(ConnectInfo(self.peer));
        let path = uri.split('?').next().unwrap_or_default();
        let sent: Vec<String> = self
            .cookies
            .iter()
            .filter(|cookie| is_below(path, cookie.path().unwrap_or("/")))
            .map(|cookie| cookie.stripped().to_string())
            .collect();
        if !sent.is_empty() {
            request = request.header(header::COOKIE, sent.join("; "));
        }
        request.uri(uri)
    }

    #[expect(clippy::expect_used, reason = "a test helper")]
    async fn send(&mut self, request: Result<Request<Body>, http::Error>) -> Page {
        let request = request.expect("a well-formed request");
        let Ok(response) = self.router.call(request).await;
        let (parts, body) = response.into_parts();
        for value in parts.headers.get_all(header::SET_COOKIE) {
            self.take_cookie(&header::SET_COOKIE, value);
        }
        let body = to_bytes(body, MAX_PAGE_BYTES).await.expect("a complete body");
        let text = String::from_utf8_lossy(&body).into_owned();
        Page { status: parts.status, headers: parts.headers, text }
    }

    fn take_cookie(&mut self, name: &HeaderName, value: &HeaderValue) {
        let line = value.to_str().ok().filter(|_| *name == header::SET_COOKIE);
        let Some(cookie) = line.and_then(|line| Cookie::parse(line.to_owned()).ok()) else { return };
        let is_it = |other: &Cookie<'_>| other.name() == cookie.name() && other.path() == cookie.path();
        self.cookies.retain(|other| !is_it(other));
        if !is_cleared(&cookie) {
            self.cookies.push(cookie);
        }
    }
}

/// Whether a path is below that of a cookie (RFC 6265 §5.1.4).
fn is_below(path: &str, cookie_path: &str) -> bool {
    let rest = path.strip_prefix(cookie_path);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'))
}

/// Whether a response clears the cookie: its life ends at once, or did decades ago.
fn is_cleared(cookie: &Cookie<'_>) -> bool {
    let ended = cookie.expires_datetime().map(|at| at.unix_timestamp());
    cookie.max_age().is_some_and(|age| !age.is_positive())
        || ended.is_some_and(|at| at <= Timestamp::from_millis(0).as_secs())
}
