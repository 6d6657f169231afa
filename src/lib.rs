#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    feature = "guide",
    doc = "[changelog]: guide::changelog\n[examples]: guide::examples\n[guide]: guide",
    doc = "[hardening]: guide::hardening\n[operations]: guide::operations",
    doc = "[providers]: guide::providers\n[server]: guide::server\n",
    doc = include_str!("../README.md")
)]
#![cfg_attr(
    not(feature = "guide"),
    doc = "An embeddable authentication library: sign-up, sign-in, sessions, MFA, OAuth2, recovery and user profiles."
)]

mod adapters;
#[cfg(feature = "axum")]
pub mod axum;
mod config;
#[cfg(feature = "testing")]
pub mod conformance;
mod crypto;
pub mod error;
mod features;
#[cfg(feature = "guide")]
pub mod guide;
#[cfg(feature = "http")]
pub mod http;
mod kind;
pub mod messages;
pub mod model;
#[cfg(feature = "oauth2")]
pub mod oauth2;
pub mod operation;
/// The check for common passwords of the password policy.
#[cfg(feature = "strength")]
pub mod policy {
    pub use crate::features::is_common;
}
pub mod ports;
mod secret;
mod service;
#[cfg(feature = "testing")]
pub mod testing;
pub mod user_agent;

pub use adapters::MemoryStore;
#[cfg(feature = "geoip")]
pub use adapters::{GeoError, MaxMindLocator};
#[cfg(feature = "http-client")]
pub use adapters::{HttpClientError, ReqwestClient};
#[cfg(feature = "sqlite")]
pub use adapters::{OpenError, SqliteBuilder, SqliteStore};
#[cfg(feature = "postgres")]
pub use adapters::{PostgresBuilder, PostgresError, PostgresLimiter, PostgresStore};
#[cfg(feature = "queue")]
pub use adapters::{QueueError, Queued, QueuedBuilder, Undelivered, UndeliveredReason};
#[cfg(feature = "redis")]
pub use adapters::{RedisConfigError, RedisLimiter};
#[cfg(feature = "sms")]
pub use adapters::{SmsConfigError, SmsError, TwilioSms, WebhookSms};
#[cfg(feature = "smtp")]
pub use adapters::{SmtpBuilder, SmtpConfigError, SmtpEncryption, SmtpError, SmtpMailer};
pub use config::{Config, ConfigError, PasswordPolicy, SessionAlerts, SignInMethods};
#[cfg(feature = "qr")]
pub use crypto::QrError;
pub use crypto::{Argon2Pool, Argon2PoolBuilder, MasterKey, OtpauthUri};
pub use error::Error;
pub use features::{
    Admin, Challenge, CredentialChange, DeviceToken, EmailSignIn, FactorList, GenericToken, IdentityPage,
    Jwt, LogEntry, LogPage, NewAuthenticator, NewPushTarget, NewUser, PassedChallenge, RecoveryCodes, SignUp,
    Swept, SweptGuests,
};
#[cfg(feature = "oauth2")]
pub use features::{
    FailedOAuth2, FinishedOAuth2, FlowState, OAuth2Outcome, OAuth2Return, OAuth2Start, StartedOAuth2,
};
pub use model::Argon2Params;
pub use ports::MemoryLimiter;
pub use secret::Secret;
pub use service::{
    AccountService, Authenticate, Builder, Caller, DynAccountService, SessionHolder, SignedIn,
};
