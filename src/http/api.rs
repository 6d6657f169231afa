//! The API: every request arrives, enters, is performed and is rendered.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, header, request::Parts},
    response::Response,
};

#[cfg(feature = "oauth2")]
use super::{callback::Callback, oauth2_page, oauth2_urls};
use super::{
    config::HttpConfig,
    magic_page,
    origin::{Origin, preflight},
    outcome::Answer,
    page::Page,
    rejection::Rejection,
    response::harden,
    routes,
    settings::Settings,
};
use crate::{
    config::ConfigError,
    ports::{Clock, Mailer, Quota, SmsSender, Store},
    service::AccountService,
};

/// 126 days, as the API has it.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=10886400");

/// A service and the settings under which it is offered.
pub(super) struct Api<S, M, P, C> {
    pub(super) service: AccountService<S, M, P, C>,
    pub(super) config: Arc<HttpConfig>,
}

/// What the response needs to know of a request beside its answer.
#[derive(Default)]
struct ResponseFacts {
    quota: Option<Quota>,
    has_api_key: bool,
}

impl<S: Store, M: Mailer, P: SmsSender, C: Clock> Api<S, M, P, C> {
    pub(super) fn new(service: AccountService<S, M, P, C>, settings: &Settings) -> Result<Self, ConfigError> {
        let config = HttpConfig::new(settings, service.config())?;
        Ok(Self { service, config: Arc::new(config) })
    }

    /// Responds to a request.
    pub(super) async fn respond(self: Arc<Self>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let origin = Origin::of(&parts.headers, &self.config);
        let mut response = if parts.method == Method::OPTIONS {
            let mut response = preflight(&origin);
            harden(response.headers_mut());
            response
        } else if let Some(page) = static_page(&parts) {
            page.response()
        } else {
            let mut facts = ResponseFacts::default();
            let answer = self.answer(&parts, body, &origin, &mut facts).await;
            self.render(answer, facts.quota, facts.has_api_key)
        };
        origin.write(&mut response);
        if self.config.is_https {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
        }
        response
    }

    async fn answer(&self, parts: &Parts, body: Body, origin: &Origin, facts: &mut ResponseFacts) -> Answer {
        #[cfg(feature = "oauth2")]
        if let Some(callback) = Callback::of(parts) {
            return Box::pin(callback.pass_on(&self.config, parts, body)).await;
        }
        let arrival = self.arrive(parts, origin).await?;
        facts.has_api_key = arrival.has_api_key;
        let mut call = self.enter(arrival, body, &mut facts.quota).await?;
        if !call.route.is_change(&parts.method) {
            return routes::read(&mut call).await;
        }
        // A change runs on a task of its own, to its end even if the client hangs up. A panic in it
        // becomes a response.
        tokio::spawn(routes::change(call)).await.unwrap_or_else(|_| Err(Rejection::unknown()))
    }
}

/// The static page at this path, if there is one.
fn static_page(parts: &Parts) -> Option<&'static Page> {
    match parts.uri.path() {
        _ if !matches!(parts.method, Method::GET | Method::HEAD) => None,
        magic_page::PATH => Some(&magic_page::PAGE),
        #[cfg(feature = "oauth2")]
        oauth2_urls::SUCCESS | oauth2_urls::FAILURE => Some(&oauth2_page::PAGE),
        _ => None,
    }
}
