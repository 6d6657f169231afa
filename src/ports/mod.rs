//! Ports: one small trait for each thing that the service needs from outside, such as a store or a
//! mailer, with null and in-memory implementations.

mod clock;
mod entropy;
mod geo;
mod hasher;
mod hooks;
mod http_client;
mod limiter;
mod memory_limiter;
mod messages;
mod observer;
mod public_address;
mod request_limits;
mod store;

pub use clock::{Clock, SystemClock};
pub use entropy::{Entropy, EntropyError, SystemEntropy};
pub use geo::{GeoLocator, NoGeo};
pub use hasher::{HashError, PasswordHasher, Verdict};
pub use hooks::{PasswordRejection, PasswordRule};
pub use http_client::{HttpClient, HttpError, HttpMethod, HttpRequest, HttpResponse};
pub use limiter::{LimitKeyText, LimiterError, NoLimits, Quota, RateLimiter, window_end};
pub use memory_limiter::MemoryLimiter;
pub use messages::{Mailer, NoMailer, NoSms, SendError, SmsSender};
pub use observer::{ObservedChange, Observer};
pub use public_address::is_public_address;
pub use request_limits::count_request;
pub use store::{
    Change, Listed, Loaded, Loading, Parts, SaveError, Select, Store, StoreError, Stored, Version,
};
