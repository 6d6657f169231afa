//! The API: every request arrives, enters, is performed and is rendered.

use std::{
    collections::HashSet,
    fmt,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, header, request::Parts};

use super::{
    body::{MAX_PREFERENCES_BYTES, RequestBody},
    config::HttpConfig,
    magic_page,
    origin::{Origin, preflight},
    outcome::Answer,
    page::Page,
    rejection::Rejection,
    response::harden,
    route::{Route, is_unsafe},
    routes,
    settings::Settings,
};
#[cfg(feature = "oauth2")]
use super::{callback::Callback, oauth2_page, oauth2_urls};
use crate::{
    config::ConfigError,
    operation::Operation,
    ports::{Clock, Mailer, NoMailer, NoSms, Quota, SmsSender, Store, SystemClock},
    service::AccountService,
};

/// 126 days, as the API has it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=10886400");

/// The Account API as a function from requests to responses, for any framework.
///
/// It serves `/v1/account` and all below it. Cloning is cheap. With axum, use
/// [`axum::router`](crate::axum::router) instead.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore};
/// use account::http::{Api, Settings};
/// use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = Config::new(MasterKey::generate()?);
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let api = Api::new(service, &Settings::default())?;
///
/// let request = http::Request::post("/v1/account/sessions/anonymous")
///     .header("X-Appwrite-Project", "default")
///     .body(Bytes::new())?;
/// let response = api.call(request, Some([192, 0, 2, 7].into())).await;
/// assert_eq!(response.status(), 201);
/// # Ok(()) }
/// ```
pub struct Api<S, M = NoMailer, P = NoSms, C = SystemClock> {
    pub(super) service: AccountService<S, M, P, C>,
    pub(super) config: Arc<HttpConfig>,
    /// `None` for all operations.
    pub(super) served: Option<Arc<HashSet<Operation>>>,
}

/// What the response needs to know of a request beside its answer.
#[derive(Default)]
pub(super) struct ResponseFacts {
    pub(super) quota: Option<Quota>,
    pub(super) has_api_key: bool,
    /// Whether a web page made the request.
    pub(super) is_web: bool,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Api<S, M, P, C> {
    /// The most bytes that the body of a request may have.
    pub const MAX_BODY_BYTES: usize = MAX_PREFERENCES_BYTES;

    /// Creates the API of a service.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that breaks a rule.
    pub fn new(service: AccountService<S, M, P, C>, settings: &Settings) -> Result<Self, ConfigError> {
        let config = HttpConfig::new(settings, service.config())?;
        Ok(Self { service, config: Arc::new(config), served: None })
    }

    /// Serves only these operations; the routes of others are unknown. Use it to mount a part of
    /// the API beside pages of your own, such as [`Operation::OAUTH2`].
    #[must_use]
    pub fn only(self, operations: impl IntoIterator<Item = Operation>) -> Self {
        Self { served: Some(Arc::new(operations.into_iter().collect())), ..self }
    }

    /// Responds to a request.
    ///
    /// `peer` is the address that the request comes from: the client's, or that of a proxy. Without
    /// it all clients share one request limit, which is an error in the log. The body is read only
    /// if the request may perform its operation: at most
    /// [`MAX_BODY_BYTES`](Api::MAX_BODY_BYTES).
    ///
    /// # Security
    /// Run changes to their end: [`is_change`](Api::is_change) reports which requests are, and a
    /// task of its own (`tokio::spawn`) keeps a client that disconnects from suppressing notices of
    /// what it did. A panic in your application's code, such as an observer, becomes a response.
    pub async fn call<B: RequestBody>(&self, request: Request<B>, peer: Option<IpAddr>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let origin = Origin::of(&parts.headers, &self.config);
        let mut response = if parts.method == Method::OPTIONS {
            let mut response = preflight(&origin, &parts.headers);
            harden(response.headers_mut());
            response
        } else if let Some(page) = self.static_page(&parts) {
            page.response()
        } else {
            let mut facts = ResponseFacts { is_web: origin.is_web(&parts.headers), ..Default::default() };
            let answer = guarded(self.answer(&parts, body, peer, &origin, &mut facts)).await;
            self.render(answer, &facts)
        };
        origin.write(&mut response);
        if self.config.is_https {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        response
    }

    /// Whether a request may change something.
    #[must_use]
    pub fn is_change(&self, parts: &Parts) -> bool {
        let path = parts.uri.path();
        // The browser that a provider sends back changes something by GET.
        is_unsafe(&parts.method)
            || path.ends_with("/redirect")
                && Route::find(&parts.method, path).is_some_and(|route| route.is_change(&parts.method))
    }

    async fn answer(
        &self,
        parts: &Parts,
        body: impl RequestBody,
        peer: Option<IpAddr>,
        origin: &Origin,
        facts: &mut ResponseFacts,
    ) -> Answer {
        #[cfg(feature = "oauth2")]
        if let Some(callback) = Callback::of(parts).filter(|_| self.serves(Operation::OAuth2Redirect)) {
            return Box::pin(callback.pass_on(&self.config, parts, body)).await;
        }
        let arrival = self.arrive(parts, peer, origin).await?;
        facts.has_api_key = arrival.has_api_key;
        let mut call = self.enter(arrival, body, &mut facts.quota).await?;
        if call.route.is_change(&parts.method) {
            Box::pin(routes::change(call)).await
        } else {
            routes::read(&mut call).await
        }
    }

    /// Whether this part of the API has the operation.
    pub(super) fn serves(&self, operation: Operation) -> bool {
        self.served.as_ref().is_none_or(|served| served.contains(&operation))
    }

    /// The static page at this path, if there is one.
    fn static_page(&self, parts: &Parts) -> Option<&'static Page> {
        match parts.uri.path() {
            _ if !matches!(parts.method, Method::GET | Method::HEAD) => None,
            magic_page::PATH if self.serves(Operation::SendMagicUrl) => Some(&magic_page::PAGE),
            #[cfg(feature = "oauth2")]
            oauth2_urls::SUCCESS | oauth2_urls::FAILURE if self.serves(Operation::OAuth2Redirect) => {
                Some(&oauth2_page::PAGE)
            }
            _ => None,
        }
    }
}

/// Makes a panic a response.
async fn guarded(performance: impl Future<Output = Answer>) -> Answer {
    let mut performance = pin!(performance);
    // A panic leaves no account half changed: a save is one step.
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| performance.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(Rejection::unknown())))
    })
    .await
}

impl<S, M, P, C> Clone for Api<S, M, P, C> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), config: Arc::clone(&self.config), served: self.served.clone() }
    }
}

impl<S: fmt::Debug, M, P, C> fmt::Debug for Api<S, M, P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("service", &self.service).finish_non_exhaustive()
    }
}
