//! All providers of the table against doubles of them.

#![cfg(feature = "oauth2")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod client;
mod double;
mod hostile;
mod registration;
mod table;
