//! The library as an application calls it: each feature of the service, and the adapters for mail,
//! SMS, HTTP and locations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "testing")]
mod admin;
mod config;
#[cfg(feature = "testing")]
mod credentials;
#[cfg(feature = "testing")]
mod devices;
mod dynamic;
#[cfg(feature = "testing")]
mod events;
#[cfg(feature = "testing")]
mod gates;
#[cfg(feature = "geoip")]
mod geo;
#[cfg(feature = "testing")]
mod guessable;
#[cfg(feature = "testing")]
mod guessing;
mod hashing;
#[cfg(feature = "testing")]
mod hooks;
#[cfg(feature = "http-client")]
mod http_client;
#[cfg(feature = "testing")]
mod identities;
#[cfg(all(feature = "testing", feature = "import-hashes"))]
mod imported_hashes;
#[cfg(feature = "testing")]
mod jwt;
#[cfg(feature = "testing")]
mod limits;
#[cfg(feature = "testing")]
mod maintenance;
mod messages;
#[cfg(feature = "testing")]
mod mfa;
#[cfg(feature = "testing")]
mod passwordless;
#[cfg(feature = "testing")]
mod passwords;
#[cfg(feature = "testing")]
mod profile;
#[cfg(feature = "queue")]
mod queue;
#[cfg(feature = "testing")]
mod recovery;
#[cfg(feature = "testing")]
mod sessions;
#[cfg(feature = "testing")]
mod sign_in;
#[cfg(feature = "testing")]
mod sign_up;
#[cfg(feature = "sms")]
mod sms;
#[cfg(feature = "smtp")]
mod smtp;
#[cfg(feature = "testing")]
mod takeover;
#[cfg(feature = "testing")]
mod targets;
#[cfg(all(feature = "testing", feature = "tracing", feature = "metrics"))]
mod telemetry;
#[cfg(feature = "testing")]
mod token_binding;
mod user_agents;
#[cfg(feature = "testing")]
mod verification;
