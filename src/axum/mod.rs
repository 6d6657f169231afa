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
//! # Security
//! Operations that change something run on a task of their own, so a client that disconnects cannot
//! suppress notices of what it did.

mod extract;
mod middleware;
mod response;
mod router;

pub use extract::{FreshCaller, SameOrigin, ViaExtension};
pub use middleware::{SignInPage, limit_requests, require_caller, require_caller_or_redirect};
pub use router::{router, router_of, router_with};

#[doc(no_inline)]
pub use crate::http::{Authenticator, Settings};
