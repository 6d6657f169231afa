//! The Account API as an [`axum::Router`], and extractors and middleware for your application's
//! routes.
//!
//! [`router`] serves the API under `/v1/account`, so that the published client SDKs work
//! unmodified. Merge it with your application's router.
//!
//! Handlers take [`Caller`](crate::Caller), `Option<Caller>`, [`FreshCaller`],
//! [`SessionHolder`](crate::SessionHolder), [`ClientInfo`](crate::model::ClientInfo) and
//! [`SameOrigin`] as arguments if the state provides an [`Authenticator`]. With a framework that
//! owns the state, such as loco or leptos, take [`ViaExtension`] of them.
//!
//! The middleware [`require_caller`], [`require_caller_or_redirect`] and [`limit_requests`] guard
//! whole routers.
//!
//! Request limits and the security log need the peer's address: serve with
//! [`into_make_service_with_connect_info::<SocketAddr>`][connect_info]. Without it all clients
//! share one request limit, and the first request writes an error to the log.
//!
//! [connect_info]: axum::Router::into_make_service_with_connect_info
//!
//! # Error pages
//! A [`Rejection`](crate::http::Rejection) of a handler, an extractor or a middleware becomes JSON
//! in the API's shape, and stays in the extensions of the response. An application with HTML pages
//! replaces the body around its routes:
//!
//! ```
//! use std::sync::Arc;
//!
//! use account::http::Rejection;
//! use axum::{Router, middleware::map_response, response::{Html, IntoResponse, Response}};
//!
//! async fn error_page(response: Response) -> Response {
//!     match response.extensions().get::<Arc<Rejection>>() {
//!         Some(rejection) => {
//!             let text = rejection.user_message(); // to be escaped, as a template does
//!             (rejection.status(), Html(format!("<p>{text}</p>"))).into_response()
//!         }
//!         None => response,
//!     }
//! }
//! let app: Router = Router::new().layer(map_response(error_page)); // after the routes
//! ```
//!
//! # Security
//! Operations of the API that change something run on a task of their own, so a client that
//! disconnects cannot suppress notices of what it did. [`run_to_end`] does so for routes of yours.

mod extract;
mod middleware;
mod response;
mod router;

pub use extract::{FreshCaller, SameOrigin, ViaExtension};
pub use middleware::{SignInPage, limit_requests, require_caller, require_caller_or_redirect, run_to_end};
pub use router::{router, router_of, router_with};

#[doc(no_inline)]
pub use crate::http::{Authenticator, Settings};
