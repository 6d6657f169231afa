//! The Appwrite Account REST API as an [`axum::Router`], and extractors for the host's own routes.
//!
//! [`router`] answers under `/v1/account`, so that the published client SDKs work against it unmodified. It has no logic of its own: it
//! judges a request by the [`Operation`](crate::operation::Operation) table, calls one method of the
//! [`AccountService`], and renders the answer. Merge it with the host's router, whose own handlers take
//! [`Caller`](crate::Caller), `Option<Caller>` or [`FreshCaller`] as an argument; the state must then yield an [`Authenticator`].
//!
//! Beside the API there are pages of its own, to which a sign-in link and a sign-in by an OAuth2 provider lead if their client named none. The
//! second one hands what it was given to `appwrite-callback-<project>://`, where the SDKs of native apps wait for it.
//!
//! Rate limits by address and the log need the peer's address: serve with
//! [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info).
//!
//! # Security
//! The gates run in one order for every request, known route or not: origin, JWT, project, API key, scope, blocked account, factors, request
//! limits, sign-in method, active session, fresh factor, parameters. Before them stands only what does nothing: the pages, and the callback of
//! OAuth2 providers, which passes on what it is given. Operations that change something run on a task of their own, so a
//! client that hangs up cannot suppress what follows from what it did.

mod account_json;
mod body;
mod call;
mod cookies;
mod date;
mod dispatch;
mod extract;
#[cfg(feature = "oauth2")]
mod flow_cookies;
mod magic_page;
mod models;
#[cfg(feature = "oauth2")]
mod oauth2;
mod origin;
mod page;
mod peer;
mod percent;
mod query;
mod rejection;
mod reply;
mod routes;
mod settings;

use std::sync::Arc;

use axum::{Router, extract::Request, routing::any};

pub use extract::{Authenticator, FreshCaller};
pub use peer::{InvalidProxyNetwork, ProxyNetwork};
pub use rejection::Rejection;
pub use settings::Settings;

use crate::{
    config::ConfigError,
    ports::{Clock, Mailer, SmsSender, Store},
    service::AccountService,
};
use dispatch::Api;

/// The API with the default [`Settings`], for a server on one's own machine.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore};
///
/// let service = AccountService::builder(MemoryStore::new()).config(Config::new(MasterKey::generate()?)).build()?;
/// let app: axum::Router = axum::Router::new().merge(account::http::router(service));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(clippy::expect_used, reason = "depends on constants of this crate alone, which a test tries")]
pub fn router<S: Store, M: Mailer, P: SmsSender, C: Clock>(service: AccountService<S, M, P, C>) -> Router {
    router_with(service, Settings::default()).expect("the default settings are sound")
}

/// The API with these settings.
///
/// It has no fallback of its own: what lies outside `/v1/account` is the host's.
///
/// # Errors
/// [`ConfigError`] names the first setting that breaks a rule.
pub fn router_with<S: Store, M: Mailer, P: SmsSender, C: Clock>(
    service: AccountService<S, M, P, C>,
    settings: Settings,
) -> Result<Router, ConfigError> {
    let api = Arc::new(Api::new(service, &settings)?);
    let route = || {
        let api = Arc::clone(&api);
        any(move |request: Request| Arc::clone(&api).answer(request))
    };
    Ok(Router::new()
        .route("/v1/account", route())
        .route("/v1/account/", route())
        .route("/v1/account/{*rest}", route()))
}
