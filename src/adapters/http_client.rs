//! An HTTP client on reqwest.

mod public_resolver;

use std::{error::Error, fmt, net::IpAddr, sync::Arc};

use async_trait::async_trait;
use reqwest::{
    Client, ClientBuilder, Method, Response, Url,
    header::{HeaderName, HeaderValue},
    redirect::Policy,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Host;

use self::public_resolver::{Lookup, NoPublicAddress, PublicResolver, SystemLookup};
use crate::ports::{HttpClient, HttpError, HttpMethod, HttpRequest, HttpResponse, is_public_address};

const USER_AGENT: &str = concat!("account/", env!("CARGO_PKG_VERSION"));

/// An [`HttpClient`] on reqwest. Cloning is cheap.
///
/// Every request opens a new connection. A server can close a kept-alive connection at the moment
/// the next request is sent on it, and it is then unknown whether the request took effect: a code
/// may be spent or a text message paid for without a reply. TLS sessions are resumed.
///
/// TLS is rustls with ring and Mozilla's root certificates, set up for this client alone: it
/// neither installs nor needs a process-wide crypto provider. Proxies named by environment
/// variables are not used. The client needs a tokio runtime.
///
/// # Security
/// - Redirects are not followed.
/// - The reply limit is enforced while the reply arrives, so that a hostile server cannot exhaust
///   memory.
/// - SSRF and DNS rebinding: a request [for the public network
///   only](HttpRequest::is_public_network_only) connects to public addresses only. The client
///   resolves the name itself and connects to the addresses it has checked.
///
/// # Examples
/// ```no_run
/// use account::{ReqwestClient, ports::{HttpClient, HttpMethod, HttpRequest}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let request = HttpRequest::new(HttpMethod::Get, "https://example.com/keys.json".parse()?)
///     .with_reply_limit(64 * 1024);
/// let reply = ReqwestClient::new()?.send(request).await?;
/// assert!(reply.is_success());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ReqwestClient {
    unrestricted: Client,
    public_network: Client,
}

impl ReqwestClient {
    /// Creates a client. It opens no connection yet.
    ///
    /// # Errors
    /// [`HttpClientError`] if TLS cannot be set up, which depends only on the build of the program.
    pub fn new() -> Result<Self, HttpClientError> {
        Self::with_lookup(SystemLookup)
    }

    fn with_lookup(lookup: impl Lookup) -> Result<Self, HttpClientError> {
        let build = |builder: ClientBuilder| builder.build().map_err(|source| HttpClientError(source.into()));
        Ok(Self {
            unrestricted: build(builder()?)?,
            public_network: build(builder()?.dns_resolver(PublicResolver::new(lookup)))?,
        })
    }

    /// The client for a request: the unrestricted one, or the one for the public network.
    fn client(&self, request: &HttpRequest) -> Result<&Client, HttpError> {
        if !request.is_public_network_only() {
            return Ok(&self.unrestricted);
        }
        // reqwest does not pass literal IP addresses to the resolver.
        let address = match request.url().host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
            Some(Host::Domain(_)) | None => None,
        };
        match address.is_none_or(is_public_address) {
            true => Ok(&self.public_network),
            false => Err(HttpError::PrivateAddress),
        }
    }
}

fn builder() -> Result<ClientBuilder, HttpClientError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|source| HttpClientError(source.into()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .user_agent(USER_AGENT)
        .pool_max_idle_per_host(0))
}

impl fmt::Debug for ReqwestClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReqwestClient(…)")
    }
}

#[async_trait]
impl HttpClient for ReqwestClient {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let client = self.client(&request)?;
        let mut reply = client.execute(translate(&request)?).await.map_err(failure)?;
        let body = read_body(&mut reply, request.reply_limit()).await?;
        let response = HttpResponse::new(reply.status().as_u16(), body);
        Ok(reply
            .headers()
            .iter()
            .fold(response, |response, (name, value)| response.with_header(name.as_str(), value.as_bytes())))
    }
}

async fn read_body(reply: &mut Response, limit: usize) -> Result<Vec<u8>, HttpError> {
    if reply.content_length().is_some_and(|length| length > limit as u64) {
        return Err(HttpError::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(chunk) = reply.chunk().await.map_err(failure)? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(HttpError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn translate(request: &HttpRequest) -> Result<reqwest::Request, HttpError> {
    let method = match request.method() {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
    };
    let url: Url = request.url().clone();
    if !matches!(url.scheme(), "http" | "https") {
        return Err(HttpError::Malformed(None));
    }
    let mut translated = reqwest::Request::new(method, url);
    for (name, value) in request.headers() {
        let name: HeaderName = name.parse().map_err(malformed)?;
        let mut value = HeaderValue::from_str(value.expose()).map_err(malformed)?;
        value.set_sensitive(true);
        translated.headers_mut().append(name, value);
    }
    *translated.timeout_mut() = Some(request.timeout());
    if !request.body().is_empty() {
        *translated.body_mut() = Some(request.body().to_vec().into());
    }
    Ok(translated)
}

fn malformed(cause: impl Error + Send + Sync + 'static) -> HttpError {
    HttpError::Malformed(Some(Arc::new(cause)))
}

fn failure(error: reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::TimedOut;
    }
    let mut cause = error.source();
    while let Some(found) = cause {
        if found.is::<NoPublicAddress>() {
            return HttpError::PrivateAddress;
        }
        cause = found.source();
    }
    HttpError::unavailable(error.without_url())
}

/// TLS could not be set up for a [`ReqwestClient`].
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up")]
pub struct HttpClientError(#[source] Box<dyn Error + Send + Sync>);
