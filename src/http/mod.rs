//! HTTP without a framework, on the crates [`http`] and [`bytes`] alone: the Appwrite Account REST
//! API as a function, and its parts for routes and pages of your own.
//!
//! - [`Api`] is the whole API under `/v1/account`, so that the published client SDKs work
//!   unmodified. It has no logic of its own: it checks a request against the
//!   [`Operation`](crate::operation::Operation) table, calls one method of the
//!   [`AccountService`](crate::AccountService), and renders the result.
//! - [`Authenticator`] is for your own routes: the caller of a request, the client's description
//!   behind trusted proxies, the check against CSRF, and request limits.
//! - [`Cookies`] and [`FlowCookies`] set and read the cookies of sessions, devices and OAuth2
//!   flows.
//! - [`ApiModel`] is the API's JSON of a value, for responses of your own.
//! - [`Rejection`] is why a request was refused, with its typed cause.
//!
//! With axum, use the router and the extractors of [`account::axum`](crate::axum), which are built
//! on these.
//!
//! Two static pages serve clients that name no page of their own: one for sign-in links and one for
//! OAuth2 sign-ins, which hands the result to `appwrite-callback-<project>://`, where the SDKs of
//! native apps listen.
//!
//! # Security
//! The gates run in the same order for every request, with a known route or not: origin, JWT,
//! project, API key, scope, blocked account, factors, request limits, sign-in method, active
//! session, fresh factor, parameters. Only the static pages and the callback of OAuth2 providers,
//! which redirects to the next step, come before them.

mod account_json;
mod api;
mod api_model;
mod arrive;
mod auth;
mod authenticator;
mod body;
mod call;
#[cfg(feature = "oauth2")]
mod callback;
mod config;
mod cookie;
mod cookies;
mod date;
mod enter;
#[cfg(feature = "oauth2")]
mod flow_cookies;
mod magic_page;
mod models;
#[cfg(feature = "oauth2")]
mod oauth2_page;
#[cfg(feature = "oauth2")]
mod oauth2_query;
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
mod return_path;
mod route;
mod routes;
mod set_cookies;
mod settings;

pub use api::Api;
pub use api_model::ApiModel;
pub use authenticator::Authenticator;
pub use body::RequestBody;
pub use cookies::{Cookies, KeepSignedIn};
#[cfg(feature = "oauth2")]
pub use flow_cookies::FlowCookies;
#[cfg(feature = "oauth2")]
pub use oauth2_query::OAuth2Query;
pub use peer::{InvalidProxyNetwork, ProxyNetwork};
pub use rejection::{Rejection, RejectionCause};
pub use response::quota_headers;
pub use return_path::{InvalidReturnPath, ReturnPath};
pub use set_cookies::SetCookies;
pub use settings::Settings;
