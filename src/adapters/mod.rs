//! Ready-made implementations of the ports, most behind a cargo feature each.
//!
//! They use only the public API, as the implementations of an application do.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod account_cache;
mod arena;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod created_names;
#[cfg(feature = "http-client")]
mod http_client;
#[cfg(feature = "geoip")]
mod maxmind;
mod memory;
#[cfg(feature = "queue")]
mod outgoing;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis_limiter;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
#[cfg(feature = "sms")]
mod sms;
#[cfg(feature = "smtp")]
mod smtp;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "http-client")]
pub use http_client::{HttpClientError, ReqwestClient};
#[cfg(feature = "geoip")]
pub use maxmind::{GeoError, MaxMindLocator};
pub use memory::MemoryStore;
#[cfg(feature = "queue")]
pub use outgoing::{QueueError, Queued, QueuedBuilder, Undelivered, UndeliveredReason};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresBuilder, PostgresError, PostgresLimiter, PostgresStore};
#[cfg(feature = "redis")]
pub use redis_limiter::{RedisConfigError, RedisLimiter};
#[cfg(feature = "sms")]
pub use sms::{SmsConfigError, SmsError, TwilioSms, WebhookSms};
#[cfg(feature = "smtp")]
pub use smtp::{SmtpBuilder, SmtpConfigError, SmtpEncryption, SmtpError, SmtpMailer};
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteBuilder, SqliteStore};
