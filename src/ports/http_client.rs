//! Requests to other services.

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use url::Url;
use zeroize::Zeroizing;

use crate::secret::Secret;

const TIMEOUT: Duration = Duration::from_secs(10);
const REPLY_LIMIT: usize = 256 * 1024;

/// Sends HTTP requests to services that the host has chosen: SMS and OAuth2 providers.
///
/// `ReqwestClient` (feature `http-client`) is one; a host may bring another, for instance one that goes through its proxy.
///
/// # Security
/// An implementation follows no redirect, keeps no cookies, and verifies certificates. It keeps to the request's
/// [timeout](HttpRequest::timeout) and [reply limit](HttpRequest::reply_limit), because the other side may be slow or
/// hostile. Its errors name no URL, header or body.
///
/// For a request [for the public network only](HttpRequest::is_public_network_only) it resolves the host's name itself and connects to
/// addresses that [`is_public_address`](super::is_public_address) lets through, and to no other: a name that looks public may lead anywhere,
/// and elsewhere a moment later.
#[async_trait]
pub trait HttpClient: fmt::Debug + Send + Sync + 'static {
    /// Sends one request and reads the whole reply. A status other than 2xx is a reply, not an error.
    ///
    /// # Errors
    /// [`HttpError`] if there is no whole reply.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

#[async_trait]
impl<T: HttpClient + ?Sized> HttpClient for Arc<T> {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        (**self).send(request).await
    }
}

/// What a request asks for.
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
    /// As it stands in the request line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One request, with how long to wait and how much to read.
///
/// # Security
/// Keys and codes travel in URLs, headers and bodies: `Debug` shows only the method, the host and the names of headers, and
/// header values and bodies are wiped on drop.
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
    /// A request without headers and body that may take 10 seconds and be answered by 256 KiB.
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

    /// Adds the `Authorization` header of a user with a password (RFC 7617).
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

    /// Sets the time from the first step of connecting to the last byte of the reply.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how many bytes the body of the reply may have.
    #[must_use]
    pub fn with_reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Keeps it out of the private network, whatever the host's name resolves to.
    #[must_use]
    pub fn with_public_network_only(mut self) -> Self {
        self.public_network_only = true;
        self
    }

    /// What it asks for.
    #[must_use]
    pub fn method(&self) -> HttpMethod {
        self.method
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Names and values of its headers, in the order in which they were added.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.headers.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// What it carries.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The time that it may take in all.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How many bytes the body of the reply may have.
    #[must_use]
    pub fn reply_limit(&self) -> usize {
        self.reply_limit
    }

    /// Whether it must not be sent to an address that is not [public](super::is_public_address).
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

/// A reply, read to its end.
///
/// # Security
/// It may carry tokens: `Debug` shows only the status and the length of the body.
#[derive(Clone)]
pub struct HttpResponse {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl HttpResponse {
    /// A reply with this status and body, made by an [`HttpClient`].
    #[must_use]
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// Adds a header as it was received.
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

    /// The first header of this name, whatever its case, if it is text.
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

/// Why a request has no whole reply.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The other side could not be reached, or the connection broke. It may have acted on the request.
    #[error("the other side is unavailable")]
    Unavailable(#[source] Option<Arc<dyn Error + Send + Sync>>),
    /// The whole reply was not there in time. The other side may have acted on the request.
    #[error("the other side did not answer in time")]
    TimedOut,
    /// The reply is longer than the request allows.
    #[error("the reply is too large")]
    TooLarge,
    /// The request cannot be sent as it is: no `http` or `https` URL, or a malformed header.
    #[error("the request is malformed")]
    Malformed(#[source] Option<Arc<dyn Error + Send + Sync>>),
    /// The host is, or resolves to, an address of the private network, and the request is for the public one only. Nothing was sent.
    #[error("the other side is in the private network")]
    PrivateAddress,
}

impl HttpError {
    /// An [`Unavailable`](Self::Unavailable) with its cause, which must not name the URL.
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
            "HttpRequest { method: Post, host: Some(\"example.com\"), headers: [\"Authorization\", \"Content-Type\"], \
             timeout: 10s, reply_limit: 262144, .. }"
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
