//! All providers of the table over real connections, to a server that answers with anything but what it should: an error at the page of the
//! app, in time and in little memory, whatever comes.
#![cfg(all(feature = "oauth2", feature = "http-client", feature = "axum", feature = "testing"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods, reason = "it measures how long replies take")]

#[path = "../oauth2_providers/double.rs"]
#[allow(dead_code, reason = "shared with the tests of the table")]
mod double;
mod flows;
mod hostile;
mod script;
mod server;
#[path = "../http_api/support.rs"]
#[allow(dead_code, reason = "shared with the tests of the API")]
mod support;
