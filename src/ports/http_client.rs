//! HTTP requests to other services.

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
const REPLY_LIMIT: usize = 256 * 1024;

/// Sends HTTP requests to the services that your application has configured: SMS and OAuth2
/// providers.
///
/// `ReqwestClient` (feature `http-client`) is one implementation. Your application may bring its
/// own, for example to go through a proxy.
///
/// # Security
/// An implementation
///
/// - follows no redirect, keeps no cookies and verifies certificates,
/// - obeys the request's [timeout](HttpRequest::timeout) and [reply
///   limit](HttpRequest::reply_limit), because the server may be slow or hostile,
/// - names no URL, header or body in its errors.
///
/// For a request to the [public network only](HttpRequest::is_public_network_only) it resolves the
/// host name itself and connects only to addresses for which
/// [`is_public_address`](super::is_public_address) is true. This prevents SSRF: a name that looks
/// public may resolve to any address, and to another one a moment later (DNS rebinding).
///
/// # Examples
/// ```
/// use account::ports::{HttpClient, HttpError, HttpRequest, HttpResponse};
///
/// /// Answers every request with the same reply, for tests.
/// #[derive(Debug)]
/// struct Canned;
///
/// #[async_trait::async_trait]
/// impl HttpClient for Canned {
///     async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
///         assert_eq!(request.url().scheme(), "https");
///         Ok(HttpResponse::new(200, b"{}".to_vec()))
///     }
/// }
/// ```
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends one request and reads the whole reply. A status other than 2xx is not an error.
    ///
    /// # Errors
    /// [`HttpError`] if no complete reply was received.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

#[async_trait]
impl<T: HttpClient + ?Sized> HttpClient for Arc<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        (**self).send(request).await
    }
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpMethod {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `DELETE`.
    Delete,
}

impl HttpMethod {
    /// Returns the method as it is written in the request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// A request, with its time limit and the size limit of its reply.
///
/// # Security
/// URLs, headers and bodies carry keys and codes. `Debug` therefore shows only the method, the host
/// name, the names of the headers and the limits. Header values and the body are wiped on drop.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use account::ports::{HttpMethod, HttpRequest};
///
/// let request = HttpRequest::new(HttpMethod::Post, "https://sms.example.com/send".parse()?)
///     .with_basic_auth("user", "hidden")
///     .with_body("application/json", br#"{"to":"+64211234567"}"#.to_vec())
///     .with_timeout(Duration::from_secs(5));
/// assert_eq!(request.headers().count(), 2);
/// assert!(!format!("{request:?}").contains("hidden"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct HttpRequest {
    method: HttpMethod,
    url: Url,
    headers: Vec<(Cow<'static, str>, Secret)>,
    body: Zeroizing<Vec<u8>>,
    timeout: Duration,
    reply_limit: usize,
    public_network_only: bool,
}

impl HttpRequest {
    /// Creates a request without headers and body, with a timeout of 10 seconds and a reply limit
    /// of 256 KiB.
    #[must_use]
    pub fn new(method: HttpMethod, url: Url) -> Self {
        Self {
            method,
            url,
            headers: Vec::new(),
            body: Zeroizing::default(),
            timeout: TIMEOUT,
            reply_limit: REPLY_LIMIT,
            public_network_only: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Secret>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Adds an `Authorization` header with a user name and a password (HTTP Basic, RFC 7617).
    #[must_use]
    pub fn with_basic_auth(self, user: &str, password: &str) -> Self {
        let credentials = Zeroizing::new(format!("{user}:{password}"));
        let encoded = Zeroizing::new(data_encoding::BASE64.encode(credentials.as_bytes()));
        self.with_header("Authorization", format!("Basic {}", *encoded))
    }

    /// Sets the body and its `Content-Type`.
    #[must_use]
    pub fn with_body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.body = Zeroizing::new(body);
        self.with_header("Content-Type", content_type.to_owned())
    }

    /// Sets the time limit, from the first step of connecting to the last byte of the reply.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the size limit of the reply's body, in bytes.
    #[must_use]
    pub fn with_reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Restricts the request to the public network, whatever the host name resolves to.
    #[must_use]
    pub fn with_public_network_only(mut self) -> Self {
        self.public_network_only = true;
        self
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> HttpMethod {
        self.method
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The names and values of the headers, in the order in which they were added.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.headers.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The time limit for the whole exchange.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The size limit of the reply's body, in bytes.
    #[must_use]
    pub fn reply_limit(&self) -> usize {
        self.reply_limit
    }

    /// Whether the request may only go to [public addresses](super::is_public_address).
    #[must_use]
    pub fn is_public_network_only(&self) -> bool {
        self.public_network_only
    }
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers().map(|(name, _)| name).collect();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .field("headers", &names)
            .field("timeout", &self.timeout)
            .field("reply_limit", &self.reply_limit)
            .finish_non_exhaustive()
    }
}

/// A complete reply.
///
/// # Security
/// A reply may carry tokens. `Debug` therefore shows only the status and the length of the body.
#[derive(Clone)]
pub struct HttpResponse {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl HttpResponse {
    /// Creates a reply without headers. An [`HttpClient`] calls it.
    #[must_use]
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// Adds a received header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether the status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The value of the first header with this name, in any case, if it is UTF-8.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why no complete reply was received.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The server could not be reached, or the connection broke. The server may have acted on the
    /// request.
    #[error("the other side is unavailable")]
    Unavailable(#[source] Option<Arc<dyn Error + Send + Sync>>),
    /// The reply was not complete in time. The server may have acted on the request.
    #[error("the other side did not answer in time")]
    TimedOut,
    /// The reply is larger than the request allows.
    #[error("the reply is too large")]
    TooLarge,
    /// The request cannot be sent: its URL is not `http` or `https`, or a header is malformed.
    #[error("the request is malformed")]
    Malformed(#[source] Option<Arc<dyn Error + Send + Sync>>),
    /// The request is for the public network only, but the host name is, or resolves to, an address
    /// of the private network. Nothing was sent.
    #[error("the other side is in the private network")]
    PrivateAddress,
}

impl HttpError {
    /// Creates an [`Unavailable`](Self::Unavailable) error. The cause must not name the URL.
    pub fn unavailable(cause: impl Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Some(Arc::new(cause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HttpRequest {
        let url = Url::parse("https://user:pass@example.com/hook/hidden?key=hidden").unwrap();
        HttpRequest::new(HttpMethod::Post, url)
            .with_basic_auth("aladdin", "open sesame")
            .with_body("application/json", b"hidden".to_vec())
    }

    #[test]
    fn debug_shows_no_credential_no_path_and_no_body() {
        assert_eq!(
            format!("{:?}", request()),
            "HttpRequest { method: Post, host: Some(\"example.com\"), \
             headers: [\"Authorization\", \"Content-Type\"], timeout: 10s, reply_limit: 262144, .. }"
        );
        let reply = HttpResponse::new(200, b"hidden".to_vec()).with_header("Set-Cookie", "hidden");
        assert_eq!(format!("{reply:?}"), "HttpResponse { status: 200, length: 6, .. }");
    }

    #[test]
    fn basic_credentials_are_those_of_rfc_7617() {
        let request = request();
        let (name, value) = request.headers().next().unwrap();
        assert_eq!((name, value.expose()), ("Authorization", "Basic YWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
    }

    #[test]
    fn headers_of_a_reply_are_found_in_any_case() {
        let reply =
            HttpResponse::new(204, Vec::new()).with_header("retry-after", "7").with_header("x", [0xff]);
        assert_eq!(
            (reply.header("Retry-After"), reply.header("X"), reply.header("Y")),
            (Some("7"), None, None)
        );
    }
}
