//! The Appwrite Account REST API as an [`axum::Router`], and extractors for your application's
//! routes.
//!
//! [`router`] serves the API under `/v1/account`, so that the published client SDKs work
//! unmodified. It has no logic of its own: it checks a request against the
//! [`Operation`](crate::operation::Operation) table, calls one method of the [`AccountService`],
//! and renders the result.
//!
//! Merge it with your application's router. Handlers take [`Caller`](crate::Caller),
//! `Option<Caller>` or [`FreshCaller`] as an argument if the state provides an [`Authenticator`].
//!
//! Two static pages serve clients that name no page of their own: one for sign-in links and one for
//! OAuth2 sign-ins, which hands the result to `appwrite-callback-<project>://`, where the SDKs of
//! native apps listen.
//!
//! Request limits and the security log need the peer's address: serve with
//! [`into_make_service_with_connect_info::<SocketAddr>`][connect_info].
//!
//! [connect_info]: axum::Router::into_make_service_with_connect_info
//!
//! # Security
//! The gates run in the same order for every request, with a known route or not: origin, JWT,
//! project, API key, scope, blocked account, factors, request limits, sign-in method, active
//! session, fresh factor, parameters. Only the static pages and the callback of OAuth2 providers,
//! which redirects to the next step, come before them.
//!
//! Operations that change something run on a task of their own, so a client that disconnects cannot
//! suppress notices of what it did.

mod account_json;
mod api;
mod arrive;
mod auth;
mod body;
mod call;
#[cfg(feature = "oauth2")]
mod callback;
mod config;
mod cookie;
mod cookies;
mod date;
mod enter;
mod extract;
#[cfg(feature = "oauth2")]
mod flow_cookies;
mod magic_page;
mod models;
#[cfg(feature = "oauth2")]
mod oauth2_page;
#[cfg(feature = "oauth2")]
mod oauth2_urls;
mod origin;
mod outcome;
mod page;
mod peer;
mod percent;
mod query;
mod rejection;
mod render;
mod response;
mod route;
mod routes;
mod settings;

use std::sync::Arc;

use axum::{Router, extract::Request, routing::any};

pub use extract::{Authenticator, FreshCaller};
pub use peer::{InvalidProxyNetwork, ProxyNetwork};
pub use rejection::{Rejection, RejectionCause};
pub use settings::Settings;

use crate::{
    config::ConfigError,
    ports::{Clock, Mailer, SmsSender, Store},
    service::AccountService,
};
use api::Api;

/// The API with the default [`Settings`], for a server on the local machine.
///
/// # Examples
/// ```
/// use account::{AccountService, Config, MasterKey, MemoryStore};
///
/// let config = Config::new(MasterKey::generate()?);
/// let service = AccountService::builder(MemoryStore::new()).config(config).build()?;
/// let app: axum::Router = axum::Router::new().merge(account::http::router(service));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[expect(clippy::expect_used, reason = "depends on constants of this crate alone, which a test tries")]
pub fn router<S: Store, M: Mailer, P: SmsSender, C: Clock>(service: AccountService<S, M, P, C>) -> Router {
    router_with(service, Settings::default()).expect("the default settings are sound")
}

/// The API with these settings.
///
/// It has no fallback: paths outside `/v1/account` belong to your application.
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
        any(move |request: Request| Arc::clone(&api).respond(request))
    };
    Ok(Router::new()
        .route("/v1/account", route())
        .route("/v1/account/", route())
        .route("/v1/account/{*rest}", route()))
}
