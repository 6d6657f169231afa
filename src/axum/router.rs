//! The API as a router.

use std::{
    future::poll_fn,
    net::{IpAddr, SocketAddr},
    pin::Pin,
};

use axum::{
    Router,
    body::{Body, HttpBody as _},
    extract::{ConnectInfo, Request},
    response::{IntoResponse as _, Response},
    routing::any,
};
use bytes::Bytes;
use http::{Extensions, request::Parts};

use crate::{
    config::ConfigError,
    http::{Api, Rejection, RequestBody, Settings},
    ports::{Clock, Mailer, SmsSender, Store},
    service::AccountService,
};

/// How much of a body that is too long is read and dropped, before its connection is closed.
const MAX_DROPPED_BYTES: usize = 16 * 1024 * 1024;

/// The API with the default [`Settings`], for a server on the local machine.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore};
///
/// let config = Config::new(MasterKey::generate()?);
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let app: axum::Router = axum::Router::new().merge(account::axum::router(service));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(clippy::expect_used, reason = "depends on constants of this crate alone, which a test tries")]
pub fn router<S: Store, M: Mailer, P: SmsSender, C: Clock>(service: AccountService<S, M, P, C>) -> Router {
    router_with(service, &Settings::default()).expect("the default settings are sound")
}

/// The API with these settings.
///
/// It has no fallback: paths outside `/v1/account` belong to your application.
///
/// # Errors
/// [`ConfigError`] names the first setting that breaks a rule.
pub fn router_with<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: AccountService<S, M, P, C>,
    settings: &Settings,
) -> Result<Router, ConfigError> {
    Ok(router_of(Api::new(service, settings)?))
}

/// The API, or the part of it that an application with routes of its own serves.
///
/// # Examples
/// Sign-in with providers, beside pages of your own:
///
/// ```
/// # #[cfg(feature = "oauth2")] {
/// use account::{AccountService, Config, MasterKey, MemoryStore, operation::Operation};
/// use account::{axum::router_of, http::{Api, Settings}};
///
/// let config = Config::new(MasterKey::generate()?);
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let api = Api::new(service, &Settings::default())?.only(Operation::OAUTH2.iter().copied());
/// let app: axum::Router = axum::Router::new().merge(router_of(api));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn router_of<S: Store, M: Mailer, P: SmsSender, C: Clock>(api: Api<S, M, P, C>) -> Router {
    let route = || {
        let api = api.clone();
        any(move |request: Request| respond(api.clone(), request))
    };
    Router::new()
        .route("/v1/account", route())
        .route("/v1/account/", route())
        .route("/v1/account/{*rest}", route())
}

async fn respond<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    api: Api<S, M, P, C>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let is_change = api.is_change(&parts);
    let call = call(api, parts, body);
    if !is_change {
        return call.await.map(Body::from);
    }
    match tokio::spawn(call).await {
        Ok(response) => response.map(Body::from),
        Err(_) => Rejection::unknown().into_response(),
    }
}

async fn call<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    api: Api<S, M, P, C>,
    parts: Parts,
    body: Body,
) -> Response<Bytes> {
    let peer = peer(&parts.extensions);
    api.call(Request::from_parts(parts, body), peer).await
}

/// The address of the peer, if the server was told to find it out.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

impl RequestBody for Body {
    async fn read(mut self, max_bytes: usize) -> Option<Bytes> {
        let (mut body, mut count) = (Vec::new(), 0);
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
            let Ok(data) = frame.ok()?.into_data() else { continue };
            count += data.len();
            if count <= max_bytes {
                body.extend_from_slice(&data);
            } else if count > MAX_DROPPED_BYTES {
                return None;
            }
        }
        (count <= max_bytes).then(|| body.into())
    }
}
